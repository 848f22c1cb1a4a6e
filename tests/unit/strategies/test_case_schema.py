"""The schema of a line: every line keeps to it, and it refuses what is none."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from ringspec.spec import Contract, Level, RuleId, dialect_names, load
from ringspec.strategies import (
    CASE_SCHEMA,
    Case,
    Expect,
    Phase,
    Request,
    cases_of,
    expecting,
    line,
)
from ringspec.strategies.case import parse_case

PAYMENTS = Path(__file__).parents[2] / "general" / "payments.openapi.yaml"
SCHEMA = json.loads(CASE_SCHEMA.read_text("utf-8"))
JUDGES: dict[str, Callable[[Any], bool]] = {
    "jsonschema": Draft202012Validator(SCHEMA).is_valid,
    "jsonschema-rs": jsonschema_rs.validator_for(SCHEMA).is_valid,
}
LISTS: dict[str, Callable[[], Contract]] = {
    "canonical": load,
    **{name: partial(load, dialect=name) for name in dialect_names()},
    "another API's": partial(load, PAYMENTS),
}


@cache
def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line(each)) for each in cases_of(LISTS[name]())]


def places(schema: Any = SCHEMA) -> Iterator[tuple[str, ...]]:
    """Yield each required member, below the names that lead to it."""
    for name in schema.get("required", ()):
        yield (name,)
    for name, below in schema.get("properties", {}).items():
        for inner in (below, below.get("items", {})) if below is not True else ():
            target = inner.get("$ref", "").removeprefix("#/$defs/")
            resolved = SCHEMA["$defs"][target] if target else inner
            yield from ((name, *rest) for rest in places(resolved))


def holders(row: Any, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield each object in a line that has the last name of a path."""
    if isinstance(row, list):
        for each in row:
            yield from holders(each, path)
    elif isinstance(row, dict) and path[0] in row:
        yield from [row] if len(path) == 1 else holders(row[path[0]], path[1:])


REQUIRED = sorted({*places(), ("fault", "op"), ("fault", "path"), ("fault", "value")})


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("name", LISTS)
def test_every_line_keeps_to_the_schema(name: str, judge: str) -> None:
    rows = lines(name)

    refused = [row["id"] for row in rows if not JUDGES[judge](row)]

    assert len(rows) > 500
    assert refused == []


@pytest.mark.parametrize("path", REQUIRED, ids="/".join)
def test_a_required_member_is_missed_by_both(path: tuple[str, ...]) -> None:
    rows = lines("canonical")
    row = deepcopy(next(each for each in rows if any(holders(each, path))))

    del next(holders(row, path))[path[-1]]

    assert [judge(row) for judge in JUDGES.values()] == [False, False]


@pytest.mark.parametrize(
    ("case", "edit"),
    [
        ("body.accepted/plain", {"format": "ringspec-case/2"}),
        ("body.accepted/plain", {"id": "no-slash"}),
        ("body.accepted/plain", {"phase": "explore"}),
        ("body.accepted/plain", {"level": "MUST"}),
        ("body.accepted/plain", {"expect": "refuse"}),
        ("body.accepted/plain", {"status": []}),
        ("body.accepted/plain", {"status": ["2xx", 99]}),
        ("body.accepted/plain", {"status": ["200"]}),
        ("body.accepted/plain", {"twin": 1}),
        ("body.accepted/plain", {"fault": []}),
        ("body.accepted/plain", {"fault": [{"op": "copy", "path": "/a"}]}),
        ("body.accepted/plain", {"fault": [{"op": "remove", "path": "a"}]}),
        ("body.accepted/plain", {"coupled": True}),
        ("body.accepted/plain", {"broken": ["a", "b"]}),
        ("body.accepted/plain", {"steps": []}),
        ("name.required/missing", {"twin": None}),
        ("name.required/missing", {"fault": {"header": "A"}}),
        ("name.required/missing", {"broken": []}),
        ("name.required/missing", {"request": {"path": "no-slash"}}),
        ("name.required/missing", {"request": {"path": "{token}"}}),
        ("name.required/missing", {"request": {"method": ""}}),
        ("name.required/missing", {"request": {"headers": {"A": 1}}}),
        ("name.required/missing", {"request": {"body_base64": "e30="}}),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value),
)
def test_what_is_no_case_is_refused_by_both(case: str, edit: dict[str, Any]) -> None:
    rows = {each["id"]: each for each in lines("canonical")}
    assert case in rows
    row = {**rows[case], **edit}
    row["request"] = {**rows[case]["request"], **edit.get("request", {})}

    assert [judge(row) for judge in JUDGES.values()] == [False, False]


