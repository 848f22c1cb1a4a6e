"""File reports: the formats there are, and writing one so that no half is left."""

from __future__ import annotations

import errno
import importlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from ringspec.reports.record import Record
from ringspec.spec import ReportError, UsageError

# Format: the module whose `render` makes its bytes of a record. Imported late: most
# runs ask for one format or none.
FORMATS = {
    "html": "ringspec.reports.html.report",
    "json": "ringspec.reports.json_report",
    "ndjson": "ringspec.reports.ndjson",
    "junit": "ringspec.reports.junit",
    "har": "ringspec.reports.har",
    "markdown": "ringspec.reports.markdown",
    "badge": "ringspec.reports.badge",
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
    render: Callable[[Record], bytes] = importlib.import_module(FORMATS[name]).render
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
    why = obstacle(path)
    if why:
        raise _refusal(path, name, why, _WRITABLE)


def obstacle(path: Path) -> str:
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
