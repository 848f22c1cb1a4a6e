"""Hypothesis strategies compiled from shapes: every drawn value fits.

A value is one draw of bytes, read as choices: twenty times quicker than many draws.
Zeros choose the first alternative, no optional members, the contract's own examples.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from math import ceil, floor, isinf
from typing import TypeAlias
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ringspec.spec.contract import Contract
from ringspec.spec.rules import Level
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, canonical
from ringspec.strategies.shapes.bodies import Bodies, bodies_of
from ringspec.strategies.shapes.build import (
    TEXTS,
    Unfit,
    fitted,
    is_prose,
    json_number,
    number_near,
    preferred,
)
from ringspec.strategies.shapes.shape import (
    ANYTHING,
    SIMPLE,
    Alternatives,
    Shape,
    item_classes,
)

# Enough for nine bodies of ten; beyond, zeros are read.
CHOICE_BYTES = 320
# First characters of common scripts, and of emoji.
_SCRIPTS = (0x0, 0x100, 0x300, 0x400, 0x600, 0x900, 0x3000, 0x4E00, 0x1F300, 0x1F600)
# Number of blocks of 256 in Unicode.
_BLOCKS = 0x1100
# Where nothing bounds an array or a number.
_ITEMS = 4
_NUMBER = 2**31 - 1
# Least maximum for a free text; a shorter one is fitted from examples.
_FREE = 100
_TRIES = 50


@dataclass(slots=True)
class ByteChoices:
    """Reads choices from bytes, `at` of which are read."""

    data: bytes
    at: int = 0

    def below(self, bound: int) -> int:
        """Choose a number from 0 to just under a bound."""
        if bound <= 1:
            return 0
        # Scaled, so that a lower byte never chooses a higher number.
        size = 1 if bound <= 256 else (bound.bit_length() + 7) // 8 + 1
        return int.from_bytes(self.take(size)) * bound >> (8 * size)

    def take(self, size: int) -> bytes:
        """Read bytes, zeros beyond the end."""
        at = self.at
        self.at = at + size
        return self.data[at : at + size].ljust(size, b"\0")

    def some(self, count: int, least: int, most: int) -> set[int]:
        """Choose some of a number of things: none, few, half, most or all."""
        share = self.below(5)
        chosen = [index for index in range(count) if self.below(4) < share]
        others = (index for index in range(count) if index not in chosen)
        return {*[*chosen, *islice(others, max(least - len(chosen), 0))][:most]}

    def text(self, low: int, high: int) -> str:
        """Choose a text of some length that is not blank."""
        known = TEXTS[self.below(len(TEXTS))]
        if not self.below(3) and low <= len(known) <= high:
            return known
        # Short, any length, or the greatest.
        kind, room = self.below(4), high - low
        most = min(room, 8) if kind < 2 else room
        more = room if kind == 3 else self.below(most + 1)
        script = self.below(len(_SCRIPTS) + 2)
        start = [*_SCRIPTS, *[256 * self.below(_BLOCKS)] * 2][script]
        letters = _block(start)
        # Each character is one byte, so that one text does not use up the bytes.
        size = len(letters)
        read = "".join([letters[byte % size] for byte in self.take(low + more)])
        # Never blank: the first one is visible.
        return "x" + read[1:] if read[:1] in _BLANKS else read


@lru_cache(maxsize=512)
def _block(start: int) -> str:
    """Return the characters of a block, the plainest first."""
    # No surrogates and no control characters: they are unspecified.
    found = [
        chr(code)
        for code in range(start, start + 256)
        if unicodedata.category(chr(code)) not in {"Cs", "Cc"}
    ]
    if start == 0:
        found.sort(key=lambda each: (not each.isalpha(), each.isascii() is False))
    return "".join(found) or _block(0)


# The characters that some reader takes for a blank.
_BLANKS = frozenset({"\ufeff", "\u180e", "\u200b"}).union(
    c for c in map(chr, range(0x3001)) if unicodedata.category(c)[0] == "Z"
)
Place = tuple[str, ...]
Reader: TypeAlias = Callable[[ByteChoices], Json]


class Drawer:
    """Makes strategies, each part of a shape once."""

    def __init__(self) -> None:
        # By identity: they have no hash. They are kept, so that ids stay their own.
        self._made: dict[tuple[int, Place], tuple[Alternatives, Reader]] = {}

    def drawn(self, shapes: Alternatives) -> SearchStrategy[Json]:
        """Return a strategy for values that fit."""
        try:
            reader = self.reader(shapes)
        except Unfit:
            return st.nothing()
        size = CHOICE_BYTES
        return st.binary(min_size=size, max_size=size).map(
            lambda data: reader(ByteChoices(data))
        )

    def reader(self, shapes: Alternatives, place: Place = ()) -> Reader:
        """Return a reader of bodies that have a place; Unfit if none fits.

        Each member of the body has its own range of bytes, so that one can shrink
        without changing the others.
        """
        if any(shape.kind != "object" or shape.enum for shape in shapes):
            return self._any(shapes, place)
        names = list(dict.fromkeys(name for shape in shapes for name in shape.members))
        # The first bytes choose the alternative and the members.
        begin = min(len(names) + 2, CHOICE_BYTES // 4)
        size = (CHOICE_BYTES - begin) // max(len(names), 1)
        starts = {name: begin + index * size for index, name in enumerate(names)}
        return _one_of(shapes, place, lambda shape: self._object(shape, place, starts))

    def _any(self, shapes: Alternatives, place: Place) -> Reader:
        """Return a reader that takes one of some alternatives; Unfit without any."""
        key = (id(shapes), place)
        if key not in self._made:
            reader = _one_of(shapes, place, lambda shape: self._one(shape, place))
            self._made[key] = shapes, reader
        return self._made[key][1]

    def _one(self, shape: Shape, place: Place) -> Reader:
        choices = shape.choices()
        if choices is not None:
            return _choice(preferred(shape, choices))
        if shape.kind == "object":
            return self._object(shape, place, {})
        if shape.kind == "array":
            return self._array(shape, place)
        return _string(shape) if shape.kind == "string" else _number(shape)

    def _object(self, shape: Shape, place: Place, starts: dict[str, int]) -> Reader:
        wanted = shape.required | set(place[:1])
        # Name, reader, start of its bytes, and number among the optional members.
        plan: list[tuple[str, Reader, int, int]] = []
        count = 0
        for name, below in shape.members.items():
            inner = place[1:] if place and name == place[0] else ()
            try:
                reader = self._any(SIMPLE if below == ANYTHING else below, inner)
            except Unfit:
                if name in wanted:
                    raise
                continue  # no value fits, or no example is known
            number = -1 if name in wanted else count
            count += name not in wanted
            plan.append((name, reader, starts.get(name, -1), number))
        plan += [(name, _choice(["text"]), -1, -1) for name in shape.unnamed]
        least = max(shape.min_size - len(wanted), 0)
        most = int(min(count, shape.max_size - len(wanted)))
        if not least <= most:
            raise Unfit

        def read(choices: ByteChoices) -> Json:
            chosen = choices.some(count, least, most)
            found = {}
            for name, reader, start, number in plan:
                if number < 0 or number in chosen:
                    if start >= 0:
                        choices.at = start
                    found[name] = reader(choices)
            return found

        return read

    def _array(self, shape: Shape, place: Place) -> Reader:
        least = max(shape.min_size, 1 if place else 0)
        most = least + _ITEMS if isinf(shape.max_size) else int(shape.max_size)
        inner = place[1:]
        if shape.contained:
            return self._counted(shape, least, most, inner)
        if most == 0:
            return lambda _choices: []
        item = self._any(SIMPLE if shape.items is None else shape.items, inner)
        if shape.unique:
            return _unique(item, least, most)
        span = most - least + 1
        return lambda choices: [
            item(choices) for _ in range(least + choices.below(span))
        ]

    def _counted(self, shape: Shape, least: int, most: int, inner: Place) -> Reader:
        """Choose the number of items of each class, then the items."""
        needed: list[Reader] = []
        pool: list[Reader] = []
        for each in item_classes(shape):
            if not each.shapes or any(_reaches(one, inner) for one in each.shapes):
                reader = self._any(each.shapes, inner)
                room = most if isinf(each.most) else int(each.most)
                needed += [reader] * each.least
                pool += [reader] * max(room - each.least, 0)
        least = max(least - len(needed), 0)
        span = min(most - len(needed), len(pool)) - least + 1

        def read(choices: ByteChoices) -> Json:
            # Each pick is removed, so that none is used too often.
            left = pool.copy()
            more = least + choices.below(span)
            picked = [left.pop(choices.below(len(left))) for _ in range(more)]
            return [reader(choices) for reader in (*needed, *picked)]

        return read


def _one_of(
    shapes: Alternatives, place: Place, made: Callable[[Shape], Reader]
) -> Reader:
    """Return a reader that takes one of some alternatives; Unfit without any."""
    readers: list[Reader] = []
    for shape in shapes:
        if _reaches(shape, place):
            with suppress(Unfit):
                readers.append(made(shape))
    if not readers:
        raise Unfit
    if len(readers) == 1:
        return readers[0]
    count = len(readers)
    return lambda choices: readers[choices.below(count)](choices)


def _reaches(shape: Shape, place: Place) -> bool:
    if not place:
        return True
    below: Alternatives = ()
    if place[0] == ITEM and shape.kind == "array" and shape.max_size != 0:
        below = shape.items or ()
    elif place[0] != ITEM and shape.kind == "object":
        below = shape.members.get(place[0], ())
    return any(_reaches(child, place[1:]) for child in below)


def _choice(values: list[Json]) -> Reader:
    count = len(values)
    if count == 0:
        raise Unfit
    return lambda choices: values[choices.below(count)]


def _unique(item: Reader, least: int, most: int) -> Reader:
    def read(choices: ByteChoices) -> Json:
        wanted = least + choices.below(most - least + 1)
        found: dict[str, Json] = {}
        for attempt in range(_TRIES * (wanted + 1)):
            if len(found) >= wanted:
                break
            if attempt >= wanted:  # the bytes may have run out: use others
                choices = ByteChoices(bytes([attempt % 256] * CHOICE_BYTES))
            value = item(choices)
            found.setdefault(canonical(value), value)
        return list(found.values())

    return read


def _string(shape: Shape) -> Reader:
    examples = [each for each in shape.examples if isinstance(each, str)]
    most = _FREE if isinf(shape.max_size) else int(shape.max_size)
    if shape.format == "uuid" and not shape.own_patterns:
        known = examples[0] if examples else None
        return lambda choices: (
            known
            if known and not choices.below(4)
            else str(UUID(bytes=choices.take(16), version=4))
        )
    has_form = shape.format or shape.own_patterns or not is_prose(examples)
    if has_form or (examples and most < _FREE):
        return _choice(_sized(shape, examples))
    plain = fitted(examples[0] if examples else "text", shape.min_size, most)
    low = max(shape.min_size, 1)
    excluded = shape.excluded

    def read(choices: ByteChoices) -> Json:
        text = plain if not choices.below(4) else choices.text(low, most)
        return text if text not in excluded else fitted("other", low, most)

    return read


def _sized(shape: Shape, examples: list[str]) -> list[Json]:
    """List examples, also in other lengths where these fit; none if none is known."""
    found = [each for each in examples if shape.admits(each)]
    if not isinf(shape.max_size) and shape.format is None:
        # Other digits could be a real number: only the length varies.
        found += [
            fitted(example, length, length)
            for example in examples
            for length in range(shape.min_size, int(shape.max_size) + 1)
        ]
    return [
        each
        for each in dict.fromkeys(found)
        if all(re.search(pattern, each) for pattern in shape.patterns)
    ]


def _number(shape: Shape) -> Reader:
    step = Fraction(str(shape.multiple or 1))
    low = Fraction(-_NUMBER if isinf(shape.low) else str(shape.low))
    high = (
        max(low, Fraction(_NUMBER)) if isinf(shape.high) else Fraction(str(shape.high))
    )
    plain = list(filter(shape.admits, shape.examples)) or [number_near(shape)]
    if shape.kind == "integer" or (shape.multiple and step.denominator == 1):
        # The least whole number that is a multiple: of 0.5 that is 1, of 2.5 it is 5.
        start, size = Fraction(0), Fraction(step.numerator)
        first, last = ceil(low / size), floor(high / size)
    elif shape.multiple:
        return _choice([int(it) if it % 1 == 0 else it for it in plain])
    else:
        first, last = 0, 2**24
        start, size = low, (high - low) / last
    if first > last:
        raise Unfit
    edges = [first, last, min(first + 1, last), max(last - 1, first)]

    def read(choices: ByteChoices) -> Json:
        kind, value = choices.below(4), plain[choices.below(len(plain))]
        if kind:
            number = edges[choices.below(4)]
            number = number if kind == 1 else first + choices.below(last - first + 1)
            while (value := json_number(start + number * size)) in shape.excluded:
                number = number + 1 if number < last else first
        # Numbers such as 2.0 are unspecified, also if a float is whole by rounding.
        return int(value) if value % 1 == 0 else value

    return read


_DRAWERS: dict[int, Drawer] = {}


def compiled(contract: Contract, level: Level = Level.MAY) -> tuple[Bodies, Drawer]:
    """Return the bodies that use nothing of a weaker level, and their one drawer."""
    bodies = bodies_of(contract, level)
    return bodies, _DRAWERS.setdefault(id(bodies), Drawer())
