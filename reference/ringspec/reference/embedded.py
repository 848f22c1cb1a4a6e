"""The server as a child process, for tests against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

# The source root that holds this package, for the import path of the child.
_ROOT = Path(__file__).parents[2]
_FAREWELL_S = 3.0


class EmbeddedError(RuntimeError):
    """Raised when the child cannot serve; carries its stderr."""

    def __init__(self, reason: str, stderr: str) -> None:
        super().__init__(reason, stderr)
        self.reason = reason
        self.stderr = stderr

    def __str__(self) -> str:
        """Write the reason, then the child's stderr."""
        return f"the embedded server {self.reason}\n{self.stderr}".rstrip()


class Embedded:
    """Run the server as a child process while a block is run.

    `begin` starts the child and returns at once; `ready` waits until it listens. The
    child ends with `end`, and dies with this process however that ends.
    """

    def __init__(
        self,
        dialect: str = "canonical",
        mutant: str | None = None,
        *,
        timeout_s: float = 10.0,
    ) -> None:
        self._arguments = ["--port", "0", "--parent-watch", "--dialect", dialect]
        if mutant is not None:
            self._arguments += ["--mutant", mutant]
        self._timeout_s = timeout_s
        self._child: _Child | None = None
        self.url = self.token_url = self.token = ""
        self.client_id = self.client_secret = ""

    def __enter__(self) -> Self:
        """Start the child and wait until it listens."""
        try:
            return self.ready()
        except BaseException:
            self.end()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the child."""
        self.end()

    @property
    def pid(self) -> int | None:
        """The child's process id, if any."""
        return self._child.process.pid if self._child else None

    def begin(self) -> Self:
        """Start the child if none runs; do not wait."""
        self._child = self._child or _Child(self._arguments)
        return self

    def ready(self) -> Self:
        """Wait until the child listens, and read where; start it if need be.

        Raises EmbeddedError if it dies before, or takes longer than the time limit.
        """
        self._child = self._child or _Child(self._arguments)
        vars(self).update(json.loads(self._child.first_line(self._timeout_s)))
        return self

    def end(self) -> None:
        """End the child, by force if it takes too long."""
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    """A child process, its first line once it is there, and its stderr."""

    def __init__(self, arguments: list[str]) -> None:
        roots = [str(_ROOT), os.environ.get("PYTHONPATH")]
        # A file, since a full pipe would block the child.
        self._stderr = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "ringspec.reference", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
            text=True,
            # Ctrl-C is for this process alone, which may still need the child.
            process_group=0,
        )
        self._line = ""
        # A thread, since not every system reads a pipe with a time limit.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def first_line(self, timeout_s: float) -> str:
        """Return the line that the child prints first."""
        self._reader.join(timeout_s)
        if self._reader.is_alive():
            reason = f"did not start within {timeout_s} seconds"
            raise EmbeddedError(reason, self._end_of_stderr())
        if not self._line:
            status = self._wait()
            reason = f"ended before it listened (exit status {status})"
            raise EmbeddedError(reason, self._end_of_stderr())
        return self._line

    def end(self) -> None:
        """End the child: it watches its standard input, and ends with that."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self._wait() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._stderr.close()

    def _wait(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(_FAREWELL_S)
        return None

    def _read(self) -> None:
        if self.process.stdout is not None:
            self._line = self.process.stdout.readline()

    def _end_of_stderr(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read()[-4000:]
