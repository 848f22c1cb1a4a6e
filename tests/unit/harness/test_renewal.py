"""Renewal: a token is fetched again in time, once after a refusal, and never leaks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from tests.unit.harness.guarded import AnsweringWire

from ringspec.harness import Conclusion, Ended, Event, Exchange, Notice, Response
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.credentials import (
    QUIET_S,
    Credentials,
    Grant,
    Renewal,
    Renewing,
)
from ringspec.harness.sending.exchange import Filling, is_proper
from ringspec.harness.sending.inprocess import URL, Application, InProcess
from ringspec.harness.sending.target import Route
from ringspec.reference import ServerSettings, application
from ringspec.reports import Recorder, Redactor
from ringspec.spec import Contract, Level, TargetError, UsageError
from ringspec.strategies import Case, Phase, Request, quick_of


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Issuer:
    """Gives out numbered tokens, or none."""

    expires_in: float = 3600.0
    given: int = 1
    fails: bool = False
    same: bool = False
    asked: list[int] = field(default_factory=list)

    async def __call__(self) -> Grant:
        self.asked.append(self.given)
        await asyncio.sleep(0)
        if self.fails:
            raise TargetError("no token from there: HTTP 503")
        self.given += 0 if self.same else 1
        return Grant(f"token-{self.given}", self.expires_in)


@dataclass
class Server:
    """Knows some tokens, and notes with which it is asked."""

    filling: Filling
    known: set[str]
    asked: list[str] = field(default_factory=list)

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        del repeats
        headers = dict(self.filling.headers(request))
        shown = headers.get("Authorization", "").removeprefix("Bearer ")
        self.asked.append(shown)
        await asyncio.sleep(0)
        status = 201 if shown in self.known else 401
        response = Response(status=status, headers=(), body=b"{}")
        return Exchange(url="http://127.0.0.1/x", request=request, response=response)

    async def close(self) -> None:
        self.asked.append("closed")


@dataclass
class Scene:
    clock: Clock
    issuer: Issuer
    renewal: Renewal
    server: Server
    connection: Renewing

    def fire(self, *headers: str) -> list[Exchange]:
        async def all_at_once() -> list[Exchange]:
            sent = [self.connection.exchange(asked(each)) for each in headers]
            return list(await asyncio.gather(*sent))

        return asyncio.run(all_at_once())

    def statuses(self, *headers: str) -> list[int]:
        found = self.fire(*headers)
        return [each.response.status for each in found if each.response]


def asked(header: str = "Bearer {token}") -> Request:
    headers = (("Authorization", header),) if header else ()
    return Request(method="POST", path="/x", headers=headers, body=b"{}")


@pytest.fixture
def scene() -> Callable[..., Scene]:
    def make(*known: str, **issuer: object) -> Scene:
        clock, gives = Clock(), Issuer(**issuer)  # type: ignore[arg-type] # its fields
        fetch: Callable[[], Awaitable[Grant]] = gives
        first = Grant("token-1", gives.expires_in)
        renewal = Renewal(first, fetch, clock=clock)
        filling = Filling(token="token-1", renewal=renewal)
        server = Server(filling, set(known))
        return Scene(clock, gives, renewal, server, Renewing(server, renewal))

    return make


PROPER = "Bearer {token}"


@pytest.mark.parametrize(
    ("expires_in", "after", "shown"),
    [
        (3600.0, 3539, "token-1"),
        (3600.0, 3541, "token-2"),
        # Of a short life, at half of it.
        (30.0, 14, "token-1"),
        (30.0, 16, "token-2"),
        (math.inf, 1e6, "token-1"),
    ],
)
def test_a_token_is_replaced_once_a_minute_before_it_expires(
    scene: Callable[..., Scene], expires_in: float, after: float, shown: str
) -> None:
    made = scene("token-1", "token-2", "token-3", expires_in=expires_in)
    made.clock.now += after

    assert made.statuses(*[PROPER] * 4) == [201] * 4
    assert made.server.asked == [shown] * 4


@pytest.mark.parametrize(
    ("known", "options", "status", "shown", "asked"),
    [
        (("token-2",), {}, 201, {"token-1", "token-2"}, [1]),
        # A refusal of the new token, too, and the same token again, end it.
        ((), {}, 401, {"token-1", "token-2"}, [1]),
        ((), {"same": True}, 401, {"token-1"}, [1]),
        # The old one has to do.
        (("token-1",), {"fails": True, "expires_in": 1.0}, 201, {"token-1"}, [1]),
    ],
    ids=["replaced", "refused-too", "same", "none"],
)
def test_a_token_is_fetched_once_for_all_who_wait(
    scene: Callable[..., Scene],
    known: tuple[str, ...],
    options: dict[str, Any],
    status: int,
    shown: set[str],
    asked: list[int],
) -> None:
    made = scene(*known, **options)
    made.clock.now += 1

    assert made.statuses(*[PROPER] * 4) == [status] * 4
    assert made.statuses(PROPER) == [status]
    assert set(made.server.asked) == shown
    assert made.issuer.asked == asked
    assert ("HTTP 503" in made.renewal.trouble) == ("fails" in options)


def test_a_refused_token_is_fetched_again_after_a_while(
    scene: Callable[..., Scene],
) -> None:
    made = scene()
    made.fire(PROPER)
    made.clock.now += QUIET_S + 1
    made.fire(PROPER)

    assert made.issuer.asked == [1, 2]


def test_what_may_not_be_sent_twice_leaves_the_new_token_to_the_next(
    scene: Callable[..., Scene],
) -> None:
    found = scene("token-2")
    found.connection = Renewing(found.server, found.renewal, lambda _: False)

    assert found.statuses(PROPER) == [401]
    assert found.statuses(PROPER) == [201]
    assert found.server.asked == ["token-1", "token-2"]


@pytest.mark.parametrize(
    "header",
    ["", "Bearer {token-cut}", "Bearer {token}x", "Bearer no", "Basic {token}", "x"],
)
def test_who_shows_something_else_on_purpose_is_left_alone(
    scene: Callable[..., Scene], header: str
) -> None:
    made = scene("token-2")
    made.clock.now += 3541

    assert made.statuses(header) == [401]
    assert made.issuer.asked == []


def test_no_case_about_tokens_is_disturbed(cases: tuple[Case, ...]) -> None:
    shown = [
        case.request
        for case in cases
        if case.phase == Phase.AUTH and case.rule == "auth.token" and not case.steps
    ]

    assert shown
    assert not any(map(is_proper, shown))
    assert all(is_proper(each.request) for each in cases if each.broken)


def test_a_new_token_is_learnt_before_it_is_sent(scene: Callable[..., Scene]) -> None:
    made = scene("token-2")
    redactor = Redactor(made.server.filling.secrets())
    made.renewal.learners.append(redactor.learn)

    made.fire(PROPER)

    assert "token-2" not in redactor.text("it was token-2, before it token-1")
    assert "token-1" not in redactor.text("it was token-2, before it token-1")
    assert "token-2" in set(made.server.filling.secrets())


def test_a_run_outlives_its_token(
    scene: Callable[..., Scene], contract: Contract, cases: tuple[Case, ...]
) -> None:
    made = scene()
    settings = ServerSettings()
    filling = made.server.filling
    app = _revoking(application(settings), settings, after=100)
    redactor = Redactor(filling.secrets())
    made.renewal.learners.append(redactor.learn)
    plan = Plan(
        contract=contract,
        cases=cases,
        url=URL,
        filling=filling,
        level=Level.MAY,
        phases=frozenset({Phase.CASES, Phase.AUTH}),
        quick=quick_of(contract, cases),
        connect=lambda: Renewing(InProcess(app, filling=filling), made.renewal),
    )

    recorder = Recorder(redactor)
    for event in run(plan):
        recorder.handle(event)

    result = recorder.record.result
    assert result.conclusion == Conclusion.IN_PART
    assert made.renewal.tokens == ("token-1", "token-2")
    assert made.issuer.asked == [1]


def test_a_token_that_cannot_be_renewed_is_told_of(
    scene: Callable[..., Scene], fire: Callable[..., list[Event]]
) -> None:
    made = scene(fails=True)

    events = fire(lambda _: httpx.Response(401), filling=made.server.filling)

    told = [each.message for each in events if isinstance(each, Notice)]
    assert told == ["the token could not be renewed: no token from there: HTTP 503"]
    assert isinstance(events[-1], Ended)
    assert events[-1].result.exit_code == 3


def _revoking(app: Application, settings: ServerSettings, *, after: int) -> Application:
    """Take the first token for some requests, from then on the second alone."""
    asked = 0

    async def revoking(scope: Any, receive: Any, send: Any) -> None:
        nonlocal asked
        asked += 1
        valid = b"Bearer token-1" if asked <= after else b"Bearer token-2"
        right = f"Bearer {settings.token}".encode()
        headers = [
            (name, right if value == valid else value)
            for name, value in scope["headers"]
        ]
        await app({**scope, "headers": headers}, receive, send)

    return revoking


FULL = Credentials(
    client_id="me", client_secret="hush", token_url="http://127.0.0.1:1/oauth2/token"
)
FILLING = Filling(
    token="abCD12", token_url="http://127.0.0.1:9/token", client_id="someone"
)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the token endpoint answer so."""

    def answer(status: int, **content: Any) -> list[dict[str, str]]:
        forms: list[dict[str, str]] = []

        def respond(request: httpx.Request) -> httpx.Response:
            forms.append(dict(parse_qsl(request.content.decode())))
            return httpx.Response(status, **content)

        monkeypatch.setattr(Route, "wire", lambda *_: AnsweringWire(respond))
        return forms

    return answer


