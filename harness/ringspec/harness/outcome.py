"""Outcomes of rules and the conclusion of a run, from all findings.

In: findings as they come. Out: a result for each rule of the contract, and an exit
status. Source: product.md, Levels, and the table of exit statuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ringspec.harness.verdict import (
    Conclusion,
    Finding,
    Known,
    Outcome,
    RuleResult,
    Stale,
    Verdict,
)
from ringspec.spec import Contract, Level, Rule, RuleId


@dataclass
class Tally:
    """Gathers findings by rule.

    Attributes:
        skipped: rules that were deselected.
        inapplicable: rules that cannot be tested here, with the reason.
        known: failures that do not gate.
        withheld: rules that stay open, because nothing was sent for them.
    """

    contract: Contract
    level: Level
    skipped: frozenset[RuleId] = frozenset()
    inapplicable: dict[RuleId, str] = field(default_factory=dict)
    known: tuple[Known, ...] = ()
    withheld: dict[RuleId, str] = field(default_factory=dict)
    _findings: dict[RuleId, list[Finding]] = field(default_factory=dict)
    _cases: dict[RuleId, int] = field(default_factory=dict)

    def add(self, findings: tuple[Finding, ...]) -> None:
        """Take in the findings of one exchange."""
        for finding in findings:
            self._cases[finding.rule] = self._cases.get(finding.rule, 0) + 1
            if finding.verdict != Verdict.PASS:
                self._findings.setdefault(finding.rule, []).append(finding)

    def results(
        self, unreached: str = "", pending: frozenset[RuleId] = frozenset()
    ) -> tuple[RuleResult, ...]:
        """Return the result of each rule.

        Args:
            unreached: why cases had no turn, if some had none.
            pending: the rules that those cases serve.
        """
        rules = self.contract.rules.values()
        judged = (
            self._result(
                rule,
                unreached if rule.id in pending else self.withheld.get(rule.id, ""),
            )
            for rule in rules
        )
        return (*judged, *self._dropped())

    def untold(self, reason: str, told: set[RuleId]) -> tuple[RuleResult, ...]:
        """Return inconclusive results for all rules but some, whatever was found."""
        judged = (
            self._result(rule, reason)
            if rule.id in told or rule.id in self.skipped
            else RuleResult(
                rule=rule,
                outcome=Outcome.INCONCLUSIVE,
                cases=self._cases.get(rule.id, 0),
                why=reason,
            )
            for rule in self.contract.rules.values()
        )
        return (*judged, *self._dropped())

    def _dropped(self) -> Iterator[RuleResult]:
        for name in self.contract.dropped:
            yield RuleResult(
                rule=self.contract.catalogue.rules[name],
                outcome=Outcome.NOT_APPLICABLE,
                why=f"the dialect {self.contract.dialect} has no such rule",
            )

    def _result(self, rule: Rule, unreached: str) -> RuleResult:
        found = self._findings.get(rule.id, [])
        failures = tuple(each for each in found if each.verdict == Verdict.FAIL)
        open_ = tuple(each for each in found if each.verdict == Verdict.INCONCLUSIVE)
        cases = self._cases.get(rule.id, 0)
        outcome, why = self._settled(rule.id) or self._judged(
            cases, failures, open_, unreached
        )
        result = RuleResult(
            rule=rule,
            outcome=outcome,
            cases=cases,
            failures=failures,
            inconclusive=open_,
            why=why,
            known=tuple(each for each in self.known if any(map(each.covers, failures))),
        )
        return self._excused(result, unreached) if result.known else result

    def _excused(self, result: RuleResult, unreached: str) -> RuleResult:
        """Set aside what is known, and see what is left."""

        def news(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
            known = result.known
            return tuple(f for f in found if not any(each.covers(f) for each in known))

        if result.outcome != Outcome.FAIL:
            return result  # it only warns
        left, open_ = news(result.failures), news(result.inconclusive)
        otherwise, _ = self._judged(result.cases, left, open_, unreached)
        if otherwise == Outcome.FAIL:
            return result
        return replace(result, excused=True, otherwise=otherwise)

    def _settled(self, rule: RuleId) -> tuple[Outcome, str] | None:
        """Return the outcome of a rule that is not judged at all."""
        if rule in self.skipped:
            return Outcome.SKIPPED, "deselected"
        if rule in self.inapplicable:
            return Outcome.NOT_APPLICABLE, self.inapplicable[rule]
        return None

    def _judged(
        self,
        cases: int,
        failures: tuple[Finding, ...],
        open_: tuple[Finding, ...],
        unreached: str,
    ) -> tuple[Outcome, str]:
        if any(each.level.gates(self.level) for each in failures):
            return Outcome.FAIL, ""
        gating = [each for each in open_ if each.gate.gates(self.level)]
        if gating:
            return Outcome.INCONCLUSIVE, gating[0].reason
        if unreached:
            return Outcome.INCONCLUSIVE, unreached
        if cases == 0:
            return Outcome.NOT_APPLICABLE, "no case served it"
        if cases == len(open_):
            # Nothing passed, so it is not green; nothing binds, so it does not gate.
            return Outcome.NOT_APPLICABLE, open_[0].reason
        return Outcome.PASS, ""


def conclude(
    results: tuple[RuleResult, ...], *, executed: bool, stale: tuple[Stale, ...] = ()
) -> Conclusion:
    """Draw the conclusion of a run: a failure beats what stays open."""
    outcomes = {each.otherwise if each.excused else each.outcome for each in results}
    if Outcome.FAIL in outcomes or stale:
        return Conclusion.NONCONFORMANT
    if Outcome.INCONCLUSIVE in outcomes or not executed:
        return Conclusion.INCONCLUSIVE
    return Conclusion.CONFORMANT


EXITS = {
    Conclusion.CONFORMANT: 0,
    Conclusion.NONCONFORMANT: 1,
    Conclusion.INCONCLUSIVE: 3,
}
