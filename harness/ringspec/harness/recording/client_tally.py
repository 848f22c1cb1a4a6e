"""Counts by rule what clients broke and kept, in little room however long it takes.

In: requests, judged. Out: a result as of a run, with the roles reversed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
from ringspec.harness.recording import http_rules
from ringspec.harness.recording.body_rules import Statement
from ringspec.spec import Contract, Level, Rule, RuleId

# Failures of one rule that are kept.
MOST = 20
# Different remarks that are kept.
_REMARKS = 100
_SERVERS = "it binds servers, not their clients"
_UNASKED = "no request gave occasion to keep or to break it"
# Beside the rules on what is sent, those that a client can break.
_CLIENTS = frozenset(
    {
        *(http_rules.TOKEN, http_rules.CLIENT, "wire.json"),
        *(http_rules.MEDIA, http_rules.METHOD, http_rules.PATH),
    }
)


@dataclass
class ClientTally:
    """Counts what clients break.

    Attributes:
        level: what gates.
        broken: how often each rule was broken.
        kept: how often each rule was kept.
        unspecified: how often each unspecified thing was sent, by name.
        examples: the first request's number and the reason, by rule or name.
        remarks: how often each remark was made.
    """

    contract: Contract
    level: Level
    requests: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    unspecified: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)
    remarks: Counter[str] = field(default_factory=Counter)
    _failures: dict[RuleId, list[Finding]] = field(default_factory=dict)

    def add(
        self, statements: Iterable[Statement], findings: tuple[Finding, ...]
    ) -> bool:
        """Count one request; return whether it is the first to show something."""
        self.requests += 1
        is_first = False
        counters = {
            Verdict.FAIL: self.broken,
            Verdict.PASS: self.kept,
            Verdict.INCONCLUSIVE: self.unspecified,
        }
        for each in statements:
            if each.verdict is None:
                if each.why in self.remarks or len(self.remarks) < _REMARKS:
                    self.remarks[each.why] += 1
                continue
            counters[each.verdict][each.about] += 1
            if each.verdict is not Verdict.PASS and each.about not in self.examples:
                self.examples[each.about] = self.requests, each.why
                is_first = True
        for finding in findings:
            kept = self._failures.setdefault(finding.rule, [])
            if finding.verdict is Verdict.FAIL and len(kept) < MOST:
                kept.append(finding)
        return is_first

    def exercised(self, rule: RuleId) -> int:
        """Return how many requests gave occasion to keep or to break a rule."""
        return self.broken[rule] + self.kept[rule]

    def unexercised(self) -> tuple[RuleId, ...]:
        """Return the rules that bind clients and that no request exercised."""
        return tuple(
            each
            for each in self.contract.rules
            if self._binds_clients(each) and not self.exercised(each)
        )

    def result(self, duration_s: float, message: str) -> Result:
        """Return the results of all rules, and the conclusion."""
        rules = tuple(map(self._result, self.contract.rules.values()))
        conclusion = conclude(rules, executed=self.requests > 0)
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
            hint="" if self.requests else "point a client at the URL that was printed",
        )

    def _result(self, rule: Rule) -> RuleResult:
        number = self.exercised(rule.id)
        outcome, why = Outcome.PASS, ""
        if self.broken[rule.id] and rule.level.gates(self.level):
            outcome = Outcome.FAIL
        elif not number:
            outcome = Outcome.NOT_APPLICABLE
            why = _UNASKED if self._binds_clients(rule.id) else _SERVERS
        return RuleResult(
            rule=rule,
            outcome=outcome,
            cases=number,
            failures=tuple(self._failures.get(rule.id, ())),
            why=why,
        )

    def _binds_clients(self, rule: RuleId) -> bool:
        return (
            rule in _CLIENTS
            or rule in {each.rule for each in self.contract.assertions}
            or rule in {each.rule for each in self.contract.operation.headers}
        )
