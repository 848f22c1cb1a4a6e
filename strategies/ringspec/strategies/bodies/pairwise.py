"""Rows that together show each pair of values that vary in a body.

In: a contract's alternatives. Out: wishes for whole bodies, from a covering array over
enums, booleans, branches and the presence of optional members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
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
# The values that are allowed beside each other, of factors that restrict each other.
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
        objects = [
            child
            for child in children
            if child and all(shape.kind == "object" for shape in child)
        ]
        required = [name in shape.required for shape in shapes]
        if all(required) and objects and wishes == [Present()]:
            found += factors(objects[0], below)
            continue
        tied = all(
            needed or not child
            for needed, child in zip(required, children, strict=True)
        )
        if not all(required) and not (tied and wishes == [Present()]):
            wishes.append(Absent())
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
    allowed = _allowed(root, varying)
    made: Iterable[Any]
    if len(varying) > MANY:
        forbidden = {
            frozenset({(i, a), (j, b)})
            for (i, j), pairs in allowed.items()
            for a in range(len(varying[i].wishes))
            for b in range(len(varying[j].wishes))
            if (a, b) not in pairs
        }
        made = greedy_rows(varying, forbidden, seed)
    else:
        made = covertable.make(
            [list(range(len(each.wishes))) for each in varying],
            sorter=by_hash,
            salt=str(seed),
            constraints=[
                {
                    "operator": "fn",
                    "requires": [i, j],
                    "evaluate": partial(_is_in, i, j, ok),
                }
                for (i, j), ok in allowed.items()
            ],
        )
    return [
        {
            each.place: each.wishes[index]
            for each, index in zip(varying, row, strict=True)
        }
        for row in made
    ]


def _allowed(root: Alternatives, varying: list[Factor]) -> _Allowed:
    """Return the allowed values of factors that restrict each other."""
    found: _Allowed = {}
    for (i, left), (j, right) in combinations(enumerate(varying), 2):
        if len(left.place) > 1 or len(right.place) > 1:
            continue
        pairs = set(product(range(len(left.wishes)), range(len(right.wishes))))
        allowed = {
            (a, b)
            for a, b in pairs
            if any(
                _allows(shape, left, a) and _allows(shape, right, b) for shape in root
            )
        }
        if allowed != pairs:
            found[i, j] = allowed
    return found


def _allows(shape: Shape, factor: Factor, index: int) -> bool:
    name, wish = str(factor.place[0]), factor.wishes[index]
    child = shape.members.get(name, ())
    if isinstance(wish, Absent):
        return name not in shape.required
    if isinstance(wish, Exactly):
        return admitted(child, wish.value)
    return bool(child)


def _is_in(i: int, j: int, allowed: set[tuple[int, int]], row: Any) -> bool:
    return (row[i], row[j]) in allowed


def greedy_rows(
    varying: list[Factor], forbidden: set[frozenset[_Value]], seed: int
) -> Iterator[list[int]]:
    """Yield rows that show all pairs; quicker for many factors.

    A row takes, factor by factor, the value that shows most new pairs.
    """
    values = [[(i, a) for a in range(len(f.wishes))] for i, f in enumerate(varying)]
    # By value, the values of other factors not yet shown beside it.
    lacking: dict[_Value, set[_Value]] = {
        value: {
            other
            for j, others in enumerate(values)
            for other in others
            if j != value[0] and frozenset({value, other}) not in forbidden
        }
        for listed in values
        for value in listed
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

        for k in range(len(varying)):
            index = (k + turn) % len(varying)
            if index not in (start[0], partner[0]):
                row.add(max(values[index], key=fit))
        for value in row:
            lacking[value] -= row
        yield [a for _, a in sorted(row)]
        turn += 1
