"""No lawful variant is ever accused."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from ringspec.harness import Ended
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.inprocess import URL, InProcess
from ringspec.harness.sending.placeholders import Filling
from ringspec.reference import LAWFUL, Behaviour, Lawful, ServerSettings, application
from ringspec.spec import Contract, Level, load
from ringspec.strategies import Case, cases_of

from ..serving import served  # noqa: TID252 - tests are no distribution

pytestmark = pytest.mark.kill

# What HTTP makes of an answer shows on a socket only; all else is quicker without.
OVER_NETWORK = [
    each for each in LAWFUL if each.apply(Behaviour()).wire is not Behaviour().wire
]
IN_PROCESS = [each for each in LAWFUL if each not in OVER_NETWORK]


@cache
def _compiled() -> tuple[Contract, tuple[Case, ...]]:
    contract = load()
    return contract, cases_of(contract)


def _filling(settings: ServerSettings, url: str) -> Filling:
    return Filling(
        token=settings.token,
        token_url=f"{url}/oauth2/token",
        client_id=settings.client_id,
    )


def _accused(
    lawful: Lawful,
    settings: ServerSettings,
    url: str,
    connect: Callable[[], InProcess] | None = None,
) -> tuple[dict[str, list[str]], int]:
    """Run against a variant, and return what it is accused of, and the exit code."""
    contract, cases = _compiled()
    level = Level(lawful.level)
    plan = Plan(
        contract=contract,
        cases=cases,
        url=url,
        filling=_filling(settings, url),
        level=level,
        connect=connect,
    )
    last = list(run(plan))[-1]
    assert isinstance(last, Ended)
    accused = {
        str(each.rule.id): [finding.reason for finding in each.gating(level)][:2]
        for each in last.result.rules
        if each.gating(level)
    }
    return accused, last.result.exit_code


@pytest.mark.parametrize("lawful", IN_PROCESS, ids=lambda each: each.name)
def test_lawful_variant_is_conformant(lawful: Lawful) -> None:
    settings = ServerSettings()
    app = application(settings, lawful.apply(Behaviour()))
    filling = _filling(settings, URL)

    found = _accused(lawful, settings, URL, lambda: InProcess(app, filling=filling))

    assert found == ({}, 0)


@pytest.mark.socket
@pytest.mark.parametrize("lawful", OVER_NETWORK, ids=lambda each: each.name)
def test_variant_lawful_in_http_is_conformant(lawful: Lawful) -> None:
    settings = ServerSettings()

    app = application(settings, lawful.apply(Behaviour()))
    with served(app) as url:
        found = _accused(lawful, settings, url)

    assert found == ({}, 0)


def test_there_are_enough_lawful_variants() -> None:
    names = {each.name for each in LAWFUL}

    assert len(names) == len(LAWFUL) >= 45
