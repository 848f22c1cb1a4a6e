"""Bodies that show whether a target keeps to a contract at one rule.

In: a contract and a rule. Out: the plainest valid body that has the rule's place in it,
and the same with the rule broken there, proven. The fault is the grossest at hand: a
lax server takes "true" for true, but not a list.
"""

from __future__ import annotations

from typing import NamedTuple

from ringspec.spec import (
    ITEM,
    Assertion,
    Contract,
    Json,
    Location,
    RuleId,
    at,
    patched,
    same,
)
from ringspec.strategies.bodies.certify import Certifier
from ringspec.strategies.bodies.contexts import Twin
from ringspec.strategies.faults import Spot, faults
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import Present
from ringspec.strategies.shapes.locations import (
    NOTHING,
    at_path,
    places,
    schema_at,
    stem,
)


class ProbeBodies(NamedTuple):
    """Two bodies, of which a target that keeps to a rule accepts the first alone.

    Attributes:
        valid: a body that has the place which the rule is about.
        invalid: the same, with the rule broken there.
        by_default: whether the value there is one that a server may fill in anyway.
    """

    valid: Json
    invalid: Json
    place: Location
    by_default: bool


# Compiling takes a while, and questions come back to the same contract.
_BODIES: dict[str, Bodies] = {}


def _bodies(contract: Contract) -> Bodies:
    return _BODIES.setdefault(contract.sha256, Bodies(contract))


def is_settled(contract: Contract, body: Json) -> bool:
    """Return whether a body is settled to be valid by a contract."""
    return _bodies(contract).is_settled(body)


def probe_bodies(contract: Contract, rule: RuleId) -> ProbeBodies | None:
    """Return the bodies that show a rule; None if the contract has no such ones.

    Raises:
        SpecError: the contract has something that cannot be compiled.
    """
    bodies = _bodies(contract)
    owned = (each for each in bodies.contract.assertions if each.rule == rule)
    found = (_of_assertion(bodies, each) for each in owned)
    return next((each for each in found if each is not None), None)


def _of_assertion(bodies: Bodies, assertion: Assertion) -> ProbeBodies | None:
    contract, schema = bodies.contract, bodies.contract.request.schema
    missing = assertion.keyword in {"required", "dependentRequired"}
    instance = (*assertion.instance, assertion.value) if missing else assertion.instance
    place = bodies.place(instance)
    body = bodies.plain({place: Present()} if place else None)
    if body is None or not bodies.is_settled(body):
        return None
    certifier, node = Certifier(contract), at_path(schema, stem(assertion))
    twin = Twin("", contract.rules[assertion.rule].level, body, 0, frozenset())
    certified = [
        fault
        for location, _ in places(assertion.instance, body)
        for fault in faults(
            Spot(
                bodies=bodies,
                assertion=assertion,
                node=node,
                location=location,
                value=at(body, location),
            )
        )
        if certifier.certified(twin, fault, frozenset({assertion.rule})) is not NOTHING
    ]
    if not certified:
        return None
    # Null may be taken for what is absent.
    fault = ([each for each in certified if each.gap is None] or certified)[-1]
    steps = tuple(ITEM if isinstance(step, int) else step for step in place)
    default = schema_at(schema, steps).get("default", NOTHING)
    by_default = default is not NOTHING and same(default, at(body, place))
    return ProbeBodies(body, patched(body, fault.patch), place, by_default)
