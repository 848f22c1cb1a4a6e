"""Clients are judged by the contract, and their requests are captured on the way."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from ringspec.harness import JudgedRequest, Outcome, Verdict
from ringspec.harness.recording import Capture, CapturedRequest, ClientSession
from ringspec.harness.sending.exchange import Failure, Filling, Response, Trouble
from ringspec.spec import Contract, Level
from ringspec.strategies import Request

from ...plain import PLAIN  # noqa: TID252 - tests are no distribution

ALL = "/voice/broadcasts"
URL = "http://127.0.0.1:8000"
SECRET = "hush-hush-and-not-a-word"
TOKEN = "a-token-of-some-length"
FILLING = Filling(
    token=TOKEN, token_url=f"{URL}/token", client_id="someone", client_secret=SECRET
)
FORM = "application/x-www-form-urlencoded"


def captured(
    body: Any = PLAIN,
    *,
    method: str = "POST",
    target: str = ALL,
    status: int = 201,
    is_whole: bool = True,
    **headers: str | None,
) -> CapturedRequest:
    """Make a captured request; a header of None was not sent."""
    named: dict[str, str | None] = {
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = tuple((n, v) for n, v in named.items() if v is not None)
    labels = (("content-type", "application/json"),)
    answer: Response | Failure = Failure(trouble=Trouble.DROPPED, message="dropped")
    if status:
        answer = Response(status=status, headers=labels, body=b"{}")
    request = Request(method=method, path=target, headers=sent, body=content)
    began = (1.0, 0.0)
    return CapturedRequest.ended(target, request, answer, began, is_whole=is_whole)


@pytest.fixture
def session(contract: Contract) -> ClientSession:
    return ClientSession(contract, Level.MUST, URL, FILLING)


def broken(judged: JudgedRequest) -> dict[str, str]:
    found = judged.findings
    return {each.rule: each.reason for each in found if each.verdict is Verdict.FAIL}


def unspecified(judged: JudgedRequest) -> list[str]:
    return list(judged.unspecified)


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in PLAIN.items() if name not in names}


def test_valid_body_keeps_to_the_rules_that_apply(session: ClientSession) -> None:
    judged = session.judge(captured())

    kept = set(judged.rules(Verdict.PASS))
    assert (broken(judged), judged.unspecified, judged.remarks) == ({}, {}, ())
    assert {"name.type", "retryDelays.count", "segmentIds.items.format"} <= kept
    assert {"wire.json", "wire.media", "wire.path", "auth.token"} <= kept
    assert "includeUnsubscribed.required" in kept
    # There is no file, no delay and no menu to break anything by.
    assert not kept & {"file.required", "retryDelays.items.max", "voiceFlow.menu.type"}


def test_finding_has_what_was_sent_where_and_what_was_due(
    session: ClientSession,
) -> None:
    judged = session.judge(captured({**PLAIN, "retries": 2, "retryDelays": [4321]}))
    missing = session.judge(captured({**without("name"), "voiceFlow": {}}))

    assert broken(judged) == {
        "retryDelays.items.max": "sent 4321 at /retryDelays/0, against maximum 4320",
        "retryDelays.count": "sent [4321] at /retryDelays, against minItems 2",
    }
    assert "retryDelays.count" not in judged.rules(Verdict.PASS)
    assert judged.case.broken == ()
    assert broken(missing) == {
        "name.required": "left out name",
        "voiceFlow.welcome.required": "left out welcome at /voiceFlow",
    }


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({**PLAIN, "colour": "red"}, "body.unknown"),
        ({**PLAIN, "type": "otp"}, "type.enum"),
        ({**PLAIN, "name": ""}, "name.length"),
        ({**PLAIN, "retries": 0.0}, "body.odd"),
        ({**PLAIN, "name": "half \ud83d"}, "body.odd"),
        (json.dumps(PLAIN)[:-1].encode() + b',"name":"x"}', "body.twice"),
        ({**PLAIN, "file": json.loads("[" * 90 + "]" * 90)}, "body.depth"),
    ],
    ids=["unknown", "value", "length", "fraction", "surrogate", "twice", "deep"],
)
def test_what_no_source_settles_is_unspecified_and_never_broken(
    session: ClientSession, body: Any, name: str
) -> None:
    judged = session.judge(captured(body))

    assert broken(judged) == {}
    assert name in unspecified(judged)


@pytest.mark.parametrize(
    ("request_", "rule"),
    [
        (captured(b"{"), "wire.json"),
        (captured(b""), "wire.json"),
        (captured(b'{"name":NaN}'), "wire.json"),
        (captured(b'{"name":"\xff"}'), "wire.json"),
        (captured(b"1" * 5000), "wire.json"),
        (captured(content_type=FORM), "wire.media"),
        (captured(method="PATCH"), "wire.method"),
        (captured(target=f"{ALL}/x/start", method="GET"), "wire.method"),
        (captured(target=f"{ALL}s"), "wire.path"),
        (captured(target=f"{ALL}/x/y/z"), "wire.path"),
        (captured(authorization=None), "auth.token"),
        (captured(authorization="Bearer other"), "auth.token"),
        (captured(authorization=f"Basic {TOKEN}"), "auth.token"),
        (captured(target=f"{ALL}/x", method="DELETE", authorization=""), "auth.token"),
        (captured(authorization=f"bearer {TOKEN}"), ""),
    ],
    ids=[
        *("cut-off", "no-bytes", "nan", "not-utf-8", "long-number", "form"),
        *("method", "method-of-command", "path", "deep-path"),
        *("no-token", "other-token", "basic", "no-token-elsewhere", "lower-case"),
    ],
)
def test_what_http_has_to_say_is_judged_by_the_catalogue(
    session: ClientSession, request_: CapturedRequest, rule: str
) -> None:
    assert list(broken(session.judge(request_))) == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("headers", "about"),
    [
        ({"content_type": None}, ["wire.media"]),
        ({"content_type": "json"}, ["wire.media"]),
        ({"content_type": "application/json; charset=latin-1"}, ["wire.media"]),
        ({"X_version": None}, []),
        ({"X_version": "2023-03-25"}, []),
        ({"X_version": "v1"}, ["X-version.accepted"]),
    ],
)
def test_header_that_no_source_settles_is_unspecified(
    session: ClientSession, headers: dict[str, Any], about: list[str]
) -> None:
    judged = session.judge(captured(**headers))

    assert (broken(judged), unspecified(judged)) == ({}, about)


def test_what_is_of_no_rule_is_a_remark(session: ClientSession) -> None:
    refused = session.judge(captured(b"", method="GET", target=f"{ALL}/x", status=404))
    cut = session.judge(captured(b"{", is_whole=False, status=0))

    assert refused.remarks == ("it breaks nothing, but was refused with HTTP 404",)
    assert broken(cut) == {}
    assert "a body of more than 64 KiB, or one cut off, is not judged" in cut.remarks
    assert cut.exchange.failure is not None


RIGHT = {
    "grant_type": "client_credentials",
    "client_id": "someone",
    "client_secret": SECRET,
}


def form(**wrong: str) -> bytes:
    return urlencode({**RIGHT, **wrong}).encode()


@pytest.mark.parametrize(
    ("body", "label", "rules"),
    [
        (form(), FORM, []),
        (form(client_secret="my-own-secret"), FORM, ["auth.client"]),
        (form(client_id="my-own-id"), FORM, ["auth.client"]),
        (form(grant_type="password"), FORM, ["auth.client"]),
        (json.dumps(RIGHT).encode(), "application/json", ["auth.client"]),
        (b"\xff", FORM, ["auth.client"]),
    ],
    ids=["right", "secret", "id", "grant", "json", "bytes"],
)
def test_request_for_a_token_is_judged_and_shows_no_secret(
    session: ClientSession, body: bytes, label: str, rules: list[str]
) -> None:
    judged = session.judge(
        captured(body, target="/token", content_type=label, authorization=None)
    )

    shown = judged.exchange.request.body
    assert list(broken(judged)) == rules
    assert not any(each in shown for each in (SECRET.encode(), b"my-own"))


def test_credentials_stand_in_no_exchange(session: ClientSession) -> None:
    own = base64.b64encode(b"me:my-own-secret").decode()

    exchanges = [
        session.judge(each).exchange
        for each in (
            captured(),
            captured(authorization=f"Basic {own}", cookie="session=mine"),
            captured(target=f"{ALL}?access_token=mine&page=1", method="GET"),
        )
    ]

    headers = [dict(each.request.headers) for each in exchanges]
    assert headers[0]["authorization"] == "Bearer {token}"
    assert headers[1]["authorization"] == headers[1]["cookie"] == "[redacted]"
    assert exchanges[2].request.path == f"{ALL}?access_token=[redacted]&page=1"
    assert "mine" not in exchanges[2].url


def test_result_reverses_the_roles(session: ClientSession) -> None:
    session.judge(captured({**PLAIN, "voice": "robot"}))
    session.judge(captured({**PLAIN, "retries": 1}, user_agent="a-client/1"))
    session.judge(captured({**PLAIN, "retries": 1}))

    result = session.ended().result

    rules = {str(each.rule.id): each for each in result.rules}
    assert (result.conclusion, result.exit_code) == ("nonconformant", 1)
    assert rules["retryDelays.count"].outcome is Outcome.FAIL
    assert len(rules["retryDelays.count"].failures) == 2
    assert rules["voice.enum"].outcome is Outcome.PASS  # SHOULD, at level MUST
    assert rules["voice.enum"].warnings(Level.MUST)
    assert rules["name.type"].outcome is Outcome.PASS
    assert rules["file.type"].outcome is Outcome.NOT_APPLICABLE
    assert "no request" in rules["file.type"].why
    assert "binds servers" in rules["answer.echo"].why
    assert "a-client/1" in result.message


@pytest.mark.parametrize(
    ("level", "bodies", "status"),
    [
        (Level.SHOULD, [{**PLAIN, "voice": "robot"}], 1),
        (Level.MAY, [PLAIN], 0),
        (Level.MAY, [], 3),
    ],
    ids=["weaker-rule", "clean", "silent"],
)
def test_level_says_what_gates(
    contract: Contract, level: Level, bodies: list[Any], status: int
) -> None:
    session = ClientSession(contract, level, URL, FILLING)

    for body in bodies:
        session.judge(captured(body))

    assert session.ended().result.exit_code == status


class _Application:
    """Refuses without reading, or reads all, or fails; keeps what it read."""

    def __init__(self, does: str) -> None:
        self.does = does
        self.read = bytearray()

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        if self.does == "fails":
            raise RuntimeError("broken")
        more = self.does == "reads"
        while more:
            message = await receive()
            self.read += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


def capture(
    app: Any, parts: list[bytes], limit: int, *, length: int = 0
) -> CapturedRequest:
    """Send a body in parts, and return what was captured."""
    found: list[CapturedRequest] = []
    sizes = [(b"content-length", str(length).encode())] if length else []
    scope = {"type": "http", "method": "POST", "path": "/a", "headers": sizes}

    def messages() -> Iterator[dict[str, Any]]:
        for number, part in enumerate(parts, 1):
            more = number < len(parts)
            yield {"type": "http.request", "body": part, "more_body": more}
        while True:
            yield {"type": "http.disconnect"}

    coming = messages()

    async def receive() -> Any:
        return next(coming)

    async def send(_message: Any) -> None:
        """Take the answer."""

    async def listener(request: CapturedRequest) -> None:
        found.append(request)

    try:
        asyncio.run(Capture(app, listener, limit)(scope, receive, send))
    except RuntimeError:
        assert app.does == "fails"
    return found[0]


@pytest.mark.parametrize(
    ("does", "read", "status"),
    [("reads", b"abcd", 200), ("refuses", b"", 200), ("fails", b"", 0)],
)
def test_all_is_captured_whatever_the_application_does(
    does: str, read: bytes, status: int
) -> None:
    app = _Application(does)

    found = capture(app, [b"ab", b"cd"], 100)

    sent, answer = found.request.body, found.response
    assert (sent, found.is_whole, found.status) == (b"abcd", True, status)
    assert answer.body == b"ok" if answer else not status
    assert bytes(app.read) == read


def test_no_more_is_held_than_the_limit_and_all_is_passed_on() -> None:
    app = _Application("reads")

    found = capture(app, [b"x" * 10] * 10, 25)
    announced = capture(_Application("refuses"), [b"x" * 10], 25, length=10**8)

    assert not found.is_whole
    assert len(found.request.body) <= 35
    assert len(app.read) == 100
    assert (announced.request.body, announced.is_whole) == (b"", False)
