"""The terminal report of a replay: what became of each case that was fired again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from ringspec.harness import Judged, Outcome, Result, Started, Verdict
from ringspec.reports.console import print_template
from ringspec.reports.printable import shown
from ringspec.reports.terminal import Terminal
from ringspec.spec import RuleId

# Ids of what was created, mostly, which differ from run to run.
_VARYING = re.compile(r"[0-9a-fA-F-]{8,}")
# Rules that are judged only by a member that an answer holds.
_OF_ANSWERS = ("answer.", "error.")


class ReplayOutcome(StrEnum):
    """What became of a case."""

    STILL = "still fails"
    OTHERWISE = "fails otherwise"
    NOW = "now fails"
    FAILS = "fails"
    OPEN = "not judged"
    FIXED = "fixed"
    PASSES = "passes"


_GOOD = (ReplayOutcome.FIXED, ReplayOutcome.PASSES)


class Replay(Terminal):
    """A reporter that prints what became of each case, in their order.

    `before` says why they failed in a report, by rule, and is None without one; `unfit`
    why some cannot be fired again. Some could not be judged if it `is_open` at the end.
    """

    def __init__(
        self,
        ids: Sequence[str],
        before: Mapping[str, Mapping[RuleId, str]] | None,
        unfit: Mapping[str, str],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._ids, self._before, self._unfit = ids, before, unfit
        self._judged: dict[str, Judged] = {}
        self.is_open = False

    def _begin(self, started: Started) -> None:
        """Print no head."""

    def _advance(self, judged: Judged) -> None:
        if judged.case.id not in self._unfit:
            self._judged[judged.case.id] = self._redactor.event(judged)

    def _print(self, result: Result) -> None:
        cases = [(*self._case(case, result), case) for case in self._ids]
        found = Counter(outcome for outcome, _, _ in cases)
        self.is_open = ReplayOutcome.OPEN in found
        print_template(
            self._out,
            "replay.txt",
            result=result,
            cases=[
                (outcome, case, texts, self._judged.get(case))
                for outcome, texts, case in cases
                if not (self._quiet and outcome in _GOOD)
            ],
            counts={each: found[each] for each in ReplayOutcome if found[each]},
            verbose=self._verbose,
        )

    def _case(
        self, case: str, result: Result
    ) -> tuple[ReplayOutcome, list[tuple[str, str]]]:
        """Return what became of a case, and the lines that say why, with styles."""
        judged, before = self._judged.get(case), (self._before or {}).get(case, {})
        rules = {it.rule.id for it in result.rules if it.outcome is Outcome.FAIL}
        now: dict[RuleId, str] = {}
        warnings: list[tuple[str, str]] = []
        findings = judged.findings if judged else ()
        for each in (it for it in findings if it.verdict is Verdict.FAIL):
            if not each.level.gates(result.level):
                why = _reason(each.rule, each.reason)
                warnings.append(("dim", f"warning, {each.level.upper()}: {why}"))
            elif each.rule in rules:
                now[each.rule] = each.reason
        texts = [_reason(*each) for each in now.items()]
        if now:
            outcome = self._failing(before, now)
            if outcome is ReplayOutcome.OTHERWISE:
                texts += [f"before: {_reason(*each)}" for each in before.items()]
        elif why := self._unfit.get(case) or _open(case, judged, before, result):
            outcome = ReplayOutcome.OPEN
            # The message of the run is printed once, at the end.
            texts += [] if why == result.message else [shown(why, 300)]
        else:
            outcome = ReplayOutcome.FIXED if before else ReplayOutcome.PASSES
        return outcome, [*(("", each) for each in texts), *warnings]

    def _failing(
        self, before: Mapping[RuleId, str], now: Mapping[RuleId, str]
    ) -> ReplayOutcome:
        if not before:
            return ReplayOutcome.FAILS if self._before is None else ReplayOutcome.NOW
        alike = any(
            _VARYING.sub("", before.get(rule, "")) == _VARYING.sub("", why)
            for rule, why in now.items()
        )
        return ReplayOutcome.STILL if alike else ReplayOutcome.OTHERWISE


def _open(
    case: str, judged: Judged | None, before: Mapping[RuleId, str], result: Result
) -> str:
    """Say why a case that does not fail has not passed either, if so."""
    own = (it for it in result.rules if it.rule.id == case.partition("/")[0])
    inapplicable = (it.why for it in own if it.outcome is Outcome.NOT_APPLICABLE)
    if judged is None:
        return next(inapplicable, "") or result.message or "it was not fired"
    if not result.learnt:
        return result.message or "nothing was learnt of the API"
    for each in judged.findings:
        if each.verdict is Verdict.INCONCLUSIVE:
            return each.reason
    if not judged.findings:
        return next(inapplicable, "") or "it was not judged"
    passed = {each.rule for each in judged.findings}
    silent = (it for it in before if it.startswith(_OF_ANSWERS) and it not in passed)
    rule = next(silent, None)
    return f"this time the answer says nothing of {rule}" if rule else ""


def _reason(rule: RuleId, reason: str) -> str:
    return f"{rule}: {shown(reason, 300)}"
