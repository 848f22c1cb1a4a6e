"""Sharing: what a run that fired a part of its list says of that part.

In: the plan, and findings as they come. Out: a share, by which reports of all parts can
be joined into what one run of the whole list would have said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ringspec.harness.known import Auditor, Results, Watch
from ringspec.harness.plan import Plan
from ringspec.harness.sharding import Part
from ringspec.harness.verdict import Finding, Share, Verdict
from ringspec.spec import RuleId
from ringspec.strategies import Case, Phase, line

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
