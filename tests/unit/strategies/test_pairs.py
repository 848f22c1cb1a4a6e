from __future__ import annotations

from itertools import combinations, product
from typing import Any

from ringspec.spec import Location, at, same
from ringspec.strategies import Case, Expect
from ringspec.strategies.bodies.valid import factors
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import (
    Absent,
    Builder,
    Exactly,
    Narrowed,
    Wish,
)
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
