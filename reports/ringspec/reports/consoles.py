"""Consoles: where text goes, how wide it is, and whether it may be coloured."""

from __future__ import annotations

import io
import os
from typing import Literal, TextIO, TypeAlias

from rich.console import Console
from rich.text import Text

Color: TypeAlias = Literal["auto", "always", "never"]


def console(stream: TextIO, color: Color = "auto") -> Console:
    """Open a console that takes text as it is: no markup, no highlighting.

    `always` outweighs NO_COLOR and TERM=dumb, which `auto` honours.
    """
    if isinstance(stream, io.TextIOWrapper):
        # An ASCII terminal shall show \u2026, not end in an error.
        stream.reconfigure(errors="backslashreplace")
    coloured = color == "always" or (color == "auto" and _may_colour(stream))
    return Console(
        file=stream,
        color_system="standard" if coloured else None,
        force_terminal=True if color == "always" else None,
        no_color=not coloured,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )


def live(stream: TextIO) -> bool:
    """Tell whether a stream is a screen on which a line can be drawn again."""
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def _may_colour(stream: TextIO) -> bool:
    return live(stream) and not os.environ.get("NO_COLOR")


def line(console: Console, text: Text | str = "", style: str = "") -> None:
    """Print a line as it is: not wrapped, so that it can be pasted."""
    text = Text(text, style) if isinstance(text, str) else text
    console.print(text, soft_wrap=True)


def row(console: Console, label: str, value: Text | str, indent: int = 2) -> None:
    """Print a label and a value that wraps beside it."""
    value = Text(value) if isinstance(value, str) else value
    head = " " * indent + (f"{label:<8}" if label else "")
    width = max(console.width - len(head), 20)
    for number, part in enumerate(value.wrap(console, width, overflow="fold")):
        part.rstrip()
        start = head if number == 0 else " " * len(head)
        line(console, Text.assemble((start, "dim"), part) if part else "")
