"""Ways: all that walks can be made of, for one contract and target.

In: the operations that a contract links to a create, a case list, and what the target
does not offer. Out: the operations by their roles, bodies, and states.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from ringspec.spec import Contract, Link, Role
from ringspec.strategies.case import Case, Expect, Phase, Status
from ringspec.strategies.phases.scribe import Scribe
from ringspec.strategies.shapes.draw import compiled
from ringspec.strategies.walks.moves import Deed

_ANY: Status = ("2xx", "3xx", "4xx", "5xx")


@dataclass(frozen=True)
class Ways:
    """All that walks can be made of, for one contract and target.

    Attributes:
        missing: links to operations that the target does not offer.
    """

    scribe: Scribe
    missing: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        contract: Contract,
        cases: Iterable[Case],
        missing: Iterable[str] = (),
    ) -> Self | None:
        """Gather them from a case list; None where nothing has an id."""
        listed = [case for case in cases if case.phase == Phase.CASES]
        accepted = [case for case in listed if case.expect == Expect.ACCEPT]
        refused = [case for case in listed if case.broken]
        if not accepted or not any(each.captures for each in contract.links):
            return None
        bodies, _ = compiled(contract)
        return cls(Scribe(bodies, accepted, refused), frozenset(missing))

    @property
    def contract(self) -> Contract:
        """The contract that links the operations."""
        return self.scribe.contract

    @cached_property
    def bodies(self) -> list[Case]:
        """Accepted bodies that differ much, the plainest first."""
        scribe = self.scribe
        found = (scribe.plain, *scribe.rich, scribe.richest)
        return list({each.request.body: each for each in found}.values())

    @cached_property
    def faults(self) -> list[Case]:
        """Certified invalid bodies of different kinds."""
        return self.scribe.faults if self.update else []

    @cached_property
    def read(self) -> Link | None:
        """The operation that reads one."""
        return self._one(Role.READ)

    @cached_property
    def listing(self) -> Link | None:
        """The operation that lists them all."""
        return self._one(Role.LIST)

    @cached_property
    def update(self) -> Link | None:
        """The operation that gives one another body."""
        found = self._one(Role.REPLACE)
        return found if found and found.same_body else None

    @cached_property
    def delete(self) -> Link | None:
        """The operation that deletes one."""
        return self._one(Role.DELETE)

    @cached_property
    def commands(self) -> tuple[Link, ...]:
        """The commands, in their order."""
        return tuple(each for each in self._offered if each.role == Role.COMMAND)

    @property
    def _offered(self) -> Iterable[Link]:
        relatives = self.contract.links
        return (each for each in relatives if each.name not in self.missing)

    def _one(self, role: Role) -> Link | None:
        return next((each for each in self._offered if each.role == role), None)

    @cached_property
    def first(self) -> frozenset[str]:
        """The states of what was just created from the plainest body."""
        return frozenset(self.read.first) if self.read else frozenset()

    @cached_property
    def waiting(self) -> frozenset[str]:
        """The states of what was created from any body, and not begun."""
        return self.first.union(
            *(
                each.transition.comes_from
                for each in self.contract.links
                if self.first & set(each.transition.comes_from)
            )
        )

    def deeds(self) -> list[tuple[Deed, int]]:
        """List what can be done to a thing, each with how many choices there are."""
        found = [
            (Deed.READ, 1 if self.read else 0),
            (Deed.UPDATE, len(self.bodies) if self.update else 0),
            (Deed.SPOIL, len(self.faults)),
            (Deed.DELETE, 1 if self.delete else 0),
            (Deed.COMMAND, len(self.commands)),
        ]
        return [each for each in found if each[1]]

    def survey(self) -> Case:
        """Return a case that asks each operation once, whatever comes of it.

        It is a case of the phase lifecycle, by which it is told what is not offered.
        """
        scribe = self.scribe
        roles = [Role.LIST, Role.READ, Role.REPLACE, Role.COMMAND, Role.DELETE]
        ordered = sorted(self.contract.links, key=lambda r: roles.index(r.role))
        content = scribe.plain.request.body
        asked = (
            scribe.step(each, _ANY, content=content if each.same_body else b"")
            for each in ordered
        )
        steps = (replace(each, paging=None) for each in asked)
        return scribe.case(
            "lifecycle.ids",
            "survey",
            scribe.create(scribe.plain),
            *steps,
            like=scribe.plain,
        )
