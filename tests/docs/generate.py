"""What is made of the program itself: `python -m tests.docs.generate`.

They are committed, so that a change of them is seen; a test says if they are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from . import command_page, reports_page, rules_page

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
MADE: dict[Path, Callable[[], str]] = {
    REFERENCE / "command.md": command_page.render,
    REFERENCE / "reports.md": reports_page.render,
    REFERENCE / "rules.md": rules_page.render,
}


def main() -> None:
    """Write all of them."""
    for path, render in MADE.items():
        path.write_text(render(), "utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
