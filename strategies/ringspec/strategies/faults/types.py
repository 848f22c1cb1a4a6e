"""Values of another JSON type, members that are missing, and members that are unknown.

A value of another type is near to the valid one, as a lax server would take it: "3" for
3, true for 1, 1.5 for 1, [x] for x. The usual confusions are tried everywhere; the
rarer in full at the top of a body, elsewhere one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

from ringspec.spec import ITEM, Json, kind_of
from ringspec.strategies.faults.enums import MISTAKEN, mistaken
from ringspec.strategies.faults.fault import Fault, Spot

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
    forms, rarer = _forms(spot.value)
    if kind == "integer" and "boolean" not in allowed:
        name = {1: "one", 0: "zero"}.get(spot.value, "boolean")
        forms.append((name, spot.value != 0))
    first = True
    for name, value in (*forms, *_chosen(spot, kind, rarer)):
        if kind_of(value) not in allowed:
            yield spot.put(name, value, everywhere=first)
            first = False
    if "null" not in allowed:
        # A fault only where a value is required: certifying checks that.
        yield spot.put("null", None)


def _chosen(spot: Spot, kind: str, rarer: _Forms) -> _Forms:
    """Choose of the rarer forms: all at the top, one where a value is required."""
    value, instance = spot.value, spot.assertion.instance
    if spot.is_on_top and instance:
        if kind != "integer":
            return rarer
        # Read only by a server that takes plain digits.
        digits = [
            ("padded", f"{value} "),
            ("exponent", f"{value}e0"),
            ("decimal", f"{value}.0"),
        ]
        return [*rarer, *spot.sample(digits)]
    is_needed = instance[-1:] in {(), (ITEM,)} or instance in spot.bodies.needed
    scalar = kind in {"integer", "number", "boolean"}
    return spot.sample(rarer) if is_needed or scalar else []


def _forms(value: Json) -> tuple[_Forms, _Forms]:
    """Return the usual forms of another type, and the rarer ones."""
    match value:
        case None:
            return [("false", False)], []
        case bool():
            names = ("true-as-text", "one") if value else ("text", "number")
            usual = [(names[0], json.dumps(value)), (names[1], int(value))]
            return [*usual, ("array", [value])], [
                ("empty", ""),
                ("digit", f"{value:d}"),
            ]
        case int() | float():
            usual = [("text", str(value)), ("fraction", value + 0.5)]
            if value >= _UNIX_TIME:
                usual.append(("date", "2031-01-01T00:00:00Z"))
            return usual, [
                ("array", [value]),
                ("object", {"value": value}),
                ("empty", ""),
            ]
        case str():
            number = int(value) if value.isdecimal() and len(value) < 16 else 7
            rarer: _Forms = [("true", True), ("object", {"value": value})]
            return [("number", number), ("array", [value])], rarer
        case list():
            usual = [("item", value[0])] if len(value) == 1 else []
            usual.append(("by-index", {str(i): each for i, each in enumerate(value)}))
            rarer = [("empty", ""), ("number", len(value))]
            if len(value) > 1 and not any(isinstance(e, dict | list) for e in value):
                rarer.append(("joined", ",".join(map(str, value))))
            return [*usual, ("text", json.dumps(value))], rarer
    # Some languages write an empty object as an empty array.
    rarer = [("number", 1), ("empty-array", [])]
    return [("text", json.dumps(value, ensure_ascii=False)), ("array", [value])], rarer


def missing(spot: Spot) -> Iterator[Fault]:
    """Break `required` and `dependentRequired`."""
    if spot.assertion.value in spot.value:
        yield spot.drop("missing", spot.assertion.value, everywhere=True)


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
            if invented not in spot.value:
                everywhere = label == "unknown"
                yield spot.add(label, (invented, sibling), everywhere=everywhere)
