"""`ringspec rules`: the catalogue."""

from __future__ import annotations

import sys
from typing import Any

import click

from ringspec.cli.options import each_selected, subcommand
from ringspec.reports import print_rules, render_rules, rules_json


@subcommand("rules", shape={"help": "How to print them."})
def command(*, shape: str, **named: Any) -> None:
    """Print the rules: id, level, evidence, sentence, source and place."""
    rows = rules_json(
        contract.led(rule)
        for contract, selection in each_selected(**named)
        for rule in selection.rules
    )
    if shape == "table":
        print_rules(rows, sys.stdout)
    else:
        click.echo(render_rules(shape, rows), nl=False)
