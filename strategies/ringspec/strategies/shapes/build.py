"""Builds one value from shapes, deterministically, with wishes by place.

Texts are readable, fitted to bounds, and examples where a schema has none. Other digits
could be a real number: only a contract may give a text with many.
"""

from __future__ import annotations

import json
import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain, count
from math import isinf
from pathlib import Path as File
from string import ascii_letters

from ringspec.spec.forms import NOT_BLANK
from ringspec.spec.plain import UUID, texts_of_form
from ringspec.spec.proof import Prover
from ringspec.spec.schemas import rebuilt
from ringspec.spec.values import Json, Location, Path, same
from ringspec.strategies.shapes.locations import NOTHING
from ringspec.strategies.shapes.shape import (
    ANYTHING,
    OTHERS,
    Alternatives,
    ItemClass,
    Shape,
    admitted,
    item_classes,
    meet,
)

_SAMPLES = json.loads(File(__file__).with_name("texts.json").read_text("utf-8"))
# The settled form of a free text: 1 to 100 characters, not blank.
TEXTS: list[str] = _SAMPLES["free"]
# Texts that have broken servers before: a name, a text, and how often it is repeated.
HOSTILE: dict[str, str] = {name: it * times for name, it, times in _SAMPLES["hostile"]}
# Longest texts and arrays that are sent: a bound beyond stays untried.
LONGEST = 1_000_000
MOST_WIDE = 10_000
MOST_ITEMS = 1000
# In a body of more values, further arrays have one item.
MOST_VALUES = 500
# Two code units of UTF-16, one character. Source: JSON Schema 2020-12 Validation, 6.3.
ASTRAL = "\U0001f4de"
# At least one of these breaks any pattern.
MISSING = ("text", "other", "0", "A", "-", "no match, at all")
LONG = "Votre rendez-vous est confirmé : répondez 1 pour oui, 2 pour non. "


class Unfit(Exception):  # noqa: N818 - it is an answer, not an error
    """No alternative can meet the wishes."""


