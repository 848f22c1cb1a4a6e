"""Traits of requests: common to the failed ones, absent from others.

In: requests that failed in one way, and successful ones. Out: the few traits that
distinguish them, each a suspect. Knows JSON and HTTP, no member.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from ringspec.reports.printable import shown, visible
from ringspec.spec import Json
from ringspec.strategies import Case, Request

# With more suspects than these, no single trait is to blame.
_SUSPECTS = 3
# Requests that are looked at: more would show nothing new.
_ENOUGH = 150
# Fewer that went well show nothing.
_FEW = 10
# Greatest probability that a trait is shared by chance.
_CHANCE = 0.01
_DEPTH = 12
_VALUE = 40
# Headers that depend on how we connect.
_OURS = ("connection", "host", "content-length")
# Kinds of traits in words; of those with the same requests, the first is best.
_WORDS = {
    "is": "{place} = {value}",
    "beyond": "{place} has {value}",
    "lacks": "{place} is left out",
    "length": "{place} has {value} character{s}",
    "items": "{place} has {value} item{s}",
    "sent": "{value}",
    "has": "{place} is there",
    "type": "{place} is of type {value}",
    "head": "{place}: {value}",
}
_ORDER = tuple(_WORDS)
# Kinds that are no accident even where some requests with them went well.
_SALIENT = ("is", "beyond", "lacks", "sent")

Sent: TypeAlias = tuple[Case, Request]


class Trait(NamedTuple):
    """A property of a request.

    Attributes:
        kind: one of `_WORDS`.
        place: a JSON pointer into the body, `#` for any index; or a header's name.
    """

    kind: str
    place: str = ""
    value: str = ""

    def __str__(self) -> str:
        """Say it in words."""
        place = shown(self.place, 120) or "the body"
        many = "" if self.value == "1" else "s"
        words = _WORDS[self.kind]
        return words.format(place=place, value=visible(self.value), s=many)


# Each request is in one part; a part without a trait holds what none explains.
Parts: TypeAlias = tuple[tuple[Trait | None, tuple[int, ...]], ...]


def parted(wrong: Sequence[Sent], right: Sequence[Sent]) -> Parts:
    """Part requests that went wrong, by number, by the traits that explain them.

    One part, with a trait or without, unless several traits explain most of them by
    more than chance.
    """
    whole = tuple(range(len(wrong)))
    if len(right) < _FEW:
        return ((None, whole),)
    bad = [_traits(*each) for each in wrong[:_ENOUGH]]
    good = [_traits(*each) for each in right[:_ENOUGH]]
    _add_lacks([*bad, *good])
    innocent = Counter(trait for traits in good for trait in traits)
    one = _one(bad, innocent, len(good))
    if one is not None:
        return ((one, whole),)
    several = () if len(wrong) > len(bad) else _several(bad, innocent, len(good))
    return several or ((None, whole),)


def _one(bad: list[set[Trait]], innocent: Counter[Trait], good: int) -> Trait | None:
    """Return the trait that all share, and few others have."""
    shared = [
        each
        for each in set.intersection(*bad)
        if not innocent[each]
        or (each.kind in _SALIENT and innocent[each] <= min(len(bad), good / 2))
    ]
    return min(shared, key=lambda it: (innocent[it], *_rank(it)), default=None)


def _several(bad: list[set[Trait]], innocent: Counter[Trait], good: int) -> Parts:
    """Return the few traits that no successful request has, and that explain most."""
    rate = len(bad) / (len(bad) + good)
    left = dict(enumerate(bad))
    parts: list[tuple[Trait | None, tuple[int, ...]]] = []
    while left and len(parts) < _SUSPECTS:
        held = Counter(
            trait for traits in left.values() for trait in traits if not innocent[trait]
        )
        best = min(held, key=lambda it: (-held[it], *_rank(it)), default=None)
        if best is None or len(held) * rate ** held[best] > _CHANCE:
            break
        part = tuple(number for number, traits in left.items() if best in traits)
        parts.append((best, part))
        left = {number: it for number, it in left.items() if number not in part}
    if not parts or len(left) * 2 > len(bad):
        return ()  # no trait explains the greater part
    if left:
        shared = set.intersection(*left.values()) if len(left) > 1 else set()
        pure = [each for each in shared if not innocent[each]]
        parts.append((min(pure, key=_rank, default=None), tuple(left)))
    return tuple(parts)


def _rank(trait: Trait) -> tuple[int, int, str, str]:
    return _ORDER.index(trait.kind), len(trait.place), trait.place, trait.value


def _traits(case: Case, request: Request) -> set[Trait]:
    heads = ((name.lower(), value) for name, value in request.headers)
    found = {Trait("head", *each) for each in heads if each[0] not in _OURS}
    if case.broken:
        found.add(Trait("sent", value="a body that is invalid"))
    try:
        found.update(_walk(json.loads(request.body), "", 0))
    except (ValueError, RecursionError):
        if request.body:
            found.add(Trait("sent", value="a body that is no JSON"))
    return found


def _walk(value: Json, place: str, depth: int) -> Iterator[Trait]:
    if depth > _DEPTH:
        return
    yield Trait("type", place, type(value).__name__)
    match value:
        case dict():
            for name, child in value.items():
                below = f"{place}/{name}"
                yield Trait("has", below)
                yield from _walk(child, below, depth + 1)
        case list():
            yield Trait("items", place, str(len(value)))
            for child in value:
                yield from _walk(child, f"{place}/#", depth + 1)
        case _:
            text = shown(json.dumps(value, ensure_ascii=False), _VALUE)
            yield Trait("is", place, text)
    if isinstance(value, str):
        yield Trait("length", place, str(len(value)))
        if not value.isascii():
            yield Trait("beyond", place, "text beyond ASCII")
        if any(ord(each) > 0xFFFF for each in value):
            yield Trait("beyond", place, "text beyond 16 bits")


def _add_lacks(everything: list[set[Trait]]) -> None:
    """Add to each request the members that it leaves out and others have."""
    children: dict[str, set[str]] = {}
    for place in {it.place for traits in everything for it in traits if it[0] == "has"}:
        children.setdefault(place.rpartition("/")[0], set()).add(place)
    for traits in everything:
        had = {it.place for it in traits if it.kind == "has"}
        objects = [it.place for it in traits if it[::2] == ("type", "dict")]
        for parent in objects:
            lacking = children.get(parent, set()) - had
            traits.update(Trait("lacks", place) for place in lacking)
