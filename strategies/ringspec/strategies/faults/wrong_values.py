"""Values of another type, outside a list, or not of a form; members amiss or unknown.

A value of another type is near to the valid one: "3" for 3, true for 1, [x] for x.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from ringspec.spec.rules import Level
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, at_path, canonical, kind_of
from ringspec.strategies.faults.fault import Fault, Spot

# In a contract: values commonly mistaken for one of a list, or for a name.
MISTAKEN = "x-mistaken"
# Most values of another place that are tried; a list of more has shorter names.
FEW = 3
UNKNOWN = "unknown"
OTHER = "of-another-member"
# Rarer misspellings tried where they matter less.
_SOME = 3

# A number from here on may be a time, and a written time be taken for it.
_UNIX_TIME = 10**9

_Named: TypeAlias = Iterator[tuple[str, Json]]
_Forms: TypeAlias = list[tuple[str, Json]]


def enums(spot: Spot) -> Iterator[Fault]:
    """Break `enum` and `const`."""
    keyword = spot.assertion.keyword
    listed = spot.assertion.value if keyword == "enum" else [spot.assertion.value]
    other = sibling(spot.bodies.contract.request.schema, spot.assertion.path[:-1])
    # Values that are right at the same place under another condition.
    choices = [value for shape in spot.shapes() for value in shape.choices() or ()]
    right = {canonical(value) for value in listed}
    elsewhere = {
        canonical(value): (f"{value}-elsewhere", value)
        for value in choices
        if canonical(value) not in right
    }
    rarer: _Forms = []
    if isinstance(spot.value, str):
        rarer = list(_rarely_misspelt(spot.value, listed))
        level = spot.bodies.contract.rules[spot.assertion.rule].level
        if level == Level.MAY or not (spot.is_on_top or len(spot.value) == 1):
            rarer = spot.sample(rarer, _SOME)
        rarer += mistaken(spot.node.get(MISTAKEN, []))
    for name, value in (
        *list(elsewhere.values())[:FEW],
        *_others(spot.value, listed, other),
        *rarer,
    ):
        # Of a long list, one value in another case stands for all.
        if len(listed) > FEW:
            name = name.removeprefix(f"{spot.value}-")  # noqa: PLW2901
        if canonical(value) not in right:
            yield spot.put(name, value, everywhere=name in {UNKNOWN, OTHER})


def sibling(schema: Json, path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a text from the list of another member of the same object, if any."""
    if len(path) < 2 or path[-2] != "properties":
        return ()
    members = at_path(schema, path[:-1])
    listed = members[path[-1]].get("enum", ())
    if not all(isinstance(each, str) for each in listed):
        return ()
    names = list(members)
    at = names.index(path[-1])
    others = (
        value
        for name in (*names[at + 1 :], *names[:at])
        for value in members[name].get("enum", ())
        if isinstance(value, str) and value not in listed
    )
    return tuple(islice(others, 1))


def _others(value: Json, listed: list[Json], other: tuple[str, ...]) -> _Named:
    kind = kind_of(value)
    if kind == "string":
        # A value of another place is an unknown one too.
        yield (OTHER, other[0]) if other else (UNKNOWN, UNKNOWN)
        if value.upper() != value.lower():
            changed = value.upper() if value != value.upper() else value.lower()
            yield f"{value}-in-other-case", changed
            yield "with-a-tail", f"{value}s"
        else:
            yield "doubled", value + value
        yield from (("blank-after", f"{value} "), ("empty", ""))
    elif kind in {"integer", "number"}:
        # Of another branch of a choice, the value may not be listed.
        both = (value, *listed)
        numbers = [each for each in both if kind_of(each) in {"integer", "number"}]
        # From the nearest value, so that dependent values still fit.
        if value == max(numbers):
            yield str(value + 1), value + 1
        if value == min(numbers):
            yield str(value - 1), value - 1
        if min(numbers) < value < max(numbers):
            yield "far-above", max(numbers) * 10 + 69
    elif kind == "array":
        yield from (("item-more", [*value, UNKNOWN]), ("empty", []))
    elif kind == "object":
        yield from (("member-more", {**value, UNKNOWN: UNKNOWN}), ("empty", {}))
    else:
        yield ("negated", not value) if kind == "boolean" else ("false", False)
        yield UNKNOWN, UNKNOWN


def _rarely_misspelt(value: str, listed: list[Json]) -> Iterator[tuple[str, str]]:
    """Yield rarer misspellings: in full where it matters, else a sample."""
    yield "blank-before", f" {value}"
    yield "newline-after", f"{value}\n"
    if len(value) > 1:
        changed = value.capitalize()
        if changed in {value, value.upper()}:
            changed = value.swapcase()
        yield "capitalised", changed
        yield "shortened", value[:-1]
        yield "something-before", f"x{value}"
    head, hyphen, tail = value.partition("-")
    if hyphen:
        yield "underscored", f"{head}_{tail}"
        yield "first-half", head
        texts = (each for each in listed if isinstance(each, str))
        crossed = (f"{head}-{each.partition('-')[2]}" for each in texts)
        found = next((each for each in crossed if each not in listed), None)
        if found is not None:
            yield "crossed", found