def test_a_case_of_a_life_has_steps() -> None:
    rows = (row for row in lines("canonical") if row["phase"] == "lifecycle")
    row = {name: value for name, value in next(rows).items() if name != "steps"}

    assert [judge(row) for judge in JUDGES.values()] == [False, False]


def test_members_may_be_added() -> None:
    row = {**lines("canonical")[0], "added": True}

    assert [judge(row) for judge in JUDGES.values()] == [True, True]


def numbers_and_texts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from numbers_and_texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers_and_texts(each)
    else:
        yield value


def is_portable(value: Any) -> bool:
    """Tell whether every language writes a value as it was read."""
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float):
        return not value.is_integer()
    return not isinstance(value, int) or abs(value) < 2**53


@pytest.mark.parametrize("name", ["canonical", *dialect_names()])
def test_what_some_languages_write_otherwise_need_only_be_survived(name: str) -> None:
    odd = [
        row
        for row in lines(name)
        if not all(map(is_portable, numbers_and_texts(row["request"].get("body"))))
    ]

    assert odd
    assert {row["expect"] for row in odd} == {"survive"}


REQUEST = Request(
    method="POST",
    path="/t",
    headers=(("Content-Type", "application/json"),),
    body=b"{}",
)


def case(body: bytes) -> Case:
    return Case(
        id="robustness/x",
        rule=RuleId("robustness"),
        level=Level.MUST,
        expect=Expect.SURVIVE,
        status=("2xx", 400),
        request=Request(
            method=REQUEST.method, path="/t", headers=REQUEST.headers, body=body
        ),
        twin="body.accepted/plain",
        fault=({"op": "remove", "path": "/a"},),
    )


@pytest.mark.parametrize(
    ("body", "as_data"),
    [
        pytest.param(b'{"a":1}', True, id="compact"),
        pytest.param(b"null", True, id="null"),
        pytest.param('{"a":"\u00e9\U0001f600"}'.encode(), True, id="beyond ascii"),
        pytest.param(b'{"a":"\\ud83d"}', True, id="a lone surrogate, escaped"),
        pytest.param(b'{"a":1.0}', True, id="a fraction of zero"),
        pytest.param(b'{"a": 1}', False, id="a blank"),
        pytest.param(b'{"a":1e400}', False, id="a number beyond floats"),
        pytest.param(b'{"a":NaN}', False, id="not a number"),
        pytest.param(b'{"a":1,"a":2}', False, id="a member twice"),
        pytest.param(b"\xff\xfe", False, id="no utf-8"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"[" * 5000, False, id="too deep to read"),
        pytest.param(b'{"a":"\\u00e9"}', False, id="escaped without need"),
    ],
)
def test_a_case_comes_back_from_its_line_byte_for_byte(
    body: bytes, *, as_data: bool
) -> None:
    written = json.loads(line(case(body)))

    assert parse_case(written) == case(body)
    assert parse_case(written).request.body == body
    assert ("body" in written["request"]) is as_data
    if not as_data:
        assert base64.b64decode(written["request"]["body_base64"]) == body


def test_all_cases_come_back_from_their_lines(cases: tuple[Case, ...]) -> None:
    assert tuple(parse_case(json.loads(line(each))) for each in cases) == cases


def test_without_statuses_the_cases_are_the_same(cases: tuple[Case, ...]) -> None:
    assert expecting(cases, None, ()) == cases


def test_only_bodies_of_the_operation_are_expected_otherwise(
    cases: tuple[Case, ...],
) -> None:
    found = expecting(cases, 201, (422,))

    changed = {
        (each.expect, each.status)
        for each, before in zip(found, cases, strict=True)
        if each != before
    }
    assert changed == {(Expect.ACCEPT, (201,)), (Expect.REJECT, (422,))}
    assert all(
        each == before
        for each, before in zip(found, cases, strict=True)
        if before.phase != Phase.CASES
    )
    assert [each.id for each in found] == [each.id for each in cases]
