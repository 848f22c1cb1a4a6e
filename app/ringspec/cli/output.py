"""Standard output and error, when they cannot be written."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringspec.spec import ReportError


def output_error(error: OSError) -> ReportError:
    """Say that standard output or error could not be written."""
    from ringspec.spec import ReportError  # noqa: PLC0415 - slow to import, rarely needed

    return ReportError(
        f"the output cannot be written: {error.strerror or error}",
        hint="where does it go, and is there room?",
    )


def release_output() -> None:
    """Turn streams that take no more into sinks, lest the exit's flush complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                sink = os.open(os.devnull, os.O_WRONLY)
                os.dup2(sink, stream.fileno())
                os.close(sink)
