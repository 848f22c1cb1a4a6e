"""Sharding: parts of a list that several runs may fire beside each other.

In: the list. Out: the ids of one part. Each case belongs to exactly one part, for
whoever makes the same list; a case and its twin belong together, as far as the twin is
not the one that every run begins with.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringspec.spec import UsageError
from ringspec.strategies import Case


def shard_of(cases: Sequence[Case], number: int, of: int) -> frozenset[str]:
    """Return the ids of one part of a list.

    Args:
        cases: the whole list; its first is fired by every part.
        number: which part, from 1.
        of: how many there are.
    """
    loads = [0] * of
    found: set[str] = set()
    for group in _groups(cases):
        least = loads.index(min(loads))
        loads[least] += len(group)
        if least == number - 1:
            found.update(group)
    return frozenset(found)


def _groups(cases: Sequence[Case]) -> list[list[str]]:
    """Gather the ids of what was made from one twin, and the twin's, in their order."""
    listed = {case.id for case in cases}
    common = cases[0].id if cases else ""
    groups: dict[str, list[str]] = {}
    for case in cases:
        # What was made from the one that every part fires may be anywhere.
        near = case.twin in listed and case.twin != common
        groups.setdefault(case.twin if near and case.twin else case.id, []).append(
            case.id
        )
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
