"""A fault: one edit of a valid body, meant to break one rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from zlib import crc32

from ringspec.spec import ITEM, Assertion, Json, Level, Location, pointer
from ringspec.strategies.shapes.bodies import Bodies

_Form = TypeVar("_Form")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a fault may be put.

    Attributes:
        node: the subschema that the assertion stands in.
        location: where it applies in the twin.
        value: what stands there in the twin.
        level: how strict the assertion's rule is.
    """

    bodies: Bodies
    assertion: Assertion
    node: dict[str, Any]
    location: Location
    value: Json
    level: Level = Level.MUST

    @property
    def is_on_top(self) -> bool:
        """Whether it is at the top of a body, or an item of what is there."""
        return sum(step != ITEM for step in self.assertion.instance) <= 1

    @property
    def is_whole(self) -> bool:
        """Whether it is the body itself."""
        return not self.assertion.instance

    @property
    def is_needed(self) -> bool:
        """Whether something has to stand there, if what is around it does."""
        instance = self.assertion.instance
        return instance[-1:] in {(), (ITEM,)} or instance in self.bodies.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One edit of a valid body.

    Attributes:
        name: says what is wrong, as a word of a case's id.
        patch: RFC 6902 operations.
        gap: the place left empty, or null, which a default may fill.
        everywhere: whether it is worth trying in each item of an array.
        is_lax: whether good readers differ on it, so that it binds the least.
    """

    name: str
    patch: tuple[dict[str, Json], ...]
    gap: Location | None = None
    everywhere: bool = False
    is_lax: bool = False


def put(
    name: str,
    location: Location,
    value: Json,
    *,
    everywhere: bool = False,
    is_lax: bool = False,
) -> Fault:
    """Return the fault that another value stands somewhere."""
    operation = {"op": "replace", "path": pointer(location), "value": value}
    return Fault(
        name=name,
        patch=(operation,),
        gap=location if value is None else None,
        everywhere=everywhere,
        is_lax=is_lax,
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


def dealt(spot: Spot, forms: Sequence[_Form], count: int = 1) -> list[_Form]:
    """Return some of the forms of a fault, by the place: each place gets others."""
    start = crc32("/".join(spot.assertion.instance).encode())
    size = len(forms)
    return [forms[(start + index) % size] for index in range(min(count, size))]
