from __future__ import annotations

from itertools import combinations, product

import pytest

from ringspec.spec import SpecError
from ringspec.strategies.shapes.compile import FEW, joined
from ringspec.strategies.shapes.shape import Alternatives, Shape


def choice(name: str) -> Alternatives:
    """Return what leaves a member out, and what asks for it."""
    without = Shape(kind="object", members={name: ()})
    return without, Shape(kind="object", required=frozenset({name}))


def takes(shape: Shape, name: str) -> bool:
    return name in shape.required


def test_few_alternatives_are_joined_every_one() -> None:
    found = joined([choice(name) for name in "abc"], "object")

    assert len(found) == 8


def test_of_very_many_there_is_a_sample_in_which_any_two_meet() -> None:
    names = [f"m{number}" for number in range(12)]

    found = joined([choice(name) for name in names], "object")

    assert FEW < 2**12
    assert len(found) < 2**10
    for one, other in combinations(names, 2):
        shown = {(takes(shape, one), takes(shape, other)) for shape in found}
        assert shown == set(product([True, False], repeat=2))


def test_of_too_many_for_pairs_each_alternative_is_shown() -> None:
    names = [f"m{number}" for number in range(40)]

    found = joined([choice(name) for name in names], "object")

    assert len(found) <= 160
    for name in names:
        assert {takes(shape, name) for shape in found} == {True, False}


def test_what_excludes_each_other_is_not_sampled_but_left_out() -> None:
    values = [
        tuple(Shape(kind="integer", enum=(value,)) for value in range(300)),
        (Shape(kind="integer", low=7), Shape(kind="integer", high=-1)),
    ]

    found = joined(values, "integer")

    assert len(found) == 293
    assert all(shape.enum and shape.enum[0] >= 7 for shape in found)


def test_too_many_to_sample_are_refused() -> None:
    names = [f"m{number}" for number in range(150)]

    with pytest.raises(SpecError, match="150 choices side by side") as caught:
        joined([choice(name) for name in names], "object")

    assert caught.value.hint
