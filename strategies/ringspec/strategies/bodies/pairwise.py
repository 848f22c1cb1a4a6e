"""Pairs: rows that together show each two values of the selectors at once.

In: a contract's alternatives. Out: wishes for whole bodies, from a covering array over
what can be counted: enums, booleans, branches, and whether an optional member is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import covertable
from covertable.sorters import hash as by_hash

from ringspec.spec import Location, canonical
from ringspec.strategies.shapes.build import Absent, Exactly, Narrowed, Present, Wish
from ringspec.strategies.shapes.shape import Alternatives, Shape, admitted

# Of more factors than these a covering array takes its time.
MANY = 25


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that varies: where, and the wishes it varies over."""

    place: Location
    wishes: tuple[Wish, ...]


def factors(root: Alternatives) -> list[Factor]:
    """List what varies in a body, in the contract's order."""
    return _factors(root, ())


def _factors(shapes: Alternatives, place: Location) -> list[Factor]:
    found: list[Factor] = []
    names = list(dict.fromkeys(name for shape in shapes for name in shape.members))
    for name in names:
        below = (*place, name)
        children = [shape.members.get(name, ()) for shape in shapes]
        optional = any(name not in shape.required for shape in shapes)
        always = all(name in shape.required for shape in shapes)
        wishes = _wishes(children)
        objects = [child for child in children if child and _is_object(child)]
        if always and objects and wishes == [Present()]:
            found += _factors(objects[0], below)
            continue
        tied = all(
            name in shape.required or not child
            for shape, child in zip(shapes, children, strict=True)
        )
        if optional and not (tied and wishes == [Present()]):
            wishes.append(Absent())
        if len(wishes) > 1:
            found.append(Factor(below, tuple(wishes)))
    return found


def _is_object(child: Alternatives) -> bool:
    return all(shape.kind == "object" for shape in child)


def _wishes(children: list[Alternatives]) -> list[Wish]:
    """List what a member may be: its values, else its branches, else just there."""
    values: dict[str, Wish] = {}
    others: list[Shape] = []
    for child in children:
        for shape in child:
            choices = shape.choices()
            if choices is None:
                others += [] if shape in others else [shape]
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
        return (
            [{varying[0].place: wish} for wish in varying[0].wishes] if varying else []
        )
    made: Iterable[Any]
    if len(varying) > MANY:
        made = greedy_rows(varying, _forbidden(root, varying), seed)
    else:
        made = covertable.make(
            [list(range(len(each.wishes))) for each in varying],
            sorter=by_hash,
            salt=str(seed),
            constraints=_constraints(root, varying),
        )
    return [
        {
            each.place: each.wishes[index]
            for each, index in zip(varying, row, strict=True)
        }
        for row in made
    ]


def _constraints(root: Alternatives, varying: list[Factor]) -> list[dict[str, Any]]:
    """Forbid pairs that no alternative allows."""
    return [_constraint(i, j, allowed) for i, j, allowed in _restricted(root, varying)]


def _restricted(
    root: Alternatives, varying: list[Factor]
) -> Iterator[tuple[int, int, set[tuple[int, int]]]]:
    """Yield the factors that restrict each other, and what they allow."""
    for (i, left), (j, right) in combinations(enumerate(varying), 2):
        if len(left.place) > 1 or len(right.place) > 1:
            continue
        allowed = {
            (a, b)
            for a, b in product(range(len(left.wishes)), range(len(right.wishes)))
            if any(
                _allows(shape, left, a) and _allows(shape, right, b) for shape in root
            )
        }
        if len(allowed) < len(left.wishes) * len(right.wishes):
            yield i, j, allowed


_Value = tuple[int, int]


def _forbidden(root: Alternatives, varying: list[Factor]) -> set[frozenset[_Value]]:
    """List the pairs that no alternative allows."""
    return {
        frozenset({(i, a), (j, b)})
        for i, j, allowed in _restricted(root, varying)
        for a in range(len(varying[i].wishes))
        for b in range(len(varying[j].wishes))
        if (a, b) not in allowed
    }


def greedy_rows(
    varying: list[Factor], forbidden: set[frozenset[_Value]], seed: int
) -> Iterator[list[int]]:
    """Yield rows that show all pairs: where there are many factors, more quickly.

    A row takes, factor by factor, what shows most pairs that no row has shown yet.
    """
    sizes = [len(each.wishes) for each in varying]
    values = [[(i, a) for a in range(size)] for i, size in enumerate(sizes)]
    # By value, the values of other factors that it still has to be shown beside.
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
        for k in range(len(varying)):
            index = (k + turn) % len(varying)
            if index not in (start[0], partner[0]):
                row.add(_best(values[index], row, lacking, forbidden))
        for value in row:
            lacking[value] -= row
        yield [a for _, a in sorted(row)]
        turn += 1


def _best(
    values: list[_Value],
    row: set[_Value],
    lacking: dict[_Value, set[_Value]],
    forbidden: set[frozenset[_Value]],
) -> _Value:
    """Return the value that fits a row best."""
    return max(
        values,
        key=lambda value: (
            not forbidden or -sum(frozenset({value, one}) in forbidden for one in row),
            len(lacking[value] & row),
            len(lacking[value]),
            -value[1],
        ),
    )


def _constraint(i: int, j: int, allowed: set[tuple[int, int]]) -> dict[str, Any]:
    return {
        "operator": "fn",
        "requires": [i, j],
        "evaluate": lambda row: (row[i], row[j]) in allowed,
    }


def _allows(shape: Shape, factor: Factor, index: int) -> bool:
    name, wish = str(factor.place[0]), factor.wishes[index]
    child = shape.members.get(name, ())
    if isinstance(wish, Absent):
        return name not in shape.required
    if isinstance(wish, Exactly):
        return admitted(child, wish.value)
    return bool(child)
