"""Arrays with something once too often, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import ITEM, Json, pointer
from ringspec.strategies.compile import compile_schema
from ringspec.strategies.faults.fault import Fault, Spot, extend
from ringspec.strategies.shape import admitted


def repeated(spot: Spot) -> Iterator[Fault]:
    """Break `contains` with `maxContains`: one fitting item too many.

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
