"""`ringspec rules`: the catalogue."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import click
from rich.text import Text

from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import contract_options, format_option, selection_options
from ringspec.harness.judging.selection import Selection
from ringspec.reports import console, line, row, rule_json, visible
from ringspec.spec import Contract, Rule, load

_COLUMNS = ("id", "level", "evidence", "sentence", "source", "place")


@click.command("rules", cls=ManualCommand)
@format_option("table", "json", "markdown", text="How to print them.")
@selection_options
@contract_options
def command(
    *,
    shape: str,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    contract: Path | None,
    operation: str | None,
    dialect: str | None,
) -> None:
    """Print the rules: id, level, evidence, sentence, source and place."""
    loaded = load(contract, operation=operation, dialect=dialect)
    ids = Selection.of(loaded, select, exclude).rules
    loaded = replace(loaded, rules={each: loaded.rules[each] for each in ids})
    if shape == "table":
        rules_table(loaded.rules.values(), sys.stdout)
    else:
        render = rules_json if shape == "json" else rules_markdown
        click.echo(render(loaded).encode(), nl=False)


def rules_table(rules: Iterable[Rule], stream: TextIO) -> None:
    """Print rules at the width of the terminal."""
    out = console(stream)
    for rule in rules:
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


def _cell(text: str) -> str:
    return visible(text.replace("\n", " ")).replace("|", "\\|")
