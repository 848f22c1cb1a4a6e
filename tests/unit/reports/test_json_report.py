from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ringspec.harness import Outcome, Response, Verdict
from ringspec.reports import EventStream, Record, Redactor, rendered
from ringspec.reports.json_report import SCHEMA, render
from ringspec.spec import ReportError
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


def lines(data: bytes) -> list[dict[str, Any]]:
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.decode().split("\n")[:-1]]


def streamed(path: Path, sample: ModuleType) -> list[dict[str, Any]]:
    stream = EventStream(path)
    for event in sample.events():
        stream.handle(event)
    stream.close()
    stream.check()
    return lines(path.read_bytes())


def test_requests_and_answers_are_whole(tmp_path: Path, sample: ModuleType) -> None:
    told = streamed(tmp_path / "r.ndjson", sample)

    by_case = {each["case"]: each for each in told if each["event"] == "judged"}
    nul = by_case["robustness/nul"]
    assert base64.b64decode(nul["request"]["body_base64"]) == b'{"name":"\x00\xff"}'
    assert nul["response"]["trouble"] == "timeout"
    assert by_case["delays.count/2"]["response"]["body"] == sample.HOSTILE.decode()


@pytest.mark.parametrize(
    ("path", "why"), [("none/r", "No such file"), (".", "directory")]
)
def test_path_that_cannot_be_opened_is_told_at_the_end(
    tmp_path: Path, sample: ModuleType, path: str, why: str
) -> None:
    stream = EventStream(tmp_path / path)

    for event in sample.events():
        stream.handle(event)
    stream.close()

    with pytest.raises(ReportError, match="the ndjson report cannot be .*" + why):
        stream.check()


@pytest.mark.parametrize("then", [Path.exists, Path.touch], ids=["gone", "another"])
def test_file_that_was_removed_meanwhile_is_told(
    tmp_path: Path, sample: ModuleType, then: Callable[[Path], object]
) -> None:
    path = tmp_path / "r.ndjson"
    stream = EventStream(path)
    first, *others = sample.events()
    stream.handle(first)
    path.unlink()
    then(path)
    for event in others:
        stream.handle(event)
    stream.close()

    with pytest.raises(ReportError, match="it was removed during the run"):
        stream.check()


def test_interrupt_on_the_way_to_the_file_loses_nothing(
    tmp_path: Path, sample: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.ndjson"
    redactor = Redactor()
    stream = EventStream(path, redactor)
    first, second, third, *_ = sample.events()
    stream.handle(first)

    def strike(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(redactor, "event", strike)
        with pytest.raises(KeyboardInterrupt):
            stream.handle(second)
    stream.handle(third)
    stream.close()

    kinds = [each["event"] for each in lines(path.read_bytes())]
    assert kinds == ["started", "judged", "notice"]


def test_answers_of_a_very_long_run_are_cut_short(sample: ModuleType) -> None:
    case = sample.case("a.b/1", b"{}")
    fired = sample.exchange(case, 200, b"x" * 15_000)
    record = _record(sample, fired, 700)

    told = lines(rendered("ndjson", record))

    sizes = [len(each["response"]["body"]) for each in told[1:-1]]
    assert sizes[0] == 15_000
    assert sizes[-1] == 512
    assert told[-2]["response"]["size"] == 15_000
    assert sizes == sorted(sizes, reverse=True)


def _record(sample: ModuleType, fired: Any, number: int) -> Record:
    judged = replace(sample.events()[1], exchange=fired)
    return Record(
        started=sample.started(),
        judged=(judged,) * number,
        notices=(),
        result=sample.result(),
    )
