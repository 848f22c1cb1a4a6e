"""One run a session, and what it found of each rule.

    pytest tests/conformance --ringspec URL --ringspec-bearer TOKEN

Without a URL the embedded reference server is run. The options exist where this folder
is named on the command line; within the whole suite they have their defaults.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import pytest

from ringspec.harness import Ended, Result, RuleResult
from ringspec.harness.access.credentials import Credentials
from ringspec.harness.access.filling import Filling
from ringspec.harness.run import Plan, run
from ringspec.reference import Embedded
from ringspec.reports import Redactor
from ringspec.spec import Contract, Level, RingspecError, RuleId, load
from ringspec.strategies import cases_of


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ringspec", "conformance of a server")
    group.addoption("--ringspec", metavar="URL", help="the server to be tested")
    group.addoption("--ringspec-bearer", metavar="TOKEN", help="its access token")
    group.addoption(
        "--ringspec-level", metavar="LEVEL", help="must (default), should or may"
    )
    group.addoption("--ringspec-dialect", metavar="NAME", help="its spelling")


@dataclass(frozen=True)
class Settings:
    url: str | None
    bearer: str | None
    level: Level
    dialect: str | None


def settings_of(config: pytest.Config) -> Settings:
    def option(name: str, default: str | None = None) -> str | None:
        given = config.getoption(name, default=None)
        return str(given) if given else default

    level = option("--ringspec-level", "must")
    if level not in list(Level):
        raise pytest.UsageError(f"--ringspec-level {level}: one of must, should, may")
    return Settings(
        url=option("--ringspec"),
        bearer=option("--ringspec-bearer", os.environ.get("RINGSPEC_BEARER")),
        level=Level(level),
        dialect=option("--ringspec-dialect"),
    )


@cache
def contract_in(dialect: str | None) -> Contract:
    try:
        return load(dialect=dialect)
    except RingspecError as error:
        raise pytest.UsageError(f"{error} ({error.hint})") from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rule_id" in metafunc.fixturenames:
        contract = contract_in(settings_of(metafunc.config).dialect)
        metafunc.parametrize("rule_id", [*contract.rules, *contract.dropped], ids=str)


@contextmanager
def _target(settings: Settings) -> Iterator[tuple[str, Filling]]:
    if settings.url is not None:
        token = Credentials(bearer=settings.bearer).token(timeout_s=5.0)
        yield settings.url, Filling(token=token)
        return
    with Embedded(dialect=settings.dialect or "canonical") as embedded:
        yield (
            embedded.url,
            Filling(
                token=embedded.token,
                token_url=embedded.token_url,
                client_id=embedded.client_id,
                client_secret=embedded.client_secret,
            ),
        )


@pytest.fixture(scope="session")
def result(request: pytest.FixtureRequest) -> Result:
    """Run once; the first test that asks triggers it."""
    settings = settings_of(request.config)
    contract = contract_in(settings.dialect)
    with _target(settings) as (url, filling):
        plan = Plan(
            contract=contract,
            cases=cases_of(contract, 0),
            url=url,
            filling=filling,
            level=settings.level,
        )
        ended = [event for event in run(plan) if isinstance(event, Ended)]
    redacted = Redactor(filling.secrets()).event(ended[0])
    assert isinstance(redacted, Ended)
    return redacted.result


@pytest.fixture(scope="session")
def results(result: Result) -> dict[RuleId, RuleResult]:
    return {each.rule.id: each for each in result.rules}
