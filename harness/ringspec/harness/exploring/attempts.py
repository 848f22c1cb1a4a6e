"""Attempts of a search, the failures they show, and what it may spend on them.

In: examples that were fired, each with its findings. Out: failures not known before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

from ringspec.harness.judging.verdict import Finding, Judged, Notice, Verdict
from ringspec.harness.sending.exchange import Exchange, Trouble
from ringspec.spec import Contract, Level, RuleId
from ringspec.strategies import Case, Expect

if TYPE_CHECKING:
    # Hypothesis takes a while to load, and most runs need none of it.
    from hypothesis import Phase, settings

    from ringspec.strategies import Example, Walk

# Requests without an answer in a row that end the shrinking of one failure: one less
# than those that end a run.
_SILENCE = 3


class FailureKind(NamedTuple):
    """Kind of a failure, of which one example is enough."""

    rule: RuleId
    expect: Expect
    trouble: Trouble | None


def kind_of(finding: Finding) -> FailureKind:
    """Return the kind of a failure."""
    failure = finding.exchange.failure
    trouble = failure.trouble if failure else None
    return FailureKind(finding.rule, finding.case.expect, trouble)


class Failures(dict[FailureKind, Level]):
    """Failures by their kind, each with the strongest level seen."""

    def is_new(self, kind: FailureKind, level: Level) -> bool:
        """Return whether a kind is not known, or only at weaker levels."""
        return kind not in self or not self[kind].gates(level)

    def add(self, kind: FailureKind, level: Level) -> None:
        """Add a kind of failure at a level."""
        if self.is_new(kind, level):
            self[kind] = level

    def note(self, findings: Iterable[Finding]) -> Self:
        """Add the failures among some findings."""
        for each in findings:
            if each.verdict == Verdict.FAIL:
                self.add(kind_of(each), each.level)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLimits:
    """What a search may spend, and what it need not find.

    Attributes:
        examples: how many bodies and walks are tried.
        shrink_requests: spent on one failure, with `shrink_seconds`; twice on a walk.
        known: the failures known before.
    """

    examples: int
    seconds: float
    seed: int = 0
    shrink_requests: int = 200
    shrink_seconds: float = 20.0
    known: Failures = field(default_factory=Failures)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An example that was fired, and its findings.

    Attributes:
        idle: what a target may leave undone, and did, so that a walk ended.
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
    def failures(self) -> Failures:
        """The failures among the findings."""
        return Failures().note(self.findings)


class BudgetSpent(BaseException):
    """Ends a search or a shrinking: to Hypothesis an Exception were a failure."""


class OwnError(BaseException):
    """An error of ours in a search: Hypothesis must not take it for a failure."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


@dataclass(kw_only=True)
class Shrinking:
    """A failure that is being shrunk, and what may still be spent on it.

    Attributes:
        level: the weakest that counts: it may get stronger on the way.
        best: the smallest example so far, and `attempt` what came of it.
        kin: start of the rules of which one shows the failure as well as another.
        allowed: how many requests may be spent, so far.
        silent: attempts without an answer in a row.
    """

    kind: FailureKind
    level: Level
    attempt: Attempt
    best: Any
    kin: str
    until: float
    allowed: int
    requests: int = 0
    silent: int = 0

    def note(self, attempt: Attempt) -> None:
        """Count an attempt without an answer."""
        self.silent = 0 if attempt.exchange.failure is None else self.silent + 1

    def shows(self, attempt: Attempt) -> bool:
        """Return whether an attempt shows the failure, or one that is its kin."""
        return any(
            level.gates(self.level) and (kind == self.kind or self._is_kin(kind))
            for kind, level in attempt.failures.items()
        )

    def _is_kin(self, kind: FailureKind) -> bool:
        rules = kind.rule, self.kind.rule
        return bool(self.kin) and all(each.startswith(self.kin) for each in rules)

    @property
    def is_over(self) -> bool:
        """Whether nothing may be spent any more."""
        spent = self.requests >= self.allowed or self.silent >= _SILENCE
        return spent or time.monotonic() > self.until


