"""File reports: the record of a run, the formats, and writing whole files or lines."""

from __future__ import annotations

import errno
import importlib
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote, urlsplit

from ringspec.harness import Ended, Event, Judged, Notice, Result, Started
from ringspec.reports.redact import Redactor
from ringspec.spec import InternalError, ReportError, UsageError, check_known

# Stands for standard output.
STDOUT = Path("-")
# Format: the module and function that make its bytes of a record. Imported late: most
# runs ask for one format or none.
FORMATS = {
    "html": "html_report:render",
    "json": "json_report:render",
    "ndjson": "ndjson:render",
    "junit": "junit:render",
    "har": "har:render",
    "markdown": "markdown:render",
    "badge": "markdown:render_badge",
}
_WRITABLE = "give a file in a directory that exists and is writable"
_ROOM = "make room there, or give a path elsewhere"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_RULES_PAGE = "reference/rules/"
# Characters of an address that no report has to escape by rules of its own.
_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+(?:/[\w./~%+-]*)?", re.ASCII)


class Display(Protocol):
    """A reporter: takes the events of a run, and shows something until it is closed."""

    def handle(self, event: Event) -> None:
        """Take the next event."""

    def close(self) -> None:
        """Leave the screen tidy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A whole run, free of secrets: every file report is rendered from it."""

    started: Started
    judged: tuple[Judged, ...]
    notices: tuple[str, ...]
    result: Result
    docs: str = ""  # base of the documentation that rules are linked to

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of the run; the notices come before its end."""
        notices = (Notice(message=each) for each in self.notices)
        return (self.started, *self.judged, *notices, Ended(result=self.result))


class Recorder:
    """A reporter that keeps the events for the file reports."""

    def __init__(self, redactor: Redactor | None = None, docs: str = "") -> None:
        self._redactor = redactor or Redactor()
        self._docs = docs
        self._events: list[Event] = []

    def handle(self, event: Event) -> None:
        """Keep an event."""
        self._events.append(event)

    @property
    def record(self) -> Record:
        """The run, which has ended."""
        # Redacted only now: a token fetched late may have been echoed early.
        events = [self._redactor.event(each) for each in self._events]
        started = [each for each in events if isinstance(each, Started)]
        ended = [each for each in events if isinstance(each, Ended)]
        if not started or not ended:
            raise InternalError("a report was asked for before the run had ended")
        return Record(
            started=started[0],
            judged=tuple(each for each in events if isinstance(each, Judged)),
            notices=tuple(each.message for each in events if isinstance(each, Notice)),
            result=ended[-1].result,
            docs=self._docs,
        )


def rendered(name: str, record: Record) -> bytes:
    """Return a report in one of the formats."""
    module, _, function = FORMATS[name].partition(":")
    home = importlib.import_module(f"ringspec.reports.{module}")
    render: Callable[[Record], bytes] = getattr(home, function)
    return render(record)


def write(name: str, path: Path, record: Record) -> None:
    """Write a report; raise a UsageError or ReportError if it cannot be."""
    check(name, path)
    write_data(name, path, rendered(name, record))


def write_data(name: str, path: Path, data: bytes) -> None:
    """Write a rendered report whole, or raise a ReportError."""
    try:
        put(path, data)
    except OSError as error:
        raise refused(path, name, error) from error


def check(
    name: str, path: Path, formats: Iterable[str] = FORMATS, what: str = "report"
) -> None:
    """Raise a UsageError or ReportError if a report cannot be written."""
    if name:
        check_known(f"{what} format", name, formats)
    if why := write_obstacle(path):
        raise refused(path, name, why)


def write_obstacle(path: Path) -> str:
    """Return why a path cannot be written; empty if it seems possible."""
    if path == STDOUT:
        return ""
    parent = path.parent
    try:
        # A device or pipe must be writable itself, else the directory.
        writable = path if _is_special(path) else path.resolve().parent
        obstacles = {
            "it is a directory": path.is_dir(),
            f"the directory {parent} does not exist": not parent.exists(),
            f"{parent} is not a directory": not parent.is_dir(),
            "permission denied": not os.access(writable, os.W_OK),
        }
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return next((why for why, stands in obstacles.items() if stands), "")


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def refused(path: Path, name: str, error: OSError | str) -> ReportError:
    """Return the error, with a hint, for a report that cannot be written."""
    full = isinstance(error, OSError) and error.errno in _FULL
    why = error if isinstance(error, str) else error.strerror or str(error)
    hint = _ROOM if full else _WRITABLE
    what = f"the {name} report" if name else "a report"
    return ReportError(f"{what} cannot be written to {path}: {why}", hint=hint)


def put(path: Path, data: bytes) -> None:
    """Write beside the path, then rename; a device or pipe is written to itself."""
    if path == STDOUT:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    if _is_special(path):
        path.write_bytes(data)
        return
    path = path.resolve()  # a link stays a link
    beside = path.with_name(f".ringspec-{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


class LineFile:
    """A file of lines, opened with the first; after an error it ignores the others."""

    def __init__(self, path: Path, name: str, mode: Literal["w", "a"]) -> None:
        self._path, self._name, self._mode = path, name, mode
        self._file: FileIO | None = None
        # The rest of a line: an interrupt on the way to the file leaves it.
        self._left = b""
        # Of all whole lines that are written.
        self._size = 0
        self._error: OSError | None = None

    @property
    def failed(self) -> bool:
        """True once something could not be written."""
        return self._error is not None

    def open(self) -> FileIO:
        """Open the file, unless it is open."""
        if self._file is None:
            is_file = self._path != STDOUT
            place = self._path if is_file else sys.stdout.fileno()
            self._file = FileIO(place, self._mode, closefd=is_file)
            self._size = self._file.tell() if self._file.seekable() else 0
        return self._file

    def add(self, line: bytes) -> None:
        """Add a whole line, or nothing."""
        if self._error is not None:
            return
        self._left += line
        try:
            file = self.open()
            while self._left:
                self._left = self._left[file.write(self._left) :]
            self._size = file.tell() if file.seekable() else 0
        except OSError as error:
            self._error = error
            if self._file is not None:
                with suppress(OSError):  # devices and pipes cannot be cut
                    self._file.truncate(self._size)

    def close(self) -> None:
        """Close the file; errors are kept for `check`."""
        if self._file is None or self._file.closed:
            return
        if self._error is None and self._mode == "w" and not self._stands(self._file):
            self._error = FileNotFoundError(0, "it was removed during the run")
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error

    def _stands(self, file: FileIO) -> bool:
        try:
            kept = self._path.stat() if file.closefd else os.fstat(file.fileno())
            return os.path.samestat(kept, os.fstat(file.fileno()))
        except OSError:
            return False

    def check(self) -> None:
        """Raise a ReportError if a line could not be written."""
        if self._error is not None:
            raise refused(self._path, self._name, self._error)


def checked_docs(base: str) -> str:
    """Return the base of a documentation: a plain address, or raise a UsageError."""
    if not _ADDRESS.fullmatch(base) or not urlsplit(base).hostname:
        raise UsageError(
            f"no documentation can be at {base!r}",
            hint="give the http or https address of its first page, such as"
            " https://example.com/ringspec",
        )
    return base.rstrip("/")


def rule_link(base: str, rule: str) -> str:
    """Return the address of a rule's documentation, or an empty text."""
    return f"{base}/{_RULES_PAGE}#{quote(rule, safe='')}" if base else ""
