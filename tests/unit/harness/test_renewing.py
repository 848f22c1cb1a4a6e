"""An access token that expires in mid-run costs no verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.unit.harness.guarded import BASE, Recorder, answered, asked

from ringspec.harness import Ended, Event, Exchange, Notice
from ringspec.harness import target as target_module
from ringspec.harness.filling import Filling
from ringspec.harness.renewing import Renewer
from ringspec.harness.run import Plan, run
from ringspec.spec import Contract, Level, TargetError
from ringspec.strategies import Case

JSON = {"content-type": "application/json"}
SELECT = ("name", "answer", "auth.token", "auth.secrecy")


class Expiring:
    """Takes each token for some requests, and gives out the next one."""

    def __init__(self, lasts: int = 10, *, leaks: bool = False) -> None:
        self.number = 1
        self.left = self.lasts = lasts
        self.renewed = 0
        self.leaks = leaks

    def token(self) -> str:
        return f"t0k3n-number-{self.number}"

    def renew(self) -> str:
        self.renewed += 1
        self.number += 1
        self.left = self.lasts
        return self.token()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.left -= 1
        right = request.headers.get("authorization") == f"Bearer {self.token()}"
        if not right or self.left < 0:
            return httpx.Response(401, json={"error": {"code": "x", "message": "y"}})
        if b'"name":"' not in request.content:
            return httpx.Response(400, json={"error": {"code": "x", "message": "y"}})
        headers = {**JSON, **({"x-echo": self.token()} if self.leaks else {})}
        return httpx.Response(201, content=request.content, headers=headers)


@pytest.fixture
def ran(
    contract: Contract, cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Event]]:
    def events(server: Expiring, **options: Any) -> list[Event]:
        mock = httpx.MockTransport(server.answer)
        monkeypatch.setattr(target_module, "transport", lambda **_: mock)
        plan = Plan(
            contract=contract,
            cases=cases,
            url="http://127.0.0.1:1",
            filling=Filling(token=server.token()),
            select=SELECT,
            level=Level.MAY,
            renew=server.renew,
        )
        return list(run(replace(plan, **options)))

    return events


def outcomes(events: list[Event]) -> dict[str, str]:
    ended = events[-1]
    assert isinstance(ended, Ended)
    return {str(each.rule.id): str(each.outcome) for each in ended.result.rules}


def test_expired_token_is_renewed_and_nothing_is_lost(ran: Any) -> None:
    server = Expiring()

    events = ran(server)

    assert server.renewed > 2
    assert outcomes(events)["name.required"] == "pass"
    assert outcomes(events)["auth.token"] != "fail"
    assert any(isinstance(e, Notice) and "expired" in e.message for e in events)


def test_token_that_lasts_is_not_renewed(ran: Any) -> None:
    server = Expiring(lasts=10_000)

    events = ran(server)

    assert server.renewed == 0
    assert outcomes(events)["auth.token"] != "fail"


def test_new_token_must_not_come_back_either(ran: Any) -> None:
    server = Expiring(leaks=True)

    events = ran(server)
    first = next(e for e in events if isinstance(e, Notice) and "expired" in e.message)
    later = events[events.index(first) :]

    told = [f for e in later for f in getattr(e, "findings", ())]
    assert any(f.rule == "auth.secrecy" and f.verdict == "fail" for f in told)


def test_without_a_client_the_refusal_says_nothing_of_a_rule(ran: Any) -> None:
    events = ran(Expiring(), renew=None)

    assert outcomes(events)["name.required"] == "inconclusive"


def test_endpoint_that_fails_leaves_rules_open(ran: Any) -> None:
    def failing() -> str:
        raise TargetError("no token")

    events = ran(Expiring(), renew=failing)

    assert outcomes(events)["name.required"] == "inconclusive"


def test_server_that_refuses_one_body_is_not_asked_for_tokens_without_end(
    ran: Any,
) -> None:
    class Choosy(Expiring):
        def answer(self, request: httpx.Request) -> httpx.Response:
            refused = b'"name":"' not in request.content
            return httpx.Response(401) if refused else super().answer(request)

    server = Choosy(lasts=10_000)

    ran(server)

    assert server.renewed <= 2


def test_exchange_tells_how_often_it_was_sent(contract: Contract) -> None:

    given = iter([answered(200, {}), answered(401)])
    recorder = Recorder(lambda _: next(given, answered(200, {})))
    renewer = Renewer(
        recorder,
        contract,
        filling=Filling(token="a"),
        renew=lambda: "b",
        adopt=lambda _: None,
    )
    request = asked("GET", BASE, None, ("Authorization", "Bearer {token}"))

    async def talk() -> Exchange:
        await renewer.exchange(request)
        return await renewer.exchange(request)

    assert asyncio.run(talk()).sent == 2
