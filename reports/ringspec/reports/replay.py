"""The terminal report of a replay: what became of each case that was fired again."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rich.console import Console
from rich.text import Text

from ringspec.harness import (
    Ended,
    Event,
    Finding,
    Judged,
    Notice,
    Outcome,
    Result,
    Verdict,
)
from ringspec.reports.case_text import exchange_rows
from ringspec.reports.console import (
    Color,
    console,
    line,
    print_message,
    print_note,
    row,
)
from ringspec.reports.curl import curl
from ringspec.reports.printable import counted, shown, visible
from ringspec.reports.redact import Redactor
from ringspec.spec import RuleId

# Ids of what was created, mostly, which differ from run to run.
_VARYING = re.compile(r"[0-9a-fA-F-]{8,}")
# Rules that are judged only by a member that an answer holds.
_OF_ANSWERS = ("answer.", "error.")
_INDENT = 17


class ReplayOutcome(StrEnum):
    """What became of a case."""

    STILL = "still fails"
    OTHERWISE = "fails otherwise"
    NOW = "now fails"
    FAILS = "fails"
    OPEN = "not judged"
    FIXED = "fixed"
    PASSES = "passes"


_STYLES = {
    ReplayOutcome.OPEN: "yellow",
    ReplayOutcome.FIXED: "bold green",
    ReplayOutcome.PASSES: "green",
}
_GOOD = (ReplayOutcome.FIXED, ReplayOutcome.PASSES)
_PLURALS = {
    ReplayOutcome.STILL: "still fail",
    ReplayOutcome.OTHERWISE: "fail otherwise",
    ReplayOutcome.NOW: "now fail",
    ReplayOutcome.FAILS: "fail",
    ReplayOutcome.PASSES: "pass",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """What became of one case.

    Attributes:
        before: why it failed, by rule.
        now: why it fails, by rule.
        warnings: what fails below the level.
        why: why it could not be judged.
    """

    case: str
    outcome: ReplayOutcome
    before: Mapping[RuleId, str] = field(default_factory=dict)
    now: Mapping[RuleId, str] = field(default_factory=dict)
    warnings: tuple[Finding, ...] = ()
    why: str = ""
    judged: Judged | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """The cases of a replay.

    Attributes:
        ids: in the order in which they are printed.
        before: why they failed in a report, by rule; None without a report.
        unfit: why some cannot be fired again.
    """

    ids: tuple[str, ...]
    before: Mapping[str, Mapping[RuleId, str]] | None = None
    unfit: Mapping[str, str] = field(default_factory=dict)


class Replay:
    """A reporter that prints what became of each case.

    Attributes:
        changes: that, once the run has ended.
    """

    def __init__(
        self,
        asked: ReplayRequest,
        *,
        redactor: Redactor,
        quiet: bool = False,
        verbose: bool = False,
        color: Color = "auto",
    ) -> None:
        self._asked = asked
        self._redactor = redactor
        self._quiet = quiet
        self._verbose = verbose
        self._out = console(sys.stdout, color)
        self._err = console(sys.stderr, color)
        self._judged: dict[str, Judged] = {}
        self.changes: tuple[CaseChange, ...] = ()

    @property
    def is_open(self) -> bool:
        """True if some case could not be judged."""
        return any(each.outcome is ReplayOutcome.OPEN for each in self.changes)

    def close(self) -> None:
        """Leave nothing behind."""

    def handle(self, event: Event) -> None:
        """Take the next event."""
        event = self._redactor.event(event)
        match event:
            case Judged():
                self._judged[event.case.id] = event
            case Notice() if not self._quiet:
                print_note(self._err, event.message)
            case Ended():
                ids = self._asked.ids
                self.changes = tuple(self._change(each, event.result) for each in ids)
                self._print(event.result)

    def _change(self, case: str, result: Result) -> CaseChange:
        judged = self._judged.get(case)
        before = (self._asked.before or {}).get(case, {})
        now: dict[RuleId, str] = {}
        warnings: list[Finding] = []
        why = self._asked.unfit.get(case, "")
        if not why and judged is None:
            why = _inapplicable(case, result) or result.message or "it was not fired"
        elif not why and judged is not None:
            failing = {it.rule.id for it in result.rules if it.outcome is Outcome.FAIL}
            for each in judged.findings:
                if each.verdict is Verdict.FAIL and not each.level.gates(result.level):
                    warnings.append(each)
                elif each.verdict is Verdict.FAIL and each.rule in failing:
                    now[each.rule] = each.reason
            why = "" if now else _open(judged, before, result)
        return CaseChange(
            case=case,
            outcome=ReplayOutcome.OPEN if why else self._outcome(before, now),
            before=before,
            now=now,
            warnings=tuple(warnings),
            why=why,
            judged=None if case in self._asked.unfit else judged,
        )

    def _outcome(
        self, before: Mapping[RuleId, str], now: Mapping[RuleId, str]
    ) -> ReplayOutcome:
        if not now:
            return ReplayOutcome.FIXED if before else ReplayOutcome.PASSES
        if self._asked.before is None:
            return ReplayOutcome.FAILS
        if not before:
            return ReplayOutcome.NOW
        alike = any(
            _VARYING.sub("", before.get(rule, "")) == _VARYING.sub("", why)
            for rule, why in now.items()
        )
        return ReplayOutcome.STILL if alike else ReplayOutcome.OTHERWISE

    def _print(self, result: Result) -> None:
        for each in self.changes:
            if not self._quiet or each.outcome not in _GOOD:
                # The message of the run is printed once, at the end.
                why = "" if each.why == result.message else each.why
                _print_change(self._out, replace(each, why=why), verbose=self._verbose)
        counts = Counter(each.outcome for each in self.changes)
        parts = [
            f"{counts[it]:,} {it if counts[it] == 1 else _PLURALS.get(it, it)}"
            for it in ReplayOutcome
            if counts[it]
        ]
        sent = counted(result.counts.requests, "request")
        summary = ", ".join(parts) or "nothing was fired"
        line(self._out, f"{summary} at level {result.level} ({sent})")
        print_message(self._out, result)
        self._out.file.flush()


def _open(judged: Judged, before: Mapping[RuleId, str], result: Result) -> str:
    """Say why a case that does not fail has not passed either, if so."""
    if not result.learnt:
        return result.message or "nothing was learnt of the API"
    for each in judged.findings:
        if each.verdict is Verdict.INCONCLUSIVE:
            return each.reason
    if not judged.findings:
        return _inapplicable(judged.case.id, result) or "nobody judged it"
    passed = {each.rule for each in judged.findings}
    for rule in before:
        if rule.startswith(_OF_ANSWERS) and rule not in passed:
            return f"this time the answer says nothing of {rule}"
    return ""


def _inapplicable(case: str, result: Result) -> str:
    """Say why a case's rule does not apply, if so."""
    rule = case.partition("/")[0]
    found = (it for it in result.rules if it.rule.id == rule)
    return next((it.why for it in found if it.outcome is Outcome.NOT_APPLICABLE), "")


