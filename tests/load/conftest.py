"""Locust as a master with two workers, and servers for it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from socket import create_server
from typing import Any

import pytest

from ringspec.reference import Embedded

from ..called import environment  # noqa: TID252 - tests are no distribution


@dataclass(frozen=True)
class Loaded:
    """What a master left behind."""

    status: int
    output: str
    report: dict[str, Any]

    def rule(self, name: str) -> dict[str, Any]:
        found = next(each for each in self.report["rules"] if each["id"] == name)
        assert isinstance(found, dict)
        return found


Load = Callable[..., Loaded]
# The whole of a user's own file.
LOCUSTFILE = "from ringspec.load.users import ConformanceUser  # noqa: F401\n"


@contextmanager
def _locust(
    folder: Path, token: str, *arguments: str
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "locust", "-f", "locustfile.py", *arguments]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment({"RINGSPEC_TOKEN": token}),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _free_port() -> str:
    with create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Put load on a server, by a master and two workers."""
    if importlib.util.find_spec("locust") is None:
        pytest.skip("locust is not installed: pip install 'ringspec[load]'")
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)

    def put(mutant: str | None, *arguments: str, loses_one: bool = False) -> Loaded:
        with ExitStack() as stack:
            server = stack.enter_context(Embedded(mutant=mutant))
            ready = server.ready()
            port = _free_port()
            where = ("--master-port", port, "--master-host", "127.0.0.1", "--worker")
            worker, _ = (
                stack.enter_context(_locust(tmp_path, ready.token, *where))
                for _ in range(2)
            )
            master = stack.enter_context(
                _locust(
                    tmp_path,
                    ready.token,
                    *("--master", "--master-bind-port", port, "--expect-workers", "2"),
                    *("--headless", "--only-summary", "--host", ready.url),
                    *("--ringspec-report", "load.json", *arguments),
                )
            )
            output = ""
            if loses_one and master.stdout is not None:
                # It may take long until both are at work.
                said = iter(master.stdout.readline, "")
                output = "".join(takewhile(lambda it: "spawn jobs" not in it, said))
                time.sleep(3)
                worker.kill()
            output += master.communicate(timeout=180)[0]
        report = json.loads((tmp_path / "load.json").read_text("utf-8"))
        assert ready.token not in output + json.dumps(report)
        return Loaded(master.returncode, output, report)

    return put
