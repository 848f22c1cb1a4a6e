"""Faults by family: for each keyword of JSON Schema, the ways in which it is broken.

One file a family; each function takes a spot in a twin and yields faults there. Whether
a fault breaks just its rule is proven afterwards, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringspec.spec import ABOUT, Assertion, Json, Location, at, kind_of
from ringspec.strategies.faults.bounds import (
    above,
    below,
    duplicated,
    multiples,
    repeated,
    too_few,
    too_few_members,
    too_long,
    too_many,
    too_many_members,
    too_short,
)
from ringspec.strategies.faults.branches import excluded, none_of, not_one_of
from ringspec.strategies.faults.enums import enums
from ringspec.strategies.faults.fault import Fault, Spot
from ringspec.strategies.faults.formats import formats
from ringspec.strategies.faults.types import missing, types, unknown
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.locations import locations_of

_FORMS: dict[str, Callable[[Spot], Iterator[Fault]]] = {
    "type": types,
    "enum": enums,
    "const": enums,
    "required": missing,
    "dependentRequired": missing,
    "minimum": below,
    "exclusiveMinimum": below,
    "maximum": above,
    "exclusiveMaximum": above,
    "multipleOf": multiples,
    "minLength": too_short,
    "maxLength": too_long,
    "minItems": too_few,
    "maxItems": too_many,
    "minProperties": too_few_members,
    "maxProperties": too_many_members,
    "format": formats,
    "pattern": formats,
    "uniqueItems": duplicated,
    "contains": repeated,
    "anyOf": none_of,
    "oneOf": not_one_of,
    "not": excluded,
    "additionalProperties": unknown,
    "unevaluatedProperties": unknown,
}

# The same for people: what a fault is about, and the keywords that it breaks.
FAMILIES: dict[str, frozenset[str]] = {
    "type": frozenset({"type"}),
    "enum": frozenset({"enum", "const"}),
    "required": frozenset({"required", "dependentRequired"}),
    "unknown": frozenset({"additionalProperties", "unevaluatedProperties"}),
    "range": frozenset(
        {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"}
    ),
    "length": frozenset({"minLength", "maxLength"}),
    "count": frozenset({"minItems", "maxItems", "minProperties", "maxProperties"}),
    "format": frozenset({"format", "pattern"}),
    "unique": frozenset({"uniqueItems", "contains"}),
    "choice": frozenset({"anyOf", "oneOf", "not"}),
}


def faults(spot: Spot) -> Iterator[Fault]:
    """Yield the ways in which a spot's assertion can be broken there."""
    keyword = spot.assertion.keyword
    kind = kind_of(spot.value).replace("integer", "number")
    if keyword in _FORMS and ABOUT.get(keyword, kind) == kind:
        yield from _FORMS[keyword](spot)


def faults_in(
    bodies: Bodies, assertion: Assertion, body: Json
) -> Iterator[tuple[Location, str, Fault]]:
    """Yield the faults of an assertion in a body: where, in which item, and the fault.

    Of an array the first, a middle and the last item are taken.
    """
    for location, position in locations_of(assertion, body):
        value = at(body, location)
        spot = Spot(bodies=bodies, assertion=assertion, location=location, value=value)
        for fault in faults(spot):
            yield location, position, fault


__all__ = ["FAMILIES", "Fault", "Spot", "faults", "faults_in"]
