"""Faults by family: for each keyword of JSON Schema, the ways to break it.

Whether a fault breaks just its rule is proven afterwards, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from ringspec.spec.assertions import Assertion
from ringspec.spec.schemas import ABOUT, HOLDS
from ringspec.spec.values import Json, Location, at, kind_of, steps
from ringspec.strategies.faults import built, wrong_values
from ringspec.strategies.faults.fault import Fault, Spot
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.locations import locations_of


def expressed(spot: Spot) -> Iterator[Fault]:
    """Make an expression false, each part of it by itself."""
    bodies, body = spot.bodies, spot.body
    changes = bodies.changes(spot.assertion, body, spot.location, wanted=False)
    for name, patch in islice(changes, _MOST):
        removed = [steps(it["path"]) for it in patch if it["op"] == "remove"]
        gap = removed[0] if len(removed) == len(patch) == 1 else None
        yield Fault(name=name, patch=patch, gap=gap, everywhere=True)


_ROWS: tuple[tuple[str, Callable[[Spot], Iterator[Fault]], str], ...] = (
    ("type", wrong_values.types, "type"),
    ("enum", wrong_values.enums, "enum const"),
    ("required", wrong_values.missing, "required dependentRequired"),
    ("unknown", wrong_values.unknown, "additionalProperties unevaluatedProperties"),
    ("unknown", wrong_values.names, "propertyNames"),
    ("range", built.out_of_range, "minimum exclusiveMinimum maximum exclusiveMaximum"),
    ("range", built.multiples, "multipleOf"),
    ("length", built.too_short, "minLength"),
    ("length", built.too_long, "maxLength"),
    ("count", built.too_few, "minItems"),
    ("count", built.too_many, "maxItems"),
    ("count", built.too_few_members, "minProperties"),
    ("count", built.too_many_members, "maxProperties"),
    ("format", wrong_values.formats, "format pattern"),
    ("unique", built.duplicated, "uniqueItems"),
    ("unique", built.repeated, "contains"),
    ("choice", built.none_of, "anyOf"),
    ("choice", built.not_one_of, "oneOf"),
    ("choice", built.excluded, "not"),
    ("expression", expressed, HOLDS),
)
# Most changes of one expression in one body.
_MOST = 24
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
        spot = Spot(
            bodies=bodies,
            assertion=assertion,
            location=location,
            value=value,
            body=body,
        )
        for fault in _FORMS[keyword](spot) if ABOUT.get(keyword, kind) == kind else ():
            yield location, position, fault


__all__ = ["FAMILIES", "Fault", "faults_in"]
