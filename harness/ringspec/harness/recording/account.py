"""The account of a client: how often each rule was broken and kept, in little room.

In: what was said of each request. Out: a result, as a run has one, roles turned round.
Of failures only the first of each rule are kept, however long it goes on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ringspec.harness.judging.outcome import EXITS, conclude
from ringspec.harness.judging.verdict import (
    Counts,
    Finding,
    Outcome,
    Result,
    RuleResult,
    Verdict,
)
from ringspec.harness.recording.words import Kind, Word
from ringspec.spec import Contract, Level, Rule, RuleId

# Failures of one rule that are kept.
MOST = 20
# Different things without a rule that are remembered.
_REMARKS = 100
_SERVERS = "it binds servers, not their clients"
_UNASKED = "no request gave occasion to keep or to break it"
# Beside rules on what is sent, those that a client can break.
_CLIENTS = frozenset(
    {"auth.token", "auth.client", "wire.json", "wire.media", "wire.method", "wire.path"}
)


@dataclass
class Account:
    """Counts what a client breaks.

    Attributes:
        level: what gates.
        broken: how often, by rule; likewise kept.
        open: what is unspecified: how often, by name.
        examples: the first request and the reason, by rule or name.
        remarks: how often each remark was made.
    """

    contract: Contract
    level: Level
    requests: int = 0
    broken: Counter[RuleId] = field(default_factory=Counter)
    kept: Counter[RuleId] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)
    remarks: Counter[str] = field(default_factory=Counter)
    _failures: dict[RuleId, list[Finding]] = field(default_factory=dict)

    def add(self, words: tuple[Word, ...], findings: tuple[Finding, ...]) -> bool:
        """Take in one request; tell whether it is the first to show something."""
        self.requests += 1
        news = False
        for word in words:
            match word.kind:
                case Kind.BROKEN:
                    self.broken[word.about] += 1
                case Kind.KEPT:
                    self.kept[word.about] += 1
                case Kind.UNSPECIFIED:
                    self.open[word.about] += 1
                case Kind.REMARK if word.why in self.remarks or self._has_room():
                    self.remarks[word.why] += 1
            if word.kind in {Kind.BROKEN, Kind.UNSPECIFIED}:
                news |= word.about not in self.examples
                self.examples.setdefault(word.about, (self.requests, word.why))
        for each in findings:
            kept = self._failures.setdefault(each.rule, [])
            if each.verdict == Verdict.FAIL and len(kept) < MOST:
                kept.append(each)
        return news

    def _has_room(self) -> bool:
        return len(self.remarks) < _REMARKS

    def exercised(self, rule: RuleId) -> int:
        """Return how many requests gave occasion to keep or to break a rule."""
        return self.broken[rule] + self.kept[rule]

    def unexercised(self) -> tuple[RuleId, ...]:
        """Return the rules that bind clients and that no request touched."""
        return tuple(
            each
            for each in self.contract.rules
            if self._binds(each) and not self.exercised(each)
        )

    def result(self, duration_s: float, message: str) -> Result:
        """Draw the conclusion of all that was heard."""
        rules = tuple(map(self._result, self.contract.rules.values()))
        conclusion = conclude(rules, executed=self.requests > 0)
        hint = "" if self.requests else "point a client at the URL that was printed"
        return Result(
            conclusion=conclusion,
            exit_code=EXITS[conclusion],
            level=self.level,
            rules=rules,
            counts=Counts(
                rules=len(rules), cases=self.requests, requests=self.requests
            ),
            duration_s=duration_s,
            message=message,
            hint=hint,
        )

    def _result(self, rule: Rule) -> RuleResult:
        number = self.exercised(rule.id)
        outcome, why = Outcome.PASS, ""
        if self.broken[rule.id] and rule.level.gates(self.level):
            outcome = Outcome.FAIL
        elif not number:
            outcome = Outcome.NOT_APPLICABLE
            why = _UNASKED if self._binds(rule.id) else _SERVERS
        return RuleResult(
            rule=rule,
            outcome=outcome,
            cases=number,
            failures=tuple(self._failures.get(rule.id, ())),
            why=why,
        )

    def _binds(self, rule: RuleId) -> bool:
        """Tell whether a rule is about what is sent."""
        return rule in _CLIENTS or rule in self._sent

    @property
    def _sent(self) -> set[RuleId]:
        contract = self.contract
        stated = {each.rule for each in contract.assertions}
        return stated | {each.rule for each in contract.operation.headers}
