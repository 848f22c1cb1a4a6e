"""Outcomes of rules and the conclusion of a run, from all findings.

In: findings as they come. Out: a result for each rule of the contract, and an exit
status. Source: product.md, Levels, and the table of exit statuses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ringspec.harness.verdict import (
    Conclusion,
    Finding,
    Outcome,
    RuleResult,
    Verdict,
)
from ringspec.spec import Contract, Level, Rule, RuleId


@dataclass
class Tally:
    """Gathers findings by rule.

    Attributes:
        skipped: rules that were deselected.
        inapplicable: rules that cannot be tested here, with the reason.
    """

    contract: Contract
    level: Level
    skipped: frozenset[RuleId] = frozenset()
    inapplicable: dict[RuleId, str] = field(default_factory=dict)
    _findings: dict[RuleId, list[Finding]] = field(default_factory=dict)
    _cases: dict[RuleId, int] = field(default_factory=dict)

    def add(self, findings: tuple[Finding, ...]) -> None:
        """Take in the findings of one exchange."""
        for finding in findings:
            self._cases[finding.rule] = self._cases.get(finding.rule, 0) + 1
            if finding.verdict != Verdict.PASS:
                self._findings.setdefault(finding.rule, []).append(finding)

    def results(self, unreached: str = "") -> tuple[RuleResult, ...]:
        """Return the result of each rule; `unreached` says why some had no turn."""
        known = [self._result(rule, unreached) for rule in self.contract.rules.values()]
        dropped = [
            RuleResult(
                rule=self.contract.catalogue.rules[id],
                outcome=Outcome.NOT_APPLICABLE,
                why=f"the dialect {self.contract.dialect} has no such rule",
            )
            for id in self.contract.dropped
        ]
        return (*known, *dropped)

    def _result(self, rule: Rule, unreached: str) -> RuleResult:
        found = self._findings.get(rule.id, [])
        failures = tuple(each for each in found if each.verdict == Verdict.FAIL)
        open_ = tuple(each for each in found if each.verdict == Verdict.INCONCLUSIVE)
        outcome, why = self._outcome(rule, failures, open_, unreached)
        return RuleResult(
            rule=rule,
            outcome=outcome,
            cases=self._cases.get(rule.id, 0),
            failures=failures,
            inconclusive=open_,
            why=why,
        )

    def _outcome(
        self,
        rule: Rule,
        failures: tuple[Finding, ...],
        open_: tuple[Finding, ...],
        unreached: str,
    ) -> tuple[Outcome, str]:
        if rule.id in self.skipped:
            return Outcome.SKIPPED, "deselected"
        if rule.id in self.inapplicable:
            return Outcome.NOT_APPLICABLE, self.inapplicable[rule.id]
        if any(each.level.gates(self.level) for each in failures):
            return Outcome.FAIL, ""
        if any(each.gate.gates(self.level) for each in open_):
            return Outcome.INCONCLUSIVE, open_[0].reason
        if self._cases.get(rule.id, 0) == 0:
            if unreached:
                return Outcome.INCONCLUSIVE, unreached
            return Outcome.NOT_APPLICABLE, "no case served it"
        return Outcome.PASS, ""


def conclude(results: tuple[RuleResult, ...], *, executed: bool) -> Conclusion:
    """Draw the conclusion of a run: a failure beats what stays open."""
    outcomes = {each.outcome for each in results}
    if Outcome.FAIL in outcomes:
        return Conclusion.NONCONFORMANT
    if Outcome.INCONCLUSIVE in outcomes or not executed:
        return Conclusion.INCONCLUSIVE
    return Conclusion.CONFORMANT


EXITS = {
    Conclusion.CONFORMANT: 0,
    Conclusion.NONCONFORMANT: 1,
    Conclusion.INCONCLUSIVE: 3,
}
