from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft6Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT6

from ringspec.harness import Judged, Outcome, Played, Response, Verdict
from ringspec.reports import EventStream, Record, Redactor, rendered
from ringspec.reports.json_report import SCHEMA, render
from ringspec.spec import ReportError
from ringspec.strategies import encode

VALIDATOR = jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text()))


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


FIXTURE = Path(__file__).parents[2] / "fixtures" / "har-schema.json"
BODIES = {
    "text": b'{"a":1}',
    "emoji": '"\U0001f468‍\U0001f469 \u202e"'.encode(),
    "controls": b'"\x00\x1b\r\n\x7f"',
    "escaped surrogate": b'"\\ud800"',
    "no utf-8": b'"\xff\xfe\xed\xa0\x80"',
    "markup": b"</script><!-- ]]> &amp;",
    "empty": b"",
}


@pytest.fixture(scope="session")
def validator() -> Draft6Validator:
    schemas = json.loads(FIXTURE.read_text())["schemas"]
    resources = [
        (f"{name}#", DRAFT6.create_resource(it)) for name, it in schemas.items()
    ]
    registry: Registry[Any] = Registry().with_resources(
        [*resources, *((name.rstrip("#"), it) for name, it in resources)]
    )
    return Draft6Validator(
        schemas["har.json"], registry=registry, format_checker=FormatChecker()
    )


def archive(record: Record) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(rendered("har", record))
    return read


def entries(record: Record) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = archive(record)["log"]["entries"]
    return found


def body_of(told: dict[str, Any] | None) -> bytes:
    if told is None:
        return b""
    text: str = told.get("text", "")
    return base64.b64decode(text) if told.get("encoding") == "base64" else text.encode()


def sent(sample: ModuleType, body: bytes, answer: bytes, began_s: float = 0) -> Judged:
    case = sample.case("body.accepted/x", body)
    exchange = replace(sample.exchange(case, 200, answer), began_s=began_s)
    return Judged(case=case, exchange=exchange, findings=())


def test_archive_fits_the_schema(record: Record, validator: Draft6Validator) -> None:
    validator.validate(archive(record))

    assert len(entries(record)) == len(record.judged)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_bodies_are_exact(
    sample: ModuleType, record: Record, validator: Draft6Validator, body: bytes
) -> None:
    record = replace(record, judged=(sent(sample, body, body[::-1]),))

    validator.validate(archive(record))
    entry = entries(record)[0]
    assert body_of(entry["request"].get("postData")) == body
    assert body_of(entry["response"]["content"]) == body[::-1]
    assert entry["request"]["bodySize"] == len(body)
    assert entry["response"]["content"]["size"] == len(body)


def test_steps_before_have_entries_of_their_own(
    sample: ModuleType, record: Record, validator: Draft6Validator
) -> None:
    judged = sent(sample, b"{}", b"{}", 2)
    step = replace(judged.exchange, began_s=1, url="http://127.0.0.1:1/first?a=b&c")
    last = replace(judged.exchange, played=Played(earlier=(step,)))
    record = replace(record, judged=(replace(judged, exchange=last),))

    validator.validate(archive(record))
    first, second = entries(record)
    assert first["request"]["url"] == "http://127.0.0.1:1/first?a=b&c"
    assert first["request"]["queryString"] == [
        {"name": "a", "value": "b"},
        {"name": "c", "value": ""},
    ]
    assert first["comment"] == "body.accepted/x: a step before"
    assert second["comment"] == "body.accepted/x"


def test_odd_url_is_written_as_it_was_sent(
    sample: ModuleType, record: Record, validator: Draft6Validator
) -> None:
    judged = sent(sample, b"{}", b"{}")
    odd = replace(judged.exchange, url='http://127.0.0.1/a b/é{"}?q=é')
    record = replace(record, judged=(replace(judged, exchange=odd),))

    validator.validate(archive(record))
    assert entries(record)[0]["request"]["url"] == (
        "http://127.0.0.1/a%20b/%C3%A9%7B%22%7D?q=%C3%A9"
    )


def test_huge_answers_are_cut_and_say_so(sample: ModuleType, record: Record) -> None:
    huge = "é".encode() * 400_001
    record = replace(record, judged=tuple(sent(sample, b"{}", huge) for _ in range(20)))

    data = rendered("har", record)
    content = entries(record)[0]["response"]["content"]

    assert len(data) < 20e6
    assert content["size"] == len(huge)
    assert huge.startswith(body_of(content))
    assert "more bytes are left out" in content["comment"]
