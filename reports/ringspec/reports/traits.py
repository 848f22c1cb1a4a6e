"""Traits of requests: the few that distinguish failed ones from successful ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from ringspec.harness import Finding, Judged
from ringspec.reports.printable import shown, visible
from ringspec.spec import Json

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


# What some failures have in common, in words, and the failures; all others without.
Parts: TypeAlias = tuple[tuple[str, tuple[Finding, ...]], ...]


def parted(wrong: tuple[Finding, ...], right: Sequence[Judged]) -> Parts:
    """Part failures by the traits of requests that explain them.

    One part, with a trait or without, unless several traits explain most of them by
    more than chance.
    """
    whole = (("", wrong),)
    if len(right) < _FEW:
        return whole
    bad = [_traits(each) for each in wrong[:_ENOUGH]]
    good = [_traits(each) for each in right[:_ENOUGH]]
    _add_lacks([*bad, *good])
    innocent = Counter(trait for traits in good for trait in traits)
    # A trait that all share, and few others have.
    shared = [
        each
        for each in set.intersection(*bad)
        if not innocent[each]
        or (each.kind in _SALIENT and innocent[each] <= min(len(bad), len(good) / 2))
    ]
    if shared:
        one = min(shared, key=lambda it: (innocent[it], *_rank(it)))
        return ((str(one), wrong),)
    if len(wrong) > len(bad):
        return whole
    parts = _several(bad, innocent, len(good))
    return tuple((it, tuple(wrong[at] for at in ats)) for it, ats in parts) or whole


def _several(
    bad: list[set[Trait]], innocent: Counter[Trait], good: int
) -> list[tuple[str, list[int]]]:
    """Return the few traits that no successful request has, and that explain most."""
    rate = len(bad) / (len(bad) + good)
    left = dict(enumerate(bad))
    parts: list[tuple[str, list[int]]] = []
    while left and len(parts) < _SUSPECTS:
        held = Counter(
            trait for traits in left.values() for trait in traits if not innocent[trait]
        )
        best = min(held, key=lambda it: (-held[it], *_rank(it)), default=None)
        if best is None or len(held) * rate ** held[best] > _CHANCE:
            break
        part = [number for number, traits in left.items() if best in traits]
        parts.append((str(best), part))
        left = {number: it for number, it in left.items() if best not in it}
    if not parts or len(left) * 2 > len(bad):
        return []  # no trait explains the greater part
    if left:
        shared = set.intersection(*left.values()) if len(left) > 1 else set()
        pure = [each for each in shared if not innocent[each]]
        parts.append((str(min(pure, key=_rank, default="")), list(left)))
    return parts


def _rank(trait: Trait) -> tuple[int, int, str, str]:
    return _ORDER.index(trait.kind), len(trait.place), trait.place, trait.value


def _traits(fired: Finding | Judged) -> set[Trait]:
    request = fired.exchange.request
    heads = ((name.lower(), value) for name, value in request.headers)
    found = {Trait("head", *each) for each in heads if each[0] not in _OURS}
    if fired.case.broken:
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
