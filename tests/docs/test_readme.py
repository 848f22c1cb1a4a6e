"""What the README shows is what happens, and generated pages are up to date."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from docs.generated import PAGES

from ringspec.cli.main import COMMANDS, LazyCommand, group
from ringspec.spec import load

from .page import Block, steps
from .test_pages import troubles

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def lines() -> list[str]:
    return re.findall(r"^ringspec .*#.*$", README, re.MULTILINE)


def test_first_example_of_the_readme_is_what_happens(tmp_path: Path) -> None:
    shown = README.partition("```text\n")[2].partition("```")[0]
    expected = re.sub(r"\s*…\s*", "...", f"...\n{shown}...")

    *before, last = steps(README)

    assert isinstance(last, Block)
    found = troubles([*before, replace(last, expected=expected)], tmp_path)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("line", lines())
def test_line_of_the_readme_is_understood(line: str) -> None:
    command: click.Command = group
    context = click.Context(group, info_name="ringspec")
    words = shlex.split(line, comments=True)[1:]
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
        command = command.load() if isinstance(command, LazyCommand) else command

    assert unread(command, words, context) == []


def unread(command: click.Command, words: list[str], parent: click.Context) -> Any:
    """Have a command read its words; return those that it has no use for."""
    try:
        return command.make_context(command.name, words, parent=parent).args
    except click.exceptions.Exit as done:  # an option that does all that is wanted
        return [] if done.exit_code == 0 else words


HELP = PAGES["reference/command.md"]()


def test_every_rule_has_an_address() -> None:
    page = PAGES["reference/rules.md"]()

    anchors = re.findall(r"^### .* \{ #(\S+) \}$", page, re.MULTILINE)

    assert anchors == list(load().rules)


def test_every_report_format_is_described() -> None:
    assert "## The JSON report" in PAGES["reference/reports.md"]()


def test_no_line_of_the_help_is_longer_than_a_terminal() -> None:
    assert [line for line in HELP.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_and_exit_statuses(name: str) -> None:
    _, _, page = HELP.partition(f"## {f'ringspec {name}'.strip()} {{")
    page = page.partition("\n## ")[0]

    assert "Examples:" in page
    assert re.search("exit status", page, re.IGNORECASE) or name == "profile"


def test_every_command_has_its_help_on_the_page() -> None:
    named = re.findall(r"^## ringspec ?(.*) \{", HELP, re.MULTILINE)

    assert {name.split(" ")[0] for name in named if name} == set(COMMANDS)
