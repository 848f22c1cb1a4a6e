"""`ringspec serve`: the reference server for people, and for clients under test."""

from __future__ import annotations

import click

from ringspec.reference import DIALECTS, MUTANTS, Settings, serve
from ringspec.spec import UsageError


@click.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option("--dialect", metavar="NAME", default="canonical", help="A spelling.")
@click.option("--mutant", metavar="NAME", help="Serve with this defect.")
@click.option("--list-mutants", is_flag=True, help="Print the defects and exit.")
def command(*, port: int, dialect: str, mutant: str | None, list_mutants: bool) -> None:
    """Serve the reference server on this machine, until interrupted.

    The first line printed is JSON: url, token_url, client_id, client_secret, token.
    """
    if list_mutants:
        for each in MUTANTS.values():
            click.echo(f"{each.name}  ({each.rule})\n    {each.defect}")
        return
    _known("dialect", dialect, list(DIALECTS))
    if mutant is not None:
        _known("mutant", mutant, list(MUTANTS))
    try:
        serve(Settings(dialect=dialect, mutant=mutant), port=port)
    except OSError as error:
        raise UsageError(
            f"cannot listen on port {port}: {error.strerror or error}",
            hint="--port 0 takes a free one",
        ) from error


def _known(what: str, name: str, names: list[str]) -> None:
    if name not in names:
        import difflib  # noqa: PLC0415 - rarely needed

        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(names)}"
        raise UsageError(f"no {what} {name!r}", hint=hint)
