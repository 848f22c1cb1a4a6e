"""Shapes: a schema compiled into alternatives of one JSON type, without conditions.

A value that fits one alternative is valid, so values are built without search.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from math import ceil, floor, gcd, inf, isinf, lcm
from typing import Any, TypeAlias

from ringspec.spec.forms import NOT_BLANK
from ringspec.spec.values import Json, kind_of, same

Alternatives: TypeAlias = "tuple[Shape, ...]"

KINDS = ("object", "array", "string", "integer", "number", "boolean", "null")
# Members of an object in which any name may stand.
OTHERS = ("other-1", "other-2", "other-3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """Bounds on the number of items that fit `fits` and not `others`."""

    fits: Alternatives
    others: Alternatives
    least: int
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One alternative: values of one JSON type within bounds."""

    kind: str
    enum: tuple[Json, ...] | None = None
    excluded: tuple[Json, ...] = ()
    low: float = -inf  # least number, inclusive, as `high`
    high: float = inf
    multiple: float | None = None
    # Least length of a text, items of an array or members of an object, inclusive, as
    # `max_size`.
    min_size: int = 0
    max_size: float = inf
    format: str | None = None
    patterns: tuple[str, ...] = ()
    items: Alternatives | None = None  # alternatives of an item; None for any value
    unique: bool = False
    contained: tuple[Contained, ...] = ()
    # By name; a member without alternatives must be absent.
    members: dict[str, Alternatives] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    closed: bool = False  # whether members not named must be absent
    examples: tuple[Json, ...] = ()

    @property
    def own_patterns(self) -> tuple[str, ...]:
        """The patterns that need an example: all but `NOT_BLANK`."""
        return tuple(each for each in self.patterns if each != NOT_BLANK)

    @property
    def is_free_text(self) -> bool:
        """Whether it is a text of no form."""
        formed = self.choices() is not None or self.format or self.own_patterns
        return self.kind == "string" and not formed

    @property
    def unnamed(self) -> list[str]:
        """The members that are required and not described."""
        return sorted(self.required - self.members.keys())

    def choices(self) -> tuple[Json, ...] | None:
        """Return the values if they can be counted, else None."""
        few: dict[str, tuple[Json, ...]] = {"boolean": (False, True), "null": (None,)}
        values = few.get(self.kind) if self.enum is None else self.enum
        return None if values is None else tuple(filter(self._bounds, values))

    def _bounds(self, value: Json) -> bool:
        if any(same(value, other) for other in self.excluded):
            return False
        if self.kind in {"integer", "number"}:
            # 0.3 is a multiple of 0.1, as decimals.
            return self.low <= value <= self.high and (
                self.multiple is None
                or Fraction(str(value)) % Fraction(str(self.multiple)) == 0
            )
        if self.kind not in {"string", "array"}:
            return True
        return self.min_size <= len(value) <= self.max_size and all(
            re.search(pattern, value) for pattern in self.patterns
        )

    def admits(self, value: Json) -> bool:
        """Return whether a value fits, apart from its format and counted items."""
        kind = kind_of(value)
        if kind != self.kind and not (self.kind == "number" and kind == "integer"):
            return False
        if self.enum is not None or kind in {"boolean", "null"}:
            known = self.enum is None or any(same(value, it) for it in self.enum)
            return known and self._bounds(value)
        if kind == "object":
            return self.required <= value.keys() and all(
                admitted(self.members[name], child)
                if name in self.members
                else not self.closed
                for name, child in value.items()
            )
        if kind == "array":
            return self.min_size <= len(value) <= self.max_size and (
                self.items is None or all(admitted(self.items, item) for item in value)
            )
        return self._bounds(value)


def admitted(alternatives: Alternatives, value: Json) -> bool:
    """Return whether a value fits any of some alternatives."""
    return any(shape.admits(value) for shape in alternatives)


# The latest meets of two shapes: bodies are built of the same ones again and again.
_MET: dict[tuple[int, int, bool], tuple[Shape, Shape, Shape | None]] = {}
_MOST_MET = 20_000
# Of more pairs, equal alternatives are looked for before all are met; of many more, a
# part is met.
_MANY, _PART = 64, 1024


def meet(
    left: Alternatives, right: Alternatives, *, whole: bool = False
) -> Alternatives:
    """Return the intersection of two sets of alternatives.

    Of very many pairs only a part is met, unless `whole`.
    """
    if len(left) * len(right) > _MANY and left == right:
        return left
    while len(left) * len(right) > _PART and not whole:
        if len(left) > len(right):
            left = left[::2]
        else:
            right = right[::2]
    found: list[Shape] = []
    for one in left:
        for other in right:
            key = id(one), id(other), whole
            if key not in _MET:
                if len(_MET) >= _MOST_MET:
                    _MET.clear()
                # Both are kept, so that no other shape takes their ids.
                _MET[key] = one, other, _meet(one, other, whole=whole)
            shape = _MET[key][-1]
            if shape is not None and shape not in found:
                found.append(shape)
    return tuple(found)


