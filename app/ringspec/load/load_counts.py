"""Fires cases for one user of a load, and counts by rule what the answers show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """Yield the cases round and round; user `number`, from 0, begins elsewhere."""
    start = int(number * _GOLDEN % 1 * len(cases))
    while cases:
        yield from cases[start:]
        yield from cases[:start]


class Shooter:
    """One user of the load: fires cases one after the other, twins where due.

    A user judges for itself: a refusal counts only if the twin's last answer to the
    same user was an acceptance.
    """

    def __init__(self, setup: LoadSetup, send: Callable[[Request], Exchange]) -> None:
        self._setup, self._send = setup, send
        self._oracle = Oracle(setup.contract, setup.filling)
        self._cases = {case.id: case for case in setup.cases}
        self._accepted: set[str] = set()

    def fire(self, case: Case) -> Iterator[Judged]:
        """Fire a case, and before it each twin whose last answer was no acceptance."""
        twin = self._cases.get(case.twin or "")
        if twin is not None and twin.id not in self._accepted:
            yield from self.fire(twin)
        exchange = self._send(case.request)
        response = exchange.response
        self._accepted.discard(case.id)
        if response is not None and response.status // 100 == 2:
            self._accepted.add(case.id)
        # A target may have echoed secrets, which reasons then cite.
        redact = self._setup.redactor.url
        findings = tuple(
            replace(each, reason=each.reason and redact(each.reason))
            for each in self._oracle.judge(case, exchange)
            if each.rule in self._setup.selected
        )
        yield Judged(case=case, exchange=exchange, findings=findings)


@dataclass
class LoadCounts:
    """What all answers so far show.

    Attributes:
        rules: by rule, how many answers said something of it (`judged`), broke it at
            the level of the run (`wrong`) or below (`warned`), or left it `open`.
        examples: of a rule, failures as a JSON report has them, by case.
        opened: cases that left their rule open, with the reason, where that gates.
        settled: cases whose own rule was judged.
        fired: cases that were fired at all.
        requests: how many requests went out.
        troubles: how many ended without an answer, by kind, or were turned away.
        users: by rule, the number of users when it was first found broken.
    """

    rules: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    examples: dict[str, dict[str, Json]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    opened: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)
    requests: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    users: dict[str, int] = field(default_factory=dict)

    def add_judged(
        self, judged: Judged, level: Level, example: Callable[[Finding], Json]
    ) -> list[Finding]:
        """Count an exchange; return the failures that gate.

        Args:
            judged: a case with its exchange and findings.
            level: what gates.
            example: writes a failure as a JSON report has it, without secrets.
        """
        case, exchange = judged.case, judged.exchange
        self.requests += exchange.sent
        self.fired.add(case.id)
        if exchange.failure and exchange.failure.trouble is not Trouble.WITHHELD:
            self.troubles[str(exchange.failure.trouble)] += 1
        elif exchange.response and exchange.response.status == 429:
            self.troubles[TURNED_AWAY] += 1
        failures: list[Finding] = []
        for each in judged.findings:
            count = self.rules[each.rule]
            count["judged"] += 1
            if each.verdict is Verdict.INCONCLUSIVE:
                count["open"] += 1
                if each.gate.gates(level):
                    self.opened.setdefault(case.id, each.reason)
            elif each.rule in {case.rule, *case.broken}:
                self.settled.add(case.id)
            if each.verdict is Verdict.FAIL:
                count["wrong" if each.level.gates(level) else "warned"] += 1
                failures.append(each)
        for each in failures:
            kept = self.examples[each.rule]
            if _has_room(kept, each.level) and case.id not in kept:
                kept[case.id] = example(each)
        return [each for each in failures if each.level.gates(level)]

    def add(self, wire: Mapping[str, Any], users: int) -> None:
        """Add the counts of a worker, while there are so many users."""
        for rule, count in wire["rules"].items():
            self.rules[rule].update(count)
            if count.get("wrong"):
                self.users.setdefault(rule, users)
        for rule, examples in wire["examples"].items():
            kept = self.examples[rule]
            for case, each in examples.items():
                if _has_room(kept, each["level"]):
                    kept.setdefault(case, each)
        self.opened = {**wire["opened"], **self.opened}
        self.settled |= set(wire["settled"])
        self.fired |= set(wire["fired"])
        self.requests += wire["requests"]
        self.troubles.update(wire["troubles"])

    def wire(self) -> dict[str, Any]:
        """Return data that one process sends to another."""
        return {
            **vars(self),
            "rules": {rule: dict(count) for rule, count in self.rules.items()},
            "settled": sorted(self.settled),
            "fired": sorted(self.fired),
            "troubles": dict(self.troubles),
        }


def _has_room(kept: Mapping[str, Json], level: str) -> bool:
    """Decide whether another example is kept; warnings leave room for failures."""
    return [each["level"] for each in kept.values()].count(level) < EXAMPLES
