"""Faults by family: for each keyword of JSON Schema, the ways to break it.

Each function takes a spot in a valid body and yields faults there. Whether a fault
breaks just its rule is proven afterwards, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringspec.spec import ABOUT, Assertion, Json, Location, at, kind_of
from ringspec.strategies.faults.bounds import (
    duplicated,
    multiples,
    out_of_range,
    repeated,
    too_few,
    too_few_members,
    too_long,
    too_many,
    too_many_members,
    too_short,
)
from ringspec.strategies.faults.branches import excluded, none_of, not_one_of
from ringspec.strategies.faults.fault import Fault, Spot
from ringspec.strategies.faults.values import enums, formats, missing, types, unknown
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.locations import locations_of

# By family of faults, and by the keyword that they break.
_FAMILIES: dict[str, dict[str, Callable[[Spot], Iterator[Fault]]]] = {
    "type": {"type": types},
    "enum": {"enum": enums, "const": enums},
    "required": {"required": missing, "dependentRequired": missing},
    "unknown": {"additionalProperties": unknown, "unevaluatedProperties": unknown},
    "range": {
        "minimum": out_of_range,
        "exclusiveMinimum": out_of_range,
        "maximum": out_of_range,
        "exclusiveMaximum": out_of_range,
        "multipleOf": multiples,
    },
    "length": {"minLength": too_short, "maxLength": too_long},
    "count": {
        "minItems": too_few,
        "maxItems": too_many,
        "minProperties": too_few_members,
        "maxProperties": too_many_members,
    },
    "format": {"format": formats, "pattern": formats},
    "unique": {"uniqueItems": duplicated, "contains": repeated},
    "choice": {"anyOf": none_of, "oneOf": not_one_of, "not": excluded},
}
# The keywords that a family breaks.
FAMILIES = {name: frozenset(forms) for name, forms in _FAMILIES.items()}
_FORMS = {name: form for forms in _FAMILIES.values() for name, form in forms.items()}


def faults(spot: Spot) -> Iterator[Fault]:
    """Yield the faults that break a spot's assertion."""
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
