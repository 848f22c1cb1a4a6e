"""`ringspec cases`: every case as a line of JSON, for tools in any language."""

from __future__ import annotations

import sys
from typing import Any

import click

from ringspec.cli.options import selected, subcommand
from ringspec.strategies import CASE_SCHEMA, cases_of, line


def _schema(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value:
        click.echo(CASE_SCHEMA.read_text("utf-8"), nl=False)
        ctx.exit()


@subcommand("cases", schema={"callback": _schema})
def command(*, seed: int, **named: Any) -> None:
    """Print every case as a line of JSON; nothing is sent."""
    contract, selection = selected(**named)
    out = sys.stdout.buffer
    for case in selection.fired(cases_of(contract, seed)):
        out.write(line(case).encode() + b"\n")
    out.flush()
