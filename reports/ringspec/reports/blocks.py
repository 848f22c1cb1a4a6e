"""Blocks of the terminal report, and the text of each rule that pytest shows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rich.console import Console

from ringspec.harness import Finding, Known, Outcome, Result, RuleResult, Stale
from ringspec.reports.case_text import by_reason, deciding, expiry, first_reason
from ringspec.reports.causes import explained
from ringspec.reports.console import console, live, print_template
from ringspec.reports.printable import shown
from ringspec.spec import RuleId

# Cases of one cause that are written out unless all are wanted.
LIMIT = 2
# The options that show the others.
_MORE = "--verbose or --report json=PATH"
_REASON = 300


def show(screen: Console, *parts: str, result: Result, **about: Any) -> None:
    """Print parts of a run's account, by the template that has them all.

    `about` may have the causes that are `found` and those that are `warned` of, which
    are told with some cases or `verbose`; what shows `more` of them; commands that are
    `next`, and why; and other `stale` entries than the result's.
    """
    by_default = {
        "found": (),
        "warned": (),
        "stale": result.stale,
        "verbose": False,
        "more": _MORE,
        "alike": "",
        "next": (),
    }
    print_template(
        screen,
        "run.txt",
        parts=parts,
        result=result,
        **{**by_default, **about},
        inconclusive=by_reason(result, write=_reason),
        untested=by_reason(result, Outcome.UNTESTED, _reason),
        most=LIMIT,
        live=live(screen.file),
        dash="─" if screen.encoding.startswith("utf") else "-",
        chosen=chosen,
        excuse=_excuse,
    )


def chosen(findings: Sequence[Finding], number: int = LIMIT) -> Sequence[Finding]:
    """Return some failures: of many rules, the first ones first."""
    first: dict[str, Finding] = {}
    for each in findings if number < len(findings) else ():
        first.setdefault(each.rule, each)
    again = (each for each in findings if first.get(each.rule) is not each)
    return (*first.values(), *again)[:number]


def _excuse(known: Known) -> str:
    owner = f"owner {shown(known.owner, 100)}" if known.owner else "no owner"
    issue = [shown(known.issue, 200)] if known.issue else []
    parts = (*issue, owner, expiry(known) or "no expiry")
    return f"{_reason(known.reason)} ({', '.join(parts)})"


def _reason(text: str) -> str:
    return shown(text, _REASON) or "no reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """The text of one rule: why it did not pass, all that fails it, its warnings.

    The outcome sets known failures aside, and is a fail where one of them is stale.
    """

    outcome: Outcome
    excused: bool = False
    reason: str = ""
    text: str = ""
    warnings: str = ""


class RuleTexts:
    """Writes the text of each rule of a run, free of secrets."""

    def __init__(
        self,
        result: Result,
        *,
        width: int = 80,
        verbose: bool = False,
        more: str = _MORE,
    ) -> None:
        found, self._warned = explained(result)
        self._found = tuple(each for each in found if not each.known)
        self._result = result
        self._width = width
        self._show = partial(
            show, result=result, warned=self._warned, verbose=verbose, more=more
        )

    def rules(self) -> dict[RuleId, RuleText]:
        """Return the text of each rule."""
        return {each.rule.id: self._rule(each) for each in self._result.rules}

    def written(self, *parts: str, **about: Any) -> str:
        """Write parts of the account of all rules, as `show` has them."""
        text = io.StringIO()
        self._show(console(text, "never", self._width), *parts, **about)
        return text.getvalue()

    def _rule(self, result: RuleResult) -> RuleText:
        found = self._result.stale
        stale = [it for it in found if it.known.id.partition("/")[0] == result.rule.id]
        outcome = result.otherwise or result.outcome
        if stale and outcome is Outcome.PASS:
            outcome = Outcome.FAIL
        about = [each for each in self._warned if result in each.rules]
        return RuleText(
            outcome=outcome,
            excused=result.excused and outcome is Outcome.PASS,
            reason=shown(self._reason(result, outcome, stale), _REASON),
            text=self._text(result, stale),
            warnings=self.written("warnings", warned=about).rstrip("\n"),
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
            return f"known failure: {_excuse(result.known[0])}"
        return result.why or ("" if outcome is Outcome.PASS else str(outcome))

    def _text(self, result: RuleResult, stale: Sequence[Stale]) -> str:
        text = self.written("stale", stale=stale)
        for cause in self._found:
            if result not in cause.rules:
                continue
            # All of a cause stands at its first rule.
            alike = ""
            if result is not cause.rules[0]:
                alike = f"{cause.rules[0].rule.id}: {cause.title}"
                shared = {each.case.id for each in cause.findings}
                found = deciding(result, self._result.level)
                own = tuple(each for each in found if each.case.id in shared)
                cause = replace(  # noqa: PLW2901 - that of this rule
                    cause, rules=(result,), findings=own
                )
            text += self.written("failures", found=[cause], alike=alike)
        return text.rstrip("\n")
