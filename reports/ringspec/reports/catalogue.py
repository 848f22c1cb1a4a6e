"""The catalogue, as `ringspec rules` prints it: a table, JSON or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO

from rich.text import Text

from ringspec.reports.console import Color, console, line, row
from ringspec.reports.printable import visible
from ringspec.spec import Contract, Json, Level, Rule

_COLUMNS = ("id", "level", "evidence", "sentence", "source", "place")


def rules_table(
    rules: Iterable[Rule],
    stream: TextIO,
    *,
    level: Level | None = None,
    color: Color = "auto",
) -> None:
    """Print rules for people, at the width of the terminal.

    With a level, only those that gate a run at that level.
    """
    out = console(stream, color)
    for rule in rules:
        if level is not None and not rule.level.gates(level):
            continue
        attested = f"{rule.level.upper():<6} {rule.evidence:<10}"
        gap = " " * max(out.width - len(rule.id) - len(attested), 2)
        head = Text.assemble((visible(rule.id), "bold"), gap, attested)
        head.rstrip()
        line(out, head)
        row(out, "", visible(rule.sentence))
        row(out, "", Text(visible(_whence(rule)), "dim"))


def _whence(rule: Rule) -> str:
    places = [rule.places[0]] if rule.places else []
    if len(rule.places) > 1:
        places.append(f"and {len(rule.places) - 1} more")
    return "; ".join((rule.source, " ".join(places))) if places else rule.source


def rules_json(contract: Contract) -> str:
    """Write the catalogue as a JSON list."""
    rows = [_row(rule) for rule in contract.rules.values()]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def rules_markdown(contract: Contract) -> str:
    """Write the catalogue as a Markdown table."""
    lines = [
        f"| {' | '.join(_COLUMNS)} |",
        f"|{'|'.join(' --- ' for _ in _COLUMNS)}|",
    ]
    for rule in contract.rules.values():
        places = "<br>".join(f"`{_cell(place)}`" for place in rule.places)
        cells = (f"`{_cell(rule.id)}`", rule.level.upper(), rule.evidence)
        told = (_cell(rule.sentence), _cell(rule.source), places)
        lines.append(f"| {' | '.join((*cells, *told))} |")
    return "\n".join(lines) + "\n"


def rule_json(rule: Rule) -> dict[str, Json]:
    """Return what every JSON of ours says of a rule."""
    return {
        "id": rule.id,
        "level": rule.level,
        "evidence": rule.evidence,
        "sentence": rule.sentence,
        "source": rule.source,
    }


def _row(rule: Rule) -> dict[str, Json]:
    return {**rule_json(rule), "places": list(rule.places)}


def _cell(text: str) -> str:
    return visible(text.replace("\n", " ")).replace("|", "\\|")
