"""The README says what is true: counts, commands, and lines that can be pasted."""

from __future__ import annotations

import re
from pathlib import Path

from ringspec.cli.main import COMMANDS
from ringspec.spec import load
from ringspec.strategies import cases_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_counts_in_the_readme_are_those_of_our_contract() -> None:
    contract = load()

    told = re.findall(r"^\| (rules|cases) \| (\d+)", README, re.MULTILINE)

    counts = {"rules": len(contract.rules), "cases": len(cases_of(contract))}
    assert {name: int(number) for name, number in told} == counts


def test_commands_in_the_readme_exist_and_all_are_shown() -> None:
    shown = set(re.findall(r"^ringspec (\w+)", README, re.MULTILINE))

    assert shown == set(COMMANDS)


def test_start_lines_pin_versions_and_need_no_activation() -> None:
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]

    assert len(lines) == 2
    assert all("-c constraints.txt" in line for line in lines)
    assert lines[0].endswith(".venv/bin/ringspec run --level may")
    assert lines[1].endswith(".venv/bin/tox")
