"""Every mutant of the reference server is noticed, by its rule; itself it is not."""

from __future__ import annotations

from functools import cache

import pytest

from ringspec.harness import Ended, Outcome, Result
from ringspec.harness.run import Plan, run
from ringspec.reference import DIALECTS, MUTANTS, Embedded
from ringspec.spec import Contract, Level, load
from ringspec.strategies import Case, cases_of

pytestmark = [pytest.mark.kill, pytest.mark.socket]


@cache
def _compiled(dialect: str) -> tuple[Contract, tuple[Case, ...]]:
    contract = load(dialect=None if dialect == "canonical" else dialect)
    return contract, cases_of(contract, 0)


def _result(
    dialect: str = "canonical",
    mutant: str | None = None,
    select: tuple[str, ...] = (),
) -> Result:
    contract, cases = _compiled(dialect)
    with Embedded(dialect=dialect, mutant=mutant) as embedded:
        plan = Plan(
            contract=contract,
            cases=cases,
            url=embedded.url,
            token=embedded.token,
            level=Level.MAY,
            select=select,
        )
        last = list(run(plan))[-1]
    assert isinstance(last, Ended)
    return last.result


# Tested with every case; the others with the cases of their rule, which is quicker.
WHOLE = {
    "too-few-delays-accepted",
    "too-many-delays-accepted",
    "file-missing-accepted",
    "delay-4321-accepted",
    "people-without-flag-accepted",
    "two-segments-accepted",
    "source-case-ignored",
    "true-as-integer-accepted",
    "crash-on-invalid",
    "error-without-envelope",
    "name-cut",
    "token-not-checked",
}


def test_mutants_to_be_tested_with_every_case_exist() -> None:
    assert MUTANTS.keys() >= WHOLE


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_killed_by_its_rule(name: str) -> None:
    select = () if name in WHOLE else (MUTANTS[name].rule,)

    result = _result(mutant=name, select=select)

    failing = {
        each.rule.id
        for each in result.rules
        if each.outcome is Outcome.FAIL and each.gating(Level.MAY)
    }
    assert result.exit_code == 1
    assert MUTANTS[name].rule in failing


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_rule_passes_against_the_reference(dialect: str) -> None:
    result = _result(dialect)

    odd = {each.rule.id: each for each in result.rules if each.failures}
    outcomes = {each.outcome for each in result.rules}
    assert not odd
    assert outcomes <= {Outcome.PASS, Outcome.NOT_APPLICABLE}
    assert result.exit_code == 0
