"""TARGETS.md, rendered from what was measured: `python -m tests.targets.table`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from ..pages import filled  # noqa: TID252 - tests are no distribution
from .measure import FILE
from .shops import FILE as SHOPS_FILE
from .stacks import ROOT, STACKS

HERE = Path(__file__).parent
PAGE = ROOT / "TARGETS.md"


def render(results: dict[str, Any]) -> str:
    """Write the page."""
    groups: dict[str, list[str]] = {}
    levels: dict[str, list[str]] = {each: [] for each in ("must", "should", "may")}
    for rule in results["rules"]:
        groups.setdefault(rule["id"].split(".")[0], []).append(rule["id"])
        levels[rule["level"]].append(rule["id"])
    return filled(
        HERE / "page.jinja",
        results=results,
        stacks=STACKS,
        notes=tomllib.loads((HERE / "notes.toml").read_text("utf-8")),
        groups=groups,
        levels=levels,
        shops=json.loads(SHOPS_FILE.read_text("utf-8")),
    )


if __name__ == "__main__":
    PAGE.write_text(render(json.loads(FILE.read_text("utf-8"))), "utf-8")
