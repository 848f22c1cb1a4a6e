"""The screen: the terminal report, which must not end a run when it cannot be shown."""

from __future__ import annotations

from contextlib import suppress

from ringspec.cli.output import output_error, release_output
from ringspec.harness import Event
from ringspec.reports import Display


class Screen:
    """A reporter that goes silent where its reader is gone or its disk is full."""

    def __init__(self, terminal: Display) -> None:
        self._terminal: Display | None = terminal
        self._error: OSError | None = None

    def handle(self, event: Event) -> None:
        """Show an event, as long as that is possible."""
        if self._terminal is None:
            return
        try:
            self._terminal.handle(event)
        except SystemExit:  # what rich makes of a broken pipe
            self._silence(BrokenPipeError())
        except OSError as error:
            self._silence(error)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._terminal is not None:
            with suppress(OSError, SystemExit):
                self._terminal.close()

    def check(self) -> None:
        """Complain if something could not be shown to somebody who waits for it.

        Raises:
            ReportError: the output could not be written.
        """
        if self._error is not None and not isinstance(self._error, BrokenPipeError):
            raise output_error(self._error)

    def _silence(self, error: OSError) -> None:
        self.close()
        self._terminal, self._error = None, error
        release_output()