@pytest.mark.parametrize(
    ("given", "token"),
    [
        ({}, None),
        ({"bearer": " "}, None),
        ({"bearer": "abc\n"}, "abc"),
        ({"header": "X-Api-Key", "value": " Key abc "}, "Key abc"),
    ],
    ids=["none", "blank", "bearer", "header"],
)
def test_token_that_is_given_is_neither_fetched_nor_renewed(
    given: dict[str, Any], token: str | None
) -> None:
    filling = Credentials(**given).filling(1)

    assert filling.token == token
    assert filling.renewal is None


@pytest.mark.parametrize("bearer", ["a b", "ü", "a\nb", "\x00"])
def test_token_that_fits_no_header_is_wrong_usage(bearer: str) -> None:
    with pytest.raises(UsageError) as raised:
        Credentials(bearer=bearer).filling(1)

    assert bearer not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"client_id": "me"}, "belong together"),
        ({"client_secret": "hush"}, "belong together"),
        ({"token_url": "http://127.0.0.1:1"}, "belong together"),
        ({"client_id": "me", "client_secret": "hush"}, "belong together"),
        ({"header": "X-Api-Key"}, "header and value belong together"),
        ({"value": "k"}, "header and value belong together"),
        ({"header": "X Api", "value": "k"}, "no name of a header"),
        ({"header": "X-Api-Key", "value": "a\nb"}, "no header can hold"),
    ],
)
def test_half_of_what_is_needed_is_wrong_usage(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Credentials(**given).filling(1)


@pytest.mark.parametrize(
    ("expires_in", "lasts"),
    [
        (3600, True),
        (0.5, True),
        (10**400, True),
        (0, False),
        (-1, False),
        ("3600", False),
        (True, False),
    ],
)
def test_token_is_fetched_by_client_credentials_and_again_before_it_expires(
    endpoint: Any, expires_in: Any, *, lasts: bool
) -> None:
    forms = endpoint(200, json={"access_token": "got", "expires_in": expires_in})

    filling = FULL.filling(1)

    assert filling.token == "got"
    assert forms == [
        {"grant_type": "client_credentials", "client_id": "me", "client_secret": "hush"}
    ]
    assert filling.renewal is not None
    assert math.isfinite(filling.renewal._due) == lasts


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (401, {"json": {"error": "invalid_client"}}),
        (200, {"json": {}}),
        (200, {"json": []}),
        (200, {"json": {"access_token": 7}}),
        (200, {"text": "<html>"}),
        (302, {"headers": {"location": "http://example.com"}}),
    ],
)
def test_endpoint_without_a_token_is_a_fault_of_the_target(
    endpoint: Any, status: int, content: dict[str, Any]
) -> None:
    endpoint(status, **content)

    with pytest.raises(TargetError) as raised:
        FULL.filling(1)

    assert "hush" not in str(raised.value)


def test_secrets_are_listed_and_stay_out_of_the_representation() -> None:
    credentials = Credentials(bearer="b34r3r", client_secret="hush", value="v4lue")

    assert credentials.secrets() == ("b34r3r", "hush", "v4lue")
    assert list(FILLING.secrets()) == ["abCD12", "abCD1", "ABcd12"]
    assert list(Filling().secrets()) == []
    shown = repr(credentials) + repr(FILLING)
    assert not any(each in shown for each in ("b34r3r", "hush", "v4lue", "abCD12"))
