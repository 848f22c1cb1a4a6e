"""Certifying: whether a fault breaks just its rule, and what it may not touch besides.

In: a twin and a fault. Out: the body, if exactly the rule is broken. The letter of the
contract is not the whole: a default that a server may fill in must mend the body, and
null is a fault only where something has to stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import jsonschema_rs

from ringspec.spec import (
    ITEM,
    Assertion,
    Contract,
    Json,
    Level,
    Location,
    RuleId,
    at,
    patched,
    pointer,
    rules_of,
    weakest,
)
from ringspec.strategies.bodies.contexts import Twin
from ringspec.strategies.faults import Fault
from ringspec.strategies.shapes.locations import (
    NOTHING,
    at_path,
    instance_path,
    keywords,
    schema_at,
)


@dataclass(frozen=True)
class Conditions:
    """Decides `if` for assertions inside `then` and `else`."""

    contract: Contract
    _validators: dict[tuple[str, ...], jsonschema_rs.Draft202012Validator] = field(
        default_factory=dict
    )

    def hold(self, assertion: Assertion, body: Json) -> bool:
        """Tell whether every branch around an assertion is taken in a body.

        Conditions on items of arrays are taken to hold: each item has its own.
        """
        steps = list(keywords(assertion.path))
        for index, step in steps:
            if step in {"then", "else"}:
                # Each member stepped into after the branch is one step of the place.
                inside = sum(at > index and name == "properties" for at, name in steps)
                instance = assertion.instance[: len(assertion.instance) - inside]
                if ITEM in assertion.instance:
                    continue
                try:
                    value = at(body, instance)
                except KeyError:
                    return False
                taken = self._validator(assertion.path[:index]).is_valid(value)
                if taken != (step == "then"):
                    return False
        return True

    def _validator(self, path: tuple[str, ...]) -> jsonschema_rs.Draft202012Validator:
        if path not in self._validators:
            condition = at_path(self.contract.request.schema, (*path, "if"))
            self._validators[path] = jsonschema_rs.Draft202012Validator(condition)
        return self._validators[path]


@dataclass(frozen=True)
class Certifier:
    """Applies faults and judges what they break, by both validators."""

    contract: Contract

    def certified(self, twin: Twin, fault: Fault, broken: frozenset[RuleId]) -> Json:
        """Return the twin's body with the fault, or NOTHING if not just those break."""
        body = patched(twin.body, fault.patch)
        prover = self.contract.prover
        if prover.broken(body) != broken:
            return NOTHING
        # Readers differ on some formats: what they differ on is no proof.
        if rules_of(prover.breaches_by_second(body)) != broken:
            return NOTHING
        return body if self._settled(body, fault, broken) else NOTHING

    def level(self, level: Level, fault: Fault, body: Json) -> Level:
        """Return the level of a case: null for a default binds less.

        Elsewhere null is a fault as it may mean that nothing is there: it binds as much
        as that something must be. What good readers differ on binds the least.
        """
        if fault.is_lax:
            return Level.MAY
        if fault.gap is None or not _is_null(fault):
            return level
        found = [level]
        if self._default(fault) is not NOTHING:
            found.append(Level.SHOULD)
        rules = self.contract.rules
        found += [rules[each].level for each in self._missed(body, fault.gap)]
        return weakest(found)

    def is_masked(self, twin: Twin, fault: Fault) -> bool:
        """Tell whether who reads no array as an empty one finds something else wrong.

        Such a fault is refused for another reason by whoever misses the rule.
        """
        if fault.gap is None or self._default(fault) is not NOTHING:
            return False
        node = schema_at(self.contract.request.schema, instance_path(fault.gap))
        if node.get("type") != "array":
            return False
        empty = {"op": "replace", "path": pointer(fault.gap), "value": []}
        return not self.contract.prover.is_valid(patched(twin.body, (empty,)))

    def _settled(self, body: Json, fault: Fault, broken: frozenset[RuleId]) -> bool:
        if fault.gap is None:
            return True
        if _is_null(fault) and not self._must_stand(body, fault.gap):
            return False
        default = self._default(fault)
        if default is NOTHING:
            return True
        # A server may fill in the default: the body must then be a valid one, or be
        # refused for the same rule.
        path = pointer(fault.gap)
        filled = patched(body, ({"op": "add", "path": path, "value": default},))
        if self.contract.settled_prover.is_valid(filled):
            return True
        return not _is_null(fault) and self.contract.prover.broken(filled) == broken

    def _must_stand(self, body: Json, location: Location) -> bool:
        """Tell whether something is required there, by the rest of the body too."""
        is_member = bool(location) and isinstance(location[-1], str)
        return not is_member or bool(self._missed(body, location))

    def _missed(self, body: Json, location: Location) -> set[RuleId]:
        """Return the rules that require the member that stands somewhere."""
        if not location or isinstance(location[-1], int):
            return set()
        without = patched(body, ({"op": "remove", "path": pointer(location)},))
        return {
            breach.assertion.rule
            for breach in self.contract.prover.breaches(without)
            if breach.assertion.keyword == "required"
            and (*breach.location, breach.assertion.value) == location
        }

    def _default(self, fault: Fault) -> Json:
        if fault.gap is None:
            return NOTHING
        node = schema_at(self.contract.request.schema, instance_path(fault.gap))
        return node.get("default", NOTHING)


def _is_null(fault: Fault) -> bool:
    return any(
        operation["op"] == "replace" and operation["value"] is None
        for operation in fault.patch
    )
