"""The command, called in this process: no start of Python, and coverage sees it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ringspec.cli import main
from ringspec.reference import Embedded

ROOTS = ("spec", "strategies", "reference", "harness", "reports", "app")
PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Ended:
    """What a command left behind: its JSON report, too, if that was wanted."""

    status: int
    stdout: str
    stderr: str
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def outcomes(self) -> dict[str, str]:
        return {each["id"]: each["outcome"] for each in self.report["rules"]}

    @property
    def levels(self) -> dict[str, str]:
        return {each["id"]: each["level"] for each in self.report["rules"]}

    @property
    def failing(self) -> set[str]:
        return self.having("fail")

    def having(self, outcome: str) -> set[str]:
        return {rule for rule, found in self.outcomes.items() if found == outcome}


# Where commands of this process, and below it, keep the lists that they have proven.
_CACHE = tempfile.TemporaryDirectory(prefix="ringspec-")


def environment(more: dict[str, str]) -> dict[str, str]:
    """Return an environment in which nothing is preset."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RINGSPEC_", "HYPOTHESIS_"))
        and name not in {"NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"}
    }
    path = os.pathsep.join(str(PROJECT / root) for root in ROOTS)
    return {
        **kept,
        "PYTHONPATH": path,
        "COLUMNS": "200",
        "RINGSPEC_CACHE": _CACHE.name,
        **more,
    }


def call(
    *arguments: str, to: Path | None = None, report: bool = False, **environ: Any
) -> Ended:
    """Call the command as its script does; if wanted, bring back its JSON report."""
    with tempfile.TemporaryDirectory() as folder:
        to = to or (Path(folder) / "report.json" if report else None)
        arguments += ("--report", f"json={to}") if to else ()
        with _surroundings(environment(environ)) as (stdout, stderr):
            with pytest.raises(SystemExit) as ended:
                main(list(arguments))
            for stream in (stdout, stderr):
                stream.flush()
        told = json.loads(to.read_text()) if to and to.exists() else {}
    return Ended(int(ended.value.code or 0), _text(stdout), _text(stderr), told)


def at(server: Embedded) -> tuple[str, str]:
    """Return the words of a command line that name a server, and let it in there."""
    # A token may begin with a dash.
    return server.url, f"--bearer={server.token}"


def ran(
    *command: object, check: bool = False, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run another program to its end."""
    options: dict[str, Any] = {"capture_output": True, "timeout": 300, **more}
    return subprocess.run(list(map(str, command)), text=True, check=check, **options)


@contextmanager
def _surroundings(
    environ: dict[str, str],
) -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    """Put files in place of the streams, and an environment in place of ours."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - environ.keys():
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        encoding = environ.get("PYTHONIOENCODING", "utf-8")
        streams = [io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2)]
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        yield streams[0], streams[1]


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(errors="replace")
