"""Where the benchmarks write what they measure: one file of JSON, a section for each.

In: the command line, `[RESULTS] [--sample N] [--all]`, which all of them take, so that
`tox -e bench` can hand the same words to each. Out: the file, and a table on screen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("results.json")


def arguments(description: str) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("results", nargs="?", type=Path, default=FILE)
    parser.add_argument(
        "--sample", type=int, default=12, help="give peers every N-th mutant"
    )
    parser.add_argument("--all", action="store_true", help="give peers every mutant")
    return parser.parse_args()


def note(path: Path, section: str, figures: dict[str, Any]) -> None:
    """Write a section, and leave the others as they are."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    known[section] = figures
    text = json.dumps(known, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")


def show(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a small table."""
    cells = [[str(each) for each in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        first, *others = row
        told = [first.ljust(widths[0])]
        told += [each.rjust(width) for each, width in zip(others, widths[1:])]  # noqa: B905 - as long as the row
        print("  ".join(told))  # noqa: T201 - a benchmark prints
