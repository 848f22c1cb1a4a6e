"""What is generated is what the program says today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ringspec.cli.main import COMMANDS
from ringspec.spec import load

from .generate import MADE, REFERENCE


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_generated_file_is_current(path: Path) -> None:
    made = MADE[path]()

    written = path.read_text("utf-8")
    assert made == written, f"{path.name} is stale: python -m tests.docs.generate"


def test_every_rule_has_an_address() -> None:
    page = (REFERENCE / "rules.md").read_text("utf-8")

    anchors = re.findall(r"^### .* \{ #(\S+) \}$", page, re.MULTILINE)

    assert anchors == list(load().rules)


def test_no_line_of_the_help_is_longer_than_a_terminal() -> None:
    page = (REFERENCE / "command.md").read_text("utf-8")

    assert [line for line in page.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("name", ["", *COMMANDS, "profile init", "profile check"])
def test_help_tells_of_examples_and_exit_statuses(name: str) -> None:
    page = (REFERENCE / "command.md").read_text("utf-8")
    of = f"ringspec {name}".strip()

    _, _, told = page.partition(f"## {of} {{")
    told = told.partition("\n## ")[0]

    assert "Examples:" in told
    assert re.search("exit status", told, re.IGNORECASE) or name == "profile"
