"""`ringspec rules`: the catalogue."""

from __future__ import annotations

import sys

import click

from ringspec.cli.options import Given, each_selected, subcommand
from ringspec.reports import print_rules, render_rules, rules_json


@subcommand("rules", shape={"help": "How to print them."})
def command(given: Given) -> None:
    """Print the rules: id, level, evidence, sentence, source and place."""
    rows = rules_json(
        contract.led(rule)
        for contract, selection in each_selected(given)
        for rule in selection.rules
    )
    if given.shape == "table":
        print_rules(rows, sys.stdout)
    else:
        click.echo(render_rules(given.shape, rows), nl=False)
