"""`ringspec cases`: every case as a line of JSON, for tools in any language."""

from __future__ import annotations

from pathlib import Path

import click

from ringspec.cli.options import (
    chosen,
    contract_of,
    contract_options,
    selection_options,
)
from ringspec.strategies import cases_of, line


@click.command("cases")
@click.option("--seed", type=int, default=0, show_default=True, help="Other cases.")
@selection_options
@contract_options
def command(  # noqa: PLR0913 - options
    *,
    seed: int,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    contract: Path | None,
    operation: str | None,
    dialect: str | None,
) -> None:
    """Print every case as a line of JSON; nothing is sent.

    Twins are printed before the cases made from them, selected or not.
    """
    loaded = contract_of(contract, operation, dialect)
    rules = set(chosen(loaded, select, exclude))
    cases = cases_of(loaded, seed)
    twins = {case.twin for case in cases if case.rule in rules}
    out = click.get_binary_stream("stdout")
    for case in cases:
        if case.rule in rules or case.id in twins:
            out.write(line(case).encode() + b"\n")
    out.flush()
