"""Servers that take some values only once, or not beside their equal: no defect."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringspec.spec import Json, load, patched
from ringspec.strategies import cases_of

from ..called import Ended  # noqa: TID252 - tests are no distribution
from ..serving import served  # noqa: TID252 - tests are no distribution

UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
WORD = {"type": "string", "minLength": 3, "maxLength": 20, "pattern": "^[a-z0-9]+$"}
NUMBER = {"type": "string", "pattern": "^[+][1-9][0-9]{9}$", "example": "+4416329601"}
ID = {"type": "string", "format": "uuid"}
COUNT = {"type": "integer", "minimum": 1}
MAIL = {"type": "string", "format": "email"}
INSIDE = {"type": "object", "required": ["id"], "properties": {"id": ID}}
ITEMS = {"type": "array", "minItems": 1, "maxItems": 3, "items": NUMBER}
PLACE = {"type": "string", "pattern": "^[A-Z]{3}$", "example": "LHR"}
TEXT = {"type": "string", "maxLength": 9}
# Members, and the status for what is there already, or described beside 400.
KINDS: dict[str, tuple[dict[str, Json], int]] = {
    "name": ({"name": WORD}, 409),
    "name, undescribed": ({"name": WORD}, 422),
    "a given name": ({"name": {**WORD, "example": "alice"}}, 422),
    "a given word": ({"holder": {**WORD, "example": "alice"}}, 409),
    "a given word, undescribed": ({"holder": {**WORD, "example": "alice"}}, 422),
    "mail": ({"mail": MAIL}, 409),
    "a given mail": ({"mail": {**MAIL, "example": "jo@acme.com"}}, 409),
    "address": ({"hook": {"type": "string", "format": "uri"}}, 409),
    "id inside": ({"device": INSIDE}, 409),
    "a given id": ({"device": {**ID, "example": UUID}}, 422),
    "number inside": ({"device": {**INSIDE, "properties": {"id": COUNT}}}, 409),
    "a given number": ({"deviceId": {**COUNT, "example": 7}}, 422),
    "date": ({"name": WORD, "day": {"type": "string", "format": "date"}}, 409),
    "serial": ({"unit": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{6}$"}}, 409),
    "short": ({"unit": {"type": "string", "pattern": "^[a-f0-9]{4}$"}}, 409),
    "pair": ({"of": WORD, "for": TEXT}, 409),
    "prose": ({"line": {"type": "string", "example": "Bread and butter"}}, 422),
    "items": ({"to": ITEMS}, 409),
    "two numbers": ({"from": NUMBER, "to": NUMBER, "name": WORD}, 422),
    "two places": ({"from": PLACE, "to": PLACE}, 409),
    "a known currency": ({"name": WORD, "currency": {**PLACE, "example": "EUR"}}, 409),
}


def written(folder: Path, kind: str) -> Path:
    """Write the contract of a kind: its members, an age, and a key of each request."""
    members, status = KINDS[kind]
    age = {"type": "integer", "minimum": 18, "maximum": 120}
    schema = {
        "type": "object",
        "required": list(members),
        "properties": {**members, "age": age},
    }
    key = {"name": "Idempotency-Key", "in": "header", "required": True}
    operation = {
        "operationId": "create",
        "parameters": [{**key, "schema": {**ID, "example": UUID}}],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {
            str(each): {"description": "-"} for each in {201, 400, min(status, 409)}
        },
    }
    path = folder / "contract.yaml"
    head = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
    path.write_text(yaml.safe_dump({**head, "paths": {"/t": {"post": operation}}}))
    return path


def server(path: Path, kind: str, *, hole: bool) -> Starlette:
    """Refuse what breaks the contract, what was there, and a key that is used again."""
    members, status = KINDS[kind]
    operation = yaml.safe_load(path.read_text())["paths"]["/t"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    if hole:
        schema["properties"]["age"] = {"type": "integer"}
    formats = jsonschema.FormatChecker()
    checked = jsonschema.Draft202012Validator(schema, format_checker=formats)
    taken: set[str] = set()
    keys: dict[str, bytes] = {}

    def read(raw: bytes) -> Json:
        try:
            raw.decode()
            return json.loads(raw)
        except (ValueError, RecursionError):
            return None

    def clashes(body: Json) -> bool:
        values = [body[each] for each in members if each != "currency"]
        items = values[0] if isinstance(values[0], list) else [str(values)]
        known = len({*items}) < len(items) or bool(taken & {*items})
        if not known:
            taken.update(items)
        return known or body.get("from") == body.get("to", "")

    def answer(raw: bytes, media: str, key: str) -> int:
        if media != "application/json":
            return 415
        body = read(raw)
        fits = formats.conforms(key, "uuid") and checked.is_valid(body)
        if not fits or body.get("currency", "EUR") != "EUR":
            return 400
        reused = keys.setdefault(key, raw) != raw
        return status if reused or clashes(body) else 201

    async def create(request: Request) -> Response:
        head, raw = request.headers, await request.body()
        media = head.get("content-type", "").split(";")[0]
        return Response(None, answer(raw, media, head.get("idempotency-key", "")))

    return Starlette(routes=[Route("/t", create, methods=["POST"])])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_taken_only_once_is_sent_only_once(
    kind: str, ringspec: Callable[..., Ended], tmp_path: Path
) -> None:
    path = written(tmp_path, kind)

    ended = {}
    for hole in (False, True):
        with served(server(path, kind, hole=hole)) as url:
            ended[hole] = ringspec("run", url, "--contract", path)

    assert (ended[False].status, ended[False].failing) == (0, set())
    assert (ended[True].status, ended[True].failing) == (1, {"age.min", "age.max"})


def test_what_was_sent_with_other_values_is_replayed_with_them(
    ringspec: Callable[..., Ended], tmp_path: Path
) -> None:
    kind = "a given word, undescribed"
    path, report = written(tmp_path, kind), tmp_path / "ringspec.json"
    with served(server(path, kind, hole=True)) as url:
        ringspec("run", url, "--contract", path)
    listed = {case.id: case.body for case in cases_of(load(path))}
    rules = json.loads(report.read_text())["rules"]
    (failure, *_) = (it for each in rules for it in each.get("failures", ()))

    with served(server(path, kind, hole=True)) as url:
        again = ringspec("replay", report, url, "--contract", path)

    assert failure["request"]["body"]["holder"] != listed[failure["case"]]["holder"]
    assert again.status == 1
    assert "the contract has another case" not in again.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_leads_from_its_twin_with_values_of_its_own(
    kind: str, tmp_path: Path
) -> None:
    contract = load(written(tmp_path, kind))
    cases = {case.id: case for case in cases_of(contract)}

    others = {seed: cases_of(contract, seed) for seed in (0, 1)}
    apart = {
        s: {it.request.body for it in o if it.expect == "accept"}
        for s, o in others.items()
    }
    patches = [
        (it, cases[it.twin].body, it.fault)
        for it in cases.values()
        if isinstance(it.fault, tuple) and it.twin
    ]

    assert others[0] == tuple(cases.values())
    assert [
        it.id for it, twin, fault in patches if patched(twin, fault) != it.body
    ] == []
    assert all(it.edits for it, *_ in patches)
    if kind in {"name", "mail", "address", "id inside"}:
        assert apart[0] & apart[1] == set()
