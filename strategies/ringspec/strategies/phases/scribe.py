"""The scribe: writes the steps and cases of a life, for one contract.

In: accepted and refused cases, and the operations that the contract links to a create.
Out: steps that create, read, list and so on, and cases made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from ringspec.spec import (
    Contract,
    Json,
    Level,
    Link,
    Role,
    RuleId,
    canonical,
    weakest,
)
from ringspec.strategies.case import Case, Phase, Requests, Status, Step, Want, What
from ringspec.strategies.shapes.bodies import Bodies

ACCEPTED: Status = ("2xx",)
REFUSED: Status = ("4xx",)
# What the ids of a second thing are captured under ends so.
OTHER = "other"
# How many bodies are read back, besides the largest and the one with most in lists.
READ_BACK = 4


@dataclass(frozen=True)
class Scribe:
    """Writes the cases of one contract.

    Attributes:
        accepted: the valid cases, the plainest first.
        refused: the invalid ones.
    """

    bodies: Bodies
    accepted: list[Case]
    refused: list[Case]

    @property
    def contract(self) -> Contract:
        """The contract whose cases are written."""
        return self.bodies.contract

    @cached_property
    def requests(self) -> Requests:
        """What writes its requests."""
        return Requests(self.contract)

    @cached_property
    def captures(self) -> dict[str, str]:
        """Pointers to the ids that paths need, by name."""
        return {
            name: place
            for relative in self.contract.links
            for name, place in relative.captures.items()
        }

    def one(self, role: Role) -> Link | None:
        """Return the first operation of a role, if there is one."""
        found = (each for each in self.contract.links if each.role == role)
        return next(found, None)

    def create(self, case: Case, *, other: bool = False) -> Step:
        """Write the step that creates what a case sends, and keeps its ids."""
        suffix = f"-{OTHER}" if other else ""
        capture = {f"{name}{suffix}": at for name, at in self.captures.items()}
        return Step(request=case.request, status=ACCEPTED, capture=capture)

    def step(
        self,
        relative: Link,
        status: Status = ACCEPTED,
        *wants: Want,
        content: bytes = b"",
        other: bool = False,
    ) -> Step:
        """Write a step of a linked operation, on what was created, or the other one."""
        request = self.requests.relative(relative, content)
        if other:
            path = re.sub(r"\{([^}]*)\}", rf"{{\1-{OTHER}}}", request.path)
            request = replace(request, path=path)
        return Step(
            request=request,
            status=status,
            wants=wants,
            link=relative.name,
            paging=relative.paging if relative.role == Role.LIST else None,
        )

    def case(self, rule: str, label: str, *script: Step, like: Case) -> Case:
        """Write a case of some steps; it binds no more than the body it is like."""
        id_ = RuleId(rule)
        return replace(
            like,
            id=f"{rule}/{label}",
            rule=id_,
            level=weakest((self.contract.rules[id_].level, like.level)),
            request=script[0].request,
            twin=None,
            fault=None,
            phase=Phase.LIFECYCLE,
            steps=script,
        )

    @cached_property
    def plain(self) -> Case:
        """The plainest accepted body."""
        return self.accepted[0]

    @cached_property
    def rich(self) -> list[Case]:
        """Accepted bodies that differ much, the best attested first."""
        found: list[Case] = []
        seen: set[str] = set()
        ordered = sorted(self.accepted, key=lambda each: each.level.rank)
        by_size = sorted(
            ordered, key=lambda each: (each.level.rank, -len(each.request.body))
        )
        for case in by_size:
            new = {f"{k}={canonical(v)}" for k, v in members(case.body)} - seen
            if len(new) > 2 and len(found) < READ_BACK:
                found.append(case)
                seen |= new
        others = (
            max(self.accepted, key=lambda each: len(each.request.body)),
            max(self.accepted, key=lambda each: (_varied(each.body), -each.level.rank)),
        )
        return list({each.id: each for each in (*found, *others)}.values())

    @cached_property
    def richest(self) -> Case:
        """The body with most members, unless it binds hardly."""
        binding = [case for case in self.accepted if case.level.gates(Level.SHOULD)]
        return max(binding, key=lambda each: (_said(each.body), len(each.request.body)))

    def same_id(self) -> list[Want]:
        """Want an answer to be about what was created."""
        return [
            Want(what=What.IF_SHOWN, at=place, value=[f"{{{name}}}"])
            for name, place in self.captures.items()
        ]

    @cached_property
    def faults(self) -> list[Case]:
        """Certified faults of different kinds, of the best attested rules."""
        kinds: dict[str, Case] = {}
        for case in sorted(self.refused, key=lambda each: each.level.rank):
            for kind in self._kinds(case):
                kinds.setdefault(kind, case)
        return list({each.id: each for each in kinds.values()}.values())

    def _kinds(self, case: Case) -> Iterator[str]:
        """Name what is special about the rule that a case breaks."""
        for each in self.contract.assertions:
            if each.rule == case.rule and len(case.broken) == 1:
                if each.keyword == "required" and not each.instance:
                    yield "conditional" if "then" in each.path else "required"
                elif "then" in each.path:
                    yield "cross-field"
                elif each.keyword in {"maximum", "minimum", "maxLength", "maxItems"}:
                    yield "bound"
                else:
                    yield "any"


def _said(body: Json) -> int:
    """Count the members that are more than null."""
    return sum(value is not None for _, value in members(body))


def _varied(body: Json) -> int:
    """Count what differs in a body's lists, as far as they have a beginning."""
    lists = [value for _, value in members(body) if isinstance(value, list)]
    ordered = [each for each in lists if each != each[::-1]]
    return sum(left != right for each in ordered for left, right in pairwise(each))


def members(body: Json) -> list[tuple[str, Json]]:
    """List the members of a body; none of what is no object."""
    return list(body.items()) if isinstance(body, dict) else []
