"""A fault: one edit of a valid body, meant to break one rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

from ringspec.spec.assertions import Assertion
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, Location, at_path, edit
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.shape import Alternatives

_Form = TypeVar("_Form")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One edit of a valid body."""

    name: str  # describes the fault, as a word of a case's id
    patch: tuple[dict[str, Json], ...]  # RFC 6902 operations
    # The place left empty, or null, which a default may fill.
    gap: Location | None = None
    everywhere: bool = False  # whether it is worth trying in each item of an array
    is_lax: bool = False  # whether good readers differ on it: it then binds the least

    @property
    def is_null(self) -> bool:
        """Whether null is put somewhere."""
        return any(it.get("value", it) is None for it in self.patch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a fault may be put."""

    bodies: Bodies
    assertion: Assertion
    location: Location  # where the assertion applies in a valid body
    value: Json  # the value there
    body: Json  # all of it

    @property
    def node(self) -> dict[str, Json]:
        """The subschema that the assertion stands in."""
        return dict(at_path(self.bodies.contract.request.schema, self.assertion.stem))

    @property
    def is_on_top(self) -> bool:
        """Whether it is at the top of a body, or an item of a member there."""
        return sum(step != ITEM for step in self.assertion.instance) <= 1

    @property
    def is_choice(self) -> bool:
        """Whether it is a choice whose branches have rules of their own."""
        return self.assertion.path in self.bodies.contract.chosen

    def shapes(self, *steps: str) -> Alternatives:
        """Return the shapes that the contract allows there, or some steps below."""
        return tuple(self.bodies.shapes_at((*self.assertion.instance, *steps)))

    def put(
        self, name: str, value: Json, *, everywhere: bool = False, is_lax: bool = False
    ) -> Fault:
        """Return the fault of another value there."""
        return Fault(
            name=name,
            patch=(edit("replace", self.location, value),),
            gap=self.location if value is None else None,
            everywhere=everywhere,
            is_lax=is_lax,
        )

    def drop(self, name: str, *steps: str | int, everywhere: bool = False) -> Fault:
        """Return the fault of missing members or items of the value."""
        places = [(*self.location, step) for step in steps]
        return Fault(
            name=name,
            patch=tuple(edit("remove", each) for each in places),
            gap=places[0] if len(places) == 1 else None,
            everywhere=everywhere,
        )

    def add(
        self, name: str, *added: tuple[str | int, Json], everywhere: bool = False
    ) -> Fault:
        """Return the fault of surplus members or items, `-` for one at the end."""
        edits = (edit("add", (*self.location, step), value) for step, value in added)
        return Fault(name=name, patch=tuple(edits), everywhere=everywhere)

    def sample(self, forms: Sequence[_Form], count: int = 1) -> list[_Form]:
        """Return some forms of a fault, chosen by a hash of the place."""
        start = crc32("/".join(self.assertion.instance).replace(ITEM, "*").encode())
        size = len(forms)
        return [forms[(start + index) % size] for index in range(min(count, size))]
