"""The reference, made of the program: `python -m tests.docs.generate`.

They are committed, so that a change of them is seen; a test says if they are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from . import command_page, reports_page, rules_page

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
MADE: dict[str, Callable[[], str]] = {
    "command.md": command_page.render,
    "reports.md": reports_page.render,
    "rules.md": rules_page.render,
}


def main() -> None:
    """Write all of them."""
    for name, render in MADE.items():
        (REFERENCE / name).write_text(render(), "utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
