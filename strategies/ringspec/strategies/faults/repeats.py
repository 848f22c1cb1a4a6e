"""Arrays with something once too often, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import Json, pointer
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
            other = _differing(item)
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


def _differing(item: Json) -> Json:
    if not isinstance(item, dict):
        return item
    texts = [name for name, value in item.items() if isinstance(value, str)]
    longest = max(texts, key=lambda name: len(item[name]), default=None)
    if longest is None or len(item[longest]) < 3:
        return item
    return {**item, longest: item[longest][::-1]}


def duplicated(spot: Spot) -> Iterator[Fault]:
    """Break `uniqueItems`."""
    if spot.value:
        yield extend("same-again", spot.location, spot.value[0])
