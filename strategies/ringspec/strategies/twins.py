"""Twins: the accepted bodies that invalid ones are made from, and their contexts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringspec.spec import ITEM, Json, Level, Location, at, canonical
from ringspec.strategies.shape import OTHERS


@dataclass(frozen=True)
class Twin:
    """A valid case's body, and what is typical of it.

    Attributes:
        context: top-level members by value where it is short, else by presence.
        strained: whether a text in it is as short, as long or as odd as may be.
    """

    id: str
    level: Level
    body: Json
    size: int
    context: frozenset[str]
    strained: bool = False


def context(body: Json) -> frozenset[str]:
    """Name what a server may look at before it checks something else."""
    if not isinstance(body, dict):
        return frozenset()
    found: set[str] = set()
    for name, value in body.items():
        found.add(f"{name}")
        if isinstance(value, dict):
            found |= {f"{name}.{child}" for child in value}
        elif isinstance(value, list):
            found.add(f"{name}={len(value)} items")
        elif not isinstance(value, str) or len(value) < 10:
            found.add(f"{name}={canonical(value)}")
    return frozenset(found)


def places(instance: tuple[str, ...], body: Json) -> Iterator[tuple[Location, str]]:
    """Yield each location of an instance path in a body, and which item it is in.

    Of an array the first, a middle and the last item are taken.
    """
    yield from _places(instance, body, (), "")


def _places(
    instance: tuple[str, ...], value: Json, so_far: Location, position: str
) -> Iterator[tuple[Location, str]]:
    if not instance:
        yield so_far, position
        return
    step, rest = instance[0], instance[1:]
    if step == ITEM:
        if isinstance(value, list):
            deep = bool(rest) or len(so_far) > 1
            for index, label in _sampled(value, rest, deep=deep):
                yield from _places(rest, value[index], (*so_far, index), label)
        elif isinstance(value, dict) and OTHERS[0] in value:
            yield from _places(rest, value[OTHERS[0]], (*so_far, OTHERS[0]), position)
    elif isinstance(value, dict) and step in value:
        yield from _places(rest, value[step], (*so_far, step), position)


def _sampled(
    items: list[Json], rest: tuple[str, ...], *, deep: bool
) -> list[tuple[int, str]]:
    size = len(items)
    if size == 1:
        return [(0, "only")]
    if not deep:
        ends = [(0, "first"), (size - 1, "last")]
        return [*ends, (size // 2, "middle")] if size > 2 else ends[:size]
    # Of those that have the place, the first and the last: items are not all alike.
    having = [
        index
        for index, item in enumerate(items)
        if any(True for _ in _places(rest, item, (), ""))
    ]
    if len(having) < 2:
        return [(index, "only") for index in having]
    return [(having[0], "first"), (having[-1], "last")]


def present(body: Json, location: Location) -> bool:
    """Tell whether something stands at a location."""
    try:
        at(body, location)
    except KeyError:
        return False
    return True
