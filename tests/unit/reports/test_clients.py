"""What clients sent, on the record, on the screen, and in the reports of runs."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ringspec.harness import Event
from ringspec.harness.recording import CapturedRequest, ClientSession
from ringspec.harness.sending.exchange import Filling
from ringspec.reports import (
    Record,
    Recorder,
    Redactor,
    print_account,
    read_report,
    record_line,
    rendered,
    screen_line,
)
from ringspec.reports.json_report import SCHEMA
from ringspec.spec import Level, UsageError, load

URL = "http://127.0.0.1:8000"
TOKEN = "a-token-of-some-length"
FILLING = Filling(token=TOKEN, token_url=f"{URL}/token")
REDACTOR = Redactor([TOKEN])


def heard(sent: Any, **other: Any) -> CapturedRequest:
    told: dict[str, Any] = {
        "method": "POST",
        "target": "/voice/broadcasts",
        "headers": (
            ("authorization", f"Bearer {TOKEN}"),
            ("content-type", "application/json"),
            ("user-agent", "a-client/1"),
        ),
        "body": json.dumps(sent).encode(),
        "is_whole": True,
        "status": 422,
        "answer_headers": (),
        "answer": b"{}",
        "began_s": 1.5,
        "elapsed_s": 0.01,
    }
    return CapturedRequest(**{**told, **other})


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
        events.append(told.judged)
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

    line = screen_line(session.judge(heard({}, target=target, method="P\x1bST")))

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

    print_account(session, session.ended().result, REDACTOR, stdout=out, color="never")

    text = out.getvalue()
    assert "FAIL name.type  MUST, 2 of 3 requests" in text
    assert 'request 1 sent 1 at /name, against type "string"' in text
    assert "warn retries.required  SHOULD, 3 of 3 requests" in text
    assert 'body.unknown, once: request 1 sent "x" at the top' in text
    assert "never exercised:" in text
    assert "file.required" in text
    assert "nonconformant: " in text
