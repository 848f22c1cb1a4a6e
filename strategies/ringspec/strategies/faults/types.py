"""Values of another JSON type, as near to the twin's value as a lax server would take.

"3" for 3, true for 1, 1.5 for 1, [x] for x: whoever coerces instead of checking is
found by them, and every other sentence still holds under the coercion. What is taken
for another type most often is tried everywhere, the rest in full at the top of a body
only: deep inside each place is dealt one of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from ringspec.spec import Json, kind_of, pointer
from ringspec.strategies.faults.enums import MISTAKEN, mistaken
from ringspec.strategies.faults.fault import Fault, Spot, dealt, drop, put


def missing(spot: Spot) -> Iterator[Fault]:
    """Break `required` and `dependentRequired`."""
    if spot.assertion.value in spot.value:
        place = (*spot.location, spot.assertion.value)
        yield drop("missing", place, everywhere=True)


def unknown(spot: Spot) -> Iterator[Fault]:
    """Break `additionalProperties: false`, with a value that a sibling has."""
    for name, sibling in spot.value.items():
        for label, invented in (
            ("unknown", "unknown"),
            ("doubled", f"{name}{name}"),
            ("in-other-case", name.swapcase()),
            *_words(list(spot.node.get("properties", ()))),
            *mistaken(spot.node.get(MISTAKEN, [])),
        ):
            path = pointer((*spot.location, invented))
            operation = {"op": "add", "path": path, "value": sibling}
            if invented not in spot.value:
                everywhere = label == "unknown"
                yield Fault(name=label, patch=(operation,), everywhere=everywhere)


def _words(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the first name that is a word in two misspellings."""
    for word in [each for each in names if len(each) > 1][:1]:
        yield "capitalised", word.capitalize()
        yield "blank-after", f"{word} "


# A number from here on may be a time; whoever thinks so may take a written one.
_UNIX_TIME = 10**9
_SCALAR = frozenset({"integer", "number", "boolean"})
_Forms = Iterator[tuple[str, Json]]


def types(spot: Spot) -> Iterator[Fault]:
    """Break `type`."""
    allowed = spot.assertion.value
    allowed = {allowed} if isinstance(allowed, str) else set(allowed)
    if "number" in allowed:
        allowed |= {"integer"}
    first = True
    for name, value in (*_usual(spot.value, allowed), *_rarer(spot)):
        if kind_of(value) not in allowed:
            yield put(name, spot.location, value, everywhere=first)
            first = False
    if "null" not in allowed:
        # Settled only where something must stand: whoever picks cases sees to that.
        yield put("null", spot.location, None)


def _usual(value: Json, allowed: set[str]) -> _Forms:
    yield from _USUAL[kind_of(value)](value)
    if "boolean" not in allowed and kind_of(value) == "integer":
        if value == 1:
            yield "one", True
        elif value == 0:
            yield "zero", False
        else:
            yield "boolean", True


def _rarer(spot: Spot) -> _Forms:
    """Yield the rarer forms: all at the top, one where something must stand."""
    kind = kind_of(spot.value)
    forms = list(_RARER[kind](spot.value))
    if spot.is_on_top and not spot.is_whole:
        yield from forms
        if kind == "integer":
            yield from dealt(spot, _written(spot.value))
    elif spot.is_needed or kind in _SCALAR:
        yield from dealt(spot, forms)


def _of_integer(value: int) -> _Forms:
    yield "text", str(value)
    yield "fraction", value + 0.5
    if value >= _UNIX_TIME:
        yield "date", "2031-01-01T00:00:00Z"


def _rarer_of_integer(value: int) -> _Forms:
    yield "array", [value]
    yield "object", {"value": value}
    yield "empty", ""


def _written(value: int) -> list[tuple[str, Json]]:
    """List what is taken by whoever takes plain digits, and hardly by others."""
    return [
        ("padded", f"{value} "),
        ("exponent", f"{value}e0"),
        ("decimal", f"{value}.0"),
    ]


def _of_text(value: str) -> _Forms:
    yield "number", int(value) if value.isdecimal() and len(value) < 16 else 7
    yield "array", [value]


def _rarer_of_text(value: str) -> _Forms:
    yield "true", True
    yield "object", {"value": value}


def _of_boolean(value: bool) -> _Forms:  # noqa: FBT001
    yield "true-as-text" if value else "text", json.dumps(value)
    yield "one" if value else "number", int(value)
    yield "array", [value]


def _rarer_of_boolean(value: bool) -> _Forms:  # noqa: FBT001
    yield "empty", ""
    yield "digit", str(int(value))


def _of_array(value: list[Json]) -> _Forms:
    if len(value) == 1:
        yield "item", value[0]
    yield "by-index", {str(index): each for index, each in enumerate(value)}
    yield "text", json.dumps(value)


def _rarer_of_array(value: list[Json]) -> _Forms:
    yield "empty", ""
    yield "number", len(value)
    if len(value) > 1 and not any(isinstance(each, dict | list) for each in value):
        yield "joined", ",".join(map(str, value))


def _of_object(value: dict[str, Json]) -> _Forms:
    yield "text", json.dumps(value, ensure_ascii=False)
    yield "array", [value]


def _rarer_of_object(_value: dict[str, Json]) -> _Forms:
    yield "number", 1
    # An empty object of some languages is written so.
    yield "empty-array", []


def _none(_value: Json) -> _Forms:
    yield from ()


def _of_null(_value: None) -> _Forms:
    yield "false", False


_USUAL: dict[str, Callable[[Json], _Forms]] = {
    "integer": _of_integer,
    "number": _of_integer,
    "string": _of_text,
    "boolean": _of_boolean,
    "array": _of_array,
    "object": _of_object,
    "null": _of_null,
}
_RARER: dict[str, Callable[[Json], _Forms]] = {
    "integer": _rarer_of_integer,
    "number": _rarer_of_integer,
    "string": _rarer_of_text,
    "boolean": _rarer_of_boolean,
    "array": _rarer_of_array,
    "object": _rarer_of_object,
    "null": _none,
}
