from __future__ import annotations

from itertools import combinations, product
from typing import Any

import pytest

from ringspec.spec import Location, at, same
from ringspec.strategies import Case, Expect
from ringspec.strategies.bodies.pairwise import MANY, Factor, factors, greedy_rows, rows
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import (
    Absent,
    Builder,
    Exactly,
    Narrowed,
    Present,
    Wish,
)
from ringspec.strategies.shapes.compile import compile_schema
from ringspec.strategies.shapes.locations import present
from ringspec.strategies.shapes.shape import admitted


def shows(body: Any, place: Location, wish: Wish) -> bool:
    """Tell whether a body is as wished at a place."""
    if isinstance(wish, Absent) or not present(body, place):
        return isinstance(wish, Absent) and not present(body, place)
    value = at(body, place)
    if isinstance(wish, Exactly):
        return same(value, wish.value)
    return not isinstance(wish, Narrowed) or admitted(wish.shapes, value)


def test_every_possible_pair_stands_in_an_accepted_body(
    bodies: Bodies, cases: tuple[Case, ...]
) -> None:
    accepted = [case.body for case in cases if case.expect == Expect.ACCEPT]
    missing = []
    for one, other in combinations(factors(bodies.root), 2):
        for left, right in product(one.wishes, other.wishes):
            wishes = {one.place: left, other.place: right}
            if bodies.build(Builder(wishes)) is None:
                continue  # the two exclude each other
            if not any(
                shows(body, one.place, left) and shows(body, other.place, right)
                for body in accepted
            ):
                missing.append(wishes)

    assert missing == []


def test_the_factors_are_what_can_be_counted(bodies: Bodies) -> None:
    places = {".".join(map(str, each.place)) for each in factors(bodies.root)}

    assert {
        "source",
        "retries",
        "retryOnNoInput",
        "retryOnFailed",
        "scheduledAt",
        "distribution",
        "language",
        "voice",
        "calendarId",
        "actions",
        "voiceFlow.menu",
        "voiceFlow.welcome",
    } <= places


def test_rows_are_the_same_for_a_seed_and_others_for_another(bodies: Bodies) -> None:
    assert rows(bodies.root, 3) == rows(bodies.root, 3)
    assert rows(bodies.root, 3) != rows(bodies.root, 4)


@pytest.mark.parametrize("seed", [0, 3])
def test_many_factors_meet_in_pairs_too(seed: int) -> None:
    varying = [Factor((f"m{n}",), (Present(), Absent())) for n in range(60)]
    forbidden = {frozenset({(0, 0), (1, 0)})}

    made = list(greedy_rows(varying, forbidden, seed))

    assert len(made) < 20
    for (i, one), (j, other) in combinations(enumerate(varying), 2):
        pairs = set(product(range(len(one.wishes)), range(len(other.wishes))))
        excluded = {(0, 0)} if (i, j) == (0, 1) else set()
        assert {(row[i], row[j]) for row in made} == pairs - excluded


def test_a_body_of_many_optional_members_is_shown_in_rows() -> None:
    members = {f"m{number}": {"type": "integer"} for number in range(MANY + 1)}
    root = compile_schema({"type": "object", "properties": members})

    assert 5 < len(rows(root, 0)) < 30


def test_one_factor_alone_takes_each_of_its_values() -> None:
    root = compile_schema(
        {
            "type": "object",
            "required": ["a"],
            "properties": {"a": {"enum": [1, 2, 3]}},
            "additionalProperties": False,
        }
    )

    assert rows(root, 0) == [{("a",): Exactly(value)} for value in (1, 2, 3)]
