"""The bodies of `probe`: they show whether a target enforces a rule."""

from __future__ import annotations

from dataclasses import dataclass

from ringspec.spec import Contract, Json, Location, RuleId, at, patched, same
from ringspec.strategies.bodies.certify import Certifier
from ringspec.strategies.faults import faults_in
from ringspec.strategies.shapes.bodies import bodies_of
from ringspec.strategies.shapes.build import Present, Wish
from ringspec.strategies.shapes.locations import NOTHING, default_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBodies:
    """A valid and an invalid body that show whether a target enforces a rule.

    Attributes:
        valid: the plainest body that has the rule's place.
        invalid: the same body with the rule broken there.
        place: where that is.
        by_default: whether the value there is the default, which a server may fill in
            anyway.
    """

    valid: Json
    invalid: Json
    place: Location
    by_default: bool


def probe_bodies(contract: Contract, rule: RuleId) -> ProbeBodies | None:
    """Return the bodies that show a rule; None if impossible.

    Raises:
        SpecError: the contract has something that cannot be compiled.
    """
    bodies = bodies_of(contract)
    certifier = Certifier(contract)
    for assertion in contract.assertions:
        if assertion.rule != rule:
            continue
        missing = assertion.keyword in {"required", "dependentRequired"}
        place = bodies.place(assertion.instance + (assertion.value,) * missing)
        wishes: dict[Location, Wish] = {place: Present()}
        body = bodies.plain(wishes if place else None)
        if body is None or not bodies.is_settled(body):
            continue
        made = [
            fault
            for _, _, fault in faults_in(bodies, assertion, body)
            if certifier.certified(body, fault, frozenset({rule})) is not NOTHING
        ]
        if made:
            # The last one is the grossest: no reader accepts it, except null, which may
            # equal absence.
            fault = ([each for each in made if each.gap is None] or made)[-1]
            default = default_at(contract, place)
            return ProbeBodies(
                valid=body,
                invalid=patched(body, fault.patch),
                place=place,
                by_default=default is not NOTHING and same(default, at(body, place)),
            )
    return None


def is_settled(contract: Contract, body: Json) -> bool:
    """Return whether a body is valid by a contract's settled form."""
    return bodies_of(contract).is_settled(body)
