"""Verdicts hold while what lies between us and a target errs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.faults.proxy import disturbing
from tests.inprocess import Told, plan_of, suite, told

from ringspec.harness import Trouble
from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.exchange import Exchange, Failure, Filling
from ringspec.harness.sending.inprocess import URL, InProcess
from ringspec.reference import Behaviour, Embedded, ServerSettings, application
from ringspec.spec import Level
from ringspec.strategies import Request

SELECT = ("retries", "retryDelays", "auth", "lifecycle.readable", "lifecycle.deleted")


def disturbed(mutant: str | None, **options: Any) -> tuple[Told, int]:
    """Run against a server by way of a disturbing proxy; count the faults."""
    with Embedded(mutant=mutant) as server, disturbing(server.url, 3) as (url, done):
        token_url = f"{url}{urlsplit(server.token_url).path}"
        filling = Filling(**{**server.access, "token_url": token_url})
        contract, cases = suite()
        plan = Plan(contract=contract, cases=cases, url=url, filling=filling)
        given = {"level": Level.MAY, "select": SELECT, **options}
        return told(plan, **given), done.total()


def test_correct_server_is_not_accused_for_what_lies_between() -> None:
    found, faults = disturbed(None)

    assert faults > 20
    assert found.failing == set()
    assert found.result.exit_code == 0


@pytest.mark.parametrize(
    ("mutant", "rules"),
    [
        ("retry-delays-count-unchecked", {"retryDelays.count"}),
        ("only-last-delay-bounded", {"retryDelays.items.max"}),
        ("bad-gateway-on-invalid", {"robustness"}),
    ],
)
def test_defects_are_found_by_the_same_rules(mutant: str, rules: set[str]) -> None:
    found, faults = disturbed(mutant, select=("retryDelays", *rules))

    assert faults > 5
    assert found.failing == rules


class Restarting(InProcess):
    """A server that is away for a moment, and has forgotten everything then."""

    def __init__(self, settings: ServerSettings, after: int) -> None:
        filling = Filling(token=settings.token)
        super().__init__(application(settings, Behaviour()), filling=filling)
        self._settings = settings
        self._left = after
        self._away = 0

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        self._left -= 1
        if self._left == 0:
            self._away = 3
            self._app = application(self._settings, Behaviour())
        if self._away:
            self._away -= 1
            failure = Failure(trouble=Trouble.UNREACHABLE, message="cannot connect")
            return Exchange(url=URL, request=request, failure=failure)
        return await super().exchange(request, repeats=repeats)


@pytest.mark.parametrize("after", [2, 40, 75])
def test_server_that_is_started_anew_in_mid_run_is_not_accused(after: int) -> None:
    server = Restarting(ServerSettings(), after)
    select = ("retries.type", "lifecycle")

    found = told(plan_of(server, *suite(), select=select))

    assert found.failing == set()
    assert found.result.exit_code == 0
    assert any("the target is away" in each for each in found.notices)
    assert any("the target is back" in each for each in found.notices)
