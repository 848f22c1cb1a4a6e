"""Judges the answers that schemathesis got, by the oracle of a run.

A refusal counts only if the twin was accepted, and an answer that shows nothing leaves
a rule open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ringspec.cli.run_setup import RunSetup
from ringspec.harness import Exchange, Finding, Outcome, Response, RuleResult, Verdict
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.judging.outcome import Reachability, Tally
from ringspec.harness.judging.selection import ROBUSTNESS, Selection, pending
from ringspec.harness.profile import load as load_profile
from ringspec.spec import Level, UsageError, did_you_mean
from ringspec.strategies import Case, Drawn, Expect, Label, Labeller, Phase

UNSENT = "not all of its cases were sent"


class Bridge:
    """Judges one run of schemathesis.

    Args:
        environ: the variables that the command takes for its flags; a hooks module has
            no flags. Of a profile only dialect, fixtures and `expect` count, the rest
            is for schemathesis to say.

    Attributes:
        level: what fails a run; weaker failures only show.
        cases: the certified cases that are sent, by id: creates with a body, twins
            first.
        is_offered: whether schemathesis took our cases at all.
        withheld: why it was given none; empty if none could do harm.
        has_failed: whether anything has failed the run yet.

    Raises:
        UsageError: a variable cannot be used, or the profile does not fit.
        SpecError: the contract or the dialect is at fault.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        def given(name: str) -> str | None:
            return environ.get(f"RINGSPEC_{name}", "").strip() or None

        level, levels = given("LEVEL") or "must", [str(each) for each in Level]
        if level.lower() not in levels:
            hint = did_you_mean(level.lower(), levels)
            raise UsageError(
                f"RINGSPEC_LEVEL is {level!r}, which is no level",
                hint=f"{hint}one of: {', '.join(levels)}",
            )
        self.level, contract = Level(level.lower()), given("CONTRACT")
        setup = RunSetup(
            profile=load_profile(given("PROFILE"), {}),
            contract_file=Path(contract) if contract else None,
            operation=given("OPERATION"),
            dialect=given("DIALECT"),
        )
        self.contract = setup.contract
        select = tuple((given("SELECT") or "").replace(",", " ").split())
        selection = Selection.of(self.contract, select, ())
        self.selected = selection.rules
        self.cases = {
            case.id: case for case in selection.fired(setup.cases, _is_create)
        }
        self.is_offered = self.has_failed = False
        self.withheld = ""
        self._oracle, self._reachability = Oracle(self.contract), Reachability()
        skipped = frozenset(self.contract.rules) - {*self.selected}
        self._tally = Tally(self.contract, self.level, skipped=skipped)
        self._judged: set[str] = set()
        self._number = 0

    @cached_property
    def _labeller(self) -> Labeller:
        return Labeller(self.contract)

    def judge_certified(
        self, case: Case, url: str, response: Response
    ) -> list[Finding]:
        """Judge the answer to a case of ours; return what fails the run."""
        exchange = Exchange(url=url, request=case.request, response=response)
        self._judged.add(case.id)
        self._reachability.note(case, exchange)
        return self._gating(self._oracle.judge(case, exchange))

    def judge_other(
        self, content: bytes, url: str, response: Response
    ) -> list[Finding]:
        """Judge the answer to any body; return what fails the run.

        Such a body has no twin, so its refusal shows nothing: only failures count, each
        as strong as its rule where the body breaks that.
        """
        self._number += 1
        example = self._labeller.example(Drawn(content=content), self._number)
        if example is None:
            return []
        request, levels = example.case.request, example.levels
        exchange = Exchange(url=url, request=request, response=response)
        found: list[Finding] = []
        for each in self._oracle.judge(example.case, exchange):
            if each.verdict is Verdict.FAIL:
                level = levels.get(each.rule, each.level)
                found.append(replace(each, level=level, gate=level))
        return self._gating(tuple(found))

    def label(self, content: bytes) -> Label | None:
        """Return the proven label of a body; None if validators do not agree."""
        example = self._labeller.example(Drawn(content=content), 0)
        if example is None:
            return None
        return self._labeller.label(example.case.body).label

    def _gating(self, found: tuple[Finding, ...]) -> list[Finding]:
        self._tally.add(found)
        first: dict[str, Finding] = {}
        for each in found:
            gates = each.level.gates(self.level) and each.rule in self.selected
            if each.verdict is Verdict.FAIL and gates:
                first.setdefault(each.rule, each)
        self.has_failed |= bool(first)
        return list(first.values())

    def results(self) -> tuple[RuleResult, ...]:
        """Return the result of each rule, as far as it was judged."""
        left = [case for name, case in self.cases.items() if name not in self._judged]
        # A case that was not sent says nothing of robustness, nor against it.
        rules = pending(left, self.selected) - {ROBUSTNESS}
        return self._tally.results(UNSENT, rules)

    def open_rules(self) -> list[RuleResult]:
        """Return the rules that are neither shown to hold nor to be broken."""
        return [each for each in self.results() if each.outcome is Outcome.INCONCLUSIVE]

    def reachability(self) -> tuple[str, str]:
        """Return what is odd about the answers as a whole, and a hint."""
        return self._reachability.account()

    def summary(self) -> Iterator[str]:
        """Yield the lines about our rules for schemathesis' summary."""
        results = self.results()
        outcomes = [each.outcome for each in results]
        counts = ", ".join(
            f"{outcomes.count(outcome)} {outcome}"
            for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)
        )
        sent = f"{len(self._judged)} of {len(self.cases)} certified cases"
        stopped = self.has_failed and len(self._judged) < len(self.cases)
        more = "; --continue-on-failure sends all" if stopped else ""
        yield f"  ringspec: rules at level {self.level}: {counts} ({sent}{more})"
        for each in results:
            if each.outcome is Outcome.FAIL:
                yield f"    fail {each.rule.id}: {each.gating(self.level)[0].reason}"
            elif warnings := each.warnings(self.level):
                weaker = warnings[0].level.upper()
                yield f"    warning {each.rule.id} ({weaker}): {warnings[0].reason}"


def _is_create(case: Case) -> bool:
    is_judged = case.phase is Phase.CASES and case.expect is not Expect.SURVIVE
    return is_judged and not case.steps
