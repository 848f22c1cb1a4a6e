"""Consoles: where text goes, how wide it is, whether it is coloured; progress bars."""

from __future__ import annotations

import io
import os
from typing import IO, Literal, TextIO, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from ringspec.harness import Result
from ringspec.reports.printable import COMMAND, counted, shown

Color: TypeAlias = Literal["auto", "always", "never"]

# Narrower screens are written to as if they were so wide.
_NARROW = 20


def console(stream: TextIO, color: Color = "auto") -> Console:
    """Open a console that takes text as it is: no markup, no highlighting.

    `always` and `never` outweigh the environment; with `auto` NO_COLOR outweighs
    FORCE_COLOR, which outweighs TERM=dumb and whether there is a screen at all.
    """
    # Source: no-color.org and force-color.org, which leave an empty value unset.
    forced = os.environ.get("FORCE_COLOR", "") not in ("", "0")
    wanted = not os.environ.get("NO_COLOR") and (forced or live(stream))
    coloured = color == "always" or (color == "auto" and wanted)
    opened = Console(
        file=stream,
        color_system="standard" if coloured else None,
        force_terminal=coloured or live(stream),
        no_color=not coloured,
        markup=False,
        emoji=False,
        highlight=False,
        # Windows' old consoles take no escape sequences, files need none.
        legacy_windows=None if live(stream) else False,
    )
    opened.width = max(opened.width, _NARROW)
    return opened


def page(width: int) -> tuple[Console, io.StringIO]:
    """Open a console without colours that writes to a text, and return both."""
    text = io.StringIO()
    opened = console(text, "never")
    opened.width = max(width, _NARROW)
    return opened, text


def live(stream: IO[str]) -> bool:
    """Return whether a stream is a screen on which a line can be drawn again."""
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def line(console: Console, text: Text | str = "", style: str = "") -> None:
    """Print a line as it is: not wrapped, so that it can be pasted."""
    text = Text(text, style) if isinstance(text, str) else text
    if found := COMMAND.match(text.plain):
        text = Text.assemble(text[: found.end()], "\\", text[found.end() :])
    console.print(text, soft_wrap=True)


def row(console: Console, label: str, value: Text | str, indent: int = 2) -> None:
    """Print a label and a value that wraps beside it."""
    head = " " * indent + (f"{label:<8}" if label else "")
    hanging(console, Text(head, "dim"), value)


def hanging(console: Console, head: Text, value: Text | str) -> None:
    """Print a text that wraps beside its head; below it where too little is left."""
    value = Text(value) if isinstance(value, str) else value
    left = console.width - head.cell_len
    if left < _NARROW and head.plain.strip():
        line(console, head)
        head, left = Text("  "), console.width - 2
    for part in value.wrap(console, max(left, _NARROW), overflow="fold"):
        part.rstrip()
        line(console, Text.assemble(head, part) if part else "")
        head = Text(" " * head.cell_len)


def print_note(console: Console, message: str) -> None:
    """Print a notice of a run."""
    line(console, Text.assemble(("note: ", "bold"), shown(message, 1000)))


def print_message(console: Console, result: Result) -> None:
    """Print the message and the hint of a run, if there are any."""
    if result.message:
        line(console, shown(result.message, 1000))
    if result.hint:
        line(console, Text.assemble(("hint: ", "bold"), shown(result.hint, 1000)))


class ProgressLine:
    """Shows how many are done: a bar that vanishes, or a line at each quarter."""

    def __init__(self, console: Console, unit: str, total: int) -> None:
        self._console, self._unit, self._total = console, unit, total
        self._done = 0
        self._bar = _bar(console, f"{unit}s", total) if live(console.file) else None

    def advance(self, count: int, noun: str) -> None:
        """Count one more; `count` and `noun` are the remark, such as 2 failures."""
        before, self._done = self._done, self._done + 1
        total, remark = self._total, counted(count, noun)
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, advance=1, remark=remark if count else "")
        elif total and before * 4 // total != self._done * 4 // total:
            done = f"{self._done:,}/{counted(total, self._unit)} done"
            line(self._console, f"{done}, {remark}")

    def close(self) -> None:
        """Take the bar off the screen, or set off the lines from what follows."""
        if self._bar is not None:
            self._bar.stop()
        elif self._done:
            line(self._console)


def _bar(console: Console, label: str, total: int) -> Progress:
    bar = Progress(
        TextColumn(label),
        # Beside the bar stand the counts, and the remark.
        BarColumn(bar_width=max(4, min(30, console.width - 36))),
        MofNCompleteColumn(),
        TextColumn("{task.fields[remark]}", markup=False),
        console=console,
        transient=True,
        # A test's output stays where it is.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=total, remark="")
    bar.start()
    return bar
