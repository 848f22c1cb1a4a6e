"""No correct server of other make is ever accused."""

from __future__ import annotations

import pytest

from ringspec.harness import Ended, Result
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.exchange import Filling
from ringspec.spec import Level, load
from ringspec.strategies import cases_of

from .strangers import TOKEN, stdlib


def result_of(url: str) -> Result:
    contract = load()
    plan = Plan(
        contract=contract,
        cases=cases_of(contract),
        url=url,
        filling=Filling(token=TOKEN),
        level=Level.MAY,
    )
    last = list(run(plan))[-1]
    assert isinstance(last, Ended)
    return last.result


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_server_that_only_creates_is_conformant(version: str) -> None:
    with stdlib(version) as url:
        result = result_of(url)

    accused = {
        each.rule.id: [finding.reason for finding in each.failures]
        for each in result.rules
        if each.failures
    }
    assert accused == {}
    assert result.exit_code == 0
    unoffered = [each.rule.id for each in result.rules if "not offer" in each.why]
    assert "lifecycle.readable" in unoffered
    assert "lifecycle.pause" in unoffered
