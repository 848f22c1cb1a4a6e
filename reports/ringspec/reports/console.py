"""Consoles: where text goes, how wide it is, whether it is coloured; progress bars."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Literal, TextIO, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from ringspec.reports.printable import COMMAND, counted, shown, start

Color: TypeAlias = Literal["auto", "always", "never"]

# Seconds in which a log gets one line at most, and after which it gets one in any case.
_OFTEN, _SILENCE = 1, 60

# What is not parted if a line has room: a name with its value, or else what is quoted.
_WORDS = [re.compile(rf'(?:"(?:[^"\\]|\\.)*"{it}|\S)+') for it in ("(?:: )?", "")]
# Stands for a blank where no line ends; nothing that is visible has it.
_BLANK = "\ue000"
# Narrower screens are written to as if they were so wide.
_NARROW = 20


def console(stream: TextIO, color: Color = "auto", width: int = 0) -> Console:
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
    opened.width = max(width or opened.width, _NARROW)
    return opened


def live(stream: IO[str]) -> bool:
    """Return whether a stream is a screen on which a line can be drawn again."""
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def line(console: Console, text: Text | str = "") -> None:
    """Print a line as it is: not wrapped, so that it can be pasted."""
    text = Text(text) if isinstance(text, str) else text
    if found := COMMAND.match(text.plain):
        text = Text.assemble(text[: found.end()], "\\", text[found.end() :])
    console.print(text, soft_wrap=True)


def filled(template: str, **more: Any) -> bytes:
    """Fill a template as `html_templates.filled` does."""
    from ringspec.reports import html_templates  # noqa: PLC0415 - slow to import

    return html_templates.filled(template, **more)


def print_template(console: Console, template: str, **more: Any) -> None:
    """Fill a template, and print it as `html_templates.told` says."""
    from ringspec.reports.html_templates import told  # noqa: PLC0415 - slow to import

    told(console, template, **more)
    console.file.flush()


def hanging(console: Console, head: Text, value: Text) -> None:
    """Print a text that wraps beside its head; below it where too little is left."""
    left = console.width - head.cell_len
    if left < _NARROW and head.plain.strip():
        line(console, head)
        head, left = Text("  "), console.width - 2
    width = max(left, _NARROW)
    whole = value.copy()
    for words in _WORDS:
        whole.plain = words.sub(
            lambda it: it[0].replace(" ", _BLANK) if len(it[0]) <= width else it[0],
            whole.plain,
        )
    for part in whole.wrap(console, width, overflow="fold"):
        part.plain = part.plain.replace(_BLANK, " ")
        part.rstrip()
        line(console, Text.assemble(head, part) if part else "")
        head = Text(" " * head.cell_len)


def print_note(console: Console, message: str) -> None:
    """Print a notice of a run."""
    line(console, Text.assemble(("note: ", "bold"), shown(message, 1000)))


@contextmanager
def stages(
    color: Color = "auto", *, quiet: bool = False
) -> Iterator[Callable[[str], None]]:
    """Yield what tells of what is done before a run; an empty text is the last."""
    opened = console(sys.stderr, color)
    bar = _bar(opened, "starting", None) if live(sys.stderr) and not quiet else None
    width = opened.width - 12

    def tell(text: str) -> None:
        if bar is not None and text:
            label = start(shown(text, 500), width)
            bar.update(bar.task_ids[0], label=label, refresh=True)
        elif bar is not None:
            bar.stop()
        elif text and not quiet:
            line(opened, shown(text, 1000))

    try:
        yield tell
    finally:
        tell("")


class ProgressLine:
    """Shows how many are done, how long it took and may take yet.

    On a screen in a line that vanishes; in a log now and then, as most logs are short.
    """

    def __init__(self, console: Console, unit: str, total: int) -> None:
        self._console, self._unit, self._total = console, unit, total
        self._done, self._told = 0, False
        self._began = self._last = time.monotonic()
        self._bar = _bar(console, f"{unit}s", total) if live(console.file) else None

    def advance(self, count: int, noun: str) -> None:
        """Count one more; `count` and `noun` are the remark, such as 2 failures."""
        before, self._done = self._done, self._done + 1
        total, now = self._total, time.monotonic()
        took = now - self._began
        left = f"{_lasting(took * (total - self._done) / self._done)} left"
        if self._bar is not None:
            remark = f", {left}, {counted(count, noun)}" if count else f", {left}"
            self._bar.update(self._bar.task_ids[0], advance=1, remark=remark)
            return
        quarter = before * 4 // total != self._done * 4 // total
        if self._done < total and now - self._last > (_OFTEN if quarter else _SILENCE):
            self._last, self._told = now, True
            done = f"{self._done:,} of {counted(total, self._unit)}"
            remark = f"{counted(count, noun)}, {_lasting(took)}, {left}"
            line(self._console, f"{done}, {remark}")

    def close(self) -> None:
        """Take the bar off the screen, or set off the lines from what follows."""
        if self._bar is not None:
            self._bar.stop()
        elif self._told:
            line(self._console)


def _lasting(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def _bar(console: Console, label: str, total: int | None) -> Progress:
    # Beside the bar stand the counts, the times and the remark.
    width = max(4, min(30, console.width - 56))
    bar = Progress(
        TextColumn("{task.fields[label]}", markup=False),
        *((BarColumn(bar_width=width), MofNCompleteColumn()) if total else ()),
        TextColumn("{task.elapsed:.0f} s{task.fields[remark]}", markup=False),
        console=console,
        transient=True,
        refresh_per_second=4,
        # A test's output stays where it is.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=total, label=label, remark="")
    bar.start()
    return bar
