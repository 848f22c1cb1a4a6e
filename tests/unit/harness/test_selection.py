"""Which cases are fired for which rules."""

from __future__ import annotations

import pytest

from ringspec.harness.judging.selection import Selection
from ringspec.spec import Contract
from ringspec.strategies import Case, Expect


def fired(
    contract: Contract,
    cases: tuple[Case, ...],
    *select: str,
    exclude: tuple[str, ...] = (),
) -> tuple[Case, ...]:
    return Selection.of(contract, select, exclude).fired(cases)


def test_selected_rule_is_fired_with_its_twins(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    chosen = fired(contract, cases, "name.required")

    own = [case for case in chosen if case.rule == "name.required"]
    assert own
    assert {case.id for case in chosen if case not in own} == {c.twin for c in own}


def test_coupled_case_is_fired_for_either_rule(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    coupled = next(case for case in cases if case.coupled)
    other = next(rule for rule in coupled.broken if rule != coupled.rule)

    assert coupled in fired(contract, cases, other)


@pytest.mark.parametrize(
    ("select", "expect"), [("answer", Expect.ACCEPT), ("error", Expect.REJECT)]
)
def test_rule_about_answers_is_served_by_all_cases_of_a_kind(
    contract: Contract, cases: tuple[Case, ...], select: str, expect: Expect
) -> None:
    chosen = {case.id for case in fired(contract, cases, select)}

    of_kind = {case.id: case.twin for case in cases if case.expect is expect}
    assert chosen >= of_kind.keys()
    assert chosen - of_kind.keys() <= set(of_kind.values())


def test_excluded_cases_are_fired_as_twins_alone(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    chosen = fired(contract, cases, exclude=("voiceFlow",))

    twins = {case.twin for case in chosen}
    assert all(c.id in twins for c in chosen if c.rule.startswith("voiceFlow"))
