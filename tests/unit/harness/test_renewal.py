"""Renewal: a token is fetched again in time, once after a refusal, and never leaks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from tests.inprocess import Told, plan_of, told
from tests.unit.harness import guarded
from tests.unit.harness.guarded import AnsweringWire, answered, asked

from ringspec.harness import Conclusion, Exchange, Response
from ringspec.harness.sending.credentials import (
    QUIET_S,
    Credentials,
    Grant,
    Renewal,
    Renewing,
)
from ringspec.harness.sending.exchange import Filling, is_proper
from ringspec.harness.sending.inprocess import Application, InProcess
from ringspec.harness.sending.target import Route
from ringspec.reference import ServerSettings, application
from ringspec.reports import Redactor
from ringspec.spec import Contract, TargetError, UsageError
from ringspec.strategies import Case, Phase, Request, quick_of


class Scene:
    """A server that knows some tokens, and what gives out numbered ones, or none."""

    def __init__(
        self,
        *known: str,
        expires_in: float = 3600.0,
        fails: bool = False,
        same: bool = False,
    ) -> None:
        self.known, self.now, self.given = known, 1000.0, 1
        self.expires_in, self.fails, self.same = expires_in, fails, same
        self.fetched, self.shown = list[int](), list[str]()
        first = Grant("token-1", expires_in)
        self.renewal = Renewal(first, self._fetch, clock=lambda: self.now)
        self.filling = Filling(token="token-1", renewal=self.renewal)
        self.server = guarded.Recorder(self._answer)
        self.connection = Renewing(self.server, self.renewal)

    async def _fetch(self) -> Grant:
        self.fetched.append(self.given)
        await asyncio.sleep(0)
        if self.fails:
            raise TargetError("no token from there: HTTP 503")
        self.given += not self.same
        return Grant(f"token-{self.given}", self.expires_in)

    async def _answer(self, request: Request) -> Response:
        headers = dict(self.filling.headers(request))
        shown = headers.get("Authorization", "").removeprefix("Bearer ")
        self.shown.append(shown)
        await asyncio.sleep(0)
        return answered(201 if shown in self.known else 401)

    def statuses(self, *headers: str) -> list[int]:
        """Show some headers at once, and return how each is answered."""

        async def all_at_once() -> list[Exchange]:
            named = ([("Authorization", it)] if it else [] for it in headers)
            requests = [asked("POST", "/x", {}, *it) for it in named]
            return await asyncio.gather(*map(self.connection.exchange, requests))

        return [each.status for each in asyncio.run(all_at_once())]


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
    expires_in: float, after: float, shown: str
) -> None:
    made = Scene("token-1", "token-2", "token-3", expires_in=expires_in)
    made.now += after

    assert made.statuses(*[PROPER] * 4) == [201] * 4
    assert made.shown == [shown] * 4


@pytest.mark.parametrize(
    ("known", "options", "status", "shown", "fetched"),
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
    known: tuple[str, ...],
    options: dict[str, Any],
    status: int,
    shown: set[str],
    fetched: list[int],
) -> None:
    made = Scene(*known, **options)
    made.now += 1

    assert made.statuses(*[PROPER] * 4) == [status] * 4
    assert made.statuses(PROPER) == [status]
    assert set(made.shown) == shown
    assert made.fetched == fetched
    assert ("HTTP 503" in made.renewal.trouble) == ("fails" in options)


def test_a_refused_token_is_fetched_again_after_a_while() -> None:
    made = Scene()
    made.statuses(PROPER)
    made.now += QUIET_S + 1
    made.statuses(PROPER)

    assert made.fetched == [1, 2]


def test_what_may_not_be_sent_twice_leaves_the_new_token_to_the_next() -> None:
    found = Scene("token-2")
    found.connection = Renewing(found.server, found.renewal, lambda _: False)

    assert found.statuses(PROPER) == [401]
    assert found.statuses(PROPER) == [201]
    assert found.shown == ["token-1", "token-2"]


@pytest.mark.parametrize(
    "header",
    ["", "Bearer {token-cut}", "Bearer {token}x", "Bearer no", "Basic {token}", "x"],
)
def test_who_shows_something_else_on_purpose_is_left_alone(header: str) -> None:
    made = Scene("token-2")
    made.now += 3541

    assert made.statuses(header) == [401]
    assert made.fetched == []


def test_no_case_about_tokens_is_disturbed(cases: tuple[Case, ...]) -> None:
    shown = [
        case.request
        for case in cases
        if case.phase == Phase.AUTH and case.rule == "auth.token" and not case.steps
    ]

    assert shown
    assert not any(map(is_proper, shown))
    assert all(is_proper(each.request) for each in cases if each.broken)


def test_a_new_token_is_learnt_before_it_is_sent() -> None:
    made = Scene("token-2")
    redactor = Redactor(made.filling.secrets())
    made.renewal.learners.append(redactor.learn)

    made.statuses(PROPER)

    assert "token-2" not in redactor.text("it was token-2, before it token-1")
    assert "token-1" not in redactor.text("it was token-2, before it token-1")
    assert "token-2" in set(made.filling.secrets())


def test_a_run_outlives_its_token(contract: Contract, cases: tuple[Case, ...]) -> None:
    made, settings = Scene(), ServerSettings()
    app = _revoking(application(settings), settings, after=100)
    server = InProcess(app, filling=made.filling)
    options = {
        "phases": frozenset({Phase.CASES, Phase.AUTH}),
        "quick": quick_of(contract, cases),
        "connect": lambda: Renewing(server, made.renewal),
    }

    result = told(plan_of(server, contract, cases, **options)).result

    assert result.conclusion == Conclusion.IN_PART
    assert made.renewal.tokens == ("token-1", "token-2")
    assert made.fetched == [1]


def test_a_token_that_cannot_be_renewed_is_told_of(
    fire: Callable[..., Told],
) -> None:
    made = Scene(fails=True)

    found = fire(lambda _: httpx.Response(401), filling=made.filling)

    why = "the token could not be renewed: no token from there: HTTP 503"
    assert found.notices == [why]
    assert found.result.exit_code == 3


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
