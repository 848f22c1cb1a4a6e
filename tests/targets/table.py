"""TARGETS.md, rendered from what was measured: `python -m tests.targets.table`."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .measure import FILE
from .stacks import ROOT, STACKS, Stack

NOTES = Path(__file__).with_name("notes.toml")
PAGE = ROOT / "TARGETS.md"
_LEVELS = ("must", "should", "may")
_NAMES = [each.name for each in STACKS]
_HEAD = """\
# Other people's servers

Which rules of the contract do the usual stacks enforce, if it is given to them as their
own? One run of ringspec each, at level MAY, over loopback:

```sh
tox -e targets                    # installs, runs, and compares with this page
python -m tests.targets.measure   # measures anew, then: python -m tests.targets.table
```

A cell says how many of a group's rules hold. Open are those of which the run cannot
tell, mostly because the valid twin of an invalid body was refused as well. A dash is
not applicable: operations that are not offered, or the token where none is asked for.

Not enforced is no reproach, as there may be more layers behind. It says what is left to
be done by hand. A rule stands at its own level, though some of what breaks it binds
less: `segmentIds.items.format` and `calendarId.format` may fail at MAY alone, by other
spellings of a uuid, such as `urn:uuid:…`, which the usual validators take for one.
"""


def render(results: dict[str, Any]) -> str:
    """Write the page."""
    notes = tomllib.loads(NOTES.read_text("utf-8"))
    parts = [
        _HEAD,
        _table(("stack", "checked by", "contract", "set up"), _set_up(results, notes)),
        "## Rules that hold",
        _table(("", *_NAMES), _rows(results)),
        "## What gets through",
        "\n\n".join(_gaps(each, results, notes[each.name]["gaps"]) for each in STACKS),
    ]
    return "\n\n".join(each.strip() for each in parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def _set_up(
    results: dict[str, Any], notes: dict[str, Any]
) -> Iterator[tuple[str, ...]]:
    for stack in STACKS:
        packages = results["stacks"][stack.name]["packages"]
        told = ", ".join(f"{name} {number}" for name, number in packages.items())
        yield stack.name, told, str(stack.spelling), notes[stack.name]["how"]


def _rows(results: dict[str, Any]) -> Iterator[list[str]]:
    groups: dict[str, list[str]] = {}
    for rule in results["rules"]:
        groups.setdefault(rule["id"].split(".")[0], []).append(rule["id"])
    for group, rules in groups.items():
        yield [group, *_cells(results, rules)]
    for level in _LEVELS:
        rules = [each["id"] for each in results["rules"] if each["level"] == level]
        yield [f"**{each}**" for each in (level.upper(), *_cells(results, rules))]


def _cells(results: dict[str, Any], rules: Sequence[str]) -> Iterator[str]:
    for name in _NAMES:
        outcomes = results["stacks"][name]["rules"]
        yield _cell(Counter(outcomes[rule] for rule in rules))


def _cell(counts: Counter[str]) -> str:
    asked = counts["pass"] + counts["fail"] + counts["inconclusive"]
    if not asked:
        return "-"
    still_open = f", {counts['inconclusive']} open" if counts["inconclusive"] else ""
    return f"{counts['pass']} of {asked}{still_open}"


def _gaps(stack: Stack, results: dict[str, Any], gaps: Sequence[str]) -> str:
    outcomes = results["stacks"][stack.name]["rules"]
    levels = {each["id"]: each["level"] for each in results["rules"]}
    lines = [f"**{stack.name}**", "", *(f"- {each}" for each in gaps)]
    for level in _LEVELS:
        failing = [
            f"`{rule}`"
            for rule, outcome in outcomes.items()
            if outcome == "fail" and levels[rule] == level
        ]
        if failing:
            lines.append(f"- fails, {level.upper()}: {', '.join(failing)}")
    return "\n".join(lines)


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(render(json.loads(FILE.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
