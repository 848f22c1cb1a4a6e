"""Shards: parts of a list that several runs may fire beside each other.

Each case belongs to exactly one part, for every maker of the same list. A case and its
twin belong together, unless the twin is the case that every run begins with; and so do
all cases of several steps, since what an operation answers in one of them shows whether
the target has it at all. Reports of all parts can be joined into that of one run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapreplace

from ringspec.harness.judging.verdict import (
    Finding,
    Share,
    Verdict,
)
from ringspec.harness.running.known_failures import (
    Auditor,
    Results,
    Watch,
)
from ringspec.harness.running.plan import Part, Plan
from ringspec.spec import RuleId, UsageError
from ringspec.strategies import Case, Phase, line

# The group of all cases of several steps; no case has such an id.
_SCRIPTS = ""


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


# Nothing divides what is drawn: it goes with the first part.
_UNDIVIDED = frozenset({Phase.EXPLORE})


@dataclass
class Sharer:
    """Notes what belongs to other parts, and where a whole run would have had it.

    Args:
        fired: the cases of the run; those that are no part's own are lent by others.
    """

    plan: Plan
    fired: Sequence[Case]
    watch: Watch
    _lent: dict[str, tuple[RuleId, ...]] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def note(self, case: Case, findings: Iterable[Finding]) -> None:
        """Take in what one exchange says."""
        part = self.plan.part
        if part is None:
            return
        found = tuple(findings)
        if case.id not in part.ids:
            self._lent[case.id] = tuple(each.rule for each in found)
        if any(each.verdict != Verdict.PASS for each in found):
            self._open.add(case.id)

    def share(self, results: Results, *, learnt: bool) -> Share | None:
        """Return what the run says of its part; None if it fired no part."""
        plan, part = self.plan, self.plan.part
        if part is None:
            return None
        return Share(
            part=part.number,
            of=part.of,
            digest=digest_of(plan.cases),
            phases=tuple(sorted(plan.phases - _UNDIVIDED)),
            select=plan.select,
            exclude=plan.exclude,
            quick=plan.quick is not None,
            lent=self._lent,
            places=self._places(),
            known=tuple(self._auditor.standings(results, self._own(part))),
            learnt=learnt,
        )

    @property
    def _auditor(self) -> Auditor:
        return Auditor(self.plan, self.watch)

    def _own(self, part: Part) -> list[Case]:
        return [each for each in self.plan.cases if each.id in part.ids]

    def _places(self) -> dict[str, int]:
        """Return when a run of the whole list would come to what did not pass."""
        whole = sorted(self.plan.cases, key=lambda case: bool(case.steps))
        return {
            case.id: place for place, case in enumerate(whole) if case.id in self._open
        }


def digest_of(cases: Iterable[Case]) -> str:
    """Return a digest of a list: two of one digest have the same cases in one order."""
    digest = hashlib.sha256()
    for case in cases:
        digest.update(line(case).encode() + b"\n")
    return digest.hexdigest()
