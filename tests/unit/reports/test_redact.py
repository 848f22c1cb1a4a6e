from __future__ import annotations

import json
import time
from base64 import b32encode, b64encode, urlsafe_b64encode
from dataclasses import replace
from html import escape
from types import ModuleType
from urllib.parse import quote, urlencode

import pytest

from ringspec.harness import Ended, Judged, Notice, Played, Response, Verdict
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


LONG = "t0ken-4fA9-b8c7D6e5.f4a3_B2C1/x+9=="
KNOWN_WAYS = {
    "upper case": LONG.upper(),
    "lower case": LONG.lower(),
    "swapped case": LONG.swapcase(),
    "backwards": LONG[::-1],
    "dashes": "-".join(LONG),
    "in fours": " ".join(LONG[at : at + 4] for at in range(0, len(LONG), 4)),
    "without its signs": LONG.replace("-", "").replace(".", ""),
    "utf-16-le": LONG.encode("utf-16-le").decode("latin-1"),
    "utf-16-be": LONG.encode("utf-16-be").decode("latin-1"),
    "utf-16 in json": json.dumps(LONG.encode("utf-16").decode("latin-1")),
    "json escapes": "".join(f"\\u{ord(each):04X}" for each in LONG),
    "javascript escapes": "".join(f"\\x{ord(each):02x}" for each in LONG),
    "percent": "".join(f"%{ord(each):02X}" for each in LONG),
    "percent twice": "".join(f"%25{ord(each):02x}" for each in LONG),
    "entities": "".join(f"&#{ord(each)};" for each in LONG),
    "entities in hexadecimal": "".join(f"&#x{ord(each):X};" for each in LONG),
    "hexadecimal": LONG.encode().hex().upper(),
    "hexadecimal with colons": LONG.encode().hex(":"),
    **{
        f"{each.__name__} after {n}": each(b"x" * n + LONG.encode() + b"yz").decode()
        for each in (b64encode, urlsafe_b64encode, b32encode)
        for n in range(5)
    },
    "base32 in lower case": b32encode(LONG.encode()).decode().lower(),
    **{
        f"split at {at}": json.dumps({"a": LONG[:at], "b": {"c": LONG[at:]}})
        for at in range(10, len(LONG) - 10, 3)
    },
    "in thirds": json.dumps([LONG[:11], LONG[11:23], LONG[23:]]),
}


@pytest.mark.parametrize("spelling", KNOWN_WAYS.values(), ids=KNOWN_WAYS)
def test_letters_of_a_secret_are_found_however_they_are_written(spelling: str) -> None:
    redactor = Redactor([LONG])

    for text in (redactor.text(spelling), redactor.data(spelling.encode()).decode()):
        assert "[redacted]" in text
        assert len(text.replace("[redacted]", "")) < len(spelling) / 2


def windows(text: str) -> list[str]:
    letters = "".join(filter(str.isalnum, text))
    return [letters[at : at + 8] for at in range(len(letters) - 7)]


@pytest.mark.parametrize("name", ["json", "ndjson", "har", "html", "junit", "markdown"])
@pytest.mark.parametrize("way", ["upper case", "base32 in lower case", "split at 13"])
def test_secret_in_two_headers_and_a_body_is_in_no_report(
    sample: ModuleType, name: str, way: str
) -> None:
    redactor, case = Redactor([LONG]), sample.MANY[0]
    recorder = Recorder(redactor)
    half = len(LONG) // 2
    headers = (("X-One", LONG[:half]), ("X-Two", LONG[half:].upper()))
    answer = Response(status=400, headers=headers, body=KNOWN_WAYS[way].encode())
    fired = replace(sample.exchange(case), response=answer)
    found = sample.finding(fired, case, Verdict.FAIL, f"got {LONG[::-1]}", case)
    rule = replace(sample.RULES[1], failures=(found,))
    judged = Judged(case=case, exchange=fired, findings=(found,))
    told = (judged, Ended(result=replace(sample.result(), rules=(rule,))))
    for event in (sample.started(), *told):
        recorder.handle(event)

    data = rendered(name, recorder.record).decode()

    for each in (LONG, LONG[::-1], KNOWN_WAYS[way]):
        assert not set(windows(each.lower())) & set(windows(data.lower()))


def test_innocent_words_stay() -> None:
    redactor = Redactor(["my-client-secret", LONG, "broadcast-token-of-2026"])
    texts = ("/voice/broadcasts", "check client id and client secret", "t0ken 4f", "")

    assert [redactor.text(each) for each in texts] == list(texts)


@pytest.mark.parametrize(
    "text",
    ["\\" * 2**20, "%25" * 2**19, "t0ken" * 2**18, "t0ken-4fA9" * 2**17, "&#0" * 2**18],
    ids=["backslashes", "percent", "starts", "parts", "entities"],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.monotonic()

    Redactor([LONG]).text(text)

    assert time.monotonic() - began < 2


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
