"""Outputs: all that a run is told to, of which no one costs the others anything.

The screen and the event stream hear of events as they happen; the other reports are
written once the run is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from ringspec.cli.docs import docs_base, docs_option
from ringspec.cli.options import added
from ringspec.cli.screen import Screen
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
from ringspec.spec import ReportError

# The one format that is written while the run goes on.
_STREAM = "ndjson"

_OUTPUT = (
    click.option(
        "--report",
        "reports",
        metavar="FORMAT=PATH",
        multiple=True,
        help=f"Write a report (repeatable): {', '.join(FORMATS)}.",
    ),
    docs_option,
    click.option("--quiet", is_flag=True, help="Only failures and the last line."),
    click.option("--verbose", is_flag=True, help="Every failing case."),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colours in the terminal.",
    ),
)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is told, and where."""
    return added(command, _OUTPUT)


class Outputs:
    """The reporters of a run, and the reports that it is to leave.

    Args:
        wanted: formats, each with its path.
        annotates: whether a job of GitHub Actions is told what it may show beside it.
    """

    def __init__(
        self,
        wanted: Sequence[tuple[str, Path]],
        shown: Display,
        redactor: Redactor,
        *,
        annotates: bool = True,
    ) -> None:
        self._wanted = [each for each in wanted if each[0] != _STREAM]
        docs = docs_base()
        self._recorder = Recorder(redactor, docs)
        self._streams = [
            EventStream(path, redactor) for name, path in wanted if name == _STREAM
        ]
        annotated = annotates and on_github()
        self._screen = Screen(
            GitHubAnnotations(shown, redactor, docs=docs) if annotated else shown
        )

    @property
    def reporters(self) -> tuple[Reporter, ...]:
        """Those who are to hear of every event."""
        recorder = (self._recorder,) if self._wanted else ()
        return (*recorder, *self._streams, self._screen)

    def close(self) -> None:
        """Let go of the screen and of what is written to."""
        self._screen.close()
        for each in self._streams:
            each.close()

    def written(self, status: int) -> int:
        """Write all reports, whichever fail; a nonconformant run stays one.

        Returns the exit status, of a run that ended with the one given.
        """
        checks: list[Callable[[], None]] = [each.check for each in self._streams]
        if self._wanted:
            record = self._recorder.record
            checks += [
                partial(write, name, path, record) for name, path in self._wanted
            ]
        failed = False
        bugs: list[Exception] = []
        for check in (*checks, self._screen.check):
            try:
                check()
            except ReportError as error:
                failed = True
                click.echo(f"ringspec: {error}\n    hint: {error.hint}", err=True)
            except Exception as bug:  # noqa: BLE001 - the others shall still be written
                bugs.append(bug)
        if bugs:
            raise bugs[0]
        return ReportError.exit_code if failed and status not in {1, 130} else status
