"""A contract, cases made by hand, and targets in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.inprocess import Told, suite, told
from tests.unit.harness.guarded import AnsweringWire

from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.target import Route
from ringspec.spec import Contract
from ringspec.strategies import Case

Handler = Callable[[httpx.Request], Any]


@pytest.fixture(scope="session")
def contract() -> Contract:
    return suite()[0]


@pytest.fixture(scope="session")
def cases() -> tuple[Case, ...]:
    return suite()[1]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once, where something takes a moment to show."""
    monkeypatch.setattr("ringspec.harness.running.firing._PAUSES_S", (0.0,) * 7)


@pytest.fixture
def fire(
    contract: Contract, cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Told]:
    """Run against a function from request to response."""

    def run(handler: Handler, **options: Any) -> Told:
        monkeypatch.setattr(Route, "wire", lambda *_, **__: AnsweringWire(handler))
        plan = Plan(contract=contract, cases=cases, url="http://127.0.0.1:1")
        return told(plan, **{"filling": Filling(token="t"), **options})

    return run
