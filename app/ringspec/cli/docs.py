"""`--docs`: where reports find the documentation of a rule."""

from __future__ import annotations

import os

import click

from ringspec.reports import checked_docs

VARIABLE = "RINGSPEC_DOCS"
_KEY = "ringspec.docs"


def _kept(ctx: click.Context, _option: click.Parameter, base: str | None) -> None:
    ctx.meta[_KEY] = checked_docs(base) if base else ""


docs_option = click.option(
    "--docs",
    metavar="URL",
    envvar=VARIABLE,
    expose_value=False,
    callback=_kept,
    help="Where this documentation is published: reports link each rule to it.",
)


def docs_base() -> str:
    """Return what the option says; without a command, what its variable says.

    Raises:
        UsageError: the variable has no address.
    """
    context = click.get_current_context(silent=True)
    if context is not None and _KEY in context.meta:
        return str(context.meta[_KEY])
    base = os.environ.get(VARIABLE, "")
    return checked_docs(base) if base else ""
