"""`ringspec completion`: the script that has a shell complete our command line."""

from __future__ import annotations

import click

from ringspec.cli.completing import script


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script with which SHELL completes commands, options and values.

    The shell runs it once, at its start: see the examples. Rules, mutants, dialects,
    profiles, phases, levels and formats of reports are completed as well.
    """
    click.echo(script(shell), nl=False)
