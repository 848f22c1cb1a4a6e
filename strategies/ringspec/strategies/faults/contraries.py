"""What may not be: values that `not` excludes, and members that may not stand there."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import pointer
from ringspec.strategies.build import Builder, Unfit
from ringspec.strategies.faults.bending import bent, fitting
from ringspec.strategies.faults.fault import Fault, Spot


def excluded(spot: Spot) -> Iterator[Fault]:
    """Break `not`: fit what must not be fitted."""
    if spot.assertion.value:
        yield from bent("excluded", spot, fitting(spot, spot.assertion.value))
    else:
        yield from _forbidden(spot)


def _forbidden(spot: Spot) -> Iterator[Fault]:
    """Put in a member that nothing fits; the spot is the object around it."""
    name = spot.assertion.instance[-1]
    shapes = tuple(spot.bodies.shapes_at(spot.assertion.instance))
    try:
        value = Builder().build(shapes)
    except Unfit:
        value = "text"  # it may stand nowhere
    path = pointer((*spot.location, name))
    operation = {"op": "add", "path": path, "value": value}
    yield Fault(name="given", patch=(operation,), everywhere=True)
