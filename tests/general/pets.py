"""A small server of pets, with several operations, and ones with a slip each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

SLIPS = ("correct", "unlimited", "unread", "ageless", "closed")
REASONS = {"typo", "other"}
Pet = dict[str, Any]


def pets_app() -> Starlette:
    """Return one app with the correct server and those with a slip, by name."""
    return Starlette(routes=[Mount(f"/{it}", app=Pets(it).app) for it in SLIPS])


def _refused() -> Response:
    return JSONResponse({"error": "no"}, 400)


def _text(value: object, least: int, most: int) -> bool:
    return isinstance(value, str) and least <= len(value) <= most


@dataclass
class Pets:
    """A server: `unlimited` reads any limit, `unread` no header, `ageless` no age.

    `closed` refuses every create.
    """

    slip: str
    pets: dict[str, Pet] = field(default_factory=dict)
    created: int = 0

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/pets", self.listed, methods=["GET"]),
                Route("/pets", self.create, methods=["POST"]),
                Route("/pets/{name}", self.change, methods=["PATCH"]),
                Route("/pets/{name}", self.delete, methods=["DELETE"]),
            ]
        )

    def is_right(self, pet: Pet) -> bool:
        age = pet.get("age", 0)
        right = self.slip == "ageless" or (type(age) is int and 0 <= age <= 40)
        return right and _text(pet.get("tag", ""), 0, 8)

    async def listed(self, request: Request) -> Response:
        text = request.query_params.get("limit", "100")
        is_number = text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 100
        right = self.slip == "unlimited" or is_number
        return JSONResponse(list(self.pets.values())[:1]) if right else _refused()

    async def create(self, request: Request) -> Response:
        pet = await _pet(request)
        right = pet is not None and _text(pet.get("name"), 1, 20) and self.is_right(pet)
        if pet is None or not right or self.slip == "closed":
            return _refused()
        self.created += 1
        name = f"p{self.created}"
        self.pets[name] = {**pet, "id": name}
        return JSONResponse(self.pets[name], 201, {"Location": f"/pets/{name}"})

    async def change(self, request: Request) -> Response:
        pet, name = await _pet(request), request.path_params["name"]
        if name not in self.pets:
            return JSONResponse({"error": "no such pet"}, 404)
        known = self.slip == "unread" or request.headers.get("X-Reason") in REASONS
        if pet is None or "tag" not in pet or not (known and self.is_right(pet)):
            return _refused()
        self.pets[name] |= pet
        return JSONResponse(self.pets[name])

    async def delete(self, request: Request) -> Response:
        pet = self.pets.pop(request.path_params["name"], None)
        return Response(status_code=404 if pet is None else 204)


async def _pet(request: Request) -> Pet | None:
    """Return what a body says that is known; None where it is no object."""
    media = request.headers.get("Content-Type", "").partition(";")[0]
    try:
        body = json.loads(await request.body()) if media == "application/json" else None
        JSONResponse(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    return {it: body[it] for it in ("name", "age", "tag") if it in body}
