"""Values of another JSON type, as near to the twin's value as a lax server would take.

"3" for 3, true for 1, 1.5 for 1, [x] for x: whoever coerces instead of checking is
found by them, and every other sentence still holds under the coercion.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from ringspec.spec import Json, kind_of
from ringspec.strategies.faults.fault import Fault, Spot, put

# A number from here on may be a time; whoever thinks so may take a written one.
_UNIX_TIME = 10**9


def types(spot: Spot) -> Iterator[Fault]:
    """Break `type`."""
    allowed = spot.assertion.value
    allowed = {allowed} if isinstance(allowed, str) else set(allowed)
    if "number" in allowed:
        allowed |= {"integer"}
    first = True
    # Deep inside fewer ways will do: who checks types there at all refuses these.
    spared = {"number", "true"} if len(spot.location) > 1 else set()
    if kind_of(spot.value) in {"string", "boolean"}:
        spared.discard("number")
    for name, value in _nearby(spot.value, allowed):
        if kind_of(value) not in allowed and name not in spared:
            yield put(name, spot.location, value, everywhere=first)
            first = False
    if "null" not in allowed:
        # Settled only where something must stand: whoever picks cases sees to that.
        yield put("null", spot.location, None)


def _nearby(value: Json, allowed: set[str]) -> Iterator[tuple[str, Json]]:
    yield from _NEARBY[kind_of(value)](value)
    if "boolean" not in allowed and kind_of(value) == "integer":
        if value == 1:
            yield "one", True
        elif value == 0:
            yield "zero", False
        else:
            yield "boolean", True


def _of_integer(value: int) -> Iterator[tuple[str, Json]]:
    yield "text", str(value)
    yield "fraction", value + 0.5
    yield "array", [value]
    if value >= _UNIX_TIME:
        yield "date", "2031-01-01T00:00:00Z"


def _of_text(value: str) -> Iterator[tuple[str, Json]]:
    yield "number", int(value) if value.isdecimal() and len(value) < 16 else 7
    yield "array", [value]
    yield "true", True


def _of_boolean(value: bool) -> Iterator[tuple[str, Json]]:  # noqa: FBT001
    yield "text", "true" if value else "false"
    yield "number", int(value)
    yield "array", [value]


def _of_array(value: list[Json]) -> Iterator[tuple[str, Json]]:
    if len(value) == 1:
        yield "item", value[0]
    yield "by-index", {str(index): each for index, each in enumerate(value)}
    yield "text", json.dumps(value)


def _of_object(value: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    yield "text", json.dumps(value, ensure_ascii=False)
    yield "array", [value]
    yield "number", 1


def _of_null(_value: None) -> Iterator[tuple[str, Json]]:
    yield "false", False


_NEARBY: dict[str, Callable[[Json], Iterator[tuple[str, Json]]]] = {
    "integer": _of_integer,
    "number": _of_integer,
    "string": _of_text,
    "boolean": _of_boolean,
    "array": _of_array,
    "object": _of_object,
    "null": _of_null,
}
