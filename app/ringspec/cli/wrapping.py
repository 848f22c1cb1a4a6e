"""Sentences that wrap to the screen, for commands that print without colours."""

from __future__ import annotations

import shutil
import textwrap

# Wider lines are hard to read, however wide the screen.
_WIDEST = 80


def wrapped(text: str, indent: str = "", hanging: str | None = None) -> list[str]:
    """Break a text between words into lines of 80 columns at most, or of the screen.

    Args:
        text: one paragraph.
        indent: what its first line begins with.
        hanging: what the others begin with, if that differs.
    """
    return textwrap.wrap(
        text,
        max(min(shutil.get_terminal_size().columns, _WIDEST), 20),
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
