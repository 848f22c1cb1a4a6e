from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace
from html import escape
from types import ModuleType
from urllib.parse import quote, urlencode

import pytest

from ringspec.harness import (
    Ended,
    Judged,
    Notice,
    Played,
    Response,
    Verdict,
)
from ringspec.reports import Recorder, Redactor, rendered

SECRET = 's3"crét/+?>t'


@pytest.mark.parametrize("name", ["json", "ndjson", "junit", "har", "markdown"])
def test_echoed_secret_is_in_no_report(sample: ModuleType, name: str) -> None:
    redactor = Redactor()
    recorder = Recorder(redactor)
    case = sample.case("a.b/1", b"{}")
    body = json.dumps({"got": f"Bearer {SECRET}"}).encode() + SECRET.encode()
    answer = Response(status=201, headers=(("X", SECRET),), body=body)
    fired = replace(sample.exchange(case), response=answer)
    found = sample.finding(fired, case, Verdict.FAIL, f"got {SECRET}", case)
    rule = replace(sample.RULES[1], failures=(found,), why=SECRET)
    result = replace(sample.result(), rules=(rule,), message=SECRET, hint=SECRET)

    judged = Judged(case=case, exchange=fired, findings=(found,))
    told = (judged, Notice(message=SECRET), Ended(result=result))
    for event in (*sample.events()[:-1], *told):
        recorder.handle(event)
    redactor.learn(SECRET)
    data = rendered(name, recorder.record).decode()

    assert "s3" not in data
    assert "[redacted]" in data


def test_password_in_the_target_is_redacted(sample: ModuleType) -> None:
    started = replace(sample.started(), target="https://me:pw@example.test/v1?a=b@c")

    redacted = Redactor().event(started)

    assert getattr(redacted, "target", "") == (
        "https://[redacted]@example.test/v1?a=b@c"
    )


def test_secret_within_a_secret_leaves_no_remains() -> None:
    redactor = Redactor(["abcd", "abcdefg", ""])

    assert redactor.text("abcdefg abcd") == "[redacted] [redacted]"


SPELLINGS = {
    "as it is": SECRET,
    "json": json.dumps(SECRET),
    "json with escaped slashes": json.dumps(SECRET).replace("/", "\\/"),
    "json within json": json.dumps(json.dumps({"token": SECRET})),
    "url": quote(SECRET, safe=""),
    "url in lower case": quote(SECRET, safe="").lower(),
    "form": urlencode({"a": SECRET}),
    "html": escape(SECRET),
    "hexadecimal": SECRET.encode().hex(),
    "base64": b64encode(SECRET.encode()).decode(),
    "base64 after one": b64encode(f"x{SECRET}yz".encode()).decode(),
    "base64 after two": b64encode(f"me:{SECRET}".encode()).decode(),
    "url-safe base64": urlsafe_b64encode(f"??>{SECRET}".encode()).decode(),
    "header": SECRET.encode().decode("latin-1"),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_secret_is_found_as_others_spell_it(spelling: str) -> None:
    redactor = Redactor([SECRET])

    for text in (redactor.text(spelling), redactor.data(spelling.encode()).decode()):
        assert "[redacted]" in text
        assert len(text.replace("[redacted]", "")) < len(spelling) - 7


def test_short_secret_is_not_looked_for_in_other_spellings() -> None:
    assert Redactor(["ab"]).text("YWI= 6162 YWJj") == "YWI= 6162 YWJj"


def test_steps_and_what_was_captured_are_redacted(sample: ModuleType) -> None:
    judged = sample.events()[1]
    step = replace(judged.exchange, url=f"http://127.0.0.1/{SECRET}")
    played = Played(
        earlier=(step,),
        captured={"id": SECRET, "more": [{SECRET: 1}]},
        items=(SECRET, {"a": SECRET}),
        stuck=SECRET,
    )
    event = replace(judged, exchange=replace(judged.exchange, played=played))

    assert SECRET not in repr(Redactor([SECRET]).event(event))


def test_secret_learnt_late_is_redacted_in_what_was_seen_before(
    sample: ModuleType,
) -> None:
    judged = sample.events()[1]
    redactor = Redactor(["hush"])
    redactor.event(judged)

    redactor.learn("retries")

    redacted = redactor.event(judged)
    assert isinstance(redacted, Judged)
    assert b"retries" not in redacted.exchange.request.body
