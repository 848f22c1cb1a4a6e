"""A fault: one edit of a valid body, meant to break one rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ringspec.spec import Assertion, Json, Location, pointer
from ringspec.strategies.bodies import Bodies


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a fault may be put.

    Attributes:
        node: the subschema that the assertion stands in.
        location: where it applies in the twin.
        value: what stands there in the twin.
    """

    bodies: Bodies
    assertion: Assertion
    node: dict[str, Any]
    location: Location
    value: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One edit of a valid body.

    Attributes:
        name: says what is wrong, as a word of a case's id.
        patch: RFC 6902 operations.
        gap: the place left empty, or null, which a default may fill.
        everywhere: whether it is worth trying in each item of an array.
    """

    name: str
    patch: tuple[dict[str, Json], ...]
    gap: Location | None = None
    everywhere: bool = False


def put(
    name: str, location: Location, value: Json, *, everywhere: bool = False
) -> Fault:
    """Return the fault that another value stands somewhere."""
    operation = {"op": "replace", "path": pointer(location), "value": value}
    return Fault(
        name=name,
        patch=(operation,),
        gap=location if value is None else None,
        everywhere=everywhere,
    )


def drop(name: str, *locations: Location, everywhere: bool = False) -> Fault:
    """Return the fault that something is missing."""
    return Fault(
        name=name,
        patch=tuple({"op": "remove", "path": pointer(each)} for each in locations),
        gap=locations[0] if len(locations) == 1 else None,
        everywhere=everywhere,
    )


def extend(name: str, location: Location, *values: Json) -> Fault:
    """Return the fault that an array has more items."""
    path = pointer((*location, "-"))
    return Fault(
        name=name,
        patch=tuple({"op": "add", "path": path, "value": each} for each in values),
    )
