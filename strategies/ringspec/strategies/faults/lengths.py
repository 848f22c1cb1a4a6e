"""Texts, arrays and objects that are too short or too long, by one and by far."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import Json
from ringspec.strategies.faults.fault import Fault, Spot, drop, extend, put
from ringspec.strategies.text import fitted, sibling_id

# Wrong numbers of items are tried one by one up to here: counts depend on each other.
_NEAR = 3


def too_short(spot: Spot) -> Iterator[Fault]:
    """Break `minLength`."""
    bound = spot.assertion.value
    if bound > 0:
        yield put(f"{bound - 1}-characters", spot.location, spot.value[: bound - 1])
        yield put("empty", spot.location, "")


def too_long(spot: Spot) -> Iterator[Fault]:
    """Break `maxLength`."""
    for name, length in (
        (f"{spot.assertion.value + 1}-characters", spot.assertion.value + 1),
        ("far-too-long", spot.assertion.value * 10 + 7),
    ):
        yield put(name, spot.location, fitted(spot.value, length, length))


def too_few(spot: Spot) -> Iterator[Fault]:
    """Break `minItems`."""
    size = len(spot.value)
    for wanted in range(spot.assertion.value - 1, -1, -1)[:_NEAR]:
        gone = [(*spot.location, index) for index in range(size - 1, wanted - 1, -1)]
        yield drop(f"{wanted}-for-{size}", *gone)


def too_many(spot: Spot) -> Iterator[Fault]:
    """Break `maxItems`."""
    size = len(spot.value)
    for wanted in range(spot.assertion.value + 1, spot.assertion.value + 1 + _NEAR):
        more = [_another(spot, index) for index in range(size, wanted)]
        yield extend(f"{wanted}-for-{spot.assertion.value}", spot.location, *more)
    if size == spot.assertion.value > 0 and _another(spot, size) != spot.value[-1]:
        # What is known to the target stands there twice: only the count is wrong.
        yield extend("same-again", spot.location, spot.value[-1])


def _another(spot: Spot, index: int) -> Json:
    """Return one more item, unlike those that are there."""
    if spot.value:
        last = spot.value[-1]
        if isinstance(last, str) and len(last) == 36:
            return sibling_id(last, index)
        return last
    for shape in spot.bodies.shapes_at((*spot.assertion.instance, "*")):
        if shape.examples:
            return shape.examples[index % len(shape.examples)]
    return None


def too_few_members(spot: Spot) -> Iterator[Fault]:
    """Break `minProperties`."""
    wanted = spot.assertion.value - 1
    names = list(spot.value)[wanted:]
    yield drop(f"{wanted}-members", *((*spot.location, name) for name in names))


def too_many_members(spot: Spot) -> Iterator[Fault]:
    """Break `maxProperties`."""
    value = dict(spot.value)
    while len(value) <= spot.assertion.value:
        value[f"member-{len(value)}"] = "text"
    yield put(f"{len(value)}-members", spot.location, value)
