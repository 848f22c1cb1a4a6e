"""The command in this process or in one of its own, and servers for it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Embedded

from .. import called  # noqa: TID252 - tests are no distribution
from ..called import environment  # noqa: TID252 - likewise
from ..serving import Behaviour, listening  # noqa: TID252 - likewise

COMMAND = [sys.executable, "-m", "ringspec.cli"]


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    stdout: str
    stderr: str
    report: dict[str, Any] | None = None

    @property
    def outcomes(self) -> dict[str, str]:
        assert self.report is not None
        return {each["id"]: each["outcome"] for each in self.report["rules"]}


@pytest.fixture
def ringspec(tmp_path: Path) -> Callable[..., Ended]:
    """Call the command; `run` also brings back its JSON report."""

    def call(*arguments: str, report: bool = False, **environ: str) -> Ended:
        path = tmp_path / "ringspec.json"
        wanted = ("--report", f"json={path}") if report else ()
        done = called.call(*arguments, *wanted, **environ)
        written = json.loads(path.read_text()) if report and path.exists() else None
        return Ended(done.status, done.stdout, done.stderr, written)

    return call


# As far as it can be had here: what its Python lacks, and its encoding.
WINDOWS = {
    "PYTHONPATH": f"{Path(__file__).with_name('windows')}:"
    + environment({})["PYTHONPATH"],
    "PYTHONIOENCODING": "cp1252",
    "PYTHONWARNDEFAULTENCODING": "1",
}
BREAK = signal.SIGUSR1
on_windows = pytest.mark.parametrize(
    "started", [{}, WINDOWS], ids=["posix", "windows"], indirect=True
)


@pytest.fixture
def started(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command and leave it running until the test ends."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell ignores it in the background, and the command would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with ExitStack() as stack:

        def start(*arguments: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [*COMMAND, *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    encoding="utf-8",
                    errors="replace",
                    env=environment(getattr(request, "param", {})),
                )
            )
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def served() -> Iterator[Callable[[Behaviour], str]]:
    """Serve connections by a function, and return the URL."""
    with ExitStack() as stack:
        yield lambda behave: stack.enter_context(listening(behave))


@pytest.fixture(scope="session")
def reference() -> Iterator[Embedded]:
    with Embedded() as embedded:
        yield embedded


@pytest.fixture(scope="module")
def mutant(request: pytest.FixtureRequest) -> Iterator[Embedded]:
    """Serve the mutant that a module names."""
    with Embedded(mutant=request.module.MUTANT) as embedded:
        yield embedded
