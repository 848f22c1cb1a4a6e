"""The terminal report: results on standard output, progress on standard error."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from ringspec.harness import (
    Conclusion,
    Ended,
    Event,
    Judged,
    Notice,
    Result,
    Started,
    Verdict,
)
from ringspec.reports.blocks import LIMIT, chosen, show
from ringspec.reports.causes import Cause, explained
from ringspec.reports.console import (
    Color,
    ProgressLine,
    console,
    print_note,
    print_template,
)
from ringspec.reports.printable import visible
from ringspec.reports.redact import Redactor
from ringspec.spec import Level
from ringspec.strategies import Phase

# Commands to run next.
_COMMANDS = 3
# What of a run's options a replay takes, and needs to have the same cases.
_OF_REPLAYS = {
    *("", "--profile", "--contract", "--operation", "--dialect", "--seed"),
    *("--bearer", "--client-id", "--client-secret", "--token-url", "--user"),
    *("--header", "--ca", "--insecure", "--workers", "--rate", "--timeout"),
}


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
        self._level = Level.MUST
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
        commands = () if self._again is None else _next(self._again, result, found)
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


def _next(
    again: Mapping[str, str], result: Result, found: Sequence[Cause]
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
        words = ["ringspec replay", shlex.quote(visible(first.case.id))]
        words += [text for name, text in again.items() if name in _OF_REPLAYS and text]
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
