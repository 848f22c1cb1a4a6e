"""What a run found told apart: a text for each rule, and one for all the rest.

In: a result, and all that was judged. Out: the blocks of the terminal report, for
whoever shows each rule by itself, such as a test runner. Nothing is coloured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.text import Text

from ringspec.harness import Finding, Judged, Known, Outcome, Result, RuleResult, Stale
from ringspec.reports.blocks import (
    MORE,
    excuse,
    print_failures,
    print_inconclusive,
    print_known,
    print_stale,
    print_warnings,
)
from ringspec.reports.causes import Cause, explained
from ringspec.reports.console import hanging, page
from ringspec.reports.printable import shown
from ringspec.reports.terminal import print_conclusion
from ringspec.spec import RuleId

_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """What is said of one rule.

    Attributes:
        outcome: once what is known is set aside; a fail where a known one is stale.
        excused: whether it would fail but for what is known beforehand.
        reason: in one line, why it did not simply pass; or empty.
        text: the blocks of all that fails it, or empty.
        warnings: what fails below the level, or empty.
    """

    outcome: Outcome
    excused: bool = False
    reason: str = ""
    text: str = ""
    warnings: str = ""


class RuleTexts:
    """Tells what a run found, rule by rule.

    Args:
        result: of the whole run, without secrets.
        judged: all that was judged.
        width: columns.
        verbose: every failing case is written out.
        more: the options that tell of what is not.
    """

    def __init__(
        self,
        result: Result,
        judged: Sequence[Judged] = (),
        *,
        width: int = 80,
        verbose: bool = False,
        more: str = MORE,
    ) -> None:
        found, self._warned = explained(result, judged)
        self._found = tuple(each for each in found if not each.known)
        self._result = result
        self._width, self._verbose, self._more = width, verbose, more

    def rules(self) -> dict[RuleId, RuleText]:
        """Return what is said of each rule."""
        return {each.rule.id: self._apart(each) for each in self._result.rules}

    def rest(self) -> str:
        """Write what is of no one rule: what is open, only warns, or is known."""
        console, text = page(self._width)
        print_known(console, self._result)
        print_stale(console, self._result.stale)
        if self._result.learnt:
            print_inconclusive(console, self._result, verbose=self._verbose)
            print_warnings(console, self._warned, verbose=self._verbose)
        return text.getvalue()

    def conclusion(self) -> str:
        """Write the last line, with the message and the hint if there are any."""
        console, text = page(self._width)
        print_conclusion(console, self._result)
        return text.getvalue()

    def _apart(self, result: RuleResult) -> RuleText:
        stale = [each for each in self._result.stale if _is_of(each, result)]
        outcome = result.otherwise or result.outcome
        if stale and outcome is Outcome.PASS:
            outcome = Outcome.FAIL
        return RuleText(
            outcome=outcome,
            excused=result.excused and outcome is Outcome.PASS,
            reason=shown(self._reason(result, outcome, stale), _REASON),
            text=self._text(result, stale),
            warnings=self._warnings(result),
        )

    def _reason(
        self, result: RuleResult, outcome: Outcome, stale: Sequence[Stale]
    ) -> str:
        gating = _gating(result, self._result)
        if outcome is Outcome.FAIL:
            return gating[0].reason if gating and not stale else _stale(stale[0])
        if outcome is Outcome.INCONCLUSIVE and result.inconclusive:
            return result.inconclusive[0].reason
        if result.excused:
            return f"known failure: {excuse(result.known[0])}"
        return result.why or ("" if outcome is Outcome.PASS else str(outcome))

    def _text(self, result: RuleResult, stale: Sequence[Stale]) -> str:
        console, text = page(self._width)
        print_stale(console, stale)
        for cause in self._found:
            if result in cause.rules:
                own = self._own(cause, result)
                if own is not cause:
                    first = cause.rules[0].rule.id
                    said = shown(f"{first}: {cause.title}", _REASON)
                    hanging(console, Text("as      "), said)
                print_failures(console, [own], verbose=self._verbose, more=self._more)
        return text.getvalue().rstrip("\n")

    def _own(self, cause: Cause, result: RuleResult) -> Cause:
        """Return what of a cause is told at a rule: at its first one, all of it."""
        if result is cause.rules[0]:
            return cause
        shared = {each.case.id for each in cause.findings}
        found = [e for e in _gating(result, self._result) if e.case.id in shared]
        return replace(cause, rules=(result,), findings=tuple(found), weaker=())

    def _warnings(self, result: RuleResult) -> str:
        console, text = page(self._width)
        about = [each for each in self._warned if result in each.rules]
        print_warnings(console, about, verbose=self._verbose)
        return text.getvalue().rstrip("\n")


def _gating(result: RuleResult, run: Result) -> tuple[Finding, ...]:
    return result.gating(run.level) or result.failures


def _is_of(stale: Stale, result: RuleResult) -> bool:
    return stale.known.id.partition("/")[0] == result.rule.id


def _stale(stale: Stale) -> str:
    known: Known = stale.known
    return f"known failure {known.id}: {stale.why}"
