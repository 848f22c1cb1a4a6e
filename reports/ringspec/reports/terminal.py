"""Reports of a run and of a replay for a terminal, and of each rule for pytest.

Results are on standard output, progress on standard error.
"""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TextIO

from rich.console import Console

from ringspec.harness import (
    Conclusion,
    Ended,
    Event,
    Finding,
    Judged,
    Known,
    Notice,
    Outcome,
    Result,
    RuleResult,
    Stale,
    Started,
    Verdict,
)
from ringspec.reports.case_text import by_reason, deciding, expiry, first_reason
from ringspec.reports.causes import Cause, explained
from ringspec.reports.console import (
    Color,
    ProgressLine,
    console,
    live,
    print_note,
    print_template,
)
from ringspec.reports.printable import shown, visible
from ringspec.reports.redact import Redactor
from ringspec.spec import Level, RuleId
from ringspec.strategies import Phase

# Cases of one cause that are written out unless all are wanted.
LIMIT = 2
_REASON = 300
# Commands to run next.
_COMMANDS = 3
# What of a run's options a replay takes, and needs to have the same cases.
_OF_REPLAYS = {
    *("", "--profile", "--contract", "--operation", "--rules", "--dialect", "--seed"),
    *("--bearer", "--client-id", "--client-secret", "--token-url", "--user"),
    *("--header", "--ca", "--insecure", "--workers", "--rate", "--timeout"),
}
# Ids of what was created, mostly, which differ from run to run.
_VARYING = re.compile(r"[0-9a-fA-F-]{8,}")
# Rules that are judged only by a member that an answer holds.
_OF_ANSWERS = {"answer", "error"}


def show(screen: Console, *parts: str, result: Result, **about: Any) -> None:
    """Print parts of a run's account, by the template that has them all.

    `about` may have the causes that are `found` and those that are `warned` of, which
    are told with some cases or `verbose`; what shows `more` of them; commands that are
    `next`, and why; and other `stale` entries than the result's.
    """
    print_template(
        screen,
        "run.txt",
        parts=parts,
        result=result,
        **about,
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
    """Writes the text of each rule of a run, free of secrets; options as of `show`."""

    def __init__(self, result: Result, *, width: int, **options: Any) -> None:
        found, self._warned = explained(result)
        self._found = tuple(each for each in found if not each.known)
        self._result = result
        self._width = width
        self._about = {"result": result, "warned": self._warned, **options}

    def rules(self) -> dict[RuleId, RuleText]:
        """Return the text of each rule."""
        return {each.rule.id: self._rule(each) for each in self._result.rules}

    def written(self, *parts: str, **about: Any) -> str:
        """Write parts of the account of all rules, as `show` has them."""
        text = io.StringIO()
        show(console(text, "never", self._width), *parts, **{**self._about, **about})
        return text.getvalue()

    def _rule(self, result: RuleResult) -> RuleText:
        found = self._result.stale
        rule = result.rule.id
        stale = [it for it in found if f"{it.known.id}/".startswith(f"{rule}/")]
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


class Terminal:
    """A reporter for people: all that fails, some of it, or if quiet only the ids.

    `again` are the options of the run as they were given; without them no commands are
    told that could be next.
    """

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        *,
        quiet: bool = False,
        verbose: bool = False,
        color: Color = "auto",
        redactor: Redactor | None = None,
        again: Mapping[str, str] | None = None,
    ) -> None:
        stderr = stderr or sys.stderr
        self._out = console(stdout or sys.stdout, color)
        self._err = console(stderr, color)
        self._quiet = quiet
        self._verbose = verbose
        self._redactor = redactor or Redactor()
        self._again = again
        self._progress: ProgressLine | None = None
        self._level, self._operation = Level.MUST, ""
        self._failures = 0

    def close(self) -> None:
        """Take the bar off the screen, if one is there."""
        if self._progress is not None:
            self._progress.close()
            self._progress = None

    def handle(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, Judged):
            self._advance(event)
            return
        event = self._redactor.event(event)
        match event:
            case Started():
                if event.made.warning:
                    print_note(self._err, event.made.warning)
                self._begin(event)
            case Notice() if not self._quiet:
                print_note(self._err, event.message)
            case Ended():
                self.close()
                self._print(event.result)

    def _begin(self, started: Started) -> None:
        self._level = started.level
        self._operation = started.contract.operation
        if self._quiet:
            return
        print_template(self._out, "begin.txt", run=started)
        self._progress = ProgressLine(self._err, "case", started.total)

    def _advance(self, judged: Judged) -> None:
        self._failures += any(
            each.verdict is Verdict.FAIL and each.level.gates(self._level)
            for each in judged.findings
        )
        if self._progress is not None:
            self._progress.advance(self._failures, "failure")

    def _print(self, result: Result) -> None:
        if self._quiet:
            show(self._out, "ids", "conclusion", result=result)
            return
        found, warned = explained(result)
        found = tuple(each for each in found if not each.known)
        told = self._operation, result, found
        commands = () if self._again is None else _next(self._again, *told)
        show(
            self._out,
            *("refusal", "table", "failures", "known", "stale", "open", "warnings"),
            *("conclusion", "next"),
            result=result,
            found=found,
            warned=warned,
            verbose=self._verbose,
            next=list(commands)[:_COMMANDS],
        )


