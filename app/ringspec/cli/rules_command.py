"""`ringspec rules`: the catalogue."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import options
from ringspec.harness.judging.selection import Selection
from ringspec.reports import print_rules, render_rules, rules_json
from ringspec.spec import load


@click.command("rules", cls=ManualCommand)
@options("rules", shape={"help": "How to print them."})
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
    rows = rules_json(loaded.rules[each] for each in ids)
    if shape == "table":
        print_rules(rows, sys.stdout)
    else:
        click.echo(render_rules(shape, rows), nl=False)
