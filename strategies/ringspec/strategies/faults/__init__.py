"""Faults by family: for each keyword of JSON Schema, the ways to break it.

Whether a fault breaks just its rule is proven afterwards, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringspec.spec.assertions import Assertion
from ringspec.spec.schemas import ABOUT
from ringspec.spec.values import Json, Location, at, kind_of
from ringspec.strategies.faults import bounds, branches, wrong_values
from ringspec.strategies.faults.fault import Fault, Spot
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.locations import locations_of

# By family of faults, and by the keyword that they break.
FAMILIES: dict[str, dict[str, Callable[[Spot], Iterator[Fault]]]] = {
    "type": {"type": wrong_values.types},
    "enum": {"enum": wrong_values.enums, "const": wrong_values.enums},
    "required": {
        "required": wrong_values.missing,
        "dependentRequired": wrong_values.missing,
    },
    "unknown": {
        "additionalProperties": wrong_values.unknown,
        "unevaluatedProperties": wrong_values.unknown,
    },
    "range": {
        "minimum": bounds.out_of_range,
        "exclusiveMinimum": bounds.out_of_range,
        "maximum": bounds.out_of_range,
        "exclusiveMaximum": bounds.out_of_range,
        "multipleOf": bounds.multiples,
    },
    "length": {"minLength": bounds.too_short, "maxLength": bounds.too_long},
    "count": {
        "minItems": bounds.too_few,
        "maxItems": bounds.too_many,
        "minProperties": bounds.too_few_members,
        "maxProperties": bounds.too_many_members,
    },
    "format": {"format": wrong_values.formats, "pattern": wrong_values.formats},
    "unique": {"uniqueItems": bounds.duplicated, "contains": bounds.repeated},
    "choice": {
        "anyOf": branches.none_of,
        "oneOf": branches.not_one_of,
        "not": branches.excluded,
    },
}
_FORMS = {name: form for forms in FAMILIES.values() for name, form in forms.items()}


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
