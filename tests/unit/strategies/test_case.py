from __future__ import annotations

import base64
import json

import pytest

from ringspec.spec import Level, RuleId
from ringspec.strategies import Case, Expect, Phase, Request, expecting, line
from ringspec.strategies.case import parse_case

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
    assert expecting(cases, None, ()) is cases


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
