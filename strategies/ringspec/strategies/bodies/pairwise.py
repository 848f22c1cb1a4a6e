"""Wishes for bodies that together show each pair of values that vary: a covering array.

Its factors are enums, booleans, branches and the presence of optional members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, combinations, product
from typing import Any, TypeAlias

import covertable
from covertable.sorters import hash as by_hash

from ringspec.spec import Location, canonical
from ringspec.strategies.shapes.build import Absent, Exactly, Narrowed, Present, Wish
from ringspec.strategies.shapes.shape import Alternatives, Shape, admitted

# Beyond this number of factors a covering array is slow.
MANY = 25

# A factor and one of its wishes, by index.
_Value: TypeAlias = tuple[int, int]
# Of factors that restrict each other, the wishes that are allowed beside each other.
_Allowed: TypeAlias = dict[tuple[int, int], set[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Factor:
    """A place that varies, with its wishes."""

    place: Location
    wishes: tuple[Wish, ...]


def factors(shapes: Alternatives, place: Location = ()) -> list[Factor]:
    """List the factors of a body, in the contract's order."""
    found: list[Factor] = []
    for name in dict.fromkeys(name for shape in shapes for name in shape.members):
        below = (*place, name)
        children = [shape.members.get(name, ()) for shape in shapes]
        wishes = _wishes(children)
        required = [name in shape.required for shape in shapes]
        if not all(required):
            tied = all(name in s.required or not s.members.get(name) for s in shapes)
            if not tied or wishes != [Present()]:
                wishes.append(Absent())
        elif wishes == [Present()]:
            objects = (
                child
                for child in children
                if child and all(shape.kind == "object" for shape in child)
            )
            found += factors(next(objects, ()), below)
        if len(wishes) > 1:
            found.append(Factor(below, tuple(wishes)))
    return found


def _wishes(children: list[Alternatives]) -> list[Wish]:
    """List the wishes for a member: its values, else its branches, else presence."""
    values: dict[str, Wish] = {}
    others: list[Shape] = []
    for shape in (shape for child in children for shape in child):
        choices = shape.choices()
        if choices is None and shape not in others:
            others.append(shape)
        for value in choices or ():
            values.setdefault(canonical(value), Exactly(value))
    wishes = list(values.values())
    # Arrays that differ only in length follow from another member.
    if len(others) > 1 and all(shape.kind == "object" for shape in others):
        wishes += [Narrowed((shape,)) for shape in others]
    elif others:
        wishes.append(Narrowed(tuple(others)) if wishes else Present())
    return wishes


def rows(root: Alternatives, seed: int) -> list[dict[Location, Wish]]:
    """Return wishes for bodies that show each possible pair at least once."""
    varying = factors(root)
    if len(varying) < 2:
        return [{each.place: wish} for each in varying for wish in each.wishes]
    values = [list(range(len(each.wishes))) for each in varying]
    allowed: _Allowed = {}
    for (i, left), (j, right) in combinations(enumerate(varying), 2):
        if len(left.place) == len(right.place) == 1:
            pairs = set(product(values[i], values[j]))
            allowed[i, j] = {
                (a, b)
                for a, b in pairs
                if any(
                    _allows(shape, left, a) and _allows(shape, right, b)
                    for shape in root
                )
            }
            if allowed[i, j] == pairs:
                del allowed[i, j]

    def is_allowed(i: int, j: int, row: Any) -> bool:
        return (row[i], row[j]) in allowed[i, j]

    made: Iterable[Any]
    if len(varying) > MANY:
        made = _greedy_rows(values, allowed, seed)
    else:
        made = covertable.make(
            values,
            sorter=by_hash,
            salt=str(seed),
            constraints=[
                {
                    "operator": "fn",
                    "requires": [i, j],
                    "evaluate": partial(is_allowed, i, j),
                }
                for i, j in allowed
            ],
        )
    return [
        {
            each.place: each.wishes[index]
            for each, index in zip(varying, row, strict=True)
        }
        for row in made
    ]


def _allows(shape: Shape, factor: Factor, index: int) -> bool:
    name, wish = str(factor.place[0]), factor.wishes[index]
    child = shape.members.get(name, ())
    if isinstance(wish, Absent):
        return name not in shape.required
    if isinstance(wish, Exactly):
        return admitted(child, wish.value)
    return bool(child)


def _greedy_rows(
    factors: list[list[int]], allowed: _Allowed, seed: int
) -> Iterator[list[int]]:
    """Yield rows that show all pairs; quicker for many factors.

    A row takes, factor by factor, the value that shows most new pairs.
    """
    values = [[(i, a) for a in factor] for i, factor in enumerate(factors)]
    forbidden = {
        frozenset({(i, a), (j, b)})
        for (i, j), pairs in allowed.items()
        for a, b in product(factors[i], factors[j])
        if (a, b) not in pairs
    }
    # By value, the values of other factors not yet shown beside it.
    lacking: dict[_Value, set[_Value]] = {
        value: {
            other
            for others in values
            for other in others
            if other[0] != value[0] and frozenset({value, other}) not in forbidden
        }
        for value in chain.from_iterable(values)
    }
    turn = seed
    while any(lacking.values()):
        start = max(lacking, key=lambda value: len(lacking[value]))
        partner = min(lacking[start])
        row = {start, partner}

        def fit(value: _Value, row: set[_Value] = row) -> tuple[int, int, int, int]:
            """Rank a value for a row: allowed, showing most pairs, lacking most."""
            clashes = sum(frozenset({value, one}) in forbidden for one in row)
            shown = len(lacking[value] & row)
            return -clashes, shown, len(lacking[value]), -value[1]

        for k in range(len(values)):
            index = (k + turn) % len(values)
            if index not in (start[0], partner[0]):
                row.add(max(values[index], key=fit))
        for value in row:
            lacking[value] -= row
        yield [a for _, a in sorted(row)]
        turn += 1
