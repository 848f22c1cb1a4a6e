"""Which cases are fired for which rules, and the parts of a list."""

from __future__ import annotations

import pytest
from tests.inprocess import suite

from ringspec.harness.judging.selection import Selection
from ringspec.harness.running.plan import parse_shard, part_of
from ringspec.spec import Contract, UsageError, load
from ringspec.strategies import Case, Expect, cases_of


def fired(*select: str, exclude: tuple[str, ...] = ()) -> tuple[Case, ...]:
    contract, cases = suite()
    return Selection.of(contract, select, exclude).fired(cases)


def test_selected_rule_is_fired_with_its_twins() -> None:
    chosen = fired("name.required")

    own = [case for case in chosen if case.rule == "name.required"]
    assert own
    assert {case.id for case in chosen if case not in own} == {c.twin for c in own}


def test_coupled_case_is_fired_for_either_rule(cases: tuple[Case, ...]) -> None:
    coupled = next(case for case in cases if case.coupled)
    other = next(rule for rule in coupled.broken if rule != coupled.rule)

    assert coupled in fired(other)


@pytest.mark.parametrize(
    ("select", "expect"), [("answer", Expect.ACCEPT), ("error", Expect.REJECT)]
)
def test_rule_about_answers_is_served_by_all_cases_of_a_kind(
    cases: tuple[Case, ...], select: str, expect: Expect
) -> None:
    chosen = {case.id for case in fired(select)}

    of_kind = {case.id: case.twin for case in cases if case.expect is expect}
    assert chosen >= of_kind.keys()
    assert chosen - of_kind.keys() <= set(of_kind.values())


def test_excluded_cases_are_fired_as_twins_alone() -> None:
    chosen = fired(exclude=("voiceFlow",))

    twins = {case.twin for case in chosen}
    assert all(c.id in twins for c in chosen if c.rule.startswith("voiceFlow"))


@pytest.fixture(scope="module", params=["canonical", "naxai-sdk"])
def whole(request: pytest.FixtureRequest) -> tuple[Case, ...]:
    """Return the list of a dialect, in all phases."""
    dialect = None if request.param == "canonical" else request.param
    return cases_of(load(dialect=dialect))


@pytest.mark.parametrize("of", [*range(1, 14), 150])
def test_parts_are_the_whole_and_do_not_overlap(
    whole: tuple[Case, ...], of: int
) -> None:
    parts = [part_of(whole, number, of).ids for number in range(1, of + 1)]

    assert frozenset().union(*parts) == {case.id for case in whole}
    assert sum(map(len, parts)) == len(whole)


def test_parts_are_of_a_size(cases: tuple[Case, ...]) -> None:
    parts = [part_of(cases, number, 4).ids for number in range(1, 5)]
    sizes = [sum(len(it.steps) or 1 for it in cases if it.id in ids) for ids in parts]

    assert max(sizes) < 1.1 * min(sizes)


def test_case_goes_with_its_twin(cases: tuple[Case, ...]) -> None:
    listed = {case.id: case for case in cases}
    part = part_of(cases, 2, 3).ids

    for each in part:
        twin = None if listed[each].steps else listed[each].twin
        # Twins of twins may be elsewhere; they are fired there too.
        if twin is not None and twin != cases[0].id and listed[twin].twin is None:
            assert twin in part


@pytest.mark.parametrize("number", range(1, 6))
def test_twins_are_fired_wherever_they_are_needed(
    contract: Contract, cases: tuple[Case, ...], number: int
) -> None:
    part = part_of(cases, number, 5).ids

    fired = Selection.of(contract, (), ()).fired(cases, lambda case: case.id in part)

    sent = {case.id for case in fired}
    assert part <= sent
    assert all(case.twin in sent for case in fired if case.twin)


def test_cases_that_tell_whether_an_operation_is_there_stay_together(
    cases: tuple[Case, ...],
) -> None:
    scripts = {case.id for case in cases if case.steps}

    parts = [part_of(cases, number, 13).ids & scripts for number in range(1, 14)]

    assert sorted(map(len, parts)) == [*[0] * 12, len(scripts)]


@pytest.mark.parametrize(
    "text", ["", "1", "/", "0/3", "4/3", "1/0", "a/b", "-1/3", "1/3/5", "1/", "1.5/3"]
)
def test_what_is_no_part_is_wrong_usage(text: str) -> None:
    assert parse_shard("2/10") == (2, 10)
    with pytest.raises(UsageError, match="--shard"):
        parse_shard(text)
