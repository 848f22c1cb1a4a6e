"""Per-rule text of a run, for pytest: the blocks of the terminal report, uncoloured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.text import Text

from ringspec.harness import Judged, Outcome, Result, RuleResult, Stale
from ringspec.reports.blocks import (
    MORE,
    excuse,
    print_failures,
    print_inconclusive,
    print_known,
    print_stale,
    print_warnings,
)
from ringspec.reports.case_text import deciding, first_reason
from ringspec.reports.causes import explained
from ringspec.reports.console import hanging, page
from ringspec.reports.printable import shown
from ringspec.reports.terminal import print_conclusion
from ringspec.spec import RuleId

_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """The text of one rule.

    Attributes:
        outcome: once known failures are set aside; a fail where one of them is stale.
        excused: whether it would fail without known failures.
        reason: in one line, why it did not pass; or empty.
        text: the blocks of all that fails it, or empty.
        warnings: failures below the level, or empty.
    """

    outcome: Outcome
    excused: bool = False
    reason: str = ""
    text: str = ""
    warnings: str = ""


class RuleTexts:
    """Writes the text of each rule of a run, free of secrets.

    Args:
        result: of the whole run.
        judged: all that was judged.
        width: columns.
        verbose: every failing case is written out.
        more: the options that show the others.
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
        """Return the text of each rule."""
        return {each.rule.id: self._rule(each) for each in self._result.rules}

    def other_text(self) -> str:
        """Write what is inconclusive, only warns or is known, of all rules."""
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

    def _rule(self, result: RuleResult) -> RuleText:
        stale = [
            each
            for each in self._result.stale
            if each.known.id.partition("/")[0] == result.rule.id
        ]
        outcome = result.otherwise or result.outcome
        if stale and outcome is Outcome.PASS:
            outcome = Outcome.FAIL
        console, text = page(self._width)
        about = [each for each in self._warned if result in each.rules]
        print_warnings(console, about, verbose=self._verbose)
        return RuleText(
            outcome=outcome,
            excused=result.excused and outcome is Outcome.PASS,
            reason=shown(self._reason(result, outcome, stale), _REASON),
            text=self._text(result, stale),
            warnings=text.getvalue().rstrip("\n"),
        )

    def _reason(
        self, result: RuleResult, outcome: Outcome, stale: Sequence[Stale]
    ) -> str:
        if outcome is Outcome.FAIL:
            found = deciding(result, self._result.level)
            if found and not stale:
                return found[0].reason
            return f"known failure {stale[0].known.id}: {stale[0].why}"
        if outcome is Outcome.INCONCLUSIVE and result.inconclusive:
            return first_reason(result)
        if result.excused:
            return f"known failure: {excuse(result.known[0])}"
        return result.why or ("" if outcome is Outcome.PASS else str(outcome))

    def _text(self, result: RuleResult, stale: Sequence[Stale]) -> str:
        console, text = page(self._width)
        print_stale(console, stale)
        for cause in self._found:
            if result not in cause.rules:
                continue
            # All of a cause stands at its first rule.
            if result is not cause.rules[0]:
                first = f"{cause.rules[0].rule.id}: {cause.title}"
                hanging(console, Text("as      "), shown(first, _REASON))
                shared = {each.case.id for each in cause.findings}
                found = deciding(result, self._result.level)
                own = tuple(each for each in found if each.case.id in shared)
                cause = replace(  # noqa: PLW2901 - that of this rule
                    cause, rules=(result,), findings=own, weaker=()
                )
            print_failures(console, [cause], verbose=self._verbose, more=self._more)
        return text.getvalue().rstrip("\n")
