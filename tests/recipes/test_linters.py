"""The recipes by the word of their services' schemas and of linters.

`tox -e recipes` has them; elsewhere what is missing is skipped, and says so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ..called import PROJECT, ran  # noqa: TID252 - tests are no distribution
from .recipes import (
    ACTION,
    BASH,
    COMPLETE,
    DOCKERFILE,
    EXAMPLE,
    GITLAB,
    WORKFLOWS,
    scripts,
)

SCRIPTS = scripts()
SCHEMAS = {
    ACTION: ("vendor.github-actions",),
    **dict.fromkeys((*WORKFLOWS, EXAMPLE), ("vendor.github-workflows",)),
    GITLAB: ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
}
# What a schema would notice: one of these stands in each recipe.
SLIPS = {"using:": "use:", "runs-on:": "run-on:", "when: always": "when: ever"}


@pytest.fixture
def lint(tmp_path: Path) -> Callable[..., str]:
    """Call a linter on a text, and return what it complains of."""

    def call(*command: str, text: str, name: str) -> str:
        beside = Path(sys.executable).with_name(command[0])
        found = str(beside) if beside.exists() else shutil.which(command[0])
        if found is None:
            assert COMPLETE not in os.environ, f"{command[0]} is not installed"
            pytest.skip(f"{command[0]} is not installed here; tox -e recipes has it")
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        done = ran(found, *command[1:], str(path))
        return done.stdout + done.stderr if done.returncode else ""

    return call


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_recipe_keeps_to_its_services_schema(
    path: Path, lint: Callable[..., str]
) -> None:
    command = ("check-jsonschema", "--builtin-schema", *SCHEMAS[path])
    # GitLab's schema says nothing of a job that is hidden by its dot.
    text = path.read_text("utf-8").replace(" .ringspec", " ringspec")
    text = text.replace("\n.ringspec:", "\nringspec:")

    assert lint(*command, text=text, name=path.name) == ""
    right, wrong = next(pair for pair in SLIPS.items() if pair[0] in text)
    worse = text.replace(right, wrong)
    assert "Schema validation errors" in lint(*command, text=worse, name=path.name)


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS, EXAMPLE], ids=lambda p: p.name)
def test_github_is_given_nothing_to_abuse(path: Path, lint: Callable[..., str]) -> None:
    command = ("zizmor", "--offline", "--no-progress", "--min-severity", "medium")
    # Whoever copies the example puts the commit there that they trust.
    text = path.read_text("utf-8").replace("OWNER/ringspec@v0.1.0", "./")
    name = "action.yml" if path == ACTION else f".github/workflows/{path.name}"

    assert lint(*command, text=text, name=name) == ""
    worse = re.sub(r"(run: )(\|\n +)?", r"\1\2echo ${{ github.head_ref }};", text)
    assert "template-injection" in lint(*command, text=worse, name=name)


@pytest.mark.parametrize("name", SCRIPTS)
def test_bash_understands_every_script(name: str) -> None:
    done = subprocess.run(
        [*BASH[:1], "-n", "-c", SCRIPTS[name]], capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing_in_a_script(
    name: str, lint: Callable[..., str]
) -> None:
    command = ("shellcheck", "--shell=bash", "--severity=style")

    text = f"set -eo pipefail\n{SCRIPTS[name]}"  # as it is run
    assert lint(*command, text=text, name="script") == ""
    assert "SC2086" in lint(*command, text="a=$1; echo $a\n", name="script")


def test_hadolint_finds_nothing_in_the_dockerfile(lint: Callable[..., str]) -> None:
    text = DOCKERFILE.read_text("utf-8")

    assert lint("hadolint", "--no-color", text=text, name="Dockerfile") == ""
    worse = text.replace("--no-cache-dir ", "")
    assert "DL3042" in lint("hadolint", "--no-color", text=worse, name="Dockerfile")


def test_every_recipe_is_looked_at() -> None:
    folders = (PROJECT / "docs" / "recipes", PROJECT / ".github" / "workflows")
    there = {path for folder in folders for path in folder.iterdir()}

    assert there | {ACTION} == set(SCHEMAS)
