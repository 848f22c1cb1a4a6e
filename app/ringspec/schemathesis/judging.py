"""Judging: what the answers that schemathesis got say of each rule.

In: a case of ours with its answer, or any body that was sent with its. Out: findings
that fail a run; at the end, the result of each rule. The oracle is that of a run: a
refusal counts only if the twin was accepted, and what says nothing leaves a rule open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from ringspec.harness import Exchange, Finding, Outcome, Response, RuleResult, Verdict
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.judging.outcome import Reachability, Tally
from ringspec.harness.judging.selection import ROBUSTNESS, pending
from ringspec.schemathesis.settings import Settings
from ringspec.spec import RuleId
from ringspec.strategies import Case, Drawn, Example, Label, Labeller

UNSENT = "not all of its cases were sent"


@dataclass
class Judge:
    """Judges one run of schemathesis.

    Attributes:
        offered: whether schemathesis took our cases at all.
        withheld: why it was given none; empty if it was not asked to do harm.
        failing: whether anything has failed the run yet.
    """

    settings: Settings
    offered: bool = False
    withheld: str = ""
    failing: bool = False
    _reachability: Reachability = field(default_factory=Reachability)
    _judged: set[str] = field(default_factory=set)
    _number: int = 0

    @cached_property
    def cases(self) -> dict[str, Case]:
        """Our cases by id, in the order in which they are to be sent."""
        return {case.id: case for case in self.settings.cases}

    @cached_property
    def _oracle(self) -> Oracle:
        return Oracle(self.settings.loaded)

    @cached_property
    def _tally(self) -> Tally:
        contract, chosen = self.settings.loaded, self.settings.selection.rules
        return Tally(
            contract, self.settings.level, skipped=frozenset(contract.rules) - {*chosen}
        )

    @cached_property
    def labeller(self) -> Labeller:
        """Calls bodies of others valid, invalid or neither."""
        return Labeller(self.settings.loaded)

    def certified(self, case: Case, url: str, response: Response) -> list[Finding]:
        """Judge the answer to a case of ours; return what fails the run."""
        exchange = Exchange(url=url, request=case.request, response=response)
        self._judged.add(case.id)
        self._reachability.note(case, exchange)
        found = self._oracle.judge(case, exchange)
        self._tally.add(found)
        return self._gating(found)

    def other(self, content: bytes, url: str, response: Response) -> list[Finding]:
        """Judge the answer to any body; return what fails the run.

        Such a body has no twin, so its refusal says nothing: only failures count.
        """
        self._number += 1
        example = self.labeller.example(Drawn(content=content), self._number)
        if example is None:
            return []
        case = example.case
        exchange = Exchange(url=url, request=case.request, response=response)
        found = tuple(
            _levelled(each, example)
            for each in self._oracle.judge(case, exchange)
            if each.verdict is Verdict.FAIL
        )
        self._tally.add(found)
        return self._gating(found)

    def label(self, content: bytes) -> Label | None:
        """Return what a body is called; None where validators do not agree."""
        example = self.labeller.example(Drawn(content=content), 0)
        if example is None:
            return None
        return self.labeller.label(example.case.body).label

    def _gating(self, found: tuple[Finding, ...]) -> list[Finding]:
        chosen = self.settings.selection.rules
        failing = {
            each.rule: each
            for each in reversed(found)
            if each.verdict is Verdict.FAIL
            and each.level.gates(self.settings.level)
            and each.rule in chosen
        }
        self.failing |= bool(failing)
        return list(reversed(failing.values()))

    def results(self) -> tuple[RuleResult, ...]:
        """Return the result of each rule, as far as it was judged."""
        left = [case for name, case in self.cases.items() if name not in self._judged]
        rules: frozenset[RuleId] = pending(left, self.settings.selection.rules)
        # A case that was not sent says nothing of robustness, nor against it.
        return self._tally.results(UNSENT, rules - {ROBUSTNESS})

    def open_rules(self) -> list[RuleResult]:
        """Return the rules that are neither shown to hold nor to be broken."""
        return [each for each in self.results() if each.outcome is Outcome.INCONCLUSIVE]

    def account(self) -> tuple[str, str]:
        """Return what is odd about the answers as a whole, and a hint."""
        return self._reachability.account()

    def lines(self) -> Iterator[str]:
        """Yield what a run's last lines say of the rules."""
        level, results = self.settings.level, self.results()
        counts = {
            outcome: sum(each.outcome is outcome for each in results)
            for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)
        }
        told = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        sent = f"{len(self._judged)} of {len(self.cases)} certified cases"
        stopped = self.failing and len(self._judged) < len(self.cases)
        more = "; --continue-on-failure sends all" if stopped else ""
        yield f"  ringspec: rules at level {level}: {told} ({sent}{more})"
        for each in results:
            if each.outcome is Outcome.FAIL:
                yield f"    fail {each.rule.id}: {each.gating(level)[0].reason}"
            elif warnings := each.warnings(level):
                weaker = warnings[0].level.upper()
                yield f"    warning {each.rule.id} ({weaker}): {warnings[0].reason}"


def _levelled(finding: Finding, example: Example) -> Finding:
    """Return a finding as strong as the rule it is about, where the body breaks it."""
    level = example.levels.get(finding.rule, finding.level)
    return replace(finding, level=level, gate=level)