def _print_change(out: Console, change: CaseChange, *, verbose: bool) -> None:
    style = _STYLES.get(change.outcome, "bold red")
    word = Text(f"{change.outcome:<{_INDENT}}", style)
    line(out, Text.assemble(word, (visible(change.case), "bold")))
    for rule, reason in change.now.items():
        row(out, "", _reason(rule, reason), indent=_INDENT)
    if change.outcome is ReplayOutcome.OTHERWISE:
        for rule, reason in change.before.items():
            row(out, "", f"before: {_reason(rule, reason)}", indent=_INDENT)
    if change.why:
        row(out, "", shown(change.why, 300), indent=_INDENT)
    for each in change.warnings:
        said = f"warning, {each.level.upper()}: {_reason(each.rule, each.reason)}"
        row(out, "", Text(said, "dim"), indent=_INDENT)
    if verbose and change.judged and change.outcome is not ReplayOutcome.FIXED:
        for _, text in exchange_rows(change.judged.exchange):
            row(out, "", text, indent=_INDENT)
        # At the margin: a here-document does not end within an indent.
        for part in curl(change.judged.exchange, change.case).splitlines():
            line(out, part, "cyan")


def _reason(rule: RuleId, reason: str) -> str:
    return f"{visible(rule)}: {shown(reason, 300)}"
