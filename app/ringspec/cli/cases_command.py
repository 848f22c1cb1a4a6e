"""`ringspec cases`: every case as a line of JSON, for tools in any language."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

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
    out, errors = sys.stdout.buffer, list[tuple[str, SpecError]]()
    chosen = each_selected(given)
    shown: AbstractContextManager[Callable[[str], object]] = nullcontext(str)
    if sys.stderr.isatty():
        from ringspec.reports import stages  # noqa: PLC0415 - slow to import

        shown = stages()
    with shown as tell:
        for contract, selection in chosen:
            try:
                cases = cases_of(contract, given.seed, tell, thorough=given.thorough)
            except SpecError as error:
                errors.append((contract.operation.id, error))
                continue
            for case in selection.fired(cases):
                out.write(line(led(case, contract.prefix)).encode() + b"\n")
    if len(errors) == len(chosen):
        raise errors[-1][1]
    for operation, why in errors:
        click.echo(f"note: {operation} is not tested: {why}", err=True)
    out.flush()
