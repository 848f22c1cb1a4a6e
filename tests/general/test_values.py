"""Servers that take some values only once, or only some: neither is a defect."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringspec.spec import Json, load, patched
from ringspec.strategies import Case, What
from ringspec.strategies.case_list import compile_cases

from ..serving import served  # noqa: TID252 - tests are no distribution
from .conftest import Ended

UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
NAME = {"type": "string", "minLength": 3, "maxLength": 20, "pattern": "^[a-z0-9]+$"}
NUMBER = {"type": "string", "pattern": r"^\+[1-9][0-9]{4,14}$", "example": "+44163296010"}
ID = {"type": "string", "format": "uuid"}
CODE = {"type": "string", "pattern": "^[A-Z]{3}$", "example": "EUR"}
# Members, the status of a refusal that they do not show, and whether it is described.
KINDS: dict[str, tuple[dict[str, Json], int, bool]] = {
    "name": ({"name": NAME}, 409, True),
    "name, not described": ({"name": NAME}, 422, False),
    "given name": ({"name": {**NAME, "example": "alice"}}, 409, True),
    "given name, not described": ({"name": {**NAME, "example": "alice"}}, 422, False),
    "e-mail": ({"name": {"type": "string", "format": "email"}}, 409, True),
    "given e-mail": (
        {"name": {"type": "string", "format": "email", "example": "jo@acme.com"}},
        409,
        True,
    ),
    "address": ({"name": {"type": "string", "format": "uri"}}, 409, True),
    "id inside": (
        {"name": {"type": "object", "required": ["id"], "properties": {"id": ID}}},
        409,
        True,
    ),
    "given id": ({"name": {**ID, "example": UUID}}, 422, False),
    "serial": ({"name": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{6}$"}}, 409, True),
    "short": ({"name": {"type": "string", "pattern": "^[a-f0-9]{4}$"}}, 409, True),
    "pair": ({"name": NAME, "of": {"type": "string", "maxLength": 9}}, 409, True),
    "title": ({"name": {"type": "string", "example": "Bread and butter"}}, 422, False),
    "items": (
        {"name": {"type": "array", "minItems": 1, "maxItems": 3, "items": NUMBER}},
        409,
        True,
    ),
    "code": ({"name": NAME, "code": CODE}, 409, True),
}


def written(folder: Path, members: dict[str, Json], described: list[int]) -> Path:
    age = {"type": "integer", "minimum": 18, "maximum": 120}
    headers = [
        {
            **{"name": "Idempotency-Key", "in": "header", "required": True},
            "schema": {**ID, "example": UUID},
        }
    ]
    schema = {
        "type": "object",
        "required": list(members),
        "properties": {**members, "age": age},
    }
    operation = {
        "operationId": "create",
        "parameters": headers,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        },
        "responses": {str(each): {"description": "-"} for each in described},
    }
    path = folder / "contract.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "openapi": "3.1.0",
                "info": {"title": "T", "version": "1"},
                "paths": {"/t": {"post": operation}},
            }
        )
    )
    return path


def server(path: Path, members: dict[str, Json], status: int, *, hole: bool) -> Starlette:
    """Refuse what breaks the contract, what is there, and a key that is used again."""
    operation = yaml.safe_load(path.read_text())["paths"]["/t"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    if hole:
        schema["properties"]["age"] = {"type": "integer"}
    checked = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.FormatChecker()
    )
    taken: set[str] = set()
    keys: dict[str, bytes] = {}

    async def create(request: Request) -> Response:
        raw, key = await request.body(), request.headers.get("idempotency-key", "")
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return JSONResponse({}, 415)
        try:
            body = json.loads(raw)
            raw.decode()
        except (ValueError, RecursionError):
            return JSONResponse({}, 400)
        if not checked.is_valid(body) or body.get("code", "EUR") != "EUR":
            return JSONResponse({}, 400)
        own = {json.dumps([body[each] for each in members if each != "code"])}
        if isinstance(body["name"], list):
            own = set(map(str, body["name"]))
            if len(own) < len(body["name"]):
                return JSONResponse({}, status)
        if own & taken or keys.setdefault(key, raw) != raw:
            return JSONResponse({}, status)
        taken.update(own)
        return Response(status_code=201)

    return Starlette(routes=[Route("/t", create, methods=["POST"])])


@pytest.mark.parametrize("hole", [False, True], ids=["correct", "age unchecked"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_taken_only_once_is_sent_only_once(
    kind: str, *, hole: bool, ringspec: Callable[..., Ended], tmp_path: Path
) -> None:
    members, status, is_described = KINDS[kind]
    described = [201, 400, *[status] * is_described]
    path = written(tmp_path, members, described)

    with served(server(path, members, status, hole=hole)) as url:
        ended = ringspec("run", url, "--contract", path)

    failing = {"age.min", "age.max"} if hole else set()
    assert (ended.status, ended.failing) == (int(hole), failing)
