"""The account: what answers said of each rule, in numbers that add up across workers.

In: shots. Out: counts by rule, a few examples of what was wrong, as data that a worker
can send and a master can add. The first example of a rule is the first that was heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ringspec.harness import Exchange, Finding, Trouble, Verdict
from ringspec.load.judging import Shot
from ringspec.spec import Json, Level, RuleId

# Cases of one rule that are kept as examples.
EXAMPLES = 5
TURNED_AWAY = "429"


@dataclass
class Count:
    """How often a rule was judged, and how that came out.

    Attributes:
        judged: answers that said something of it.
        wrong: those that break it, at the level of the run or a stronger one.
        warned: those that break it below the level.
        open: those that left it open.
    """

    judged: int = 0
    wrong: int = 0
    warned: int = 0
    open: int = 0

    def add(self, other: Count) -> None:
        """Take in another count of the same rule."""
        self.judged += other.judged
        self.wrong += other.wrong
        self.warned += other.warned
        self.open += other.open


@dataclass
class Account:
    """What all shots so far say.

    Attributes:
        rules: counts by rule.
        examples: of a rule, failures as a JSON report has them, by case.
        opened: cases that left their rule open, with the reason, where that gates.
        settled: cases whose own rule was judged.
        fired: cases that were fired at all.
        requests: how many requests went out.
        troubles: how many ended without an answer, by how; and those turned away.
        users: by rule, how many users there were when it was first found broken.
    """

    rules: dict[str, Count] = field(default_factory=dict)
    examples: dict[str, dict[str, Json]] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)
    requests: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    users: dict[str, int] = field(default_factory=dict)

    def note(
        self, shot: Shot, level: Level, example: Callable[[Finding], Json]
    ) -> list[Finding]:
        """Take in a shot; return what of it is wrong.

        Args:
            shot: what was fired, and judged.
            level: what is wrong: what binds as strongly as that.
            example: writes a failure as a JSON report has it, without secrets.
        """
        self.requests += shot.exchange.sent
        self.fired.add(shot.case.id)
        trouble = _trouble(shot.exchange)
        if trouble:
            self.troubles[trouble] += 1
        wrong: list[Finding] = []
        for each in shot.findings:
            self._count(each, level)
            if each.verdict == Verdict.FAIL:
                self._keep(each, example)
                wrong += [each] if each.level.gates(level) else []
        return wrong

    def _count(self, finding: Finding, level: Level) -> None:
        count = self.rules.setdefault(finding.rule, Count())
        gates = finding.level.gates(level)
        count.judged += 1
        count.wrong += finding.verdict == Verdict.FAIL and gates
        count.warned += finding.verdict == Verdict.FAIL and not gates
        count.open += finding.verdict == Verdict.INCONCLUSIVE
        case = finding.case
        if finding.verdict == Verdict.INCONCLUSIVE:
            if finding.gate.gates(level):
                self.opened.setdefault(case.id, finding.reason)
        elif finding.rule in {case.rule, *case.broken}:
            self.settled.add(case.id)

    def _keep(self, finding: Finding, example: Callable[[Finding], Json]) -> None:
        kept = self.examples.setdefault(finding.rule, {})
        # Those that only warn leave room for those that do not.
        alike = sum(each["level"] == finding.level for each in kept.values())
        if alike < EXAMPLES and finding.case.id not in kept:
            kept[finding.case.id] = example(finding)

    def add(self, other: Account) -> None:
        """Take in what somebody else has counted."""
        for rule, count in other.rules.items():
            self.rules.setdefault(rule, Count()).add(count)
        for rule, examples in other.examples.items():
            kept = self.examples.setdefault(rule, {})
            for case, each in examples.items():
                if sum(it["level"] == each["level"] for it in kept.values()) < EXAMPLES:
                    kept.setdefault(case, each)
        for case, why in other.opened.items():
            self.opened.setdefault(case, why)
        self.settled |= other.settled
        self.fired |= other.fired
        self.requests += other.requests
        self.troubles += other.troubles
        for rule, number in other.users.items():
            self.users.setdefault(rule, number)

    def wire(self) -> dict[str, Any]:
        """Return it as data that goes from one process to another."""
        return {
            "rules": {
                rule: [it.judged, it.wrong, it.warned, it.open]
                for rule, it in self.rules.items()
            },
            "examples": self.examples,
            "opened": self.opened,
            "settled": sorted(self.settled),
            "fired": sorted(self.fired),
            "requests": self.requests,
            "troubles": dict(self.troubles),
        }

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Account:
        """Read what another process has counted; KeyError if it is nothing such."""
        return cls(
            rules={rule: Count(*counts) for rule, counts in wire["rules"].items()},
            examples=dict(wire["examples"]),
            opened=dict(wire["opened"]),
            settled=set(wire["settled"]),
            fired=set(wire["fired"]),
            requests=int(wire["requests"]),
            troubles=Counter(wire["troubles"]),
        )

    def heard_at(self, users: int) -> None:
        """Note how many users there were when each rule was first found broken."""
        for rule, count in self.rules.items():
            if count.wrong:
                self.users.setdefault(rule, users)

    def count(self, rule: RuleId) -> Count:
        """Return what was counted of a rule."""
        return self.rules.get(rule, Count())


def _trouble(exchange: Exchange) -> str:
    failure, response = exchange.failure, exchange.response
    if failure is not None:
        return "" if failure.trouble is Trouble.WITHHELD else str(failure.trouble)
    return TURNED_AWAY if response is not None and response.status == 429 else ""
