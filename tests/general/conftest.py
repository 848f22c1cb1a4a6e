"""The command, and the payments servers in a thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .. import called  # noqa: TID252 - tests are no distribution
from ..serving import served  # noqa: TID252 - likewise
from .mutants import LIARS, MUTANTS
from .payments import CORRECT, mounted


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    stdout: str
    stderr: str
    report: dict[str, Any]

    @property
    def failing(self) -> set[str]:
        return self.having("fail")

    @property
    def levels(self) -> dict[str, str]:
        return {each["id"]: each["level"] for each in self.report["rules"]}

    def having(self, outcome: str) -> set[str]:
        rules = self.report["rules"]
        return {each["id"] for each in rules if each["outcome"] == outcome}


@pytest.fixture
def ringspec(tmp_path: Path) -> Callable[..., Ended]:
    """Call the command; a run also brings back its JSON report."""

    def call(*arguments: object) -> Ended:
        path = tmp_path / "ringspec.json"
        wanted = ["--report", f"json={path}"] if arguments[0] == "run" else []
        done = called.call(*map(str, arguments), *wanted)
        report = json.loads(path.read_text()) if path.exists() else {}
        return Ended(done.status, done.stdout, done.stderr, report)

    return call


@pytest.fixture(scope="session")
def payments() -> Iterator[str]:
    """Serve the correct server and every mutant, each below its name."""
    mutants = {each.name: each.behaviour for each in [*MUTANTS, *LIARS]}
    app = mounted({"correct": CORRECT, **mutants})
    # A mutant that crashes says so in the log, which is meant.
    with served(app, log_level="critical") as url:
        yield url
