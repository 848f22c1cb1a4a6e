"""Asking: the bodies that tell whether a target keeps to a contract at one rule.

In: a contract and a rule. Out: the plainest valid body that has the rule's place in it,
and the same with the rule broken there, proven. The fault is the grossest at hand: a
lax reader takes "true" for true, and nobody takes a list for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
from ringspec.strategies.case import Request, Requests, encode
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import Present, Wish
from ringspec.strategies.shapes.locations import (
    NOTHING,
    at_path,
    places,
    schema_at,
    stem,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Two bodies, of which a target that keeps to a rule takes the first alone.

    Attributes:
        valid: a body that has the place which the rule is about.
        invalid: the same, but that the rule is broken there.
        place: where that is.
        fault: what is wrong there, as a word.
        by_default: whether what stands there is what a server may fill in anyway.
    """

    valid: Json
    invalid: Json
    place: Location
    fault: str
    by_default: bool


# Compiling takes a while, and questions come back to the same contract.
_BODIES: dict[str, Bodies] = {}


def _bodies(contract: Contract) -> Bodies:
    return _BODIES.setdefault(contract.sha256, Bodies(contract))


def telling(contract: Contract, rule: RuleId) -> Telling | None:
    """Return the bodies that tell of a rule; None if the contract has no such ones.

    Raises:
        SpecError: the contract has something that cannot be compiled.
    """
    bodies = _bodies(contract)
    certifier = Certifier(bodies.contract)
    for assertion in bodies.contract.assertions:
        if assertion.rule == rule:
            for place, body in _twins(bodies, assertion):
                found = _told(certifier, bodies, assertion, (place, body))
                if found is not None:
                    return found
    return None


def is_valid(contract: Contract, body: Json) -> bool:
    """Tell whether a body is valid to a contract, and settled to be."""
    return _bodies(contract).is_settled(body)


def request_of(contract: Contract, body: Json) -> Request:
    """Return the request that sends a body to the operation."""
    return Requests(contract).create(encode(body))


def _twins(bodies: Bodies, assertion: Assertion) -> Iterator[tuple[Location, Json]]:
    """Yield plain bodies that have the place of an assertion, and where it is."""
    missing = assertion.keyword in {"required", "dependentRequired"}
    instance = (*assertion.instance, assertion.value) if missing else assertion.instance
    place = bodies.place(instance)
    wishes: dict[Location, Wish] = {place: Present()}
    body = bodies.plain(wishes if place else None)
    if body is not None and bodies.is_settled(body):
        yield place, body


def _told(
    certifier: Certifier,
    bodies: Bodies,
    assertion: Assertion,
    twin: tuple[Location, Json],
) -> Telling | None:
    place, body = twin
    like = Twin(
        "", certifier.contract.rules[assertion.rule].level, body, 0, frozenset()
    )
    broken = frozenset({assertion.rule})
    made = [
        fault
        for fault in _faults(bodies, assertion, body)
        if certifier.certified(like, fault, broken) is not NOTHING
    ]
    if not made:
        return None
    # Null may be taken for what is absent.
    fault = ([each for each in made if each.gap is None] or made)[-1]
    return Telling(
        valid=body,
        invalid=patched(body, fault.patch),
        place=place,
        fault=fault.name,
        by_default=_is_default(bodies.contract, place, body),
    )


def _is_default(contract: Contract, place: Location, body: Json) -> bool:
    instance = tuple(ITEM if isinstance(step, int) else step for step in place)
    node = schema_at(contract.request.schema, instance)
    return "default" in node and same(node["default"], at(body, place))


def _faults(bodies: Bodies, assertion: Assertion, body: Json) -> list[Fault]:
    """List the faults of an assertion in a body, from the slightest on."""
    schema = bodies.contract.request.schema
    return [
        fault
        for location, _ in places(assertion.instance, body)
        for fault in faults(
            Spot(
                bodies=bodies,
                assertion=assertion,
                node=at_path(schema, stem(assertion)),
                location=location,
                value=at(body, location),
            )
        )
    ]
