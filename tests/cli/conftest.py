"""The command in this process or in one of its own, and servers for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ringspec.reference import Embedded
from ringspec.spec import reading

from ..called import Ended, call, environment  # noqa: TID252 - no distribution
from ..serving import Behaviour, listening  # noqa: TID252 - likewise

COMMAND = [sys.executable, "-m", "ringspec.cli"]
TABLES = reading.read(Path(__file__).parent / "data" / "tables.yaml")


@pytest.fixture
def ringspec() -> Callable[..., Ended]:
    """Call the command."""
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
