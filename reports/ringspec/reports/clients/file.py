"""The file of a record: each line stands there before the next request is judged."""

from __future__ import annotations

from contextlib import suppress
from io import FileIO
from pathlib import Path

from ringspec.reports.files import check, refused

_NAME = "record"


class RecordFile:
    """A file to which lines are added; it goes silent if that fails.

    Raises:
        ReportError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        check(path)
        self._path = path
        self._error: OSError | None = None
        try:
            self._file = FileIO(path, "a")
        except OSError as error:
            raise refused(path, _NAME, error) from error

    def add(self, line: bytes) -> None:
        """Add a whole line, or nothing."""
        if self._error is not None:
            return
        size = self._file.tell() if self._file.seekable() else 0
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            self._error = error
            with suppress(OSError):  # devices and pipes cannot be cut
                self._file.truncate(size)

    def close(self) -> None:
        """Close the file; what became of it is told by `check`."""
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error

    def check(self) -> None:
        """Complain if not all lines could be written.

        Raises:
            ReportError: some could not.
        """
        if self._error is not None:
            raise refused(self._path, _NAME, self._error)
