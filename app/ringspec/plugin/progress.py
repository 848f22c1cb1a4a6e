"""Progress: a line on the screen, in place of the one before."""

from __future__ import annotations

import time
from typing import Any

from ringspec.plugin.options import GROUP

# So often it is written anew, in seconds.
_BLINK_S = 0.2


class Progress:
    """Shows how far a run is.

    Args:
        reporter: pytest's terminal reporter, or none; where it writes to no screen,
            nothing is shown.
    """

    def __init__(self, reporter: Any) -> None:
        self._reporter = reporter if reporter is not None and reporter.isatty else None
        self._told = 0.0

    def tell(self, text: str) -> None:
        """Show a line in place of the one before."""
        now = time.monotonic()
        if self._reporter is None or now - self._told < _BLINK_S:
            return
        if not self._told:
            self._reporter.ensure_newline()
        self._told = now
        self._reporter.rewrite(f"{GROUP}: {text}", erase=True)

    def close(self) -> None:
        """Take the line away."""
        if self._reporter is not None and self._told:
            self._reporter.rewrite("", erase=True)
            self._reporter.rewrite("")
