"""News: what a search has found of failures so far, and what it may spend on more.

In: examples that were fired, each with its findings. Out: what of it is not known yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ringspec.harness.judging.verdict import Finding, Judged, Verdict
from ringspec.harness.sending.exchange import Exchange, Trouble
from ringspec.spec import Contract, Level, RuleId
from ringspec.strategies import Case, Expect

# The shrinking of one failure takes no more than this.
_SHRINK_REQUESTS = 200
_SHRINK_S = 20.0
# One less than what a target is given up for: shrinking is not to be what ends a run.
SILENCE = 3


class Fault(NamedTuple):
    """A kind of failure, of which one example is enough."""

    rule: RuleId
    expect: Expect
    trouble: Trouble | None


def fault_of(finding: Finding) -> Fault:
    """Return the kind of a failure."""
    failure = finding.exchange.failure
    trouble = failure.trouble if failure else None
    return Fault(finding.rule, finding.case.expect, trouble)


def faults_of(findings: Iterable[Finding]) -> dict[Fault, Level]:
    """Return what fails, and how strongly it binds."""
    faults: dict[Fault, Level] = {}
    for each in findings:
        if each.verdict == Verdict.FAIL:
            remember(faults, {fault_of(each): each.level})
    return faults


def remember(known: dict[Fault, Level], faults: dict[Fault, Level]) -> None:
    """Take in faults: of one kind, the strongest level is kept."""
    for fault, level in faults.items():
        if fault not in known or level.gates(known[fault]):
            known[fault] = level


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a search may spend, and what it need not find.

    Attributes:
        examples: how many bodies and walks are tried.
        known: what fails already, and how strongly it binds.
    """

    examples: int
    seconds: float
    seed: int = 0
    shrink_requests: int = _SHRINK_REQUESTS
    shrink_seconds: float = _SHRINK_S
    known: dict[Fault, Level] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """An example that was fired, and what it says.

    Attributes:
        idle: what a target need not have done, and did not, so that a walk ended.
        ended: after how many steps a walk failed, or came to its end.
        sent: how many requests it took.
    """

    case: Case
    exchange: Exchange
    findings: tuple[Finding, ...]
    idle: str = ""
    ended: int = 0
    sent: int = 1

    @cached_property
    def faults(self) -> dict[Fault, Level]:
        """What fails, and how strongly it binds."""
        return faults_of(self.findings)


class News:
    """What is known to fail, so that it need not be told again.

    Of one kind only what binds more strongly than what is known is news.
    """

    def __init__(self, contract: Contract, known: dict[Fault, Level]) -> None:
        self._order = {rule: number for number, rule in enumerate(contract.rules)}
        self._known = dict(known)

    def worst(self, shot: Shot) -> Fault | None:
        """Return the worst of an example's failures that is not known yet."""
        news = [fault for fault in shot.faults if self._has(fault, shot)]
        ranked = {
            each: (shot.faults[each].rank, self._order[each.rule]) for each in news
        }
        return min(ranked, key=lambda each: ranked[each], default=None)

    def judged(self, shot: Shot) -> Judged:
        """Return what is to be told of an example; its failures are known then."""
        findings = tuple(
            each
            for each in shot.findings
            if each.verdict != Verdict.FAIL or self._has(fault_of(each), shot)
        )
        self.take(shot.faults)
        return Judged(case=shot.case, exchange=shot.exchange, findings=findings)

    def take(self, faults: dict[Fault, Level]) -> None:
        """Take in what is known from now on."""
        remember(self._known, faults)

    def _has(self, fault: Fault, shot: Shot) -> bool:
        known = self._known.get(fault)
        return known is None or not known.gates(shot.faults[fault])


class Over(BaseException):
    """What is under way is to end: to Hypothesis an Exception were a finding."""


class Raised(BaseException):
    """An error of ours on the way; likewise."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error
