"""Runs the real command against each of other people's servers and keeps the outcomes.

`python -m tests.targets.measure [--into FOLDER] [--only NAME] [--keep FOLDER]` writes
`results.json`; `python -m tests.targets.table` makes TARGETS.md of it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..called import environment, ran  # noqa: TID252 - tests are no distribution
from .stacks import STACKS, TOKEN, Stack, install, started, version

FILE = Path(__file__).with_name("results.json")
_LIMIT_S = 300


def measure(stack: Stack, folder: Path, keep: Path | None = None) -> dict[str, Any]:
    """Run against a stack, and return what stands in the results of it.

    Rules that it does not survive are asked last, of a server started anew.
    Nothing that differs from run to run is in it: no time, address or id.
    """
    whole = _run(stack, folder, [f"--exclude={each}" for each in stack.apart], keep)
    outcomes = {each["id"]: each["outcome"] for each in whole["rules"]}
    for rule in stack.apart:
        alone = _run(stack, folder, [f"--select={rule}"], keep)
        told = {each["id"]: each["outcome"] for each in alone["rules"]}
        outcomes[rule] = told[rule]
    return {
        "packages": {each: version(each) for each in stack.packages},
        "contract": str(stack.spelling),
        "apart": list(stack.apart),
        "rules": outcomes,
    }


def catalogue() -> list[dict[str, str]]:
    """Return the rules as the command prints them."""
    done = command("rules", "--format", "json")
    rules: list[dict[str, str]] = json.loads(done.stdout)
    return [{"id": each["id"], "level": each["level"]} for each in rules]


def _run(
    stack: Stack, folder: Path, options: Sequence[str], keep: Path | None
) -> dict[str, Any]:
    credentials = ("--bearer", TOKEN) if stack.guarded else ()
    with tempfile.TemporaryDirectory() as place, started(stack, folder) as url:
        path = Path(place) / "report.json"
        level = ("--level", "may", "--report", f"json={path}")
        done = command("run", url, *level, *credentials, *options)
        if not path.exists():
            raise RuntimeError(done.stdout + done.stderr)
        if keep is not None:
            name = "-".join([stack.name, *options]).replace(" ", "-")
            shutil.copy(path, keep / f"{name}.json")
            (keep / f"{name}.txt").write_text(done.stdout + done.stderr)
        report: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return report


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ringspec as a user would, whatever is set here."""
    command = (sys.executable, "-m", "ringspec.cli", *arguments)
    return ran(*command, env=environment({}), timeout=_LIMIT_S)


def main() -> None:
    """Measure all, or one and leave the others as they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, help="where they are installed")
    parser.add_argument("--only", choices=[each.name for each in STACKS])
    parser.add_argument("--keep", type=Path, help="where reports are kept")
    asked = parser.parse_args()
    folder = asked.into or Path(tempfile.mkdtemp(prefix="ringspec-targets-"))
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
    install(folder)
    known = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {"stacks": {}}
    known["rules"] = catalogue()
    for stack in STACKS:
        if asked.only in {None, stack.name}:
            sys.stderr.write(f"{stack.name}\n")
            known["stacks"][stack.name] = measure(stack, folder, asked.keep)
    FILE.write_text(json.dumps(known, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
