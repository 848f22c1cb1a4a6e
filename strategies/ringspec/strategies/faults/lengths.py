"""Texts, arrays and objects that are too short or too long, by one and by far."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringspec.spec import Json
from ringspec.strategies.build import Builder, Unfit
from ringspec.strategies.examples import matching
from ringspec.strategies.faults.fault import Fault, Spot, drop, extend, put
from ringspec.strategies.shape import OTHERS, Alternatives
from ringspec.strategies.text import LONGEST, MOST_ITEMS, fitted, sibling_id

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
