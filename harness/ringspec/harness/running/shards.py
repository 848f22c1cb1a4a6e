"""Shards: parts of a list that several runs may fire beside each other.

A case and its twin belong together, unless the twin is the case that every run begins
with; and so do all scripts, since what an operation answers in one of them shows
whether the target has it at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from heapq import heapreplace

from ringspec.harness.judging.verdict import Share
from ringspec.harness.running.known_failures import KnownAudit, Results
from ringspec.harness.running.plan import Part
from ringspec.spec import RuleId, UsageError
from ringspec.strategies import Case, Phase, line

# The group of all scripts; no case has such an id.
_SCRIPTS = ""


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


def part_of(cases: Sequence[Case], number: int, of: int) -> Part:
    """Return one part of a list, in size by the requests that it takes."""
    listed = {case.id for case in cases}
    common = cases[0].id if cases else ""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        # A case made from the one that every part fires may be in any part.
        near = case.twin in listed and case.twin != common
        key = case.twin if near and case.twin else case.id
        groups.setdefault(_SCRIPTS if case.steps else key, []).append(case)

    def requests(group: Sequence[Case]) -> int:
        return sum(len(case.steps) or 1 for case in group)

    loads = [(0, each) for each in range(1, of + 1)]
    found: set[str] = set()
    # The largest first, so that the small ones even out the rest.
    for group in sorted(groups.values(), key=requests, reverse=True):
        load, least = loads[0]
        heapreplace(loads, (load + requests(group), least))
        if least == number:
            found.update(case.id for case in group)
    return Part(number, of, frozenset(found))


def share_of(
    audit: KnownAudit,
    results: Results,
    *,
    lent: dict[str, tuple[RuleId, ...]],
    open_cases: Collection[str],
    learnt: bool,
) -> Share | None:
    """Return what a run says of the part of the list that it fired, if of one."""
    plan, part = audit.plan, audit.plan.part
    if part is None:
        return None
    own = [each for each in plan.cases if each.id in part.ids]
    digest = hashlib.sha256()
    for case in plan.cases:
        digest.update(line(case).encode() + b"\n")
    # The order in which a run of the whole list would come to them.
    whole = sorted(plan.cases, key=lambda case: bool(case.steps))
    return Share(
        part=part.number,
        of=part.of,
        digest=digest.hexdigest(),
        # Nothing divides what explore draws: it goes with the first part.
        phases=tuple(sorted(plan.phases - {Phase.EXPLORE})),
        select=plan.select,
        exclude=plan.exclude,
        quick=plan.quick is not None,
        lent=lent,
        places={it.id: n for n, it in enumerate(whole) if it.id in open_cases},
        known=tuple(audit.standings(results, own)),
        learnt=learnt,
    )
