"""Arrays with something once too often, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from ringspec.spec import ITEM, Json, pointer
from ringspec.strategies.build import Builder, Unfit
from ringspec.strategies.compile import compile_schema, negate
from ringspec.strategies.faults.fault import Fault, Spot, drop, extend, put
from ringspec.strategies.shape import ANYTHING, Alternatives, admitted, meet
from ringspec.strategies.text import MOST_ITEMS

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
