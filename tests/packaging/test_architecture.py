"""ARCHITECTURE.md names files that exist, and its first row is enough to add a rule."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ringspec.cli.main import COMMANDS
from ringspec.spec import load
from ringspec.strategies import cases_of

from ..called import ran  # noqa: TID252 - tests are no distribution

ROOT = Path(__file__).parents[2]
ROOTS = ("spec", "strategies", "reference", "harness", "reports", "app")
PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
# The rule `name.length`: a line of each file, and the lines that are put before it.
EDITS = {
    "spec/ringspec/spec/openapi.yaml": (
        "          examples: [Office closure notice]",
        ("          maxLength: 100",),
    ),
    "spec/ringspec/spec/rules.yaml": (
        "  - id: name.type",
        (
            "  - id: name.length",
            "    level: may",
            "    evidence: assumed",
            '    sentence: "The name has 100 characters at most."',
            '    source: "a test"',
        ),
    ),
    "reference/ringspec/reference/body_checks.toml": (
        '"type.type" = "a string"',
        ('"name.length" = ["a string", 0, 100]',),
    ),
}


def paths(text: str) -> set[str]:
    """Return the files and folders below a source root that a text names."""
    roots = "|".join((*ROOTS, "tests"))
    return set(re.findall(rf"`((?:{roots})/[a-z_./]+)`", text))


def test_files_that_the_page_names_exist() -> None:
    assert [name for name in sorted(paths(PAGE)) if not (ROOT / name).exists()] == []


def test_first_row_names_the_files_of_a_new_rule() -> None:
    (row,) = re.findall(r"^\| a rule on the body \|.*$", PAGE, re.MULTILINE)

    assert paths(row) == EDITS.keys()
    assert len(EDITS) <= 4


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for root in ROOTS:
        skipped = shutil.ignore_patterns("__pycache__", "certified")
        shutil.copytree(ROOT / root, tmp_path / root, ignore=skipped)
    (tmp_path / "strategies/ringspec/strategies/certified").mkdir()
    for name, (line, added) in EDITS.items():
        lines = (tmp_path / name).read_text("utf-8").split("\n")
        at = lines.index(line)
        text = "\n".join((*lines[:at], *added, *lines[at:]))
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_rule_that_is_added_so_is_tested_and_its_mutant_noticed(copy: Path) -> None:
    def ringspec(*words: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(str(copy / root) for root in ROOTS)
        return ran(
            sys.executable,
            "-m",
            "ringspec.cli",
            *words,
            cwd=copy,
            env={**os.environ, "PYTHONPATH": path},
        )

    run = ringspec("run", "--level", "may", "--select", "name.length")
    matrix = ringspec("selftest", "name-length-unchecked")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "conformant in part: 1 of " in run.stdout
    assert matrix.returncode == 0, matrix.stdout + matrix.stderr
    assert "1 of 1 mutant noticed, 1 by their rule" in matrix.stdout


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
