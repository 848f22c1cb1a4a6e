"""Fires cases for one user of a load, and counts by rule what the answers show.

In: cases, and a way to send. Out: exchanges with findings, and counts that one process
sends and another adds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from ringspec.harness import Exchange, Finding, Judged, Trouble, Verdict
from ringspec.harness.judging.oracle import Oracle
from ringspec.load.load_setup import LoadSetup
from ringspec.spec import Json, Level
from ringspec.strategies import Case, Request

# Cases of one rule that are kept as examples.
EXAMPLES = 5
TURNED_AWAY = "429"
# Each user begins at another share of the list, far from those before it.
_GOLDEN = 0.6180339887498949


def turns(cases: Sequence[Case], number: int) -> Iterator[Case]:
    """Yield the cases round and round, each user beginning elsewhere.

    Args:
        cases: all of them, in their order.
        number: of the user, from 0.
    """
    start = int(number * _GOLDEN % 1 * len(cases))
    while cases:
        yield from cases[start:]
        yield from cases[:start]


@dataclass
class Shooter:
    """One user of the load: fires cases one after the other, twins where due.

    A user judges for itself: a refusal counts only if the twin's last answer to the
    same user was an acceptance.

    Attributes:
        send: sends a request once.
    """

    setup: LoadSetup
    send: Callable[[Request], Exchange]
    _accepted: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Judge as a run does."""
        self._oracle = Oracle(self.setup.contract, self.setup.filling)
        self._cases = {case.id: case for case in self.setup.cases}

    def fire(self, case: Case) -> Iterator[Judged]:
        """Fire a case, and before it each twin whose last answer was no acceptance."""
        twin = self._cases.get(case.twin or "")
        if twin is not None and not self._accepted.get(twin.id, False):
            yield from self.fire(twin)
        exchange = self.send(case.request)
        response = exchange.response
        self._accepted[case.id] = response is not None and response.status // 100 == 2
        # A target may have echoed secrets, which reasons then cite.
        redactor = self.setup.redactor
        findings = tuple(
            replace(each, reason=redactor.url(each.reason)) if each.reason else each
            for each in self._oracle.judge(case, exchange)
            if each.rule in self.setup.selected
        )
        yield Judged(case=case, exchange=exchange, findings=findings)


@dataclass
class RuleCount:
    """How often a rule was judged, with which outcome.

    Attributes:
        judged: answers that show something about it.
        wrong: those that break it, at the level of the run or a stronger one.
        warned: those that break it below the level.
        open: those that leave it open.
    """

    judged: int = 0
    wrong: int = 0
    warned: int = 0
    open: int = 0

    def add(self, other: RuleCount) -> None:
        """Add another count of the same rule."""
        self.judged += other.judged
        self.wrong += other.wrong
        self.warned += other.warned
        self.open += other.open


@dataclass
class LoadCounts:
    """What all answers so far show.

    Attributes:
        rules: counts by rule.
        examples: of a rule, failures as a JSON report has them, by case.
        opened: cases that left their rule open, with the reason, where that gates.
        settled: cases whose own rule was judged.
        fired: cases that were fired at all.
        requests: how many requests went out.
        troubles: how many ended without an answer, by kind, or were turned away.
        users: by rule, the number of users when it was first found broken.
    """

    rules: dict[str, RuleCount] = field(default_factory=dict)
    examples: dict[str, dict[str, Json]] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)
    requests: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    users: dict[str, int] = field(default_factory=dict)

    def count(self, rule: str) -> RuleCount:
        """Return the count of a rule."""
        return self.rules.get(rule, RuleCount())

    def add_judged(
        self, judged: Judged, level: Level, example: Callable[[Finding], Json]
    ) -> list[Finding]:
        """Count an exchange; return the failures that gate.

        Args:
            judged: a case with its exchange and findings.
            level: what gates.
            example: writes a failure as a JSON report has it, without secrets.
        """
        self.requests += judged.exchange.sent
        self.fired.add(judged.case.id)
        trouble = _trouble(judged.exchange)
        if trouble:
            self.troubles[trouble] += 1
        failures = [x for x in judged.findings if x.verdict is Verdict.FAIL]
        for each in judged.findings:
            self._count(each, level)
        for each in failures:
            kept = self.examples.setdefault(each.rule, {})
            if _has_room(kept, each.level) and each.case.id not in kept:
                kept[each.case.id] = example(each)
        return [each for each in failures if each.level.gates(level)]

    def _count(self, finding: Finding, level: Level) -> None:
        count = self.rules.setdefault(finding.rule, RuleCount())
        count.judged += 1
        if finding.verdict is Verdict.FAIL and finding.level.gates(level):
            count.wrong += 1
        elif finding.verdict is Verdict.FAIL:
            count.warned += 1
        case = finding.case
        if finding.verdict is Verdict.INCONCLUSIVE:
            count.open += 1
            if finding.gate.gates(level):
                self.opened.setdefault(case.id, finding.reason)
        elif finding.rule in {case.rule, *case.broken}:
            self.settled.add(case.id)

    def add(self, other: LoadCounts) -> None:
        """Add the counts of another process."""
        for rule, count in other.rules.items():
            self.rules.setdefault(rule, RuleCount()).add(count)
        for rule, examples in other.examples.items():
            kept = self.examples.setdefault(rule, {})
            for case, each in examples.items():
                if _has_room(kept, each["level"]):
                    kept.setdefault(case, each)
        self.opened = {**other.opened, **self.opened}
        self.settled |= other.settled
        self.fired |= other.fired
        self.requests += other.requests
        self.troubles += other.troubles
        self.users = {**other.users, **self.users}

    def note_users(self, users: int) -> None:
        """Note the number of users for each rule that was not found broken before."""
        for rule, count in self.rules.items():
            if count.wrong:
                self.users.setdefault(rule, users)

    def wire(self) -> dict[str, Any]:
        """Return data that one process sends to another."""
        return {
            "rules": {rule: list(astuple(count)) for rule, count in self.rules.items()},
            "examples": self.examples,
            "opened": self.opened,
            "settled": sorted(self.settled),
            "fired": sorted(self.fired),
            "requests": self.requests,
            "troubles": dict(self.troubles),
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> LoadCounts:
        """Read the data of another process; KeyError if it is no such data."""
        return cls(
            rules={rule: RuleCount(*counts) for rule, counts in wire["rules"].items()},
            examples=dict(wire["examples"]),
            opened=dict(wire["opened"]),
            settled=set(wire["settled"]),
            fired=set(wire["fired"]),
            requests=int(wire["requests"]),
            troubles=Counter(wire["troubles"]),
        )


def _has_room(kept: Mapping[str, Json], level: str) -> bool:
    """Decide whether another example is kept; warnings leave room for failures."""
    return [each["level"] for each in kept.values()].count(level) < EXAMPLES


def _trouble(exchange: Exchange) -> str:
    failure, response = exchange.failure, exchange.response
    if failure is not None:
        return "" if failure.trouble is Trouble.WITHHELD else str(failure.trouble)
    return TURNED_AWAY if response is not None and response.status == 429 else ""
