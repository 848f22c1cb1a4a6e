"""Pages that are rendered from the program are complete and fit a terminal."""

from __future__ import annotations

import re

import pytest
from docs.generated import PAGES

from ringspec.cli.main import COMMANDS
from ringspec.spec import load

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
