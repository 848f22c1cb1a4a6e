"""A replay for people: what became of each case that was fired again.

In: the events of a run of some cases, and how these failed before. Out: a line for each
of them, and one that sums them up.
"""

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
from ringspec.reports.case_text import body_start, status_line, step_lines
from ringspec.reports.console import Color, console, line, row
from ringspec.reports.curl import curl
from ringspec.reports.printable import counted, shown, visible
from ringspec.reports.redact import Redactor
from ringspec.spec import RuleId

# What differs from one run to the next: ids of what was created, mostly.
_VARYING = re.compile(r"[0-9a-fA-F-]{8,}")
# Rules that are judged by what an answer holds, where it holds anything.
_OF_ANSWERS = ("answer.", "error.")
_NOT_FIRED = "it was not fired"
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


_BAD = frozenset(
    {
        ReplayOutcome.STILL,
        ReplayOutcome.OTHERWISE,
        ReplayOutcome.NOW,
        ReplayOutcome.FAILS,
    }
)
_STYLES = {
    ReplayOutcome.OPEN: "yellow",
    ReplayOutcome.FIXED: "bold green",
    ReplayOutcome.PASSES: "green",
}
_MANY = {
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
        before: why it failed, by rule; `now` likewise.
        warnings: what fails below the level.
        why: why it could not be judged.
    """

    case: str
    word: ReplayOutcome
    before: Mapping[RuleId, str] = field(default_factory=dict)
    now: Mapping[RuleId, str] = field(default_factory=dict)
    warnings: tuple[Finding, ...] = ()
    why: str = ""
    judged: Judged | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """The cases of a replay.

    Attributes:
        ids: in the order in which they are told of.
        before: why they failed in a report, by rule; None without a report.
        unfit: why some cannot be fired again.
    """

    ids: tuple[str, ...]
    before: Mapping[str, Mapping[RuleId, str]] | None = None
    unfit: Mapping[str, str] = field(default_factory=dict)


class Replay:
    """A reporter that tells of each case what became of it.

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
        """Tell whether something could not be judged."""
        return any(each.word is ReplayOutcome.OPEN for each in self.changes)

    def close(self) -> None:
        """Leave nothing behind."""

    def handle(self, event: Event) -> None:
        """Take the next event."""
        event = self._redactor.event(event)
        match event:
            case Judged():
                self._judged[event.case.id] = event
            case Notice() if not self._quiet:
                said = shown(event.message, 1000)
                line(self._err, Text.assemble(("note: ", "bold"), said))
            case Ended():
                self.changes = tuple(
                    self._change(each, event.result) for each in self._asked.ids
                )
                self._print(event.result)

    def _change(self, case: str, result: Result) -> CaseChange:
        judged = self._judged.get(case)
        before = (self._asked.before or {}).get(case, {})
        if case in self._asked.unfit:
            return CaseChange(
                case=case,
                word=ReplayOutcome.OPEN,
                before=before,
                why=self._asked.unfit[case],
            )
        if judged is None:
            why = _unasked(case, result) or result.message or _NOT_FIRED
            return CaseChange(
                case=case, word=ReplayOutcome.OPEN, before=before, why=why
            )
        failing = {
            each.rule.id for each in result.rules if each.outcome is Outcome.FAIL
        }
        found = [each for each in judged.findings if each.verdict is Verdict.FAIL]
        gating = [
            each
            for each in found
            if each.rule in failing and each.level.gates(result.level)
        ]
        now = {each.rule: each.reason for each in gating}
        why = "" if now else self._open(judged, result)
        return CaseChange(
            case=case,
            word=ReplayOutcome.OPEN if why else self._word(before, now),
            before=before,
            now=now,
            warnings=tuple(
                each for each in found if not each.level.gates(result.level)
            ),
            why=why,
            judged=judged,
        )

    def _word(
        self, before: Mapping[RuleId, str], now: Mapping[RuleId, str]
    ) -> ReplayOutcome:
        if not now:
            return ReplayOutcome.FIXED if before else ReplayOutcome.PASSES
        if self._asked.before is None:
            return ReplayOutcome.FAILS
        if not before:
            return ReplayOutcome.NOW
        alike = any(_alike(before.get(rule, ""), why) for rule, why in now.items())
        return ReplayOutcome.STILL if alike else ReplayOutcome.OTHERWISE

    def _open(self, judged: Judged, result: Result) -> str:
        """Say why a case that does not fail has not passed either, if so."""
        if not result.learnt:
            return result.message or "nothing was learnt of the API"
        for each in judged.findings:
            if each.verdict is Verdict.INCONCLUSIVE:
                return each.reason
        if not judged.findings:
            return _unasked(judged.case.id, result) or "nobody judged it"
        passed = {each.rule for each in judged.findings}
        for rule in (self._asked.before or {}).get(judged.case.id, {}):
            if rule.startswith(_OF_ANSWERS) and rule not in passed:
                return f"this time the answer says nothing of {rule}"
        return ""

    def _print(self, result: Result) -> None:
        for each in self.changes:
            if not self._quiet or each.word in _BAD or each.word is ReplayOutcome.OPEN:
                # What holds for all of them is told once, at the end.
                told_later = each.why == result.message
                shown_ = replace(each, why="") if told_later else each
                _print_change(self._out, shown_, verbose=self._verbose)
        counts = Counter(each.word for each in self.changes)
        told = [
            f"{counts[word]:,} {word if counts[word] == 1 else _MANY.get(word, word)}"
            for word in ReplayOutcome
            if counts[word]
        ]
        sent = counted(result.counts.requests, "request")
        summary = ", ".join(told) or "nothing was fired"
        line(self._out, f"{summary} at level {result.level} ({sent})")
        if result.message:
            line(self._out, shown(result.message, 1000))
        if result.hint:
            line(self._out, Text.assemble(("hint: ", "bold"), shown(result.hint, 1000)))
        self._out.file.flush()


def _unasked(case: str, result: Result) -> str:
    """Say why a case's rule does not apply, if so."""
    rule = case.partition("/")[0]
    found = (it for it in result.rules if it.rule.id == rule)
    return next((it.why for it in found if it.outcome is Outcome.NOT_APPLICABLE), "")


def _alike(before: str, now: str) -> bool:
    """Tell whether two reasons are the same, but for ids and the like."""
    return _VARYING.sub("", before) == _VARYING.sub("", now)


def _print_change(out: Console, change: CaseChange, *, verbose: bool) -> None:
    style = _STYLES.get(change.word, "bold red")
    word = Text(f"{change.word:<{_INDENT}}", style)
    line(out, Text.assemble(word, (visible(change.case), "bold")))
    for rule, reason in change.now.items():
        row(out, "", _reason(rule, reason), indent=_INDENT)
    if change.word == ReplayOutcome.OTHERWISE:
        for rule, reason in change.before.items():
            row(out, "", f"before: {_reason(rule, reason)}", indent=_INDENT)
    if change.why:
        row(out, "", shown(change.why, 300), indent=_INDENT)
    for each in change.warnings:
        said = f"warning, {each.level.upper()}: {_reason(each.rule, each.reason)}"
        row(out, "", Text(said, "dim"), indent=_INDENT)
    if verbose and change.judged is not None and change.word != ReplayOutcome.FIXED:
        _print_exchange(out, change.judged)


def _print_exchange(out: Console, judged: Judged) -> None:
    exchange = judged.exchange
    told = (*step_lines(exchange), status_line(exchange), body_start(exchange))
    for each in filter(None, told):
        row(out, "", each, indent=_INDENT)
    # At the margin: a here-document does not end within an indent.
    for part in curl(exchange, judged.case.id).splitlines():
        line(out, part, "cyan")


def _reason(rule: RuleId, reason: str) -> str:
    return f"{visible(rule)}: {shown(reason, 300)}"
