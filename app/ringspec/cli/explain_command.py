"""`ringspec explain`: rules with examples, usual causes of failures, and the fix."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from ringspec.cli.options import Given, completer, rule_prefixes, subcommand
from ringspec.reports import explain, print_rules
from ringspec.spec import (
    Contract,
    Json,
    Overrides,
    RuleId,
    UsageError,
    leading,
    load,
    nearest,
    operations_of,
)


@subcommand("explain")
@click.argument(
    "ids",
    metavar="RULE...",
    nargs=-1,
    required=True,
    shell_complete=completer(rule_prefixes),
)
def command(given: Given) -> None:
    """Explain rules: sentence, source, examples, usual causes of failures, the fix."""
    told = list[dict[str, Json]]()
    file, named_one, dialect = given.contract, given.operation, given.dialect
    known = operations_of(file, dialect) if file else []
    by_operation: dict[str, list[str]] = {}
    for each in given.ids:
        by_operation.setdefault(leading(each, known), []).append(each)
    for operation, led in by_operation.items():
        contract = load(
            file,
            operation=operation or named_one,
            dialect=dialect,
            overrides=Overrides(packs=given.packs),
        )
        for note in contract.notices:
            click.echo(f"note: {note}", err=True)
        if operation and not named_one:
            contract = replace(contract, prefix=f"{operation}/")
        own = [each.removeprefix(f"{operation}/") for each in led]
        wanted = dict.fromkeys(rule for each in own for rule in _begun(contract, each))
        told += explain(contract, wanted)
    print_rules(given.shape, told, sys.stdout, "explain")


def _begun(contract: Contract, words: str) -> list[RuleId]:
    """Return the rule of an id, or those whose ids begin with some words."""
    if words in contract.rules:
        return [RuleId(words)]
    found = [
        rule for rule in contract.rules if rule.startswith((f"{words}.", f"{words}/"))
    ]
    if not found:
        groups = dict.fromkeys(rule.group for rule in contract.rules.values())
        names = [*groups, *contract.rules]
        longer = [name for name in names if words and name.startswith(words)]
        near = (longer or nearest(words, names, most=3))[:3]
        meant = f"did you mean {', '.join(near)}? " if near else ""
        raise UsageError(
            f"no rule has the id {words!r}", hint=f"{meant}`ringspec rules` lists them"
        )
    return found
