"""The terminal report: results on standard output, progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.text import Text

from ringspec.harness import Ended, Event, Judged, Notice, Result, Started, Verdict
from ringspec.reports.advice import print_next
from ringspec.reports.causes import explained
from ringspec.reports.consoles import Color, console, line, live, row
from ringspec.reports.details import (
    print_failing_ids,
    print_failures,
    print_inconclusive,
    print_known,
    print_stale,
    print_warnings,
)
from ringspec.reports.progress import Bar, Log
from ringspec.reports.redact import Redactor
from ringspec.reports.summary import print_conclusion, print_table
from ringspec.reports.text import counted, shown
from ringspec.spec import Level


class Terminal:
    """A reporter for people; as a context it leaves no bar behind.

    Args:
        stdout, stderr: where results and progress go; the process's own by default.
        quiet: only the ids of what fails, and the last line.
        verbose: every failing case, and every rule's id, is written out.
        color: `auto`, `always` or `never`.
        redactor: knows the secrets that must not be shown.
        again: options that a replay of a case needs, as they were given.
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
        again: Sequence[str] | None = None,
    ) -> None:
        stderr = stderr or sys.stderr
        self._out = console(stdout or sys.stdout, color)
        self._err = console(stderr, color)
        self._live = live(stderr)
        self._quiet = quiet
        self._verbose = verbose
        self._redactor = redactor or Redactor()
        self._again = again
        self._progress: Bar | Log | None = None
        self._started: Started | None = None
        self._level = Level.MUST
        self._failures = 0
        self._judged: list[Judged] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar off the screen, if one is there."""
        if self._progress is not None:
            self._progress.close()
            self._progress = None

    def handle(self, event: Event) -> None:
        """Show an event."""
        match event:
            case Judged():
                self._advance(event)
            case _:
                self._show(self._redactor.event(event))

    def _show(self, event: Event) -> None:
        match event:
            case Started():
                self._begin(event)
            case Notice() if not self._quiet:
                said = shown(event.message, 1000)
                line(self._err, Text.assemble(("note: ", "bold"), said))
            case Ended():
                self.close()
                self._end(event.result)

    def _begin(self, started: Started) -> None:
        self._started, self._level = started, started.level
        if self._quiet:
            return
        contract = started.contract
        title = shown(f"{contract.title} {contract.version}", 200)
        cases = counted(started.total, "case")
        dialect = f", dialect {contract.dialect}" if contract.dialect else ""
        row(self._out, "api", Text(f"{title}{dialect}", "bold"), indent=0)
        row(self._out, "target", shown(started.target, 1000), indent=0)
        plan = f"{cases} at level {started.level}, seed {started.seed}"
        row(self._out, "run", plan, indent=0)
        line(self._out)
        self._out.file.flush()  # before the first line on standard error
        self._progress = (Bar if self._live else Log)(self._err, started.total)

    def _advance(self, judged: Judged) -> None:
        self._judged.append(judged)
        self._failures += any(
            each.verdict is Verdict.FAIL and each.level.gates(self._level)
            for each in judged.findings
        )
        if self._progress is not None:
            self._progress.advance(self._failures)

    def _end(self, result: Result) -> None:
        if self._quiet:
            print_failing_ids(self._out, result)
            print_conclusion(self._out, result)
        else:
            self._tell(result)
        self._out.file.flush()

    def _tell(self, result: Result) -> None:
        if result.learnt:
            print_table(self._out, result)
            line(self._out)
        found, warned = explained(result, self._judged)
        found = tuple(each for each in found if not each.known)
        print_failures(self._out, found, verbose=self._verbose)
        print_known(self._out, result)
        print_stale(self._out, result.stale)
        if result.learnt:
            # Else every rule would be listed, and the message says why.
            print_inconclusive(self._out, result, verbose=self._verbose)
            print_warnings(self._out, warned, verbose=self._verbose)
        print_conclusion(self._out, result)
        if self._started is not None:
            print_next(self._out, self._started, result, found, self._again)
