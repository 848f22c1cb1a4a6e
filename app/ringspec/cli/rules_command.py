"""`ringspec rules`: the catalogue."""

from __future__ import annotations

import sys

from ringspec.cli.options import Given, each_selected, subcommand
from ringspec.reports import print_rules, rules_json


@subcommand("rules", shape={"help": "How to print them."})
def command(given: Given) -> None:
    """Print the rules: id, level, evidence, sentence, source and place."""
    rows = rules_json(
        contract.led(rule)
        for contract, selection in each_selected(given)
        for rule in selection.rules
    )
    print_rules(given.shape, rows, sys.stdout, "rules")
