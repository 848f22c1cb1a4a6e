"""The law of the house: a server that forgets a rule is noticed by that rule alone.

The reference's own checks are asked what they would refuse, without a socket: a run of
every case against a server for each rule would take minutes.
"""

from __future__ import annotations

from functools import cache

import pytest

from ringspec.cli.selftest_command import fleet, run_against
from ringspec.reference import CHECKS
from ringspec.reference.body_checks import validate
from ringspec.reports import FleetRun
from ringspec.spec import Level, load
from ringspec.strategies import Case, Expect, cases_of

# Rules that others imply: forgetting one of these changes nothing.
IMPLIED = frozenset(load().catalogue.not_isolated)


@cache
def _cases(expect: Expect) -> tuple[Case, ...]:
    return tuple(
        case
        for case in cases_of(load())
        if case.expect == expect and (expect == Expect.ACCEPT or case.broken)
    )


@cache
def _refusals() -> tuple[tuple[Case, frozenset[str]], ...]:
    """Pair each invalid case with the rules that the reference refuses it for."""
    return tuple(
        (case, frozenset(problem.rule for problem in validate(case.body, CHECKS)))
        for case in _cases(Expect.REJECT)
    )


def _noticed_without(*forgotten: str) -> set[str]:
    """Return the rules that are noticed where a server has forgotten some.

    No check depends on another, so what only the forgotten ones refuse is accepted.
    """
    return {
        str(rule)
        for case, refused in _refusals()
        if refused <= set(forgotten)
        for rule in case.broken
    }


@pytest.mark.parametrize("forgotten", [check.rule for check in CHECKS])
def test_a_forgotten_rule_is_noticed_by_that_rule_alone(forgotten: str) -> None:
    expected = set() if forgotten in IMPLIED else {forgotten}

    assert _noticed_without(forgotten) == expected


def test_what_is_implied_is_noticed_once_nothing_implies_it() -> None:
    both = {"retries.enum", "retryDelays.length"}

    assert _noticed_without(*both) == both


def test_every_case_is_labelled_as_independent_code_would_label_it() -> None:
    wrong = [case.id for case in _cases(Expect.ACCEPT) if validate(case.body, CHECKS)]
    wrong += [case.id for case, refused in _refusals() if refused != set(case.broken)]

    assert wrong == []


def test_the_reference_checks_every_rule_on_the_body() -> None:
    contract = load()

    stated = {assertion.rule for assertion in contract.assertions}

    assert {check.rule for check in CHECKS} == stated


LAWFUL = [
    each
    for each in fleet(load(), (), Level.MAY, over_network=False)
    if each.kind == "lawful"
]


@pytest.mark.parametrize("subject", LAWFUL, ids=lambda each: each.name)
def test_lawful_variant_is_conformant(subject: FleetRun) -> None:
    trial = run_against(subject)

    assert (trial.noticed, trial.exit_code) == ({}, 0), trial.reason


def test_there_are_enough_lawful_variants() -> None:
    assert len({each.name for each in LAWFUL}) == len(LAWFUL) >= 45