_ANY = object()
_TEXT = (Shape(kind="string"),)


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish for the value at a place: any, if it says nothing more."""

    value: Json = _ANY  # the only one; NOTHING for none at all
    shapes: Alternatives | None = None  # alternatives that it fits too
    items: int | None = None  # length of the array

    @property
    def is_exact(self) -> bool:
        """Whether just one value will do."""
        return self.value is not _ANY and self.value is not NOTHING


PRESENT, ABSENT = Wish(), Wish(NOTHING)


@dataclass(slots=True)
class Builder:
    """Builds values; `turn` makes it take other texts and examples."""

    wishes: Mapping[Location, Wish] = field(default_factory=dict)  # by location
    turn: int = 0
    items: int = 0  # length of an array unless something else decides
    full: bool = False  # whether all possible optional members are put in
    branch: int = 0  # which of several branches a full value begins with
    _size: int = 0  # values built so far
    _texts: count[int] = field(default_factory=count)
    _branches: Counter[Location] = field(default_factory=Counter)
    _above: frozenset[Location] = frozenset()

    def __post_init__(self) -> None:
        """Collect the places with wishes at or below them."""
        self._texts = count(self.turn * 5)
        self._above = frozenset(
            place[:length]
            for place, wish in self.wishes.items()
            if wish != ABSENT
            for length in range(len(place) + 1)
        )

    def build(self, alternatives: Alternatives, place: Location = ()) -> Json:
        """Return a value that fits and meets the wishes; Unfit if none does."""
        wish = self.wishes.get(place, PRESENT)
        if wish.is_exact:
            if not admitted(alternatives, wish.value):
                raise Unfit(place)
            return wish.value
        if wish.shapes is not None:
            alternatives = meet(alternatives, wish.shapes)
        if self.full and place and len(alternatives) > 1:
            # A full body shows several branches: another for each member of an object;
            # items turn anyway.
            branch = self.branch
            if not isinstance(place[-1], int):
                branch += self._branches[place[:-1]]
                self._branches[place[:-1]] += 1
            alternatives = turned(alternatives, branch)
        for shape in alternatives:
            with suppress(Unfit):
                return self._one(shape, place)
        raise Unfit(place)

    def _one(self, shape: Shape, place: Location) -> Json:
        self._size += 1
        if shape.kind == "object" and shape.enum is None:
            return self._object(shape, place)
        if shape.kind == "array" and shape.enum is None:
            room = item_classes(shape)
            items: list[Json] = []
            needed, length = self._lengths(shape, place)
            for index in range(length):
                if self._size > MOST_VALUES and index >= needed:
                    break
                items.append(self._item(room, (*place, index), items, shape))
            return items
        if place in self._above and self._steps_below(place):
            raise Unfit(place)  # something is wished below a scalar
        return self.scalar(shape, place)

    def _steps_below(self, place: Location) -> list[str | int]:
        size = len(place)
        return [
            each[size]
            for each in self.wishes
            if len(each) > size and each[:size] == place
        ]

    def _object(self, shape: Shape, place: Location) -> Json:
        wanted = {
            name
            for name in shape.members
            if name in shape.required or (*place, name) in self._above
        }
        allowed = {
            name
            for name, below in shape.members.items()
            if below and self.wishes.get((*place, name)) != ABSENT
        }
        # For members that are neither wished nor required.
        room = min(len(shape.members), shape.max_size) - len(wanted)
        built: dict[str, Json] = {}
        for name, below in shape.members.items():
            if name in shape.required - allowed:
                raise Unfit(place)
            if name in wanted or (self.full and name in allowed and room > 0):
                room -= name not in wanted
                built[name] = self.build(below, (*place, name))
        if room < 0 or not shape.members.keys() >= {
            *map(str, self._steps_below(place))
        }:
            raise Unfit(place)
        built.update(dict.fromkeys(shape.unnamed, "text"))
        # Optional members, until there are as many as are needed; then any others.
        for name, below in shape.members.items():
            if len(built) < shape.min_size and name in allowed - built.keys():
                built[name] = self.build(below, (*place, name))
        free = shape.members.get(OTHERS[0], () if shape.closed else _TEXT)
        for name in (f"other-{n}" for n in range(1, shape.min_size + 1)):
            if len(built) < shape.min_size and name not in built:
                built[name] = self.build(free, (*place, name))
        if len(built) < shape.min_size:
            raise Unfit(place)
        return built

    def _lengths(self, shape: Shape, place: Location) -> tuple[int, int]:
        """Return how many items are needed, and how many there may be."""
        steps = self._steps_below(place)
        if not all(isinstance(step, int) for step in steps):
            raise Unfit(place)  # a member is wished, and an array has none
        least = max([shape.min_size, *(each.least for each in shape.contained)])
        needed = max([least, *(int(step) + 1 for step in steps)])
        if (wished := self.wishes.get(place, PRESENT).items) is not None:
            needed = wished
        usual = needed if wished is not None else int(min(self.items, shape.max_size))
        if not least <= max(needed, usual) <= shape.max_size:
            raise Unfit(place)
        return max(needed, min(usual, 1)), max(needed, usual)

    def _item(
        self, room: list[ItemClass], place: Location, others: list[Json], shape: Shape
    ) -> Json:
        index = int(place[-1])
        first = [each for each in room if each.least > 0]
        for each in first or room:
            if each.most <= 0:
                continue
            try:
                item = self.build(turned(each.shapes, index), place)
                if shape.unique and item in others:
                    item = another(each.shapes, item, others)
            except Unfit:
                continue
            each.least -= 1
            each.most -= 1
            return item
        raise Unfit(place)

    def scalar(self, shape: Shape, place: Location) -> Json:
        """Return a value of a shape that is neither object nor array."""
        index = next((int(s) for s in reversed(place) if isinstance(s, int)), 0)
        choices = shape.choices()
        if choices is not None:
            ordered = preferred(shape, choices)
            if not ordered:
                raise Unfit(place)
            return ordered[(index + self.turn) % len(ordered)]
        if shape.kind == "string":
            return self._string(shape, index)
        fitting = [value for value in shape.examples if shape.admits(value)]
        if fitting:
            return fitting[(index + self.turn) % len(fitting)]
        return number_near(shape)

    def _string(self, shape: Shape, index: int) -> str:
        examples = [each for each in shape.examples if isinstance(each, str)]
        if shape.format == "uuid":
            return sibling_id(examples[0] if examples else UUID, index)
        low, high = shape.min_size, shape.max_size
        if not shape.own_patterns and shape.format is None:
            # Only free text takes turns: the digits of a number do not.
            turn = next(self._texts)
            roomy = not examples or high >= len(of_length(100))
            if self.turn and roomy and is_prose(examples):
                return fitted(TEXTS[turn % len(TEXTS)], low, high)
        if not examples and (shape.own_patterns or shape.format):
            raise Unfit  # no example of such a text
        for example in (*examples, "text", "other"):
            text = fitted(example, low, high)
            if shape.admits(text):
                return text
        raise Unfit


def buildable(
    alternatives: Alternatives, known: dict[int, Alternatives] | None = None
) -> Alternatives:
    """Leave out what no value is found for, such as texts of a form."""
    known = {} if known is None else known
    if id(alternatives) not in known:
        found = [_buildable(shape, known) for shape in alternatives]
        is_same = all(map(operator.is_, found, alternatives))
        kept = alternatives if is_same else tuple(filter(None, found))
        known[id(alternatives)] = kept
    return known[id(alternatives)]


def _buildable(shape: Shape, known: dict[int, Alternatives]) -> Shape | None:
    if shape.kind not in {"object", "array"} or shape.enum is not None:
        try:
            Builder().scalar(shape, ())
        except Unfit:
            return None
        return shape
    members = {name: buildable(it, known) for name, it in shape.members.items()}
    items = None if shape.items is None else buildable(shape.items, known)
    if all(map(operator.is_, members.values(), shape.members.values())):
        if items is shape.items:
            return shape
    elif not all(members.get(name, ANYTHING) for name in shape.required):
        return None
    is_empty = items == () and shape.min_size > 0 and shape.kind == "array"
    return None if is_empty else replace(shape, members=members, items=items)


def number_near(shape: Shape) -> Json:
    """Return the number within bounds that is nearest to one."""
    low = Fraction(1 if isinf(shape.low) else str(shape.low))
    high = max(low, Fraction(1)) if isinf(shape.high) else Fraction(str(shape.high))
    value, step = min(max(Fraction(1), low), high), Fraction(str(shape.multiple or 1))
    if shape.multiple or shape.kind == "integer":
        value = -(-value // step) * step
        if value > high and not isinf(shape.high):
            value = high // step * step
    tried = [value]
    for away in range(1, len(shape.excluded) + 1):
        tried += [value + away * step, value - away * step]
    plain = replace(shape, excluded=())
    for each in map(json_number, tried):
        if plain.admits(each) and not any(each == no for no in shape.excluded):
            return each
    raise Unfit


def json_number(number: Fraction) -> float:
    """Return a number as JSON writes it: an integer if it is whole."""
    return int(number) if number.denominator == 1 else float(number)


def within(shape: Shape, bound: float, *, least: bool) -> Json:
    """Return the least number of a shape that is not below a bound, or the greatest."""
    edge = Fraction(str(bound))
    if shape.multiple or shape.kind == "integer":
        step = Fraction(str(shape.multiple or 1))
        edge = -(-edge // step) * step if least else edge // step * step
    return json_number(edge)


def another(alternatives: Alternatives, value: Json, others: list[Json]) -> Json:
    """Return a value like one, and unlike some others; Unfit if none is found."""
    for each in _varied(value, range(1, len(others) + 2)):
        if admitted(alternatives, each) and not any(same(each, no) for no in others):
            return each
    raise Unfit


def _varied(value: Json, numbers: range) -> Iterator[Json]:
    if isinstance(value, bool) or value in (None, {}, []):
        # Where any value fits, so does a text.
        yield from (f"other-{number}" for number in numbers)
    elif isinstance(value, str):
        # Of the same length and with another end, if possible.
        for tail in map(str, numbers):
            yield f"{value[: -len(tail)]}{tail}" if len(value) > len(tail) else tail
        # A pattern may want a letter there.
        for letter in ascii_letters if value else "":
            yield value[:-1] + letter
            yield letter + value[1:]
    elif isinstance(value, int | float):
        yield from chain.from_iterable((value + n, value - n) for n in numbers)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for other in _varied(item, numbers):
                yield [*value[:index], other, *value[index + 1 :]]
    else:
        for name, child in value.items():
            yield from ({**value, name: other} for other in _varied(child, numbers))


def preferred(shape: Shape, choices: tuple[Json, ...]) -> list[Json]:
    """Put the default first, then the other examples, then the rest."""
    first = [each for each in shape.examples if each in choices]
    return [*first, *(each for each in choices if each not in first)]


def turned(alternatives: Alternatives, index: int) -> Alternatives:
    """Begin with another alternative."""
    start = index % len(alternatives) if alternatives else 0
    return alternatives[start:] + alternatives[:start]


def is_prose(examples: Sequence[str]) -> bool:
    """Return whether examples are prose, not names.

    A single word may name a resource of the target: it is kept unchanged.
    """
    return not examples or any(" " in each for each in examples)


def of_length(length: int) -> str:
    """Return a readable text of exactly that many characters."""
    repeated = LONG * (length // len(LONG) + 1)
    text = repeated[:length]
    # A receiver may trim blanks at the ends of a text.
    return text[:-1] + "." if text.endswith(" ") else text


def fitted(example: str, low: int, high: float) -> str:
    """Shorten or lengthen an example until its length is within bounds."""
    if len(example) > high:
        return example[: int(high)]
    return example + (example[-1:] or "x") * (low - len(example))


def sibling_id(example: str, number: int) -> str:
    """Return another uuid, with other last digits."""
    if number == 0:
        return example
    value = (int(example[-4:], 16) + 7919 * number) % 0x10000
    return f"{example[:-4]}{value:04x}"


_GIVEN = frozenset({"examples", "enum", "const"})
_FORMED = frozenset({"format", "contentEncoding"})
# Their schemas are about the same value.
_SAME = frozenset({"allOf", "anyOf", "oneOf", "then", "else"})


def with_examples(schema: Json, values: Iterable[Json] = ()) -> Json:
    """Return a schema in which each text of a form has an example, if one is known.

    Known are `values`, examples of the whole schema, and the examples around it, else a
    plain text of its form.
    """
    if not isinstance(schema, dict):
        return schema
    alone = [schema[name] for name in ("default", "example") if name in schema]
    known = [*values, *alone, *schema.get("examples", ())]

    def below(keyword: str, steps: Path, child: Json) -> Json:
        if keyword == "properties":
            shown = [it for it in known if isinstance(it, dict) and steps[-1] in it]
            return with_examples(child, [each[steps[-1]] for each in shown])
        if keyword == "items":
            lists = [each for each in known if isinstance(each, list)]
            return with_examples(child, chain.from_iterable(lists))
        if keyword == "additionalProperties":
            return with_examples(child)
        return with_examples(child, known) if keyword in _SAME else child

    changed = rebuilt(schema, below)
    has_form = _FORMED & schema.keys() or schema.get("pattern", NOT_BLANK) != NOT_BLANK
    is_given = _GIVEN & schema.keys() or any(isinstance(each, str) for each in alone)
    if has_form and not is_given:
        if known:
            known = [*filter(Prover(schema, ()).is_valid, known)]
        changed["examples"] = texts_of_form(schema, known)
    return changed
