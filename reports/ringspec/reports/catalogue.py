"""The rule catalogue as `ringspec rules` prints it: a table, JSON or Markdown."""

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
    """Print rules at the width of the terminal; with a level, those that gate at it."""
    out = console(stream, color)
    for rule in rules:
        if level is not None and not rule.level.gates(level):
            continue
        binding = f"{rule.level.upper():<6} {rule.evidence:<10}"
        gap = " " * max(out.width - len(rule.id) - len(binding), 2)
        head = Text.assemble((visible(rule.id), "bold"), gap, binding)
        head.rstrip()
        line(out, head)
        row(out, "", visible(rule.sentence))
        origin = "; ".join((rule.source, *rule.places[:1]))
        more = f" and {len(rule.places) - 1} more" if len(rule.places) > 1 else ""
        row(out, "", Text(visible(f"{origin}{more}"), "dim"))


def rules_json(contract: Contract) -> str:
    """Write the catalogue as a JSON list."""
    rows = [
        {**rule_json(rule), "places": list(rule.places)}
        for rule in contract.rules.values()
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def rules_markdown(contract: Contract) -> str:
    """Write the catalogue as a Markdown table."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'|'.join(' --- ' for _ in _COLUMNS)}|"]
    for rule in contract.rules.values():
        places = "<br>".join(f"`{_cell(place)}`" for place in rule.places)
        cells = [f"`{_cell(rule.id)}`", rule.level.upper(), str(rule.evidence)]
        cells += [_cell(rule.sentence), _cell(rule.source), places]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def rule_json(rule: Rule) -> dict[str, Json]:
    """Return the description of a rule that every JSON report has."""
    return {
        "id": rule.id,
        "level": rule.level,
        "evidence": rule.evidence,
        "sentence": rule.sentence,
        "source": rule.source,
    }


def _cell(text: str) -> str:
    return visible(text.replace("\n", " ")).replace("|", "\\|")
