"""What answers owe where no catalogue says it: what is described of them, no more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from ringspec.harness import Exchange, Response
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.judging.verdict import Finding, Verdict
from ringspec.spec import Contract, Json, Level, RuleId, load
from ringspec.strategies import Case, Phase
from ringspec.strategies.case_list import compile_cases

MEMBERS = {
    "name": {"type": "string", "minLength": 1, "maxLength": 20},
    "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
    "secret": {"type": "string", "format": "password"},
}
SENT = {"type": "object", "required": ["name", "at", "secret"], "properties": MEMBERS}
PET = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
ERROR = {"type": "object", "required": ["error"]}


def says(schema: Json = None, *media: str, **more: Any) -> dict[str, Any]:
    body = {"schema": schema} if schema is not None else {}
    content = dict.fromkeys(media or ["application/json"] * bool(body), body)
    return {"description": "", "content": content, **more}


MADE, FALSE = {"201": says(PET)}, {"400": says(ERROR)}


def document(
    responses: Json, *, path: str = "/pets", body: Json = None, **more: Json
) -> dict[str, Any]:
    body = body or {"content": {"application/json": {"schema": SENT}}}
    operation = {"responses": responses, "requestBody": body, **more}
    info, paths = {"title": "Pets", "version": "1"}, {path: {"post": operation}}
    return {"openapi": "3.1.0", "info": info, "paths": paths}


Compiled: TypeAlias = tuple[Contract, tuple[Case, ...]]


def compiled(given: Json, tmp_path: Path) -> Compiled:
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(given))
    contract = load(path)
    return contract, compile_cases(contract)


def judged(of: Compiled, answer: Any, **headers: str) -> dict[str, str]:
    """Return what an answer fails, or leaves open (`?`), with the levels.

    It answers the plain body if it is a success or a clash; else an invalid one.
    """
    contract, cases = of
    status, body, media = answer
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {**({"Content-Type": media} if media else {}), **headers}
    response = Response(status=status, headers=tuple(given.items()), body=content)
    good = Response(status=201, headers=(), body=b"")
    found: tuple[Finding, ...] = ()
    case = next(it for it in cases if bool(it.broken) == (status not in PLAIN))
    oracle = Oracle(contract)
    for each in cases:
        if each.id in {case.twin, case.id}:
            got = response if each is case else good
            exchange = Exchange(url="", request=each.request, response=got)
            found = oracle.judge(each, exchange)
    marks = {Verdict.FAIL: "", Verdict.INCONCLUSIVE: "?"}
    names = dict.fromkeys(map(str, case.broken), "broken")
    left = [it for it in found if it.verdict in marks]
    return {names.get(it.rule, it.rule) + marks[it.verdict]: it.level for it in left}


PLAIN = {200, 201, 202, 204, 409}
J, OWN = "application/json", "application/vnd.pets+json"
RATED = {"X-Rate": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
LISTED = {"X-Of": {"schema": {"type": "array", "items": {"type": "integer"}}}}
TYPES = says(PET, J, "text/plain")


@pytest.mark.parametrize(
    ("responses", "answer", "failing"),
    [
        (MADE, (201, {"id": 7}, J), ""),
        (MADE, (200, {"id": 7}, J), "answer.status"),
        (MADE, (200, {"done": 1}, J), "answer.status"),
        (FALSE, (200, {"done": 1}, J), ""),
        ({"2XX": says(PET)}, (202, {"id": 7}, J), ""),
        ({"2XX": says(PET)}, (202, {}, J), "answer.members"),
        ({"default": says(PET)}, (200, {"id": 7}, J), ""),
        ({"default": says(PET)}, (200, {}, J), "answer.members"),
        ({**MADE, "default": says()}, (200, {"done": 1}, J), ""),
        (MADE, (201, {"id": "7"}, J), "answer.types"),
        (MADE, (201, b'{"id": NaN}', J), "answer.media"),
        (MADE, (201, b"[" * 100_000, J), "answer.media?"),
        (MADE, (201, b"", ""), "answer.media"),
        (MADE, (201, b"made", "text/plain"), "answer.media"),
        (MADE, (201, {"id": 7}, OWN), "answer.media"),
        ({"201": says(PET, OWN)}, (201, {"id": 7}, OWN), ""),
        ({"201": says(PET, "*/*")}, (201, {"id": 7}, J), ""),
        ({"201": says(PET, "*/*")}, (201, {}, J), "answer.members"),
        ({"201": says(PET, "application/*")}, (201, b"", "text/plain"), "answer.media"),
        ({"201": TYPES}, (201, b"made", "text/plain; charset=utf-8"), ""),
        ({"201": TYPES}, (201, b"", ""), ""),
        ({"201": TYPES}, (201, {}, J), "answer.members"),
        ({"201": TYPES}, (201, b"<a/>", "application/xml"), "answer.media"),
        ({"201": says()}, (201, b"", ""), ""),
        ({"201": says()}, (201, b"made", "text/plain"), ""),
        ({"201": says()}, (201, b"{", J), "answer.json may"),
        ({"204": says(PET)}, (204, b"", ""), ""),
        ({**MADE, "405": says(ERROR)}, (405, {"error": ""}, J), ""),
        ({**MADE, "405": says(ERROR)}, (405, {}, J), "answer.members"),
        ({**MADE, **FALSE}, (400, b"no", "text/plain"), "answer.media"),
        ({**MADE, **FALSE}, (418, b"no", "text/plain"), "error.status may"),
        (MADE, (403, b"no", "text/plain"), ""),
        ({**MADE, "4XX": says()}, (418, b"", ""), ""),
        ({**MADE, "default": says(ERROR)}, (404, {"error": ""}, J), ""),
        ({**MADE, "401": says()}, (401, b"", ""), "broken?"),
        ({**MADE, "409": says()}, (409, b"", ""), "body.accepted?"),
        (MADE, (409, b"", ""), "body.accepted"),
    ],
)
def test_an_answer_owes_what_is_described(
    responses: Json, answer: Any, failing: str, tmp_path: Path
) -> None:
    found = judged(compiled(document(responses), tmp_path), answer)

    rule, _, level = failing.partition(" ")
    assert found == ({rule: level or "must"} if rule else {})


@pytest.mark.parametrize(
    ("described", "given", "right"),
    [
        (RATED, {"x-rate": "5"}, True),
        (RATED, {}, False),
        (RATED, {"X-Rate": "0"}, False),
        (RATED, {"X-Rate": "much"}, False),
        (LISTED, {}, True),
        (LISTED, {"X-Of": "1, 2"}, True),
        (LISTED, {"X-Of": "1, b"}, False),
        ({"X-At": {"required": True}}, {"X-At": "any"}, True),
        ({"Content-Type": {"required": True, "schema": {"const": 1}}}, {}, True),
        ({"X": {"schema": {"$ref": "other.yaml#/X"}}}, {"X": "1"}, True),
    ],
)
def test_headers_are_asked_as_described(
    described: Json, given: dict[str, str], *, right: bool, tmp_path: Path
) -> None:
    of = compiled(document({"201": says(headers=described)}), tmp_path)

    found = judged(of, (201, b"", ""), **given)

    assert found == ({} if right else {"answer.headers": "must"})


@pytest.mark.parametrize(
    ("changed", "right"),
    [
        ({"at": "2031-04-30T12:00:00+02:00"}, True),
        ({"at": "2031-04-30t10:00:00.000z"}, True),
        ({"at": "2031-04-30T12:00:00Z"}, False),
        ({"secret": "***"}, True),
        ({"name": "other"}, False),
    ],
)
def test_an_echo_is_compared_by_what_it_means(
    changed: Json, *, right: bool, tmp_path: Path
) -> None:
    contract, cases = compiled(document({"201": says(SENT)}), tmp_path)
    sent = {"name": "a", "at": "2031-04-30T10:00:00Z", "secret": "b"}
    plain = replace(cases[0].request, body=json.dumps(sent).encode())
    of = contract, (replace(cases[0], request=plain),)

    found = judged(of, (201, {**sent, **changed}, J))

    assert found == ({} if right else {"answer.echo": "may"})


@pytest.mark.parametrize(
    ("answer", "failing"),
    [
        ({"size": 3}, ""),
        ({"size": 3.0}, ""),
        ({"size": 4}, "broken"),
        ({"size": True}, "broken"),
        ({}, "broken?"),
        ({"data": {"size": 3}}, "broken?"),
        ({"size": "***"}, "broken?"),
    ],
)
@pytest.mark.parametrize("at", ["", "/data"])
def test_a_default_may_be_taken_for_what_is_required(
    answer: Json, failing: str, at: str, tmp_path: Path
) -> None:
    sized = {"size": {"type": "integer", "default": 3}}
    body = {"type": "object", "required": ["size"], "properties": sized}
    given = document({"2XX": says({}, **{"x-resource": at} if at else {})})
    given["paths"]["/pets"]["post"]["requestBody"]["content"][J]["schema"] = body
    contract, cases = compiled(given, tmp_path)
    missing = next(it for it in cases if it.id == "size.required/missing")
    assert missing.or_default == {f"{at}/size": 3}

    answer = {"data": answer} if at else answer
    found = judged((contract, (cases[0], missing)), (206, answer, J))

    assert found == ({failing: "must"} if failing else {})


def test_what_no_contract_says_is_inferred_and_says_so(tmp_path: Path) -> None:
    contract, _ = compiled(document(MADE), tmp_path)
    place = "#/paths/~1pets/post"

    for name in ("answer.echo", "answer.defaults", "answer.json", "error.envelope"):
        rule = contract.rules[RuleId(name)]
        assert (rule.level, rule.evidence) == (Level.MAY, "inferred")
    must = [it.source for it in contract.rules.values() if it.level == Level.MUST]
    assert all(source.startswith((place, "RFC 9110, 15.6")) for source in must)
    assert not {"answer.status", "answer.headers", "answer.media"} & {*load().rules}


ITEM = [{"name": "id", "in": "path", "required": True, "schema": {}, "example": "7"}]
BOTH = {"content": {J: {"schema": SENT}, "text/*": {}}, "required": True}


@pytest.mark.parametrize(
    ("given", "paths", "labels"),
    [
        (document(MADE), {"/pets-ringspec": (404,)}, {"text-plain"}),
        (document(MADE, body=BOTH), {"/pets-ringspec": (404,)}, {"no-bytes"}),
        (
            document({**MADE, **FALSE}, path="/pets/{id}", parameters=ITEM),
            {"/pets-ringspec/7": (404, 400)},
            {"text-plain"},
        ),
        (document(MADE, path="/{id}", parameters=ITEM), {}, {"text-plain"}),
    ],
    ids=["no body needed", "text taken", "below a parameter", "any path fits"],
)
def test_wire_cases_ask_nothing_that_is_described_otherwise(
    given: Json, paths: Json, labels: set[str], tmp_path: Path
) -> None:
    _, cases = compiled(given, tmp_path)
    wire = {each.id.split("/")[1]: each for each in cases if each.phase == Phase.WIRE}
    longer = [wire["longer-name"]] if "longer-name" in wire else []

    assert {"text-plain", "no-bytes"} & wire.keys() == labels
    assert {each.request.path: each.status for each in longer} == paths
