"""Sharding: parts of a list that several runs may fire beside each other.

In: the list. Out: the ids of one part. Each case belongs to exactly one part, for
whoever makes the same list. A case and its twin belong together, as far as the twin is
not the one that every run begins with; and so do all cases of several steps, since
what an operation answers in one of them shows whether the target has it at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapreplace

from ringspec.spec import UsageError
from ringspec.strategies import Case

# The group of all cases of several steps; no case has such an id.
_SCRIPTS = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a list.

    Attributes:
        number: which part, from 1.
        of: how many there are.
        ids: of its cases; what is fired beside them belongs to another part.
    """

    number: int
    of: int
    ids: frozenset[str]


def part_of(cases: Sequence[Case], number: int, of: int) -> Part:
    """Return one part of a list, in size by the requests that it takes.

    Args:
        cases: the whole list; its first is fired by every part.
        number: which part, from 1.
        of: how many there are.
    """
    loads = [(0, each) for each in range(1, of + 1)]
    found: set[str] = set()
    # The largest first, so that the small ones even out the rest.
    for group in sorted(_groups(cases), key=_requests, reverse=True):
        load, least = loads[0]
        heapreplace(loads, (load + _requests(group), least))
        if least == number:
            found.update(case.id for case in group)
    return Part(number, of, frozenset(found))


def _requests(group: Sequence[Case]) -> int:
    return sum(len(case.steps) or 1 for case in group)


def _groups(cases: Sequence[Case]) -> list[list[Case]]:
    """Gather what belongs together, in the order of the list."""
    listed = {case.id for case in cases}
    common = cases[0].id if cases else ""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        # What was made from the one that every part fires may be anywhere.
        near = case.twin in listed and case.twin != common
        key = case.twin if near and case.twin else case.id
        groups.setdefault(_SCRIPTS if case.steps else key, []).append(case)
    return list(groups.values())


def parse_shard(text: str) -> tuple[int, int]:
    """Read which part of how many is meant, such as `2/3`.

    Raises:
        UsageError: it is none.
    """
    number, slash, of = text.partition("/")
    if slash and number.isascii() and of.isascii() and (number + of).isdigit():
        found = int(number or 0), int(of or 0)
        if 1 <= found[0] <= found[1]:
            return found
    raise UsageError(
        f"--shard {text!r} is no part of a whole",
        hint="write it as 1/3, 2/3 and 3/3, one for each run",
    )
