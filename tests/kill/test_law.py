"""The law of the house: a server that forgets a rule is noticed by that rule alone.

The reference's own checks are asked what they would refuse, without a socket: a run of
every case against a server for each rule would take minutes.
"""

from __future__ import annotations

from functools import cache

import pytest

from ringspec.reference import CHECKS
from ringspec.reference.checks.constraints import Check, validate
from ringspec.spec import load
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


@pytest.mark.parametrize("forgotten", CHECKS, ids=lambda check: check.rule)
def test_a_forgotten_rule_is_noticed_by_that_rule_alone(forgotten: Check) -> None:
    kept = [check for check in CHECKS if check is not forgotten]

    accepted = [case for case in _cases(Expect.REJECT) if not validate(case.body, kept)]

    noticed = {rule for case in accepted for rule in case.broken}
    assert noticed == (set() if forgotten.rule in IMPLIED else {forgotten.rule})


def test_what_is_implied_is_noticed_once_nothing_implies_it() -> None:
    kept = [
        check
        for check in CHECKS
        if check.rule not in {"retries.enum", "retryDelays.length"}
    ]

    accepted = [case for case in _cases(Expect.REJECT) if not validate(case.body, kept)]

    noticed = {rule for case in accepted for rule in case.broken}
    assert noticed == {"retries.enum", "retryDelays.length"}


def test_every_case_is_labelled_as_independent_code_would_label_it() -> None:
    wrong = [case.id for case in _cases(Expect.ACCEPT) if validate(case.body, CHECKS)]
    wrong += [
        case.id
        for case in _cases(Expect.REJECT)
        if {problem.rule for problem in validate(case.body, CHECKS)} != set(case.broken)
    ]

    assert wrong == []


def test_the_reference_checks_every_rule_on_the_body() -> None:
    contract = load()

    stated = {assertion.rule for assertion in contract.assertions}

    assert {check.rule for check in CHECKS} == stated
