"""Outputs of a run: the terminal, the event stream and the reports.

None of them fails the others. The terminal and the event stream take events as they
happen; the other reports are written once the run is over.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import click

from ringspec.cli.exits import (
    INTERRUPTED,
    output_error,
    print_error,
    release_output,
)
from ringspec.cli.options import (
    ReportPaths,
    added,
    color_option,
    docs_base,
    docs_option,
    reports_option,
)
from ringspec.harness import Ended, Event, Result
from ringspec.reports import (
    FORMATS,
    Display,
    EventStream,
    GitHubAnnotations,
    Recorder,
    Redactor,
    Reporter,
    on_github,
    write,
)
from ringspec.spec import InternalError, ReportError

# The one format that is written while the run goes on.
_STREAM = "ndjson"
# Wider lines are hard to read, however wide the screen.
_WIDEST = 80

output_options = added(
    reports_option(help=f"Write a report (repeatable): {', '.join(FORMATS)}."),
    docs_option,
    click.option("--quiet", is_flag=True, help="Only failures and the last line."),
    click.option("--verbose", is_flag=True, help="Every failing case."),
    color_option,
)


class Screen:
    """Passes events to the terminal report until its reader or its room is gone."""

    def __init__(self, terminal: Display) -> None:
        self._terminal: Display | None = terminal
        self._error: OSError | None = None

    def handle(self, event: Event) -> None:
        """Show an event, as long as that is possible."""
        if self._terminal is None:
            return
        try:
            self._terminal.handle(event)
        except SystemExit:  # rich exits on a broken pipe
            self._silence(BrokenPipeError())
        except OSError as error:
            self._silence(error)

    def close(self) -> None:
        """Remove the progress bar."""
        if self._terminal is not None:
            with suppress(OSError, SystemExit):
                self._terminal.close()

    def check(self) -> None:
        """Make sure that all was shown, unless its reader has left.

        Raises:
            ReportError: the output could not be written.
        """
        if self._error is not None and not isinstance(self._error, BrokenPipeError):
            raise output_error(self._error)

    def _silence(self, error: OSError) -> None:
        self.close()
        self._terminal, self._error = None, error
        release_output()


class Outputs:
    """The reporters of a run, and the reports that it writes.

    Args:
        wanted: formats, each with its path.
        annotates: whether a job of GitHub Actions gets annotations.
    """

    def __init__(
        self,
        wanted: Sequence[tuple[str, Path]],
        shown: Display,
        redactor: Redactor,
        *,
        annotates: bool = True,
    ) -> None:
        docs = docs_base()
        self._wanted = [each for each in wanted if each[0] != _STREAM]
        self._recorder = Recorder(redactor, docs)
        self._streams = [
            EventStream(path, redactor) for name, path in wanted if name == _STREAM
        ]
        annotated = annotates and on_github()
        self._screen = Screen(
            GitHubAnnotations(shown, redactor, docs=docs) if annotated else shown
        )
        recorder = (self._recorder,) if self._wanted else ()
        self.reporters: tuple[Reporter, ...] = (
            *recorder,
            *self._streams,
            self._screen,
        )

    def close(self) -> None:
        """Close the screen and the streams."""
        self._screen.close()
        for each in self._streams:
            each.close()

    def written(self, status: int) -> int:
        """Write the reports; return the exit status of a run that ended with one."""
        streams = [each.check for each in self._streams]
        record = self._recorder.record if self._wanted else None
        writes = [
            partial(write, name, path, record)
            for name, path in self._wanted
            if record is not None
        ]
        return attempted((*streams, *writes, self._screen.check), status)


def attempted(writes: Iterable[Callable[[], None]], status: int) -> int:
    """Call all of some writes, whichever fail.

    Returns the exit status, of a run that ended with the one given: a nonconformant or
    interrupted run stays one.
    """
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
    events: Generator[Event, None, None],
    wanted: ReportPaths,
    shown: Display,
    redactor: Redactor,
    *,
    annotates: bool = True,
) -> tuple[int, Result]:
    """Report a run; return its exit status, and its result.

    Args:
        events: of the run.
        wanted: formats, each with its path.
        shown: shows the run while it goes on.
        redactor: removes the secrets.
        annotates: whether a job of GitHub Actions gets annotations.
    """
    outputs = Outputs(wanted, shown, redactor, annotates=annotates)
    try:
        # The run deletes what it created when it is closed, whatever ends the reports.
        with closing(events):
            result = _handled(events, outputs.reporters)
    finally:
        outputs.close()
    return outputs.written(result.exit_code), result


def _handled(
    events: Generator[Event, None, None], reporters: Iterable[Reporter]
) -> Result:
    """Pass all events to all reporters, and return the result of the run."""
    result: Result | None = None
    event = next(events, None)
    while event is not None:
        try:
            for each in reporters:
                each.handle(event)
            if isinstance(event, Ended):
                result = event.result
            event = next(events, None)
        except KeyboardInterrupt:
            # It was raised here rather than in the run, which has to end by it.
            event = None if result is not None else events.throw(KeyboardInterrupt())
    if result is None:
        raise InternalError("the run ended without a result")
    return result


def wrapped(text: str, indent: str = "", hanging: str | None = None) -> list[str]:
    """Wrap a paragraph to lines of 80 columns at most, or of the screen.

    Args:
        text: one paragraph.
        indent: begins the first line.
        hanging: begins the others, if it differs.
    """
    return textwrap.wrap(
        text,
        max(min(shutil.get_terminal_size().columns, _WIDEST), 20),
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
