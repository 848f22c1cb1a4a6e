"""Members that are not there, and members that should not be."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import pointer
from ringspec.strategies.faults.fault import Fault, Spot, drop


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
        ):
            path = pointer((*spot.location, invented))
            operation = {"op": "add", "path": path, "value": sibling}
            if invented not in spot.value:
                everywhere = label == "unknown"
                yield Fault(name=label, patch=(operation,), everywhere=everywhere)
