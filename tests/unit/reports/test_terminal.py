from __future__ import annotations

import base64
import io
import itertools
import json
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from ringspec.harness import Event, Finding, Outcome, Response, Result, Verdict
from ringspec.harness.recording import CapturedRequest, ClientSession
from ringspec.harness.sending.exchange import Filling
from ringspec.reports import (
    ProgressLine,
    Record,
    Recorder,
    Redactor,
    Terminal,
    console,
    print_template,
    read_report,
    record_line,
    rendered,
    screen_line,
)
from ringspec.reports.json_report import SCHEMA
from ringspec.spec import Level, UsageError, load
from ringspec.strategies import Request


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def shown(
    sample: ModuleType,
    result: Result | None = None,
    kind: type[io.StringIO] = io.StringIO,
    **options: Any,
) -> tuple[str, str]:
    out, err = kind(), kind()
    again = {"": "http://127.0.0.1:8080", "--seed": "--seed 7"}
    with closing(Terminal(out, err, again=again, **options)) as terminal:
        for event in sample.events(result):
            terminal.handle(event)
    return out.getvalue(), err.getvalue()


def failed(sample: ModuleType, found: Finding, copies: int = 1) -> Result:
    rule = replace(sample.RULES[1], outcome=Outcome.FAIL, failures=(found,) * copies)
    result: Result = replace(sample.result(), rules=(rule,))
    return result


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"x" * 5_000_000, f"{'x' * 60}… (5,000,000 bytes in all)"),
        (b"\xff\xfe" * 512, "1,024 bytes that are not UTF-8, beginning 0xff 0xfe 0xff"),
        (b"words " * 90, f"{'words ' * 50}".rstrip() + "… (540 bytes in all)"),
        (
            b'{"a":1.0,"a":1e2,"b":{"c":"x y"},"d":"%s","e":[{}]}' % (b"no " * 99),
            '{"a": 1.0, "a": 1e2, "b": {"c": "x y"}, "d": "no no',
        ),
        (
            b'{"s":"%s","l":["it is",%s0],"m":{}}' % (b"a " * 30, b"12345678," * 99),
            "12345678, …], … 1 more member} (982 bytes in all)",
        ),
        (b'{\n\t"a": "caf\xc3\xa9"\n}', '{"a": "café"}'),
    ],
    ids=["megabytes", "bytes", "text", "long", "members", "indented"],
)
def test_body_is_cut_where_a_reader_would(
    sample: ModuleType, body: bytes, told: str
) -> None:
    case = sample.case("a.b/1", b"{}")
    answer = Response(status=599, headers=(), body=body)
    fired = replace(sample.exchange(case), response=answer)
    found = sample.finding(fired, case, Verdict.FAIL, "y" * 1_000_000)

    out, _ = shown(sample, failed(sample, found))

    lines = out[: out.index("  why")].splitlines()
    rows = [each.strip() for each in lines[lines.index("  answer  HTTP 599") + 1 :]]
    assert told in " ".join(rows)
    # No line ends in a string that has room on one.
    assert b"no no" in body or all(each.count('"') % 2 == 0 for each in rows)
    assert max(map(len, lines)) <= 80
    assert len(out) < 3000


def test_log_tells_now_and_then_how_long_it_takes_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times, out = itertools.count(step=61), io.StringIO()
    monkeypatch.setattr(time, "monotonic", lambda: next(times))

    progress = ProgressLine(console(out), "case", 5)
    for _ in range(5):
        progress.advance(1, "failure")

    assert out.getvalue().splitlines() == [
        "1 of 5 cases, 1 failure, 61 s, 4 min left",
        "2 of 5 cases, 1 failure, 2 min, 3 min left",
        "3 of 5 cases, 1 failure, 3 min, 2 min left",
        "4 of 5 cases, 1 failure, 4 min, 61 s left",
    ]


@pytest.mark.parametrize(
    ("names", "kind", "coloured"),
    [
        ("FORCE_COLOR=1", io.StringIO, True),
        ("FORCE_COLOR=1 TERM=dumb", io.StringIO, True),
        ("FORCE_COLOR=1 NO_COLOR=1", io.StringIO, False),
        ("FORCE_COLOR=0", io.StringIO, False),
        ("FORCE_COLOR=", io.StringIO, False),
        ("NO_COLOR=1", Screen, False),
        ("TERM=dumb", Screen, False),
    ],
)
def test_environment_turns_colour_on_and_off(
    sample: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    names: str,
    kind: type[io.StringIO],
    coloured: bool,  # noqa: FBT001 - a table's column
) -> None:
    for each in names.split():
        monkeypatch.setenv(*each.split("="))

    out, err = shown(sample, kind=kind)

    assert ("\x1b[1;31mFAIL" in out) is coloured
    assert ("━" in err) is (names == "NO_COLOR=1")


@pytest.mark.parametrize("width", ["1", "40", "80", "300"])
def test_any_width_shows_all_of_what_fails(
    sample: ModuleType, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)

    for kind in (io.StringIO, Screen):
        out, _ = shown(sample, kind=kind, color="never")

        joined = "".join(out.split())
        assert "FAILdelays.count" in joined
        assert "total" in joined
        assert "rulesskipped:notselected" in joined.replace("rulesk", "rulessk")


