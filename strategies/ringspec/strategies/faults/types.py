"""Values of another JSON type, members that are missing, and members that are unknown.

A value of another type is near to the valid one, as a lax server would take it: "3" for
3, true for 1, 1.5 for 1, [x] for x. The usual confusions are tried everywhere; the
rarer in full at the top of a body, elsewhere one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TypeAlias

from ringspec.spec import Json, kind_of, pointer
from ringspec.strategies.faults.enums import MISTAKEN, mistaken
from ringspec.strategies.faults.fault import Fault, Spot, drop, put, sample_by_place

# A number from here on may be a time, and a written time be taken for it.
_UNIX_TIME = 10**9
_Forms: TypeAlias = list[tuple[str, Json]]


def types(spot: Spot) -> Iterator[Fault]:
    """Break `type`."""
    allowed = spot.assertion.value
    allowed = {allowed} if isinstance(allowed, str) else set(allowed)
    if "number" in allowed:
        allowed |= {"integer"}
    kind = kind_of(spot.value)
    usual, _ = _FORMS[kind]
    forms = [*usual(spot.value)]
    if kind == "integer" and "boolean" not in allowed:
        name = {1: "one", 0: "zero"}.get(spot.value, "boolean")
        forms.append((name, spot.value != 0))
    first = True
    for name, value in (*forms, *_rarer(spot)):
        if kind_of(value) not in allowed:
            yield put(name, spot.location, value, everywhere=first)
            first = False
    if "null" not in allowed:
        # A fault only where a value is required: certifying checks that.
        yield put("null", spot.location, None)


def _rarer(spot: Spot) -> _Forms:
    """Return the rarer forms: all at the top, one where a value is required."""
    value, kind = spot.value, kind_of(spot.value)
    forms = _FORMS[kind][1](value)
    if spot.is_on_top and not spot.is_whole:
        if kind != "integer":
            return forms
        # Read only by a server that takes plain digits.
        digits = [
            ("padded", f"{value} "),
            ("exponent", f"{value}e0"),
            ("decimal", f"{value}.0"),
        ]
        return [*forms, *sample_by_place(spot, digits)]
    scalar = kind in {"integer", "number", "boolean"}
    return sample_by_place(spot, forms) if spot.is_needed or scalar else []


def _of_integer(value: int) -> _Forms:
    date: _Forms = [("date", "2031-01-01T00:00:00Z")]
    forms: _Forms = [("text", str(value)), ("fraction", value + 0.5)]
    return forms + date if value >= _UNIX_TIME else forms


def _rarer_of_integer(value: int) -> _Forms:
    return [("array", [value]), ("object", {"value": value}), ("empty", "")]


def _of_text(value: str) -> _Forms:
    number = int(value) if value.isdecimal() and len(value) < 16 else 7
    return [("number", number), ("array", [value])]


def _of_boolean(value: bool) -> _Forms:  # noqa: FBT001 - a value of JSON
    names = ("true-as-text", "one") if value else ("text", "number")
    return [(names[0], json.dumps(value)), (names[1], int(value)), ("array", [value])]


def _of_array(value: list[Json]) -> _Forms:
    item: _Forms = [("item", value[0])] if len(value) == 1 else []
    by_index = {str(index): each for index, each in enumerate(value)}
    return [*item, ("by-index", by_index), ("text", json.dumps(value))]


def _rarer_of_array(value: list[Json]) -> _Forms:
    forms: _Forms = [("empty", ""), ("number", len(value))]
    if len(value) > 1 and not any(isinstance(each, dict | list) for each in value):
        forms.append(("joined", ",".join(map(str, value))))
    return forms


def _of_object(value: dict[str, Json]) -> _Forms:
    return [("text", json.dumps(value, ensure_ascii=False)), ("array", [value])]


# By type, the usual forms and the rarer ones.
_FORMS: dict[str, tuple[Callable[[Json], _Forms], Callable[[Json], _Forms]]] = {
    "integer": (_of_integer, _rarer_of_integer),
    "number": (_of_integer, _rarer_of_integer),
    "string": (_of_text, lambda v: [("true", True), ("object", {"value": v})]),
    "boolean": (_of_boolean, lambda v: [("empty", ""), ("digit", str(int(v)))]),
    "array": (_of_array, _rarer_of_array),
    # Some languages write an empty object as an empty array.
    "object": (_of_object, lambda _value: [("number", 1), ("empty-array", [])]),
    "null": (lambda _value: [("false", False)], lambda _value: []),
}


def missing(spot: Spot) -> Iterator[Fault]:
    """Break `required` and `dependentRequired`."""
    if spot.assertion.value in spot.value:
        place = (*spot.location, spot.assertion.value)
        yield drop("missing", place, everywhere=True)


def unknown(spot: Spot) -> Iterator[Fault]:
    """Break `additionalProperties: false`, with a value that a sibling has."""
    # The first name that is a word, in two misspellings.
    words = [each for each in spot.node.get("properties", ()) if len(each) > 1][:1]
    for name, sibling in spot.value.items():
        for label, invented in (
            ("unknown", "unknown"),
            ("doubled", f"{name}{name}"),
            ("in-other-case", name.swapcase()),
            *(("capitalised", word.capitalize()) for word in words),
            *(("blank-after", f"{word} ") for word in words),
            *mistaken(spot.node.get(MISTAKEN, [])),
        ):
            path = pointer((*spot.location, invented))
            operation = {"op": "add", "path": path, "value": sibling}
            if invented not in spot.value:
                everywhere = label == "unknown"
                yield Fault(name=label, patch=(operation,), everywhere=everywhere)
