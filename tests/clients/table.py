"""CLIENTS.md, rendered from what was measured: `python -m tests.clients.table`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ringspec.spec import Level, load

from ..pages import filled  # noqa: TID252 - tests are no distribution
from .drivers import CLIENTS, COLLECTION
from .measure import FILE, ROOT

PAGE = ROOT / "CLIENTS.md"
_VENDOR = ("sdk", "sdk-canonical", "sdk-careless")


def render(results: dict[str, Any]) -> str:
    """Write the page."""
    columns = [results[name]["broken"] for name in _VENDOR]
    rules = load().rules.values()
    found = [each for each in rules if any(each.id in column for column in columns)]
    return filled(
        Path(__file__).with_name("page.jinja"),
        results=results,
        clients=CLIENTS,
        levels=list(Level),
        rules=sorted(found, key=lambda each: each.level.rank),
        vendor=_VENDOR,
        collection=COLLECTION,
        root=ROOT,
    )


if __name__ == "__main__":
    PAGE.write_text(render(json.loads(FILE.read_text("utf-8"))), "utf-8")
