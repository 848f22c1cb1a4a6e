"""`ringspec cases`: every case as a line of JSON, for tools in any language."""

from __future__ import annotations

import sys

import click

from ringspec.cli.options import Given, each_selected, subcommand
from ringspec.spec import SpecError
from ringspec.strategies import CASE_SCHEMA, cases_of, led, line


def _schema(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value:
        click.echo(CASE_SCHEMA.read_text("utf-8"), nl=False)
        ctx.exit()


@subcommand("cases", schema={"callback": _schema})
def command(given: Given) -> None:
    """Print every case as a line of JSON; nothing is sent."""
    out, errors = sys.stdout.buffer, list[SpecError]()
    chosen = each_selected(given)
    for contract, selection in chosen:
        try:
            cases = cases_of(contract, given.seed, thorough=given.thorough)
        except SpecError as error:
            errors.append(error)
            if len(errors) == len(chosen):
                raise
            operation = contract.operation.id
            click.echo(f"note: {operation} is not tested: {error}", err=True)
            continue
        for case in selection.fired(cases):
            out.write(line(led(case, contract.prefix)).encode() + b"\n")
    out.flush()
