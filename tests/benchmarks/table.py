"""The README's figures, rendered from what the benchmarks measured.

In: the file that `tox -e bench` writes. Out: Markdown, put between two markers:
`python tests/benchmarks/table.py --results FILE --readme README.md`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
HERE = Path(__file__).parent


def render(results: dict[str, Any]) -> str:
    """Write the tables, one for each section that was measured."""
    environment = Environment(trim_blocks=True, lstrip_blocks=True)
    template = HERE.joinpath("table.jinja").read_text("utf-8")
    return environment.from_string(template).render(results).strip()


def put(readme: str, table: str) -> str:
    """Return a README with a table between its markers.

    Raises:
        ValueError: it does not have both.
    """
    before, begun, rest = readme.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        message = f"there are no {BEGIN} and {END}"
        raise ValueError(message)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def main() -> None:
    """Put the tables into the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    parser.add_argument("--readme", type=Path, default=HERE.parents[1] / "README.md")
    asked = parser.parse_args()
    table = render(json.loads(asked.results.read_text("utf-8")))
    asked.readme.write_text(put(asked.readme.read_text("utf-8"), table), "utf-8")


if __name__ == "__main__":
    main()
