"""Recipes as their services read them: steps, scripts, and a shell to run these in."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..called import (  # noqa: TID252 - tests are no distribution
    PROJECT,
    Ended,
    environment,
    ran,
)

ACTION = PROJECT / "action.yml"
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
EXAMPLE = PROJECT / "docs" / "recipes" / "github.yml"
GITLAB = PROJECT / "docs" / "recipes" / "gitlab.yml"
DOCKERFILE = PROJECT / "Dockerfile"
# Set where every program of a recipe has to be there, and packages are installed.
COMPLETE = "RINGSPEC_RECIPES"
installs = pytest.mark.skipif(
    COMPLETE not in os.environ, reason="installs packages; tox -e recipes runs it"
)
# How GitHub runs `shell: bash`, and what a runner of GitLab does with a script.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


@cache
def read(path: Path) -> dict[str, Any]:
    """Read a recipe."""
    data = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(data, dict)
    return data


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the steps of an action, or of all jobs of a workflow."""
    recipe = read(path)
    if "runs" in recipe:
        yield from recipe["runs"]["steps"]
    for job in recipe.get("jobs", {}).values():
        yield from job["steps"]


def step(path: Path, name: str) -> dict[str, Any]:
    """Return the step of a name."""
    return next(each for each in steps(path) if each.get("name") == name)


def job(name: str) -> dict[str, Any]:
    """Return a job of the GitLab recipe, with what it extends."""
    recipe = read(GITLAB)
    own = recipe[name]
    base = recipe[own["extends"]] if "extends" in own else {}
    variables = {**base.get("variables", {}), **own.get("variables", {})}
    return {**base, **own, "variables": variables}


def scripts() -> dict[str, str]:
    """Return every script of every recipe, by what it is called here."""
    found = {
        f"{path.relative_to(PROJECT)}: {each.get('name', each['run'])}": each["run"]
        for path in (ACTION, *WORKFLOWS, EXAMPLE)
        for each in steps(path)
        if "run" in each
    }
    found["docs/recipes/gitlab.yml"] = gitlab_script("conformance")
    return found


def gitlab_script(name: str) -> str:
    """Return a job's script as a runner puts it together."""
    given = job(name)
    return "\n".join([*given.get("before_script", ()), *given["script"]])


def evaluated(given: Mapping[str, Any], inputs: Mapping[str, str]) -> dict[str, str]:
    """Evaluate what a step's environment says of inputs."""

    def value(found: re.Match[str]) -> str:
        return inputs[found[1]]

    return {
        name: re.sub(r"\$\{\{ *inputs\.([\w-]+) *\}\}", value, str(text))
        for name, text in given.items()
    }


def run(script: str, folder: Path, **environ: str) -> Ended:
    """Run a script as a step is, in a folder."""
    done = ran(*BASH, script, cwd=folder, env=environment(environ), timeout=900)
    return Ended(done.returncode, done.stdout, done.stderr)


def command(path: Path, script: str) -> Path:
    """Write a command that others may call."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/usr/bin/env bash\nset -eu\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path


def our_command(folder: Path, *more: str) -> Path:
    """Put a `ringspec` into a folder: this checkout's, with more options."""
    called = shlex.join([sys.executable, "-m", "ringspec.cli"])
    return command(folder / "ringspec", f'exec {called} "$@" {shlex.join(more)}')


def on_path(folder: Path) -> str:
    """Return a PATH on which the commands of a folder come first."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