ANYTHING: Alternatives = tuple(Shape(kind=kind) for kind in KINDS)


def _meet(left: Shape, right: Shape, *, whole: bool) -> Shape | None:
    if left is right:
        return left
    kind = left.kind
    if left.kind != right.kind:
        kind = "integer"
        if {left.kind, right.kind} != {"integer", "number"}:
            return None
    required = left.required | right.required
    members = _meet_members(left, right, required, whole=whole)
    if members is None:
        return None
    closed = left.closed or right.closed
    if any(not members.get(name, () if closed else ANYTHING) for name in required):
        return None
    low, high = max(left.low, right.low), min(left.high, right.high)
    if kind == "integer":
        low = low if isinf(low) else ceil(low)
        high = high if isinf(high) else floor(high)
    shape = Shape(
        kind=kind,
        enum=_both(
            lambda ours, theirs: tuple(
                one for one in ours if any(same(one, other) for other in theirs)
            ),
            left.enum,
            right.enum,
        ),
        excluded=left.excluded + right.excluded,
        low=low,
        high=high,
        multiple=_both(_common, left.multiple, right.multiple),
        min_size=max(left.min_size, right.min_size),
        max_size=min(left.max_size, right.max_size),
        format=left.format or right.format,
        patterns=left.patterns + right.patterns,
        items=_both(partial(meet, whole=whole), left.items, right.items),
        unique=left.unique or right.unique,
        contained=left.contained + right.contained,
        members=members,
        required=required,
        closed=closed,
        examples=left.examples or right.examples,
    )
    choices = shape.choices()
    if choices is not None:
        # Listed values replace the bounds: shapes of the same ones become equal.
        shape = Shape(kind=kind, enum=choices, examples=shape.examples)
        return shape if choices else None
    # Other reasons for which no value fits show on building.
    is_empty = (
        low > high
        or (kind != "object" and shape.min_size > shape.max_size)
        or (shape.min_size > 0 and shape.items == ())
    )
    return None if is_empty else shape


def _meet_members(
    left: Shape, right: Shape, required: frozenset[str], *, whole: bool
) -> dict[str, Alternatives] | None:
    """Return the members of both; None if there is no value for one that is needed."""
    members: dict[str, Alternatives] = {}
    both = {**left.members, **right.members}
    # Those that are needed may settle it.
    for name in sorted(both, key=required.__contains__, reverse=True):
        in_left = left.members.get(name, () if left.closed else ANYTHING)
        in_right = right.members.get(name, () if right.closed else ANYTHING)
        if in_left is ANYTHING or in_right is ANYTHING:
            members[name] = in_left if in_right is ANYTHING else in_right
        else:
            members[name] = meet(in_left, in_right, whole=whole)
        if name in required and not members[name]:
            return None
    members = {name: members[name] for name in both}
    if OTHERS[0] in members:
        # A required name gets the schema of any name.
        for name in sorted(required - members.keys()):
            members[name] = members[OTHERS[0]]
    return members


def _both(combine: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Combine two bounds; of one that is None, return the other."""
    if left is None or right is None:
        return left if right is None else right
    return combine(left, right)


def _common(left: float, right: float) -> float:
    """Return the least number that is a multiple of both."""
    if left == right:
        return left
    one, other = Fraction(str(left)), Fraction(str(right))
    found = Fraction(
        lcm(one.numerator, other.numerator), gcd(one.denominator, other.denominator)
    )
    return int(found) if found.denominator == 1 else float(found)


@dataclass(slots=True)
class ItemClass:
    """Items of one kind in an array, with bounds on their number."""

    shapes: Alternatives
    least: int = 0
    most: float = inf


# Scalar values.
SIMPLE = tuple(each for each in ANYTHING if each.kind not in {"object", "array"})


def item_classes(shape: Shape) -> list[ItemClass]:
    """Split an array's items by what `contains` counts; fresh for each array."""
    # Without a schema of items, arrays in arrays would have no end.
    anything = ANYTHING if shape.contained else SIMPLE
    found = [ItemClass(anything if shape.items is None else shape.items)]
    for counted in shape.contained:
        split: list[ItemClass] = []
        for each in found:
            if inside := meet(each.shapes, counted.fits):
                least = max(each.least, counted.least)
                split.append(ItemClass(inside, least, min(counted.most, each.most)))
            if outside := meet(each.shapes, counted.others):
                split.append(ItemClass(outside, each.least, each.most))
        if counted.least and not any(meet(e.shapes, counted.fits) for e in found):
            split = [ItemClass((), counted.least)]  # so that nothing is built
        found = split
    return found
