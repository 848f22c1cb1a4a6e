"""Members that are not there, and members that should not be."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import pointer
from ringspec.strategies.faults.fault import Fault, Spot, drop
from ringspec.strategies.faults.spelling import MISTAKEN, mistaken


def missing(spot: Spot) -> Iterator[Fault]:
    """Break `required` and `dependentRequired`."""
    if spot.assertion.value in spot.value:
        place = (*spot.location, spot.assertion.value)
        yield drop("missing", place, everywhere=True)


def unknown(spot: Spot) -> Iterator[Fault]:
    """Break `additionalProperties: false`, with a value that a sibling has."""
    for name, sibling in spot.value.items():
        for label, invented in (
            ("unknown", "unknown"),
            ("doubled", f"{name}{name}"),
            ("in-other-case", name.swapcase()),
            *_words(list(spot.node.get("properties", ()))),
            *mistaken(spot.node.get(MISTAKEN, [])),
        ):
            path = pointer((*spot.location, invented))
            operation = {"op": "add", "path": path, "value": sibling}
            if invented not in spot.value:
                everywhere = label == "unknown"
                yield Fault(name=label, patch=(operation,), everywhere=everywhere)


def _words(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the first name that is a word in two misspellings."""
    for word in [each for each in names if len(each) > 1][:1]:
        yield "capitalised", word.capitalize()
        yield "blank-after", f"{word} "
