"""Progress: a bar that vanishes on a screen, now and then a line in a log."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ringspec.reports.consoles import line
from ringspec.reports.text import counted


class Bar:
    """Draws the cases done, and the failures so far, on one line of a screen."""

    def __init__(self, console: Console, total: int) -> None:
        self._progress = Progress(
            TextColumn("cases"),
            # Beside the bar stand the counts, and the failures.
            BarColumn(bar_width=max(4, min(30, console.width - 36))),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failures]}", markup=False),
            console=console,
            transient=True,
            # A test's output stays where it is.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=total, failures="")
        self._progress.start()

    def advance(self, failures: int) -> None:
        """Tell that one more case is done."""
        said = counted(failures, "failure") if failures else ""
        self._progress.update(self._task, advance=1, failures=said)

    def close(self) -> None:
        """Take the bar off the screen."""
        self._progress.stop()


class Log:
    """Prints a line at each quarter of the cases."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0

    def advance(self, failures: int) -> None:
        """Tell that one more case is done."""
        before, self._done = self._done, self._done + 1
        if (
            not self._total
            or before * 4 // self._total == self._done * 4 // self._total
        ):
            return
        said = f"{self._done:,}/{counted(self._total, 'case')} done"
        line(self._console, f"{said}, {counted(failures, 'failure')}")

    def close(self) -> None:
        """Set the results off from the lines before."""
        if self._done:
            line(self._console)
