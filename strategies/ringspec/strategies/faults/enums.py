"""Values outside a list: unknown ones, and known ones misspelt."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import Json
from ringspec.strategies.faults.fault import Fault, Spot, put

FEW = 3
UNKNOWN = "unknown"


def enums(spot: Spot) -> Iterator[Fault]:
    """Break `enum` and `const`."""
    keyword = spot.assertion.keyword
    listed = spot.assertion.value if keyword == "enum" else [spot.assertion.value]
    for name, value in _others(spot.value, listed):
        # Of a long list, one value in another case stands for all.
        if len(listed) > FEW:
            name = name.removeprefix(f"{spot.value}-")  # noqa: PLW2901
        if value not in listed:
            everywhere = value == UNKNOWN
            yield put(name, spot.location, value, everywhere=everywhere)


def _others(value: Json, listed: list[Json]) -> Iterator[tuple[str, Json]]:
    if isinstance(value, str):
        yield from _misspelt(value)
    elif isinstance(value, int):
        numbers = [each for each in listed if isinstance(each, int)]
        # From the nearest value, so that what depends on it is upset the least.
        if value == max(numbers):
            yield str(value + 1), value + 1
        if value == min(numbers):
            yield str(value - 1), value - 1
        if min(numbers) < value < max(numbers):
            yield "far-above", max(numbers) * 10 + 69


def _misspelt(value: str) -> Iterator[tuple[str, str]]:
    yield "unknown", UNKNOWN
    if value.upper() != value.lower():
        changed = value.upper() if value != value.upper() else value.lower()
        yield f"{value}-in-other-case", changed
        yield "capitalised", value[:1].swapcase() + value[1:]
        yield "with-a-tail", f"{value}s"
    else:
        yield "doubled", value + value
    yield "blank-before", f" {value}"
    yield "blank-after", f"{value} "
    yield "empty", ""