def mistaken(values: list[str]) -> Iterator[tuple[str, str]]:
    """Yield values that the contract lists as common mistakes.

    In a name, signs are written by their number.
    """
    for value in values:
        plain = value.isascii() and value.replace("-", "").isalnum()
        word = value if plain else "-".join(f"u{ord(sign):04x}" for sign in value)
        yield f"mistaken-{word}", value


# Nearly any text of one word is one.
_LAX = {"uri", "uri-reference", "iri", "iri-reference", "uri-template"} | {
    *("hostname", "idn-hostname", "duration")
}


def formats(spot: Spot) -> Iterator[Fault]:
    """Break `format` and `pattern`."""
    value, form = spot.value, ""
    if spot.assertion.keyword == "format":
        form = spot.assertion.value
    yield spot.put("text", "not-right", everywhere=True)
    for name, text in (
        ("one-short", value[:-1]),
        ("one-long", f"{value}0"),
        ("something-before", f"{0 if form == 'uuid' else 'x'}{value}"),
        ("other-character", f"{value[:-1]}g"),
        ("blank-after", f"{value} "),
        ("newline-after", f"{value}\n"),
        ("empty", ""),
    ):
        yield spot.put(name, text)
    if spot.bodies.contract.wire is not None:  # a header has no end of blanks
        yield spot.put("sign-after", f"{value}!")
    if spot.assertion.value == "regex":
        yield spot.put("open", "(")
    elif form in _LAX:
        yield spot.put("open", "http://[a b")
    elif form == "uuid":
        yield from _uuids(spot)


def _uuids(spot: Spot) -> Iterator[Fault]:
    """Break `format: uuid` by texts that are nearly one, and by other spellings.

    RFC 9562, section 4, has one form: 8, 4, 4, 4 and 12 hexadecimal digits with hyphens
    between. Many readers know other spellings of the same number, so that refusing
    them binds the least.
    """
    value: str = spot.value
    groups = value.split("-")
    forms: list[tuple[str, str]] = []
    if len(groups) == 5:  # else an example of another form
        for index in range(4):
            changed = [*groups]
            changed[index] = f"{groups[index][:-1]}g"
            forms.append((f"other-character-{index + 1}", "-".join(changed)))
        forms += [("short-before", value[1:]), ("blank-before", f" {value}")]
    spellings = [
        ("moved-hyphen", f"{value[:8]}{value[9:10]}-{value[10:]}"),
        ("without-hyphens", value.replace("-", "")),
        ("braces", f"{{{value}}}"),
        ("urn", f"urn:uuid:{value}"),
    ]
    if not spot.is_on_top:
        forms, spellings = spot.sample(forms, 3), spot.sample(spellings)
    yield from (spot.put(name, text) for name, text in forms)
    for name, text in spellings:
        yield spot.put(name, text, is_lax=True)


def types(spot: Spot) -> Iterator[Fault]:
    """Break `type`."""
    allowed = spot.assertion.value
    allowed = {allowed} if isinstance(allowed, str) else set(allowed)
    if "number" in allowed:
        allowed |= {"integer"}
    kind = kind_of(spot.value)
    forms, rarer = _forms(spot.value)
    if spot.bodies.contract.wire is not None:  # digits are a number's own text
        forms.insert(0, ("word", "word"))
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
        digits = ("padded", " "), ("exponent", "e0"), ("decimal", ".0")
        (name, end), *_ = spot.sample(digits)
        return [*rarer, (name, f"{value}{end}")]
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
            rarer: _Forms = [("empty", ""), ("digit", f"{value:d}")]
            return [*usual, ("array", [value])], rarer
        case int() | float():
            usual = [("text", str(value)), ("fraction", value + 0.5)]
            if value >= _UNIX_TIME:
                usual.append(("date", "2031-01-01T00:00:00Z"))
            rarer = [("array", [value]), ("object", {"value": value}), ("empty", "")]
            return usual, rarer
        case str():
            number = int(value) if value.isdecimal() and len(value) < 16 else 7
            rarer = [("true", True), ("object", {"value": value})]
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


def names(spot: Spot) -> Iterator[Fault]:
    """Break `propertyNames`, with a value that another member has."""
    value = next(iter(spot.value.values()), UNKNOWN)
    for label, name in (("empty", ""), ("blanks", "no name"), ("long", "n" * 300)):
        yield spot.add(f"{label}-name", (name, value))


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
