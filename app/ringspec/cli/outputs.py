"""Outputs of a run: the terminal, the event stream and the reports.

None of them fails the others. Reports are written once the run is over.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from ringspec.cli.evidence import write_evidence
from ringspec.cli.exits import INTERRUPTED, output_error, print_error, release_output
from ringspec.cli.options import EVIDENCE, screen
from ringspec.harness import Ended, Event, Result
from ringspec.harness.running.plan import Plan
from ringspec.reports import (
    Display,
    EventStream,
    GitHubAnnotations,
    Record,
    Recorder,
    Redactor,
    on_github,
    write,
)
from ringspec.spec import InternalError, ReportError

# The one format that is written while the run goes on.
_STREAM = "ndjson"


class Outputs:
    """The reporters of a run, and the reports that it writes.

    The display ends when its reader is gone or its disk full; in a job of GitHub
    Actions it annotates, too. An evidence is written of a plan with a tape.
    """

    def __init__(
        self,
        wanted: Sequence[tuple[str, Path]],
        display: Display | None,
        redactor: Redactor,
        docs: str = "",
        *,
        annotates: bool = True,
        plan: Plan | None = None,
    ) -> None:
        self._plan, self._redactor = plan, redactor
        self._wanted = [each for each in wanted if each[0] != _STREAM]
        self._recorder = Recorder(redactor, docs)
        self._streams = [
            EventStream(path, redactor) for name, path in wanted if name == _STREAM
        ]
        if annotates and on_github():
            display = GitHubAnnotations(display, redactor, screen(wanted), docs)
        self._display = display
        self._error: OSError | None = None

    def handle(self, event: Event) -> None:
        """Pass an event to all reporters."""
        if self._wanted:
            self._recorder.handle(event)
        for each in self._streams:
            each.handle(event)
        try:
            if self._display is not None:
                self._display.handle(event)
        except (OSError, SystemExit) as error:  # rich exits on a broken pipe
            if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
                self._error = error
            self._close_display()
            release_output()

    def _close_display(self) -> None:
        if self._display is not None:
            with suppress(OSError, SystemExit):
                self._display.close()
        self._display = None

    def close(self) -> None:
        """Close the display and the streams."""
        self._close_display()
        for each in self._streams:
            each.close()

    def written(self, status: int) -> int:
        """Write the reports; return the exit status of a run that ended with one."""
        checks = [*(each.check for each in self._streams)]
        if self._wanted:
            record = self._recorder.record
            checks += [partial(self._write, *each, record) for each in self._wanted]
        return attempted((*checks, self._check_display), status)

    def _write(self, name: str, path: Path, record: Record) -> None:
        if name == EVIDENCE and self._plan is not None:
            write_evidence(path, self._plan, self._redactor, record)
        else:
            write(name, path, record)

    def _check_display(self) -> None:
        if self._error is not None:
            raise output_error(self._error)


def attempted(writes: Iterable[Callable[[], None]], status: int) -> int:
    """Call all of some writes; return the exit status, which stays if it was bad."""
    bugs: list[Exception] = []
    for write_one in writes:
        try:
            write_one()
        except ReportError as error:
            print_error(error)
            if status not in {1, INTERRUPTED}:
                status = ReportError.exit_code
        except Exception as bug:  # noqa: BLE001 - the others are still to be written
            bugs.append(bug)
    if bugs:
        raise bugs[0]
    return status


def report_run(
    events: Generator[Event, None, None], outputs: Outputs
) -> tuple[int, Result]:
    """Report a run; return its exit status, and its result."""
    result: Result | None = None
    try:
        # The run deletes what it created when it is closed, whatever ends the reports.
        with closing(events):
            event = next(events, None)
            while event is not None:
                try:
                    outputs.handle(event)
                    if isinstance(event, Ended):
                        result = event.result
                    event = next(events, None)
                except KeyboardInterrupt:
                    # It was raised here rather than in the run, which has to end by it.
                    interrupt = KeyboardInterrupt()
                    event = None if result is not None else events.throw(interrupt)
    finally:
        outputs.close()
    if result is None:
        raise InternalError("the run ended without a result")
    return outputs.written(result.exit_code), result
