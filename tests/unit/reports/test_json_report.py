from __future__ import annotations

import base64
import json
import math
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ringspec.harness import Outcome, Response, Verdict
from ringspec.reports import Record
from ringspec.reports.json_report import SCHEMA, render, report

VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text()))


def failing(sample: ModuleType, record: Record, **edits: Any) -> dict[str, Any]:
    """Return the one failure of a run, rendered and held to the schema."""
    body = edits.pop("sent", b"{}")
    case = sample.case("a.b/1", body)
    fired = replace(sample.exchange(case), **edits)
    found = sample.finding(fired, case, Verdict.FAIL, "no")
    rule = replace(sample.RULES[1], outcome=Outcome.FAIL, failures=(found,))
    data = render(replace(record, result=replace(record.result, rules=(rule,))))
    written = json.loads(data, parse_constant=pytest.fail)
    VALIDATOR.validate(written)
    failure: dict[str, Any] = written["rules"][0]["failures"][0]
    return failure


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(VALIDATOR.schema)


def test_report_keeps_to_its_schema(record: Record) -> None:
    VALIDATOR.validate(json.loads(render(record)))


def test_clean_report_keeps_to_its_schema(sample: ModuleType, record: Record) -> None:
    VALIDATOR.validate(json.loads(render(replace(record, result=sample.clean()))))


def test_members_others_rely_on(record: Record) -> None:
    written = report(record)

    assert written["format"] == "ringspec-report/1"
    assert written["conclusion"] == "nonconformant"
    assert written["duration_s"] == 1.941
    assert written["counts"] == {"rules": 8, "cases": 8, "requests": 9}
    assert written["notices"] == ["the target answers slowly"]


def test_failure_holds_what_is_needed_to_act(record: Record) -> None:
    failure = report(record)["rules"][1]["failures"][0]

    assert failure["case"] == "delays.count/2"
    assert failure["request"]["url"] == "http://127.0.0.1:8080/broadcasts"
    assert failure["request"]["body"]["retries"] == 2
    assert failure["twin"]["case"] == "body.accepted/plain"
    assert failure["fault"][0] == {"op": "replace", "path": "/retries", "value": 2}
    assert failure["response"]["headers"]["Vary"] == "a, b"
    assert "$RINGSPEC_TOKEN" in failure["curl"]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\xff",
        b'{ "a": 1}',
        b'{"a":NaN}',
        b"[" * 900 + b"]" * 900,
        b"[" * 100_000,
    ],
    ids=["empty", "bytes", "spaced", "nan", "deep", "unclosed"],
)
def test_body_that_json_would_change_goes_as_base64(
    sample: ModuleType, record: Record, sent: bytes
) -> None:
    written = failing(sample, record, sent=sent)["request"]

    assert "body" not in written
    assert base64.b64decode(written["body_base64"]) == sent[: 64 * 1024]


def test_lone_surrogate_survives(sample: ModuleType, record: Record) -> None:
    written = failing(sample, record, sent=b'{"a":"\\ud800"}')

    assert written["request"]["body"] == {"a": "\ud800"}


@pytest.mark.parametrize(
    ("body", "member"),
    [(b"a" * 65537, "body"), (b"\xff" * 65537, "body_base64")],
    ids=["text", "bytes"],
)
def test_very_large_answer_is_cut(
    sample: ModuleType, record: Record, body: bytes, member: str
) -> None:
    answer = Response(status=500, headers=(), body=body)

    written = failing(sample, record, response=answer)["response"]

    assert written["truncated"] is True
    assert written["size"] == 65537
    assert len(written[member]) == math.ceil(65536 / 3) * 4 or member == "body"


def test_answer_that_is_no_text_goes_as_base64(
    sample: ModuleType, record: Record
) -> None:
    answer = Response(status=200, headers=(), body=b"\x89PNG")

    written = failing(sample, record, response=answer)["response"]

    assert base64.b64decode(written["body_base64"]) == b"\x89PNG"


def test_missing_answer_is_an_error(record: Record) -> None:
    failure = report(record)["rules"][-1]["failures"][0]

    assert failure["response"] == {
        "error": "nothing came within 5 s",
        "trouble": "timeout",
    }
    assert failure["twin"] is None


def test_exchange_without_anything_is_an_error(
    sample: ModuleType, record: Record
) -> None:
    written = failing(sample, record, response=None)["response"]

    assert written == {"error": "nothing was sent", "trouble": None}
