"""The generated pages are what the program says today."""

from __future__ import annotations

import re

import pytest

from ringspec.spec import load

from .generate import MADE, REFERENCE


@pytest.mark.parametrize("name", MADE)
def test_generated_page_is_current(name: str) -> None:
    made = MADE[name]()

    written = (REFERENCE / name).read_text("utf-8")
    assert made == written, f"{name} is stale: python -m tests.docs.generate"


def test_every_rule_has_an_address() -> None:
    page = (REFERENCE / "rules.md").read_text("utf-8")

    anchors = re.findall(r"^### .* \{ #(\S+) \}$", page, re.MULTILINE)

    assert anchors == list(load().rules)


def test_no_line_of_the_help_is_longer_than_a_terminal() -> None:
    page = (REFERENCE / "command.md").read_text("utf-8")

    assert [line for line in page.splitlines() if len(line) > 80] == []
