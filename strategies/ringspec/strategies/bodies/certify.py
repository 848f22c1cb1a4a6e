"""Certifying: proof that a fault breaks just its rule, and the bodies of `probe`.

Filled-in defaults must not mend the body, and null is a fault only where a value is
required.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringspec.spec.contract import Contract
from ringspec.spec.parameters import UNREAD
from ringspec.spec.proof import rules_of
from ringspec.spec.rules import Level, RuleId, weakest
from ringspec.spec.values import Json, Location, at, edit, patched, same
from ringspec.strategies.faults import Fault, faults_in
from ringspec.strategies.shapes.bodies import bodies_of
from ringspec.strategies.shapes.build import PRESENT
from ringspec.strategies.shapes.locations import (
    NOTHING,
    default_at,
    instance_path,
    schema_at,
)


class Certifier:
    """Applies faults and proves by both validators which rules break."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def certified(self, valid: Json, fault: Fault, broken: frozenset[RuleId]) -> Json:
        """Return a valid body with a fault, or NOTHING if other rules break.

        A format on which the two validators differ proves nothing.
        """
        body, prover = patched(valid, fault.patch), self.contract.prover
        read = self.contract.as_read(body)
        if (
            read is not UNREAD
            and prover.broken(read) == broken
            and rules_of(prover.breaches_by(read, quick=False)) == broken
            and self._is_settled(body, fault, broken)
        ):
            return body
        return NOTHING

    def level(self, rule: RuleId, fault: Fault, body: Json) -> Level:
        """Return the level of a case of a rule.

        Null where a default may be filled in binds less. Elsewhere null equals absence
        and binds like `required`. Lax faults bind the least.
        """
        if fault.is_lax:
            return Level.MAY
        levels = [self.contract.rules[rule].level]
        if fault.gap is not None and fault.is_null:
            missed = self._missed(body, fault.gap)
            levels += [self.contract.rules[each].level for each in missed]
            if default_at(self.contract, fault.gap) is not NOTHING:
                levels.append(Level.SHOULD)
        return weakest(levels)

    def is_masked(self, valid: Json, fault: Fault) -> bool:
        """Return whether a server that reads a missing array as `[]` refuses anyway.

        Such a server may lack the fault's rule, and refuse the body for another one.
        """
        if fault.gap is None or default_at(self.contract, fault.gap) is not NOTHING:
            return False
        node = schema_at(self.contract.request.schema, instance_path(fault.gap))
        if node.get("type") != "array":
            return False
        empty = patched(valid, (edit("replace", fault.gap, []),))
        return not self.contract.prover.is_valid(empty)

    def _is_settled(self, body: Json, fault: Fault, broken: frozenset[RuleId]) -> bool:
        if fault.gap is None:
            return True
        is_member = bool(fault.gap) and isinstance(fault.gap[-1], str)
        if fault.is_null and is_member and not self._missed(body, fault.gap):
            return False
        default = default_at(self.contract, fault.gap)
        if default is NOTHING:
            return True
        # With the default filled in, the body must be valid or break the same rule.
        filled = patched(body, (edit("add", fault.gap, default),))
        if self.contract.is_settled(filled):
            return True
        return not fault.is_null and self.contract.prover.broken(filled) == broken

    def _missed(self, body: Json, location: Location) -> set[RuleId]:
        """Return the rules that require the member at a location."""
        if not location or isinstance(location[-1], int):
            return set()
        without = patched(body, (edit("remove", location),))
        return {
            breach.assertion.rule
            for breach in self.contract.prover.breaches(without)
            if breach.assertion.keyword == "required"
            and (*breach.location, breach.assertion.value) == location
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBodies:
    """A valid and an invalid body that show whether a target enforces a rule."""

    valid: Json  # the plainest body that has the rule's place
    invalid: Json  # the same body with the rule broken there
    place: Location  # where that is
    # Whether the value there is the default, which a server may fill in anyway.
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
        place = bodies.place(assertion.subject)
        body = bodies.plain({place: PRESENT} if place else None)
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
