from __future__ import annotations

import base64
import json
import math
from dataclasses import replace
from datetime import date
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ringspec.harness import Known, Outcome, Response, Stale, Verdict
from ringspec.reports import Record
from ringspec.reports.json_report import SCHEMA, render, report
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


def test_few_failures_are_told_whole(record: Record) -> None:
    (rule,) = report(crowded(record, 300))["rules"]

    for each in rule["failures"]:
        assert len(each["response"]["body"]) == 8000
        assert len(each["curl"]) > 1000
        assert len(each["twin"]["request"]["body"]["a"]) == 1000


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


def test_known_and_stale_failures_are_told(sample: ModuleType, record: Record) -> None:
    rule = record.result.rules[1]
    case = rule.failures[0].case
    known = Known(id=case.id, reason="in March", expires=date(2027, 3, 31))
    rule = replace(rule, known=(known,), excused=True)
    stale = Stale(known=replace(known, expires=None), why="it no longer fails")
    result = replace(record.result, rules=(rule,), stale=(stale,))

    written = json.loads(render(replace(record, result=result)))

    VALIDATOR.validate(written)
    (told,) = written["rules"]
    assert told["excused"] is True
    assert [each["expires"] for each in told["known"]] == ["2027-03-31"]
    assert [each["known"] for each in told["failures"]] == [
        each.case.id == case.id for each in rule.failures
    ]
    assert written["stale"] == [
        {
            "id": case.id,
            "reason": "in March",
            "issue": "",
            "owner": "",
            "expires": None,
            "why": "it no longer fails",
        }
    ]


def test_failure_says_of_its_case_what_judging_it_again_takes(
    record: Record,
) -> None:
    failure = report(record)["rules"][1]["failures"][0]

    assert failure["rule"] == "delays.count"
    assert failure["phase"] == "cases"
    assert failure["expect"] == "reject"
    assert failure["status"] == [400, 422]
    assert failure["case_level"] == "must"
    assert "steps" not in failure
