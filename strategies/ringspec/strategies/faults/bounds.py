"""Texts, arrays and objects that are too short or too long, by one and by far."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from math import ceil, floor

from ringspec.spec import ITEM, Json, pointer
from ringspec.strategies.faults.fault import Fault, Spot, drop, extend, put
from ringspec.strategies.shapes.build import Builder, Unfit, written
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.shape import (
    ANYTHING,
    OTHERS,
    Alternatives,
    admitted,
    meet,
)
from ringspec.strategies.shapes.text import (
    LONGEST,
    MOST_ITEMS,
    fitted,
    matching,
    sibling_id,
)

# Null is an item too.
NOTHING = object()


def repeated(spot: Spot) -> Iterator[Fault]:
    """Break `contains`: one fitting item too many, or too few.

    The second one differs elsewhere, so that whoever compares whole items misses it.
    """
    fitting = compile_schema(spot.assertion.value)
    for index, item in enumerate(spot.value):
        if admitted(fitting, item):
            other = _differing(spot, item)
            yield extend(
                f"again-at-the-end-{_where(index, spot)}", spot.location, other
            )
            path = pointer((*spot.location, index))
            operation = {"op": "add", "path": path, "value": other}
            yield Fault(name="twice-in-a-row", patch=(operation,))
            yield extend("same-again", spot.location, item)
    yield from _lacking(spot, fitting)


def _lacking(spot: Spot, fitting: Alternatives) -> Iterator[Fault]:
    """Leave fewer items that are counted than there must be."""
    counted = [i for i, item in enumerate(spot.value) if admitted(fitting, item)]
    needed = spot.node.get("minContains", 1)
    spare = len(counted) - needed
    if spare < 0 or needed == 0:
        return
    gone = [(*spot.location, index) for index in counted[: spare + 1]]
    if len(gone) <= MOST_ITEMS:
        other = _uncounted(spot, counted)
        if other is not NOTHING:
            patches = (put("", each, other).patch for each in gone)
            yield Fault(name="too-few", patch=tuple(chain.from_iterable(patches)))
        yield drop("fewer", *reversed(gone))


def _uncounted(spot: Spot, counted: list[int]) -> Json:
    """Return an item that is not counted: one of the twin's, else a new one."""
    others = [item for i, item in enumerate(spot.value) if i not in counted]
    if others:
        return others[0]
    shapes = tuple(spot.bodies.shapes_at((*spot.assertion.instance, ITEM)))
    try:
        return Builder().build(meet(shapes or ANYTHING, negate(spot.assertion.value)))
    except Unfit:
        return NOTHING


def _where(index: int, spot: Spot) -> str:
    if index == 0:
        return "first"
    return "last" if index == len(spot.value) - 1 else "middle"


def _differing(spot: Spot, item: Json) -> Json:
    """Turn a text of an item around, if it may be any text; else leave the item."""
    shapes = tuple(spot.bodies.shapes_at((*spot.assertion.instance, ITEM)))
    for name, value in item.items() if isinstance(item, dict) else ():
        if isinstance(value, str) and len(value) >= 3:
            other = {**item, name: value[::-1]}
            if admitted(shapes, other):
                return other
    return item


def duplicated(spot: Spot) -> Iterator[Fault]:
    """Break `uniqueItems`."""
    if spot.value:
        yield extend("same-again", spot.location, spot.value[0])
    if len(spot.value) > 1:
        # Where there is no room for one more.
        last = (*spot.location, len(spot.value) - 1)
        yield put("same-instead", last, spot.value[0])


# Beyond, readers of JSON differ on what a number is.
_GREATEST = 1e300


def above(spot: Spot) -> Iterator[Fault]:
    """Break `maximum` and `exclusiveMaximum`."""
    for name, value in _beyond(spot, spot.assertion.value):
        yield put(name or "far-above", spot.location, value, everywhere=bool(name))


def below(spot: Spot) -> Iterator[Fault]:
    """Break `minimum` and `exclusiveMinimum`."""
    for name, value in _beyond(spot, -spot.assertion.value):
        name = name and str(-value)  # noqa: PLW2901
        yield put(name or "far-below", spot.location, -value, everywhere=bool(name))
    if spot.assertion.value > 1:
        # Often stands for "no limit".
        yield put("zero", spot.location, 0)


