"""Parts of a list: each case in exactly one, with its twin."""

from __future__ import annotations

import pytest

from ringspec.harness.selection import Selection
from ringspec.harness.sharding import parse_shard, shard_of
from ringspec.spec import Contract, UsageError
from ringspec.strategies import Case


@pytest.mark.parametrize("of", [1, 2, 3, 7, 50])
def test_parts_are_the_whole_and_do_not_overlap(
    cases: tuple[Case, ...], of: int
) -> None:
    parts = [shard_of(cases, number, of) for number in range(1, of + 1)]

    assert frozenset().union(*parts) == {case.id for case in cases}
    assert sum(map(len, parts)) == len(cases)


def test_parts_are_of_a_size(cases: tuple[Case, ...]) -> None:
    sizes = [len(shard_of(cases, number, 4)) for number in range(1, 5)]

    assert max(sizes) < 1.1 * min(sizes)


def test_same_list_is_divided_alike(cases: tuple[Case, ...]) -> None:
    assert shard_of(cases, 2, 3) == shard_of(tuple(cases), 2, 3)


def test_case_goes_with_its_twin(cases: tuple[Case, ...]) -> None:
    listed = {case.id: case for case in cases}
    part = shard_of(cases, 2, 3)

    for each in part:
        twin = listed[each].twin
        # Twins of twins may be elsewhere; they are fired there too.
        if twin is not None and twin != cases[0].id and listed[twin].twin is None:
            assert twin in part


def test_twins_are_fired_wherever_they_are_needed(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    part = shard_of(cases, 1, 5)

    fired = Selection.of(contract, (), ()).fired(cases, lambda case: case.id in part)

    sent = {case.id for case in fired}
    assert all(case.twin in sent for case in fired if case.twin)


@pytest.mark.parametrize(
    ("text", "found"), [("1/1", (1, 1)), ("2/3", (2, 3)), ("10/10", (10, 10))]
)
def test_part_is_read(text: str, found: tuple[int, int]) -> None:
    assert parse_shard(text) == found


@pytest.mark.parametrize(
    "text", ["", "1", "/", "0/3", "4/3", "1/0", "a/b", "-1/3", "1/3/5", "1/", "1.5/3"]
)
def test_what_is_no_part_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="--shard"):
        parse_shard(text)
