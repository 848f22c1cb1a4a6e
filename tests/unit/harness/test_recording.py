"""What a client sends is judged by the contract, not by the server that answers."""

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
from ringspec.harness.recording.body_rules import Applicability
from ringspec.harness.recording.client_tally import MOST
from ringspec.harness.sending.placeholders import Filling
from ringspec.spec import Contract, Level, load

from ...plain import PLAIN  # noqa: TID252 - tests are no distribution

ALL = "/voice/broadcasts"
URL = "http://127.0.0.1:8000"
SECRET = "hush-hush-and-not-a-word"
TOKEN = "a-token-of-some-length"
FILLING = Filling(
    token=TOKEN, token_url=f"{URL}/token", client_id="someone", client_secret=SECRET
)
FORM = "application/x-www-form-urlencoded"


def heard(
    body: Any = PLAIN,
    *,
    method: str = "POST",
    target: str = ALL,
    status: int | None = 201,
    whole: bool = True,
    **headers: str | None,
) -> CapturedRequest:
    """Make a request that was heard; a header of None was not sent."""
    named: dict[str, str | None] = {
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return CapturedRequest(
        method=method,
        target=target,
        headers=tuple((n, v) for n, v in named.items() if v is not None),
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        is_whole=whole,
        status=status,
        answer_headers=(("content-type", "application/json"),),
        answer=b"{}",
        began_s=1.0,
        elapsed_s=0.01,
    )


@pytest.fixture
def session(contract: Contract) -> ClientSession:
    return ClientSession(contract, Level.MUST, URL, FILLING)


def broken(told: JudgedRequest) -> list[str]:
    return list(told.rules(Verdict.FAIL))


def reasons(told: JudgedRequest) -> dict[str, str]:
    found = told.judged.findings
    return {each.rule: each.reason for each in found if each.verdict is Verdict.FAIL}


def open_(told: JudgedRequest) -> list[str]:
    return [str(each.about) for each in told.unspecified]


def remarks(told: JudgedRequest) -> list[str]:
    return list(told.remarks)


def test_valid_body_keeps_to_the_rules_that_apply(session: ClientSession) -> None:
    told = session.judge(heard())

    kept = set(told.rules(Verdict.PASS))
    assert (broken(told), open_(told), remarks(told)) == ([], [], [])
    assert {"name.type", "retryDelays.count", "segmentIds.items.format"} <= kept
    assert {"wire.json", "wire.media", "wire.path", "auth.token"} <= kept
    # There is no file, no delay and no menu to break anything by.
    assert not kept & {"file.required", "retryDelays.items.max", "voiceFlow.menu.type"}


def test_finding_has_what_was_sent_where_and_what_was_due(
    session: ClientSession,
) -> None:
    told = session.judge(heard({**PLAIN, "retries": 2, "retryDelays": [4321]}))

    assert reasons(told) == {
        "retryDelays.items.max": "sent 4321 at /retryDelays/0, against maximum 4320",
        "retryDelays.count": "sent [4321] at /retryDelays, against minItems 2",
    }
    assert "retryDelays.count" not in set(told.rules(Verdict.PASS))


def test_missing_member_is_named_with_its_place(session: ClientSession) -> None:
    body = {**{k: v for k, v in PLAIN.items() if k != "name"}, "voiceFlow": {}}

    told = session.judge(heard(body))

    assert reasons(told) == {
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
    told = session.judge(heard(body))

    assert broken(told) == []
    assert name in open_(told)


@pytest.mark.parametrize(
    ("request_", "rule"),
    [
        (heard(b"{"), "wire.json"),
        (heard(b""), "wire.json"),
        (heard(b'{"name":NaN}'), "wire.json"),
        (heard(b'{"name":"\xff"}'), "wire.json"),
        (heard(b"1" * 5000), "wire.json"),
        (heard(content_type=FORM), "wire.media"),
        (heard(method="PATCH"), "wire.method"),
        (heard(target=f"{ALL}/x/start", method="GET"), "wire.method"),
        (heard(target=f"{ALL}s"), "wire.path"),
        (heard(target=f"{ALL}/x/y/z"), "wire.path"),
        (heard(authorization=None), "auth.token"),
        (heard(authorization="Bearer other"), "auth.token"),
        (heard(authorization=f"Basic {TOKEN}"), "auth.token"),
        (heard(target=f"{ALL}/x", method="DELETE", authorization=""), "auth.token"),
    ],
    ids=[
        *("cut-off", "no-bytes", "nan", "not-utf-8", "long-number", "form"),
        *("method", "method-of-command", "path", "deep-path"),
        *("no-token", "other-token", "basic", "no-token-elsewhere"),
    ],
)
def test_what_http_has_to_say_is_judged_by_the_catalogue(
    session: ClientSession, request_: CapturedRequest, rule: str
) -> None:
    assert broken(session.judge(request_)) == [rule]


@pytest.mark.parametrize(
    "label",
    [None, "json", "application/json; charset=latin-1"],
    ids=["absent", "rubbish", "charset"],
)
def test_label_that_nobody_settles_is_unspecified(
    session: ClientSession, label: str | None
) -> None:
    told = session.judge(heard(content_type=label))

    assert (broken(told), open_(told)) == ([], ["wire.media"])


@pytest.mark.parametrize(
    ("version", "unspecified"),
    [(None, []), ("2023-03-25", []), ("v1", ["X-version.accepted"])],
)
def test_version_is_settled_or_absent(
    session: ClientSession, version: str | None, unspecified: list[str]
) -> None:
    assert open_(session.judge(heard(X_version=version))) == unspecified


def test_update_is_held_to_the_rules_of_a_create(session: ClientSession) -> None:
    told = session.judge(
        heard({**PLAIN, "voice": "robot"}, method="PUT", target=f"{ALL}/x")
    )

    assert told.operation == "update"
    assert broken(told) == ["voice.enum"]


def test_scheme_may_be_in_any_case(session: ClientSession) -> None:
    assert broken(session.judge(heard(authorization=f"bearer {TOKEN}"))) == []


def test_refusal_without_a_broken_rule_is_a_remark(session: ClientSession) -> None:
    told = session.judge(heard(b"", method="GET", target=f"{ALL}/x", status=404))

    assert remarks(told) == ["it breaks nothing, but was refused with HTTP 404"]


def test_body_that_is_not_whole_is_not_judged(session: ClientSession) -> None:
    told = session.judge(heard(b"{", whole=False, status=None))

    assert broken(told) == []
    assert (
        remarks(told)[0] == "a body of more than 64 KiB, or one cut off, is not judged"
    )
    assert told.judged.exchange.failure is not None


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
    told = session.judge(
        heard(body, target="/token", content_type=label, authorization=None)
    )

    shown = told.judged.exchange.request.body
    assert broken(told) == rules
    assert not any(each in shown for each in (SECRET.encode(), b"my-own"))


def test_credentials_stand_in_no_exchange(session: ClientSession) -> None:
    own = base64.b64encode(b"me:my-own-secret").decode()

    told = [
        session.judge(heard()),
        session.judge(heard(authorization=f"Basic {own}", cookie="session=mine")),
        session.judge(heard(target=f"{ALL}?access_token=mine&page=1", method="GET")),
    ]

    requests = [each.judged.exchange.request for each in told]
    assert dict(requests[0].headers)["authorization"] == "Bearer {token}"
    assert dict(requests[1].headers)["authorization"] == "[redacted]"
    assert dict(requests[1].headers)["cookie"] == "[redacted]"
    assert requests[2].path == f"{ALL}?access_token=[redacted]&page=1"
    assert "mine" not in told[2].judged.exchange.url


def test_result_turns_the_roles_round(session: ClientSession) -> None:
    session.judge(heard({**PLAIN, "voice": "robot"}))
    session.judge(heard({**PLAIN, "retries": 1}, user_agent="a-client/1"))
    session.judge(heard({**PLAIN, "retries": 1}))

    result = session.ended().result

    outcomes = {str(each.rule.id): each for each in result.rules}
    assert (result.conclusion, result.exit_code) == ("nonconformant", 1)
    assert outcomes["retryDelays.count"].outcome is Outcome.FAIL
    assert len(outcomes["retryDelays.count"].failures) == 2
    assert outcomes["voice.enum"].outcome is Outcome.PASS  # SHOULD, at level MUST
    assert outcomes["voice.enum"].warnings(Level.MUST)
    assert outcomes["name.type"].outcome is Outcome.PASS
    assert outcomes["file.type"].outcome is Outcome.NOT_APPLICABLE
    assert "no request" in outcomes["file.type"].why
    assert "binds servers" in outcomes["answer.echo"].why
    assert "a-client/1" in result.message


def test_weaker_rules_gate_where_they_are_asked_to(contract: Contract) -> None:
    session = ClientSession(contract, Level.SHOULD, URL, FILLING)

    session.judge(heard({**PLAIN, "voice": "robot"}))

    assert session.ended().result.exit_code == 1


def test_clean_client_passes_and_silence_is_inconclusive(contract: Contract) -> None:
    clean, silent = (ClientSession(contract, Level.MAY, URL, FILLING) for _ in range(2))

    clean.judge(heard())

    assert clean.ended().result.exit_code == 0
    assert silent.ended().result.exit_code == 3


def test_account_keeps_few_failures_and_counts_all(session: ClientSession) -> None:
    told = [session.judge(heard({**PLAIN, "name": n})) for n in range(MOST + 5)]

    tally, result = session.tally, session.ended().result
    rule = next(each for each in result.rules if each.rule.id == "name.type")
    assert tally.broken[rule.rule.id] == rule.cases == MOST + 5
    assert len(rule.failures) == MOST
    assert tally.examples["name.type"][0] == 1
    assert [each.is_first for each in told[:2]] == [True, False]


def test_judged_holds_passes_too(session: ClientSession) -> None:
    judged = session.judge(heard({**PLAIN, "name": 1})).judged

    verdicts = {str(each.rule): each.verdict for each in judged.findings}
    assert verdicts["name.type"] is Verdict.FAIL
    assert verdicts["name.required"] is Verdict.PASS
    assert judged.case.broken == ()


def test_dialect_speaks_of_canonical_rules() -> None:
    session = ClientSession(load(dialect="naxai-sdk"), Level.MUST, URL, FILLING)
    body = {k: v for k, v in PLAIN.items() if k not in {"type", "retryDelays"}}

    told = session.judge(heard(body))

    assert broken(told) == ["includeUnsubscribed.required"]
    assert open_(told) == ["body.unknown"]


def test_reach_follows_conditions_and_items(contract: Contract) -> None:
    reach = Applicability(contract)

    people = reach.rules(PLAIN)
    file = reach.rules({**PLAIN, "source": "file", "retryDelays": [1, "x"]})

    assert "file.required" not in people
    assert "file.required" in file
    assert "includeUnsubscribed.required" in people
    assert "includeUnsubscribed.required" not in file
    assert {"retryDelays.items.type", "retryDelays.items.max"} <= file


class _Application:
    """Refuses without reading, or reads all; remembers what it read."""

    def __init__(self, *, reads: bool) -> None:
        self.reads = reads
        self.read = bytearray()

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        more = self.reads
        while more:
            message = await receive()
            self.read += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


def tapped(
    app: Any,
    parts: list[bytes],
    limit: int,
    *,
    length: int = 0,
    told: list[CapturedRequest] | None = None,
) -> list[CapturedRequest]:
    """Send a body in parts through a tap, and return what it heard."""
    told = [] if told is None else told
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

    async def listen(heard: CapturedRequest) -> None:
        told.append(heard)

    asyncio.run(Capture(app, listen, limit)(scope, receive, send))
    return told


@pytest.mark.parametrize("reads", [True, False], ids=["read", "refused"])
def test_tap_hears_all_whatever_the_application_reads(reads: bool) -> None:  # noqa: FBT001
    app = _Application(reads=reads)

    (told,) = tapped(app, [b"ab", b"cd"], 100)

    assert (told.body, told.is_whole, told.status, told.answer) == (
        b"abcd",
        True,
        200,
        b"ok",
    )
    assert bytes(app.read) == (b"abcd" if reads else b"")


def test_tap_holds_no_more_than_its_limit_and_passes_all_on() -> None:
    app = _Application(reads=True)

    (told,) = tapped(app, [b"x" * 10] * 10, 25)

    assert not told.is_whole
    assert len(told.body) <= 35
    assert len(app.read) == 100


def test_tap_reads_nothing_that_calls_itself_too_large() -> None:
    app = _Application(reads=False)

    (told,) = tapped(app, [b"x" * 10], 25, length=10**8)

    assert (told.body, told.is_whole) == (b"", False)


def test_tap_tells_of_an_application_that_fails() -> None:
    async def fails(_scope: Any, _receive: Any, _send: Any) -> None:
        raise RuntimeError("broken")

    told: list[CapturedRequest] = []

    with pytest.raises(RuntimeError):
        tapped(fails, [b"ab"], 9, told=told)

    assert (told[0].body, told[0].status) == (b"ab", None)
