"""Reducing: a body brought as near to the plain one as what it shows allows.

In: the plain body, another one, a test of what that shows, and what gives the default
of a place, or NOTHING. Out: the plainest body that shows the same. A
shrinker of choices cannot leave out just any members; here each difference from the
plain body is undone, many at a time and then one by one, then what is inside the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from ringspec.spec import Json, Location, at, same
from ringspec.strategies.certify import NOTHING

Shows: TypeAlias = Callable[[Json], bool]
Default: TypeAlias = Callable[[Location], Json]

# Of so many differences each two are undone together: some hold each other in place.
_PAIRED = 12


@dataclass(frozen=True, slots=True)
class _Edit:
    """One difference: what stands at a place; NOTHING where nothing does."""

    location: Location
    value: Json

    def apply(self, body: Json) -> Json:
        """Return the body with the edit; it changes the one that it is given."""
        if not self.location:
            return deepcopy(self.value)
        *above, last = self.location
        parent = at(body, tuple(above))
        if self.value is NOTHING:
            del parent[last]
        else:
            parent[last] = deepcopy(self.value)
        return body


def reduced(plain: Json, body: Json, shows: Shows, default: Default) -> Json:
    """Return the plainest body found that still shows what this one does."""

    def some_show(some: list[_Edit]) -> bool:
        return shows(_edited(plain, some))

    edits = _differences(plain, body, ())
    kept = _paired(_fewest(edits, some_show), some_show)
    body = _edited(plain, kept) if len(kept) < len(edits) else body
    changed = True
    while changed:
        changed = False
        for edit in _simpler(plain, body, (), default):
            candidate = _edited(body, [edit])
            if shows(candidate):
                body, changed = candidate, True
                break
    return body


def _differences(plain: Json, body: Json, location: Location) -> list[_Edit]:
    """List what makes one body of another, member by member."""
    if not (isinstance(plain, dict) and isinstance(body, dict)):
        return [] if same(plain, body) else [_Edit(location, body)]
    gone = [_Edit((*location, name), NOTHING) for name in plain if name not in body]
    edits = [
        _differences(plain[name], value, (*location, name))
        if name in plain
        else [_Edit((*location, name), value)]
        for name, value in body.items()
    ]
    return [*gone, *(edit for some in edits for edit in some)]


def _edited(plain: Json, edits: list[_Edit]) -> Json:
    body = deepcopy(plain)
    for edit in edits:
        body = edit.apply(body)
    return body


def _fewest(edits: list[_Edit], shows: Callable[[list[_Edit]], bool]) -> list[_Edit]:
    """Leave out edits: half of them at once, then ever fewer, then each by itself."""
    size = len(edits)
    while edits and size:
        start = 0
        while start < len(edits):
            rest = edits[:start] + edits[start + size :]
            if shows(rest):
                edits = rest
            else:
                start += size
        size //= 2
    return edits


def _paired(edits: list[_Edit], shows: Callable[[list[_Edit]], bool]) -> list[_Edit]:
    """Leave out each two edits."""
    if len(edits) > _PAIRED:
        return edits
    for pair in combinations(edits, 2):
        rest = [each for each in edits if each not in pair]
        if shows(rest):
            return _paired(rest, shows)
    return edits


def _simpler(
    plain: Json, value: Json, location: Location, default: Default
) -> Iterator[_Edit]:
    """Yield edits that leave less; what is as in the plain body is left alone."""
    if plain is not NOTHING and same(plain, value):
        return
    usual = default(location)
    if usual is not NOTHING:
        if not same(usual, value):
            yield _Edit(location, usual)
    elif isinstance(value, str):
        yield from (_Edit(location, each) for each in _shorter(value))
    children = _children(value)
    known = plain if isinstance(plain, dict) and isinstance(value, dict) else {}
    yield from (_Edit((*location, s), NOTHING) for s in children if s not in known)
    for step, child in children.items():
        place = (*location, step)
        yield from _simpler(known.get(step, NOTHING), child, place, default)


def _children(value: Json) -> dict[str | int, Json]:
    if isinstance(value, dict):
        return dict(value)
    # The last one first, so that the first one stays if any will do.
    return dict(reversed(list(enumerate(value)))) if isinstance(value, list) else {}


def _shorter(text: str) -> Iterator[str]:
    """Yield texts that are shorter, or plainer."""
    if len(text) > 1:
        yield from (text[:1], text[: len(text) // 2], text[len(text) // 2 :])
    elif text != "x":
        yield "x"
