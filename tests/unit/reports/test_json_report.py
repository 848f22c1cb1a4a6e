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
from ringspec.reports.json_report import SCHEMA, render
from ringspec.strategies import encode

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


def test_report_keeps_to_its_schema(record: Record) -> None:
    VALIDATOR.validate(json.loads(render(record)))


@pytest.mark.parametrize(
    "sent",
    [b"", b"\xff", b'{ "a": 1}', b'{"a":NaN}', b"[" * 900 + b"]" * 900, b"[" * 100_000],
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


def crowded(record: Record, number: int) -> Record:
    """Return a run with so many failures of one rule, with long answers and bodies."""
    rule = record.result.rules[1]
    first = rule.failures[0]
    answer = Response(status=201, headers=(), body=b"x" * 8000)
    body = encode({"a": "y" * 1000})
    request = replace(first.exchange.request, body=body)
    fired = replace(first.exchange, request=request, response=answer)
    assert first.twin is not None
    twin = replace(first.twin, request=request)
    found = replace(first, exchange=fired, twin=twin)
    rules = (replace(rule, failures=(found,) * number),)
    return replace(record, result=replace(record.result, rules=rules))


def test_very_many_failures_stay_a_report_that_opens(record: Record) -> None:
    data = render(crowded(record, 5000))

    (rule,) = json.loads(data)["rules"]
    first, *others = rule["failures"]
    assert len(data) < 20e6
    assert len(others) == 4999
    assert len(first["twin"]["request"]["body"]["a"]) == 1000
    for each in others:
        # What was sent stays whole: it is fired again from here.
        assert len(each["request"]["body"]["a"]) == 1000
        assert each["response"]["truncated"]
        assert each["response"]["size"] == 8000
        assert each["twin"]["case"] == first["twin"]["case"]
        assert each["twin"]["request"]["truncated"]
        assert "ringspec replay delays.count/2" in each["curl"]
    VALIDATOR.validate(json.loads(data))


def test_known_and_stale_failures_keep_to_the_schema(
    sample: ModuleType, record: Record
) -> None:
    VALIDATOR.validate(json.loads(render(replace(record, result=sample.excused()))))
