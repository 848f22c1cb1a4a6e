"""File reports: the formats there are, and writing one so that no half is left."""

from __future__ import annotations

import errno
import importlib
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from ringspec.harness import Ended, Event, Judged, Notice, Result, Started
from ringspec.reports.redact import Redactor
from ringspec.spec import InternalError, ReportError, UsageError

# Format: the module whose `render` makes its bytes of a record. Imported late: most
# runs ask for one format or none.
FORMATS = {
    "html": "ringspec.reports.html_report",
    "json": "ringspec.reports.json_report",
    "ndjson": "ringspec.reports.ndjson",
    "junit": "ringspec.reports.junit",
    "har": "ringspec.reports.har",
    "markdown": "ringspec.reports.markdown",
    "badge": "ringspec.reports.markdown:render_badge",
}
_WRITABLE = "give a file in a directory that exists and is writable"
_ROOM = "make room there, or give a path elsewhere"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write(name: str, path: Path, record: Record) -> None:
    """Write a report in a format to a path.

    Raises:
        UsageError: there is no such format.
        ReportError: the path cannot be written.
    """
    check(path, name)
    write_data(name, path, rendered(name, record))


def rendered(name: str, record: Record) -> bytes:
    """Return a report in a format that there is."""
    module, _, function = FORMATS[name].partition(":")
    render: Callable[[Record], bytes]
    render = getattr(importlib.import_module(module), function or "render")
    return render(record)


def write_data(name: str, path: Path, data: bytes) -> None:
    """Write what a report was rendered to, whole or not at all.

    Raises:
        ReportError: the path cannot be written.
    """
    try:
        put(path, data)
    except OSError as error:
        raise refused(path, name, error) from error


def check(path: Path, name: str = "") -> None:
    """Find out before a run whether a report can be written.

    Raises:
        UsageError: there is no such format.
        ReportError: the path does not look writable.
    """
    if name and name not in FORMATS:
        known = ", ".join(FORMATS)
        raise UsageError(f"no report format {name!r}", hint=f"one of: {known}")
    why = write_obstacle(path)
    if why:
        raise _refusal(path, name, why, _WRITABLE)


def write_obstacle(path: Path) -> str:
    """Say what stands in the way of writing a path; empty if nothing seems to."""
    parent = path.parent
    try:
        obstacles = {
            "it is a directory": path.is_dir(),
            f"the directory {parent} does not exist": not parent.exists(),
            f"{parent} is not a directory": not parent.is_dir(),
            "permission denied": not os.access(_written(path), os.W_OK),
        }
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return next((why for why, stands in obstacles.items() if stands), "")


def _written(path: Path) -> Path:
    """Return what must be writable: the directory, or a device or pipe itself."""
    return path if _special(path) else path.resolve().parent


def _special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def refused(path: Path, name: str, error: OSError) -> ReportError:
    """Say that a report could not be written, and what to do."""
    hint = _ROOM if error.errno in _FULL else _WRITABLE
    return _refusal(path, name, error.strerror or str(error), hint)


def _refusal(path: Path, name: str, why: str, hint: str) -> ReportError:
    what = f"the {name} report" if name else "a report"
    return ReportError(f"{what} cannot be written to {path}: {why}", hint=hint)


def put(path: Path, data: bytes) -> None:
    """Write beside the path, then rename; a device or pipe is written to itself."""
    if _special(path):
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


class Reporter(Protocol):
    """Takes the events of a run, one after the other."""

    def handle(self, event: Event) -> None:
        """Take the next event."""


class Display(Reporter, Protocol):
    """A reporter that shows something until it is closed."""

    def close(self) -> None:
        """Leave the screen tidy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A whole run, free of secrets: what every file report is rendered from.

    Attributes:
        notices: what was said on the way.
        docs: base of the documentation that rules are linked to; empty for none.
    """

    started: Started
    judged: tuple[Judged, ...]
    notices: tuple[str, ...]
    result: Result
    docs: str = ""


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
        """The run, once it has ended.

        Raises:
            InternalError: the run told no beginning or no end.
        """
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


_PAGE = "reference/rules/"
# What may stand in the address, so that no report has to escape it by rules of its own.
_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+(?:/[\w./~%+-]*)?", re.ASCII)


def checked_docs(base: str) -> str:
    """Return the base of a documentation, without a slash at its end.

    Raises:
        UsageError: it is no plain address of the web.
    """
    if not _ADDRESS.fullmatch(base) or not urlsplit(base).hostname:
        raise UsageError(
            f"no documentation can be at {base!r}",
            hint="give the http or https address of its first page, such as"
            " https://example.com/ringspec",
        )
    return base.rstrip("/")


def rule_link(base: str, rule: str) -> str:
    """Return the address of a rule's documentation; empty where there is none."""
    return f"{base}/{_PAGE}#{quote(rule, safe='')}" if base else ""
