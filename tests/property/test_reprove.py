"""Whoever trusts neither us nor our tests re-proves each label in ten lines."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ringspec.spec import OURS

SCRIPT = Path(__file__).with_name("reprove.py")


@pytest.fixture(scope="module")
def printed() -> list[str]:
    command = [sys.executable, "-m", "ringspec.cli", "cases"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def reproved(lines: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(OURS)],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_labels_are_proven_again_by_jsonschema_alone(printed: list[str]) -> None:
    rows = [json.loads(line) for line in printed]
    labelled = [row for row in rows if row["expect"] == "accept" or row["broken"]]

    done = reproved(printed)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(labelled)} labels proven again\n"
    assert len(labelled) > 400


@pytest.mark.parametrize("expect", ["accept", "reject"])
def test_one_flipped_label_is_found(printed: list[str], expect: str) -> None:
    rows = [json.loads(line) for line in printed]
    flipped = next(
        row
        for row in reversed(rows)
        if row["expect"] == expect and (row["broken"] or expect == "accept")
    )
    other = {"accept": ("reject", ["x"]), "reject": ("accept", [])}[expect]
    flipped["expect"], flipped["broken"] = other

    done = reproved([json.dumps(row) for row in rows])

    assert done.returncode == 1
    assert done.stderr.strip() == f"wrong: {[flipped['id']]}"


def test_the_script_has_at_most_ten_lines_of_code() -> None:
    statements = ast.parse(SCRIPT.read_text()).body

    assert len(statements) - 1 <= 10  # its docstring aside