URL = "http://127.0.0.1:8000"
TOKEN = "a-token-of-some-length"
FILLING = Filling(token=TOKEN, token_url=f"{URL}/token")
REDACTOR = Redactor([TOKEN])


def heard(sent: Any, status: int = 422, **other: Any) -> CapturedRequest:
    told: dict[str, Any] = {
        "method": "POST",
        "path": "/voice/broadcasts",
        "headers": (
            ("authorization", f"Bearer {TOKEN}"),
            ("content-type", "application/json"),
            ("user-agent", "a-client/1"),
        ),
        "body": json.dumps(sent).encode(),
    }
    request = Request(**{**told, **other})
    response = Response(status=status, headers=(), body=b"{}")
    return CapturedRequest.ended(request.path, request, response, (1.5, 0.0))


@pytest.fixture
def session() -> ClientSession:
    return ClientSession(load(dialect="naxai-sdk"), Level.MUST, URL, FILLING)


@pytest.fixture
def record(session: ClientSession) -> Record:
    """A record of three requests: two break a rule, one has an answer to it."""
    recorder = Recorder(REDACTOR)
    events: list[Event] = [session.started()]
    for body in ({"name": 1}, {"name": "x", "language": "xx"}, {"name": 2}):
        told = session.judge(heard(body, status=201))
        events.append(told)
    for each in (*events, session.ended()):
        recorder.handle(each)
    return recorder.record


def test_record_has_a_line_for_each_request(session: ClientSession) -> None:
    told = session.judge(heard({"name": TOKEN, "colour": f"{TOKEN}"}))

    line = record_line(REDACTOR.event(told))

    written = json.loads(line)
    assert line.count(b"\n") == 1
    assert TOKEN.encode() not in line
    assert written["format"] == "ringspec-record/1"
    assert (written["number"], written["client"]) == (1, "a-client/1")
    assert written["operation"] == "createBroadcast"
    assert written["time"] == "1970-01-01T00:00:01.500Z"
    assert written["request"]["body"] == {"name": "[redacted]", "colour": "[redacted]"}
    assert written["response"]["status"] == 422
    fallen = {each["rule"]: each for each in written["broken"]}
    assert fallen["from.required"]["reason"] == "left out from"
    assert fallen["from.required"]["level"] == "must"
    assert "name.type" in written["kept"]
    assert written["unspecified"][0]["what"] == "body.unknown"


@pytest.mark.parametrize(
    "body", [b'{"x":NaN}', b'{"x":1e999}', b"\xff", b'"\\ud800"', b"[" * 9999, b""]
)
def test_whatever_is_sent_the_record_is_json(
    session: ClientSession, body: bytes
) -> None:
    told = session.judge(heard(None, body=body))

    written = json.loads(record_line(REDACTOR.event(told)))

    assert base64.b64decode(written["request"].get("body_base64", "")) in (body, b"")


def test_screen_is_safe_from_what_clients_send(session: ClientSession) -> None:
    target = "/voice/\x1b[2J\x07%0a"

    line = screen_line(session.judge(heard({}, path=target, method="P\x1bST")))

    assert line.isprintable()


def test_json_report_keeps_to_its_schema(record: Record, tmp_path: Path) -> None:
    written = json.loads(rendered("json", record))

    jsonschema.validate(written, json.loads(SCHEMA.read_text()))
    rules = {each["id"]: each for each in written["rules"]}
    assert written["judged"] == "clients"
    assert rules["name.type"]["outcome"] == "fail"
    assert rules["name.type"]["cases"] == 3
    first = rules["name.type"]["failures"][0]
    assert first["reason"] == 'sent 1 at /name, against type "string"'
    assert first["response"]["status"] == 201
    assert first["request"]["headers"]["authorization"] == "Bearer {token}"
    assert rules["answer.echo"]["outcome"] == "not-applicable"

    path = tmp_path / "r.json"
    path.write_bytes(rendered("json", record))
    with pytest.raises(UsageError, match="of clients"):
        read_report(path)


def test_no_report_speaks_of_accepting_invalid_bodies(record: Record) -> None:
    for name in ("json", "html", "junit", "markdown", "har", "ndjson"):
        written = rendered(name, record).decode()

        assert "was accepted" not in written, name
        assert TOKEN not in written, name


def test_summary_tells_what_how_often_and_first(session: ClientSession) -> None:
    for body in ({"name": 1, "x": 2}, {"name": 2}, {"name": "x"}):
        session.judge(heard(body))
    out = io.StringIO()

    told = {"session": session, "result": session.ended().result}
    screen, redacted = console(out, "never"), REDACTOR.text
    print_template(screen, "account.txt", **told, redacted=redacted)

    text = out.getvalue()
    assert "FAIL name.type  MUST, 2 of 3 requests" in text
    assert 'request 1 sent 1 at /name, against type "string"' in text
    assert "warn retries.required  SHOULD, 3 of 3 requests" in text
    assert 'body.unknown, once: request 1 sent "x" at the top' in text
    assert "never exercised:" in text
    assert "file.required" in text
    assert "nonconformant: " in text
