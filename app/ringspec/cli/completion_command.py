"""`ringspec completion`: the script that has a shell complete our command line."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ringspec.cli.main import COMPLETE_VARIABLE
from ringspec.cli.manual import ManualCommand


@click.command("completion", cls=ManualCommand)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script with which SHELL completes commands, options and values."""
    completion = get_completion_class(shell)
    if completion is not None:
        root = ctx.find_root().command
        script = completion(root, {}, "ringspec", COMPLETE_VARIABLE).source()
        click.echo(script, nl=False)
