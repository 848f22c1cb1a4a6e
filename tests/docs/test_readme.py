"""What the README shows is what happens; it shortens its outputs by `…`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from ringspec.cli.main import group

from .page import Command, steps
from .test_pages import troubles

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
# The server of its first example: it checks only the first delay.
READ = "import json; print(json.load(open('server.json'))['token'])"
BEFORE = (
    "ringspec serve --port 8000 --mutant later-delays-unbounded > server.json &",
    f'export TOKEN=$(python -c "{READ}")',
)


def lines() -> list[str]:
    return re.findall(r"^ringspec .*$", README, re.MULTILINE)


def shortened() -> Iterator[Command]:
    for step in steps(README):
        assert isinstance(step, Command)
        expected = re.sub(r"\s*…\s*", "...", step.expected)
        yield replace(step, expected=f"{expected}\n...", status=1)


def test_first_example_of_the_readme_is_what_happens(tmp_path: Path) -> None:
    before = [Command(line=0, text=text) for text in BEFORE]

    assert troubles([*before, *shortened()], tmp_path) == []


@pytest.mark.parametrize("line", lines())
def test_line_of_the_readme_is_understood(line: str) -> None:
    command: click.Command = group
    context = click.Context(group, info_name="ringspec")
    words = shlex.split(line, comments=True)[1:]
    while isinstance(command, click.Group):
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, name
        command = found

    assert unread(command, words, context) == []


def unread(command: click.Command, words: list[str], parent: click.Context) -> Any:
    """Have a command read its words; return those that it has no use for."""
    try:
        return command.make_context(command.name, words, parent=parent).args
    except click.exceptions.Exit as done:  # an option that does all that is wanted
        return [] if done.exit_code == 0 else words
