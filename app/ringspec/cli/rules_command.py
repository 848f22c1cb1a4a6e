"""`ringspec rules`: the catalogue."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import contract_options, selection_options
from ringspec.harness.judging.selection import Selection
from ringspec.reports import rules_json, rules_markdown, rules_table
from ringspec.spec import load


@click.command("rules", cls=ManualCommand)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    help="How to print them.",
)
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
        click.echo(render(loaded), nl=False)
