"""A bash that keeps what one command does for the next, as a reader's terminal does."""

from __future__ import annotations

import os
import queue
import re
import shlex
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

# Pages speak of port 8000, and of its neighbours if they need several.
_PORT = re.compile(r"\b800\d\b")
# The end of a command, as no command prints it.
_END = "\x1e"
# Below those that systems hand out by themselves: nobody takes it in between.
_PORTS = range(20_000, 32_000)
COMMAND_S = 120.0
LISTENING_S = 60.0


@dataclass(frozen=True)
class Done:
    """What a command said, and how it ended."""

    status: int
    output: str
    errors: str


class ShellError(Exception):
    """A command that does not end, or a server that does not begin."""


class Shell:
    """A bash in a folder, with free ports in place of those that pages name."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self._log = folder.with_name(f"{folder.name}.log")
        self._errors = folder.with_name(f"{folder.name}.errors")
        self._ports: dict[str, int] = {}
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that all it starts can be ended together
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End bash, and whatever it left in the background."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._bash.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._bash.wait(timeout=5.0)
        self._reader.join()
        for stream in (self._bash.stdin, self._bash.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def written(self, name: str, text: str) -> None:
        """Write a file of the page."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._ported(text), "utf-8")

    def run(self, text: str) -> Done:
        """Run a command to its end.

        Raises:
            ShellError: it has none.
        """
        line, errors = self._ported(text), shlex.quote(str(self._errors))
        return self._typed(f"eval {shlex.quote(line)} </dev/null 2>{errors}")

    def start(self, text: str) -> None:
        """Start a command in the background; a server listens before this returns.

        Raises:
            ShellError: it does not.
        """
        line, log = self._ported(text), shlex.quote(str(self._log))
        self._typed(f"eval {shlex.quote(line)} </dev/null >>{log} 2>&1")
        ports = _PORT.findall(text)
        if ports:
            self._await_port(text, self._ports[ports[0]])
        announced = re.search(r"(?<![0-9&])>\s*(\S+)", text)
        if ports and announced:
            self._await_line(text, self.folder / announced[1])

    def _ported(self, text: str) -> str:
        return _PORT.sub(lambda found: str(self._port(found[0])), text)

    def _port(self, named: str) -> int:
        if named not in self._ports:
            self._ports[named] = _free_port(set(self._ports.values()))
        return self._ports[named]

    def _as_named(self, text: str) -> str:
        for named, port in self._ports.items():
            text = re.sub(rf"\b{port}\b", named, text)
        return text

    def _typed(self, line: str) -> Done:
        stdin = self._bash.stdin
        assert stdin is not None
        try:
            stdin.write(f"{line}\nprintf '{_END}%s\\n' $?\n")
            stdin.flush()
        except BrokenPipeError:
            raise ShellError("the shell itself has ended; `exit` or `exec`?") from None
        output, _, status = self._heard().rpartition(_END)
        errors = self._errors.read_text("utf-8") if self._errors.exists() else ""
        return Done(int(status), self._as_named(output), self._as_named(errors))

    def _heard(self) -> str:
        """Return all that is said until a command has ended, its status last."""
        heard, until = "", time.monotonic() + COMMAND_S
        while not (_END in heard and heard.endswith("\n")):
            try:
                line = self._said.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise ShellError(
                    f"no end in {COMMAND_S:.0f} s; it said:\n{heard}"
                ) from None
            if not line:
                raise ShellError(f"it ended the shell itself; it said:\n{heard}")
            heard += line
        return heard

    def _read(self) -> None:
        assert self._bash.stdout is not None
        for line in self._bash.stdout:
            self._said.put(line)
        self._said.put("")

    def _await_port(self, text: str, port: int) -> None:
        until = time.monotonic() + LISTENING_S
        while not _listens(port):
            if time.monotonic() > until or not self._has_jobs():
                raise ShellError(f"nothing listens after `{text}`\n{self.log()}")
            time.sleep(0.05)

    def _await_line(self, text: str, path: Path) -> None:
        until = time.monotonic() + LISTENING_S
        while not (path.is_file() and path.read_bytes().endswith(b"\n")):
            if time.monotonic() > until:
                raise ShellError(f"nothing in {path.name} after `{text}`\n{self.log()}")
            time.sleep(0.02)

    def _has_jobs(self) -> bool:
        return bool(self._typed("jobs -rp").output.strip())

    def log(self) -> str:
        """Return what was said in the background."""
        return (
            self._as_named(self._log.read_text("utf-8")) if self._log.exists() else ""
        )


def _free_port(taken: set[int]) -> int:
    # Where to begin differs by process, so that parallel tests do not meet.
    start = os.getpid() * 37
    for number in range(len(_PORTS)):
        port = _PORTS[(start + number) % len(_PORTS)]
        if port not in taken and _can_listen(port):
            return port
    raise ShellError("no port is free")


def _can_listen(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1.0)
        return tried.connect_ex(("127.0.0.1", port)) == 0
