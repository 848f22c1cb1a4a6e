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

_ROWS: tuple[tuple[str, Callable[[Spot], Iterator[Fault]], str], ...] = (
    ("type", wrong_values.types, "type"),
    ("enum", wrong_values.enums, "enum const"),
    ("required", wrong_values.missing, "required dependentRequired"),
    ("unknown", wrong_values.unknown, "additionalProperties unevaluatedProperties"),
    ("unknown", wrong_values.names, "propertyNames"),
    ("range", bounds.out_of_range, "minimum exclusiveMinimum maximum exclusiveMaximum"),
    ("range", bounds.multiples, "multipleOf"),
    ("length", bounds.too_short, "minLength"),
    ("length", bounds.too_long, "maxLength"),
    ("count", bounds.too_few, "minItems"),
    ("count", bounds.too_many, "maxItems"),
    ("count", bounds.too_few_members, "minProperties"),
    ("count", bounds.too_many_members, "maxProperties"),
    ("format", wrong_values.formats, "format pattern"),
    ("unique", bounds.duplicated, "uniqueItems"),
    ("unique", bounds.repeated, "contains"),
    ("choice", branches.none_of, "anyOf"),
    ("choice", branches.not_one_of, "oneOf"),
    ("choice", branches.excluded, "not"),
)
# By family of faults, the keywords that they break.
FAMILIES: dict[str, list[str]] = {}
for _family, _, _keywords in _ROWS:
    FAMILIES.setdefault(_family, []).extend(_keywords.split())
_FORMS = {keyword: form for _, form, listed in _ROWS for keyword in listed.split()}


def faults_in(
    bodies: Bodies, assertion: Assertion, body: Json
) -> Iterator[tuple[Location, str, Fault]]:
    """Yield the faults of an assertion in a body: where, in which item, and the fault.

    Of an array the first, a middle and the last item are taken.
    """
    keyword = assertion.keyword
    places = locations_of(assertion, body) if keyword in _FORMS else ()
    for location, position in places:
        value = at(body, location)
        kind = kind_of(value).replace("integer", "number")
        spot = Spot(bodies=bodies, assertion=assertion, location=location, value=value)
        for fault in _FORMS[keyword](spot) if ABOUT.get(keyword, kind) == kind else ():
            yield location, position, fault


__all__ = ["FAMILIES", "Fault", "faults_in"]