def _beyond(spot: Spot, greatest: float) -> Iterator[tuple[str, Json]]:
    """Yield the next number above a bound, by its name, and one far away."""
    if abs(greatest) > _GREATEST:
        return
    bound, step = Fraction(str(greatest)), _step(spot)
    if spot.assertion.keyword.startswith("exclusive"):
        over = ceil(bound / step) * step if step else bound
    else:
        over = (floor(bound / step) + 1) * step if step else bound + 1
    yield str(written(over)), written(over)
    far = _far(spot, bound, step or Fraction(1))
    yield "", written(far // step * step if step else far)


def _far(spot: Spot, bound: Fraction, step: Fraction) -> Fraction:
    if spot.assertion.keyword in {"maximum", "exclusiveMaximum"}:
        return abs(bound) * 10 + 7 * step
    return bound + 1000 * step


def _step(spot: Spot) -> Fraction | None:
    """Return what numbers are multiples of: what is none breaks another rule too."""
    if "multipleOf" in spot.node:
        return Fraction(str(spot.node["multipleOf"]))
    kinds = {shape.kind for shape in spot.bodies.shapes_at(spot.assertion.instance)}
    return Fraction(1) if "integer" in kinds and "number" not in kinds else None


def multiples(spot: Spot) -> Iterator[Fault]:
    """Break `multipleOf`."""
    value = Fraction(str(spot.value))
    between = value + Fraction(str(spot.assertion.value)) / 2
    yield put("between", spot.location, written(between))
    yield put("next", spot.location, written(value + 1))


# Wrong numbers of items are tried one by one up to here: counts depend on each other.
_NEAR = 3


def too_short(spot: Spot) -> Iterator[Fault]:
    """Break `minLength`."""
    bound = spot.assertion.value
    if 0 < bound <= LONGEST:
        name = f"{bound - 1}-characters"
        for short in (spot.value[: bound - 1], *_formed(spot, bound - 1)):
            yield put(name, spot.location, short, everywhere=True)
        yield put("empty", spot.location, "")


def too_long(spot: Spot) -> Iterator[Fault]:
    """Break `maxLength`."""
    bound = spot.assertion.value
    for name, length in (
        (f"{bound + 1}-characters", bound + 1),
        ("far-too-long", bound * 10 + 7),
    ):
        if length > LONGEST:
            return
        long = fitted(spot.value, length, length)
        near = length == bound + 1
        for value in (long, *(_formed(spot, length) if near else ())):
            yield put(name, spot.location, value, everywhere=near)


def _formed(spot: Spot, length: int) -> Iterator[str]:
    """Yield a text of a length that has the pattern, where cutting spoils it."""
    cut = fitted(spot.value, length, length)
    for shape in spot.bodies.shapes_at(spot.assertion.instance)[:1]:
        patterns = shape.own_patterns
        if len(patterns) == 1 and not re.search(patterns[0], cut):
            text = matching(patterns[0], length, length)
            yield from () if text is None else (text,)


def too_few(spot: Spot) -> Iterator[Fault]:
    """Break `minItems`."""
    size = len(spot.value)
    if size > MOST_ITEMS:
        return
    for wanted in range(spot.assertion.value - 1, -1, -1)[:_NEAR]:
        gone = [(*spot.location, index) for index in range(size - 1, wanted - 1, -1)]
        yield drop(f"{wanted}-for-{min(size, _NEAR)}", *gone)


def too_many(spot: Spot) -> Iterator[Fault]:
    """Break `maxItems`."""
    size = len(spot.value)
    if spot.assertion.value > MOST_ITEMS:
        return
    for wanted in range(spot.assertion.value + 1, spot.assertion.value + 1 + _NEAR):
        more = [_another(spot, index) for index in range(size, wanted)]
        yield extend(f"{wanted}-for-{spot.assertion.value}", spot.location, *more)
    if size == spot.assertion.value > 0 and _another(spot, size) != spot.value[-1]:
        # What is known to the target stands there twice: only the count is wrong.
        yield extend("same-again", spot.location, spot.value[-1])


def _another(spot: Spot, index: int) -> Json:
    """Return one more item, unlike those that are there."""
    if spot.node.get("uniqueItems"):
        return _fresh(spot, index)
    if spot.value:
        last = spot.value[-1]
        if isinstance(last, str) and len(last) == 36:
            return sibling_id(last, index)
        return last
    for shape in spot.bodies.shapes_at((*spot.assertion.instance, "*")):
        if shape.examples:
            return shape.examples[index % len(shape.examples)]
    return None


def _fresh(spot: Spot, index: int) -> Json:
    """Return a value that an array without repeats does not hold, if there is one."""
    listed = [
        value
        for shape in spot.bodies.shapes_at((*spot.assertion.instance, "*"))
        for value in shape.choices() or ()
        if value not in spot.value
    ]
    return listed[(index - len(spot.value)) % len(listed)] if listed else None


def too_few_members(spot: Spot) -> Iterator[Fault]:
    """Break `minProperties`."""
    wanted = spot.assertion.value - 1
    names = list(spot.value)[wanted:]
    yield drop(f"{wanted}-members", *((*spot.location, name) for name in names))


def too_many_members(spot: Spot) -> Iterator[Fault]:
    """Break `maxProperties`: by members that nobody names, and by named ones."""
    most = spot.assertion.value
    if most > MOST_ITEMS:
        return
    value = dict(spot.value)
    another = spot.value.get(OTHERS[0], "text")
    while len(value) <= most:
        value[f"member-{len(value)}"] = another
    yield put(f"{len(value)}-members", spot.location, value, everywhere=True)
    value = dict(spot.value)
    for name, below in _optional(spot):
        if name not in value and len(value) <= most:
            try:
                value[name] = Builder().build(below)
            except Unfit:
                continue
    if len(value) > most:
        yield put(f"{len(value)}-named-members", spot.location, value)


def _optional(spot: Spot) -> Iterator[tuple[str, Alternatives]]:
    for shape in spot.bodies.shapes_at(spot.assertion.instance)[:1]:
        yield from shape.members.items()
