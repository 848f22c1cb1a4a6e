"""Other people's servers: what each is, how it is set up, and how it is started.

Each gets our contract as if it were its own, and as little code of ours as a user of it
would write (`servers/`). They are installed outside the repository, by pip and npm.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .contracts import Spelling, write

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONTRACT = ROOT / "spec" / "ringspec" / "spec" / "openapi.yaml"
TOKEN = "kJ7-a-token-for-targets"
_START_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One of other people's servers.

    Attributes:
        name: as it heads a column of the table.
        packages: the distributions that do the checking, as npm or PyPI name them.
        command: what starts it; `{port}`, `{contract}` and `{bin}` are filled in.
        before: what makes something of the contract first, if anything does.
        spelling: how the contract is written for it.
        guarded: whether it asks for a token.
        apart: rules that are asked in a run of their own, as it does not survive them.
    """

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    before: tuple[str, ...] = ()
    spelling: Spelling = Spelling.PLAIN
    guarded: bool = False
    apart: tuple[str, ...] = ()


_TABLES = tomllib.loads((HERE / "stacks.toml").read_text("utf-8"))
_WORDS = ("packages", "command", "before", "apart")
STACKS = tuple(
    Stack(
        name=name,
        spelling=Spelling(row.get("spelling", Spelling.PLAIN)),
        guarded=row.get("guarded", False),
        **{each: tuple(row.get(each, "").split()) for each in _WORDS},
    )
    for name, row in _TABLES.items()
)


def install(folder: Path) -> None:
    """Install all stacks into a folder, unless exactly these pins are there already.

    Raises:
        subprocess.CalledProcessError: pip or npm cannot.
    """
    pins = [HERE / "requirements.txt", HERE / "package.json"]
    wanted = hashlib.sha256(b"".join(each.read_bytes() for each in pins)).hexdigest()
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    node, python = folder / "node", folder / "python"
    node.mkdir(exist_ok=True)
    shutil.copy(pins[1], node)
    npm = ("npm", "install", "--no-audit", "--no-fund", "--no-package-lock")
    subprocess.run((*npm, "--ignore-scripts"), cwd=node, check=True)
    # Our own constraints are not theirs.
    env = {key: each for key, each in os.environ.items() if key != "PIP_CONSTRAINT"}
    subprocess.run((sys.executable, "-m", "venv", python), check=True)
    pip = (python / "bin" / "python", "-m", "pip", "install", "-q", "-r", pins[0])
    subprocess.run(pip, check=True, env=env)
    stamp.write_text(wanted)


def version(package: str) -> str:
    """Return the pinned version of a package."""
    for line in (HERE / "requirements.txt").read_text("utf-8").splitlines():
        name, _, number = line.partition("==")
        if name.split("[")[0] == package:
            return number
    for line in (HERE / "package.json").read_text("utf-8").splitlines():
        if f'"{package}":' in line:
            return line.split('"')[3]
    raise KeyError(package)


@contextmanager
def started(stack: Stack, folder: Path) -> Iterator[str]:
    """Start a stack on a free port, wait until it listens, and stop it at the end.

    Yields:
        Its URL.

    Raises:
        RuntimeError: it ends, or does not listen in time; with what it wrote.
    """
    home = _home(stack, folder)
    port = _free_port()
    fill = {
        "port": str(port),
        "bin": str(folder / _side(stack) / _BIN[_side(stack)]),
        "contract": str(write(CONTRACT, stack.spelling, home)),
    }
    env = {**os.environ, "CONTRACT": fill["contract"], "PORT": str(port)} | {
        "TOKEN": TOKEN,
        "PYTHONPATH": "",
    }
    if stack.before:
        made = [each.format(**fill) for each in stack.before]
        subprocess.run(made, cwd=home, env=env, check=True)
    log = home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [each.format(**fill) for each in stack.command],
            cwd=home,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that it ends with whatever it started
        )
        try:
            _wait(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


_BIN = {"node": Path("node_modules", ".bin"), "python": Path("bin")}


def _side(stack: Stack) -> str:
    pinned = (HERE / "package.json").read_text("utf-8")
    return "node" if f'"{stack.packages[0]}":' in pinned else "python"


def _home(stack: Stack, folder: Path) -> Path:
    """Copy our few lines to below what is installed, as node looks upwards."""
    side = folder / _side(stack)
    home = side / "apps" / "".join(filter(str.isalnum, stack.name.lower()))
    shutil.rmtree(home, ignore_errors=True)
    return Path(shutil.copytree(HERE / "servers", home))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(log.read_text("utf-8", "replace")[-2000:])
