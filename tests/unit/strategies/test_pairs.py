from __future__ import annotations

from itertools import combinations, product
from typing import Any

import pytest

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


_FLAGS = ("retryOnNoInput", "retryOnFailed")
DOCUMENTED = ("source", "retries", *_FLAGS, "scheduledAt", "calendarId", "distribution")


@pytest.mark.parametrize(
    ("strength", "among"), [(2, ()), (3, DOCUMENTED)], ids=["pair", "triple"]
)
def test_every_possible_combination_stands_in_an_accepted_body(
    strength: int, among: tuple[str, ...], bodies: Bodies, cases: tuple[Case, ...]
) -> None:
    accepted = [case.body for case in cases if case.expect == Expect.ACCEPT]
    varied = [it for it in factors(bodies.root) if not among or it.place[0] in among]
    missing = []
    for chosen in combinations(varied, strength):
        for wanted in product(*(each.wishes for each in chosen)):
            wishes = {it.place: wish for it, wish in zip(chosen, wanted, strict=True)}
            if bodies.build(Builder(wishes)) is None:
                continue  # they exclude each other
            if not any(
                all(shows(body, place, wish) for place, wish in wishes.items())
                for body in accepted
            ):
                missing.append(wishes)

    assert len(varied) >= 7
    assert missing == []
