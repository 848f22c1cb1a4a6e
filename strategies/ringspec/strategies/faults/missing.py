"""Members that are not there, and members that should not be."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import pointer
from ringspec.strategies.faults.fault import Fault, Spot, drop


def missing(spot: Spot) -> Iterator[Fault]:
    """Break `required` and `dependentRequired`."""
    if spot.assertion.value in spot.value:
        yield drop("missing", (*spot.location, spot.assertion.value))


def unknown(spot: Spot) -> Iterator[Fault]:
    """Break `additionalProperties: false`, with a value that a sibling has."""
    for name, sibling in spot.value.items():
        for invented in ("unknown", f"{name}{name}", name.swapcase()):
            path = pointer((*spot.location, invented))
            operation = {"op": "add", "path": path, "value": sibling}
            label = "unknown" if invented == "unknown" else "like-a-sibling"
            yield Fault(name=label, patch=(operation,))
