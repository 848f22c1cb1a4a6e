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
from typing import IO, Any, Self

# The source root that holds this package, for the import path of the child.
_ROOT = Path(__file__).parents[2]
_START_S, _FAREWELL_S = 10.0, 3.0


class EmbeddedError(RuntimeError):
    """Raised when the child cannot serve; its text ends with the child's stderr."""


class Embedded:
    """Run the server as a child process while a block is run.

    `begin` starts the child and returns at once; `ready` waits until it listens. The
    child ends with `end`, and dies with this process however that ends.
    """

    def __init__(self, dialect: str = "canonical", mutant: str | None = None) -> None:
        self._arguments = ["--port", "0", "--parent-watch", "--dialect", dialect]
        if mutant is not None:
            self._arguments += ["--mutant", mutant]
        self._line = ""
        self.process: subprocess.Popen[str] | None = None
        self.url = self.token_url = self.token = ""
        self.client_id = self.client_secret = ""
        self.access: dict[str, Any] = {}  # all but the URL

    def __enter__(self) -> Self:
        """Start the child and wait until it listens."""
        try:
            return self.ready()
        except BaseException:
            self.end()
            raise

    def __exit__(self, *_error: object) -> None:
        """End the child."""
        self.end()

    def begin(self) -> Self:
        """Start the child if none runs; do not wait."""
        if self.process is not None:
            return self
        roots = [str(_ROOT), os.environ.get("PYTHONPATH")]
        # A file, since a full pipe would block the child.
        self._stderr = tempfile.TemporaryFile(  # noqa: SIM115
            "w+", encoding="utf-8", errors="replace"
        )
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "ringspec.reference", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
            encoding="utf-8",
            # Ctrl-C is for this process alone, which may still need the child.
            process_group=0,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        # A thread, since not every system reads a pipe with a time limit.
        self._reader = threading.Thread(
            target=self._read, args=(self.process.stdout,), daemon=True
        )
        self._reader.start()
        return self

    def ready(self) -> Self:
        """Wait until the child listens, and read where; start it if need be.

        Raises:
            EmbeddedError: it dies before, or takes longer than the time limit.
        """
        process = self.begin().process
        self._reader.join(_START_S)
        if process is None or not self._line:
            reason = f"did not start within {_START_S} seconds"
            if process and not self._reader.is_alive():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_FAREWELL_S)
                status = process.returncode
                reason = f"ended before it listened (exit status {status})"
            self._stderr.seek(0)
            printed = self._stderr.read()[-4000:]
            raise EmbeddedError(f"the embedded server {reason}\n{printed}".rstrip())
        self.access = json.loads(self._line)
        vars(self).update(self.access)
        del self.access["url"]
        return self

    def end(self) -> None:
        """End the child, by force if it takes too long."""
        process, self.process = self.process, None
        if process is None:
            return
        try:
            # Closes its standard input, which the child watches.
            process.communicate(timeout=_FAREWELL_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        self._reader.join()
        self._stderr.close()

    def _read(self, stdout: IO[str]) -> None:
        with suppress(ValueError):  # closed by the end
            self._line = stdout.readline()
