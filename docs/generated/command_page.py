"""The page of the command: the help of each subcommand, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ringspec.cli.main import LazyCommand, group

_HEAD = """\
# Command

What `ringspec --help` and the help of each subcommand say, 80 columns wide.
"""


def render() -> str:
    """Write the page."""
    parts = [_HEAD]
    for name, told in _told(group, "ringspec", None):
        parts += [
            f"## {name} {{ #{name.replace(' ', '-')} }}\n",
            f"```text\n{told}\n```\n",
        ]
    return "\n".join(parts)


def _told(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[tuple[str, str]]:
    """Yield a command's name and its help, then those of the commands within it."""
    context = click.Context(
        command,
        info_name=name.rpartition(" ")[2],
        parent=parent,
        terminal_width=78,  # what click takes of 80
        **({} if parent else command.context_settings),
    )
    yield name, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            within = command.commands[each]
            within = within.load() if isinstance(within, LazyCommand) else within
            yield from _told(within, f"{name} {each}", context)