Fire: TypeAlias = "Callable[[Example | Walk], Attempt]"
Tell: TypeAlias = Callable[[Judged | Notice], None]


class Hunter:
    """Searches for failures of one sort, within its quota and time.

    Attributes:
        late: whether the time is up.
    """

    def __init__(
        self, contract: Contract, limits: SearchLimits, known: Failures
    ) -> None:
        self.late = False
        self._order = {rule: number for number, rule in enumerate(contract.rules)}
        self._limits = limits
        self._known = known
        self._quota = self._hunts = 0
        self._shrinking: Shrinking | None = None

    def begin(self, until: float, fire: Fire, tell: Tell) -> None:
        """Set the time of the end, and the functions that fire and tell."""
        self._until, self._fire, self._tell = until, fire, tell

    def _hunt(self, draw: Callable[[], object]) -> Shrinking | None:
        """Let Hypothesis draw until something is found, or all is spent."""
        from hypothesis.errors import NoSuchExample, Unsatisfiable  # noqa: PLC0415 - as above

        self._hunts += 1
        self._shrinking = None
        try:
            draw()
        except (NoSuchExample, Unsatisfiable, BudgetSpent):
            pass
        except OwnError as raised:
            raise raised.error from None
        return self._shrinking

    def _begun(
        self, attempt: Attempt, best: object, kin: str = "", *, share: float
    ) -> Shrinking | None:
        """Begin to shrink the worst of an attempt's failures that is not known yet.

        Args:
            attempt: what came of an example.
            best: the example.
            kin: see `Shrinking`.
            share: how much of the limits may be spent.

        """
        levels = attempt.failures
        worst = self._worst_new(attempt)
        if worst is None:
            return None
        shrinking = Shrinking(
            kind=worst,
            level=levels[worst],
            attempt=attempt,
            best=best,
            kin=kin,
            until=time.monotonic() + share * self._limits.shrink_seconds,
            allowed=int(share * self._limits.shrink_requests),
        )
        shrinking.note(attempt)
        return shrinking

    def _check_budget(self) -> None:
        """Check that one more example may be fired.

        Raises:
            BudgetSpent: it may not.
        """
        if time.monotonic() > self._until:
            self.late = True
            raise BudgetSpent
        shrinking = self._shrinking
        if self._quota <= 0 if shrinking is None else shrinking.is_over:
            raise BudgetSpent

    def _random(self, name: str = "") -> Random:
        return Random(f"{self._limits.seed} {name}{self._hunts}")  # noqa: S311 - no secret

    def _settings(self, *phases: Phase, **options: Any) -> settings:
        from hypothesis import settings  # noqa: PLC0415 - as above

        return settings(
            max_examples=2 * self._quota,
            database=None,
            deadline=None,
            derandomize=False,
            phases=phases,
            print_blob=False,
            backend="hypothesis",
            **options,
        )

    def _worst_new(self, attempt: Attempt) -> FailureKind | None:
        """Return the worst of an attempt's failures that is not known yet."""
        levels = attempt.failures
        return min(
            (kind for kind in levels if self._known.is_new(kind, levels[kind])),
            key=lambda kind: (levels[kind].rank, self._order[kind.rule]),
            default=None,
        )

    def _report(self, attempt: Attempt) -> None:
        """Report an attempt, without failures that are known; they are from now on."""
        self._quota -= 1
        levels, known = attempt.failures, self._known
        findings = tuple(
            each
            for each in attempt.findings
            if each.verdict != Verdict.FAIL
            or known.is_new(kind_of(each), levels[kind_of(each)])
        )
        known.note(attempt.findings)
        judged = Judged(case=attempt.case, exchange=attempt.exchange, findings=findings)
        self._tell(judged)
