"""Steps of a life cycle: requests to the operations that a contract links to a create.

In: accepted and refused cases, and the linked operations. Out: the operations by their
roles, bodies worth sending, states, and steps and cases made of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cached_property
from itertools import chain, pairwise
from typing import Self

from ringspec.spec import (
    Assertion,
    Contract,
    Json,
    Level,
    Link,
    Role,
    RuleId,
    canonical,
    weakest,
)
from ringspec.strategies.case import (
    Case,
    Expect,
    Phase,
    Requests,
    Status,
    Step,
    Want,
    What,
)
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.locations import schema_at

ACCEPTED: Status = ("2xx",)
REFUSED: Status = ("4xx",)
ANY: Status = ("2xx", "3xx", "4xx", "5xx")
# Bodies that are read back, besides the largest and the one with most in lists.
_READ_BACK = 4
# An id that a server is most unlikely to have given out.
_UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
_IN_BRACES = re.compile(r"\{([^}]*)\}")
_ORDER = (Role.LIST, Role.READ, Role.REPLACE, Role.COMMAND, Role.DELETE)


class Lifecycle:
    """The operations on what a contract creates, and the bodies to create it with.

    Attributes:
        accepted: the valid cases, `plain` the plainest.
        refused: the invalid ones.
        captures: pointers to the ids that paths need, by name.
        read, listing, update, delete: operations that the target offers, if any.
        first: states of what was just created from the plainest body.
        waiting: states of what was created from any body, and not begun.
    """

    def __init__(
        self,
        bodies: Bodies,
        accepted: list[Case],
        refused: list[Case],
        missing: Collection[str] = (),
    ) -> None:
        self.bodies, self.accepted, self.refused = bodies, accepted, refused
        self.contract, self.plain = bodies.contract, accepted[0]
        links = self.contract.links
        self.captures = {n: at for each in links for n, at in each.captures.items()}
        offered = [each for each in links if each.name not in missing]
        by_role = {each.role: each for each in reversed(offered)}
        self.read, self.listing = by_role.get(Role.READ), by_role.get(Role.LIST)
        self.delete, update = by_role.get(Role.DELETE), by_role.get(Role.REPLACE)
        self.update = update if update and update.same_body else None
        self.commands = [each for each in offered if each.role == Role.COMMAND]
        self.first = self.read.first if self.read else ()
        begun = [each.transition.comes_from for each in links]
        leaving = [states for states in begun if {*states} & {*self.first}]
        self.waiting = tuple(dict.fromkeys(chain(self.first, *leaving)))

    @classmethod
    def of(cls, contract: Contract, cases: Iterable[Case]) -> Self | None:
        """Take the bodies from a case list; None where nothing has an id."""
        listed = [case for case in cases if case.phase == Phase.CASES]
        accepted = [case for case in listed if case.expect == Expect.ACCEPT]
        if not accepted or not any(each.captures for each in contract.links):
            return None
        # Hypothesis takes a while to load, and a case list needs none of it.
        from ringspec.strategies.shapes.draw import compiled  # noqa: PLC0415

        bodies, _ = compiled(contract)
        return cls(bodies, accepted, [case for case in listed if case.broken])

    def lacking(self, missing: Collection[str]) -> Lifecycle:
        """Return it for a target that does not offer some links."""
        return Lifecycle(self.bodies, self.accepted, self.refused, missing)

    @cached_property
    def rich(self) -> list[Case]:
        """Accepted bodies that differ much, the strongest level first."""
        found: list[Case] = []
        seen: set[str] = set()
        for case in sorted(
            self.accepted, key=lambda each: (each.level.rank, -len(each.request.body))
        ):
            new = {f"{k}={canonical(v)}" for k, v in members(case.body)} - seen
            if len(new) > 2 and len(found) < _READ_BACK:
                found.append(case)
                seen |= new
        others = (
            max(self.accepted, key=lambda each: len(each.request.body)),
            max(self.accepted, key=lambda each: (_varied(each.body), -each.level.rank)),
        )
        return list({each.id: each for each in (*found, *others)}.values())

    @cached_property
    def richest(self) -> Case:
        """The body with most members, at SHOULD or above."""

        def size(case: Case) -> tuple[int, int]:
            given = sum(value is not None for _, value in members(case.body))
            return given, len(case.request.body)

        binding = [case for case in self.accepted if case.level.gates(Level.SHOULD)]
        return max(binding, key=size)

    @cached_property
    def differing(self) -> list[Case]:
        """Accepted bodies that differ much, the plainest first."""
        found = (self.plain, *self.rich, self.richest)
        return list({each.request.body: each for each in found}.values())

    @cached_property
    def faults(self) -> list[Case]:
        """Certified faults of different kinds, of the rules of strongest level."""
        kinds: dict[str, Case] = {}
        for case in sorted(self.refused, key=lambda each: each.level.rank):
            for each in self.contract.assertions if len(case.broken) == 1 else ():
                if each.rule == case.rule:
                    kinds.setdefault(_kind(each), case)
        return list({each.id: each for each in kinds.values()}.values())

    def is_default(self, name: str, value: Json) -> bool:
        """Return whether a value may be shown where a body does not have it."""
        node = schema_at(self.contract.request.schema, (name,))
        return value in (None, False) or value == node.get("default")

    def ids(self, what: What, suffix: str = "", *, listed: bool = False) -> list[Want]:
        """Want something of the ids in an answer, compared with captured ones."""
        return [
            Want(what=what, at=place, value=[value] if listed else value)
            for name, place in self.captures.items()
            for value in (f"{{{name}{suffix}}}",)
        ]

    def same_id(self, suffix: str = "") -> list[Want]:
        """Want an answer to be about what was created."""
        return self.ids(What.IF_SHOWN, suffix, listed=True)

    def create(self, case: Case, suffix: str = "") -> Step:
        """Return the step that creates what a case sends, and captures its ids.

        Args:
            case: an accepted one.
            suffix: of the names of its ids, to tell it from what else was created.

        """
        capture = {f"{name}{suffix}": at for name, at in self.captures.items()}
        return Step(request=case.request, status=ACCEPTED, capture=capture)

    def step(
        self,
        relative: Link,
        status: Status = ACCEPTED,
        *wants: Want,
        content: bytes = b"",
        suffix: str | None = "",
    ) -> Step:
        """Return a step of a linked operation on what was created with a suffix.

        Without a suffix, None, it is about an id that no server has given out.
        """
        request = Requests(self.contract).relative(relative, content)
        named = _UNKNOWN_ID if suffix is None else rf"{{\1{suffix}}}"
        return Step(
            request=replace(request, path=_IN_BRACES.sub(named, request.path)),
            status=status,
            wants=wants,
            link=relative.name,
            paging=relative.paging if relative.role == Role.LIST else None,
        )

    def case(
        self, rule: str, label: str, *steps: Step, like: Case | None = None
    ) -> Case:
        """Return a case of some steps; its level is at most that of the body sent."""
        like, id_ = like or self.plain, RuleId(rule)
        return replace(
            like,
            id=f"{rule}/{label}",
            rule=id_,
            level=weakest((self.contract.rules[id_].level, like.level)),
            request=steps[0].request,
            twin=None,
            fault=None,
            phase=Phase.LIFECYCLE,
            steps=steps,
        )

    def survey(self) -> Case:
        """Return a case that calls each operation once, to see which are offered."""
        links = sorted(self.contract.links, key=lambda each: _ORDER.index(each.role))
        content = self.plain.request.body
        steps = [
            replace(
                self.step(each, ANY, content=content if each.same_body else b""),
                paging=None,
            )
            for each in links
        ]
        return self.case("lifecycle.ids", "survey", self.create(self.plain), *steps)


def _kind(assertion: Assertion) -> str:
    if assertion.keyword == "required" and not assertion.instance:
        return "conditional" if "then" in assertion.path else "required"
    if "then" in assertion.path:
        return "cross-field"
    bounds = {"maximum", "minimum", "maxLength", "maxItems"}
    return "bound" if assertion.keyword in bounds else "any"


def _varied(body: Json) -> int:
    """Count neighbours that differ in a body's lists, palindromes aside."""
    lists = [value for _, value in members(body) if isinstance(value, list)]
    ordered = [each for each in lists if each != each[::-1]]
    return sum(left != right for each in ordered for left, right in pairwise(each))


def members(body: Json) -> list[tuple[str, Json]]:
    """List the members of a body; none where it is no object."""
    return list(body.items()) if isinstance(body, dict) else []


def shows(case: Case) -> Want:
    """Want an answer to show the body of a case."""
    return Want(what=What.SHOWS, value=case.body)
