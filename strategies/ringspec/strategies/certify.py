"""Certifying: whether a fault breaks just its rule, and what it may not touch besides.

In: a twin and a fault. Out: the body, if exactly the rule is broken. The letter of the
contract is not the whole: a default that a server may fill in must mend the body, and
null is a fault only where something has to stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringspec.spec import (
    ITEM,
    Assertion,
    Contract,
    Json,
    Level,
    Location,
    RuleId,
    patched,
    pointer,
    rules_of,
    weakest,
)
from ringspec.strategies.faults import Fault
from ringspec.strategies.twins import Twin

_BRANCHES = frozenset({"then", "else"})
# A step behind these is a name, or a number.
_NAMING = frozenset(
    {
        *("properties", "patternProperties", "dependentSchemas", "prefixItems"),
        *("allOf", "anyOf", "oneOf", "required", "dependentRequired"),
    }
)
# Stands for no value where null is one.
NOTHING = object()


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
        node = schema_at(self.contract.request.schema, _instance(fault.gap))
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
        node = schema_at(self.contract.request.schema, _instance(fault.gap))
        return node.get("default", NOTHING)


def _is_null(fault: Fault) -> bool:
    return any(
        operation["op"] == "replace" and operation["value"] is None
        for operation in fault.patch
    )


def _instance(location: Location) -> tuple[str, ...]:
    return tuple(ITEM if isinstance(step, int) else step for step in location)


def schema_at(schema: Json, instance: tuple[str, ...]) -> dict[str, Json]:
    """Return the base subschema of a place; empty where none is named."""
    for step in instance:
        if step == ITEM:
            schema = schema.get("items", {})
        else:
            schema = schema.get("properties", {}).get(step, {})
        if not isinstance(schema, dict):
            return {}
    return dict(schema)


def keywords(path: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield the keywords in a path, each with its index; the names of members aside."""
    named = False
    for index, step in enumerate(path):
        if named:
            named = False
        else:
            yield index, step
            named = step in _NAMING


def is_conditional(assertion: Assertion) -> bool:
    """Tell whether an assertion holds only if something else does."""
    return any(keyword in _BRANCHES for _, keyword in keywords(assertion.path))


def stem(assertion: Assertion) -> tuple[str, ...]:
    """Return the path of the subschema that an assertion stands in."""
    named = assertion.keyword in {"required", "dependentRequired"}
    return assertion.path[: -2 if named else -1]


def at_path(schema: Json, path: tuple[str, ...]) -> dict[str, Json]:
    """Return the subschema at a path of an inlined schema."""
    for step in path:
        schema = schema[int(step)] if isinstance(schema, list) else schema[step]
    return dict(schema)
