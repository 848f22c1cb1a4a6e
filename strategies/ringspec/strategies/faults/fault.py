"""A fault: one edit of a valid body, meant to break one rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

from ringspec.spec import ITEM, Assertion, Json, Level, Location, at_path, pointer
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.shape import Alternatives

_Form = TypeVar("_Form")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a fault may be put.

    Attributes:
        location: where the assertion applies in a valid body.
        value: the value there.
    """

    bodies: Bodies
    assertion: Assertion
    location: Location
    value: Json

    @property
    def node(self) -> dict[str, Json]:
        """The subschema that the assertion stands in."""
        schema = self.bodies.contract.request.schema
        return dict(at_path(schema, self.assertion.stem))

    @property
    def level(self) -> Level:
        """How strongly the assertion's rule binds."""
        return self.bodies.contract.rules[self.assertion.rule].level

    @property
    def is_on_top(self) -> bool:
        """Whether it is at the top of a body, or an item of a member there."""
        return sum(step != ITEM for step in self.assertion.instance) <= 1

    @property
    def is_whole(self) -> bool:
        """Whether it is the body itself."""
        return not self.assertion.instance

    @property
    def is_needed(self) -> bool:
        """Whether a value is required there, if its parent is present."""
        instance = self.assertion.instance
        return instance[-1:] in {(), (ITEM,)} or instance in self.bodies.needed

    @property
    def is_choice(self) -> bool:
        """Whether it is a choice whose branches have rules of their own."""
        return self.assertion.path in self.bodies.contract.chosen

    @property
    def shapes(self) -> Alternatives:
        """The shapes that the contract allows there."""
        return tuple(self.bodies.shapes_at(self.assertion.instance))

    def shapes_below(self, step: str) -> Alternatives:
        """Return the shapes that the contract allows for a member or item of it."""
        return tuple(self.bodies.shapes_at((*self.assertion.instance, step)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One edit of a valid body.

    Attributes:
        name: describes the fault, as a word of a case's id.
        patch: RFC 6902 operations.
        gap: the place left empty, or null, which a default may fill.
        everywhere: whether it is worth trying in each item of an array.
        is_lax: whether good readers differ on it: it then binds the least.
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
    """Return the fault of another value at a location."""
    operation = {"op": "replace", "path": pointer(location), "value": value}
    return Fault(
        name=name,
        patch=(operation,),
        gap=location if value is None else None,
        everywhere=everywhere,
        is_lax=is_lax,
    )


def drop(name: str, *locations: Location, everywhere: bool = False) -> Fault:
    """Return the fault of missing values."""
    return Fault(
        name=name,
        patch=tuple({"op": "remove", "path": pointer(each)} for each in locations),
        gap=locations[0] if len(locations) == 1 else None,
        everywhere=everywhere,
    )


def extend(name: str, location: Location, *values: Json) -> Fault:
    """Return the fault of surplus items in an array."""
    path = pointer((*location, "-"))
    return Fault(
        name=name,
        patch=tuple({"op": "add", "path": path, "value": each} for each in values),
    )


def sample_by_place(spot: Spot, forms: Sequence[_Form], count: int = 1) -> list[_Form]:
    """Return some forms of a fault, chosen by a hash of the place."""
    start = crc32("/".join(spot.assertion.instance).encode())
    size = len(forms)
    return [forms[(start + index) % size] for index in range(min(count, size))]