def _replayed(
    again: Mapping[str, str], operation: str, result: Result
) -> Iterator[str]:
    """Yield the options of a replay."""
    for name, text in again.items():
        if name in _OF_REPLAYS and (name != "--operation" or not result.operations):
            yield from filter(None, [text])
    if not result.operations and {"--tag", "--exclude-operation"} & again.keys():
        yield shlex.join(("--operation", operation))


def _next(
    again: Mapping[str, str], operation: str, result: Result, found: Sequence[Cause]
) -> Iterator[tuple[str, str]]:
    """Yield commands, by what was given to this one: as a shell takes it, by option."""

    def run(**changed: str) -> str:
        more = {f"--{name.replace('_', '-')}": it for name, it in changed.items()}
        words = ("ringspec run", *({**again, **more}).values())
        return visible(" ".join(filter(None, words)))

    if not result.learnt or result.interrupted:
        return  # the message and the hint say it
    printed = (each for cause in found for each in chosen(cause.findings))
    # The first that is on the list.
    first = next((it for it in printed if it.case.phase != Phase.EXPLORE), None)
    if first is not None:
        case = shlex.quote(visible(first.case.id))
        words = ("ringspec replay", case, *_replayed(again, operation, result))
        yield visible(" ".join(words)), "the first of them again"
    if any(len(each.findings) > LIMIT for each in found):
        yield run(report="--report html=report.html"), "every case, side by side"
    if result.stale:
        renewed = run(update_known_failures="--update-known-failures", fail_fast="")
        yield renewed, "after the stale entries are reviewed"
    warns = any(each.warnings(result.level) for each in result.rules)
    if result.conclusion is Conclusion.CONFORMANT and not warns:
        for level in Level:
            if level.rank == result.level.rank + 1:
                more = run(level=f"--level {level}")
                yield more, "what binds less strongly, too"


class ReplayOutcome(StrEnum):
    """What became of a case."""

    STILL = "still fails"
    OTHERWISE = "fails otherwise"
    NOW = "now fails"
    FAILS = "fails"
    OPEN = "not judged"
    FIXED = "fixed"
    PASSES = "passes"


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
            cases=cases,
            judged=self._judged,
            quiet=self._quiet,
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
                why = _why(each.rule, each.reason)
                warnings.append(("dim", f"warning, {each.level.upper()}: {why}"))
            elif each.rule in rules:
                now[each.rule] = each.reason
        texts = [_why(*each) for each in now.items()]
        if now and not before:
            outcome = ReplayOutcome.FAILS if self._before is None else ReplayOutcome.NOW
        elif now:
            alike = any(
                _VARYING.sub("", before.get(rule, "")) == _VARYING.sub("", why)
                for rule, why in now.items()
            )
            outcome = ReplayOutcome.STILL if alike else ReplayOutcome.OTHERWISE
            texts += [f"before: {_why(*it)}" for it in before.items() if not alike]
        elif why := self._unfit.get(case) or _open(case, judged, before, result):
            outcome = ReplayOutcome.OPEN
            # The message of the run is printed once, at the end.
            texts += [] if why == result.message else [shown(why, 300)]
        else:
            outcome = ReplayOutcome.FIXED if before else ReplayOutcome.PASSES
        return outcome, [*(("", each) for each in texts), *warnings]


def _open(
    case: str, judged: Judged | None, before: Mapping[RuleId, str], result: Result
) -> str:
    """Say why a case that does not fail has not passed either, if so."""
    own = (it for it in result.rules if case.startswith(f"{it.rule.id}/"))
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
    of = {it.rule.id: it.rule.group for it in result.rules}
    silent = (it for it in before if of.get(it) in _OF_ANSWERS and it not in passed)
    rule = next(silent, None)
    return f"this time the answer says nothing of {rule}" if rule else ""


def _why(rule: RuleId, reason: str) -> str:
    return f"{rule}: {shown(reason, 300)}"
