"""The journal: what a live target has accepted, kept on disk until it is deleted again.

In: what was accepted, and what became of it. Out: lines of JSON, each synced to disk
before anything else is sent; read again, the entries that are still open. A line has
`time` (UTC), `url` of the target, `id` (what the answer calls it, by name), `delete`
(the path that deletes it, null where none is known), `headers` of that request with
`{token}` in place of the token, and `status`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar

from ringspec.spec import UsageError

_HINT = "name a file that can be written as `journal` in the profile"
_BEGINNING = '{"time": "'
_Given = TypeVar("_Given")


class Status(StrEnum):
    """What became of something that was sent to be created."""

    ACCEPTED = "accepted"
    DELETED = "deleted"
    GONE = "gone"  # it was not there any more
    FAILED = "failed"  # its deletion was refused or went unanswered
    UNKNOWN = "unknown"  # the create went unanswered: it may be there


_CLOSED = frozenset({Status.DELETED, Status.GONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was created, or may have been.

    Attributes:
        url: of the target.
        id: what the path that deletes it holds, by name.
        delete: that path, relative to the URL; None where there is none.
        headers: of the request that deletes it; `{token}` stands for the token.
    """

    url: str
    id: dict[str, str] = field(default_factory=dict)
    delete: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    status: Status = Status.ACCEPTED

    @property
    def is_open(self) -> bool:
        """Tell whether it may still be there."""
        return self.status not in _CLOSED

    @property
    def name(self) -> str:
        """Say in a few words what it is."""
        return ", ".join(self.id.values()) or "something without an id"

    def line(self, time: str) -> bytes:
        """Write it as a line."""
        told = {
            "time": time,
            "url": self.url,
            "id": self.id,
            "delete": self.delete,
            "headers": [list(each) for each in self.headers],
            "status": self.status,
        }
        # What a server calls it may be anything, half a character as well.
        return json.dumps(told).encode() + b"\n"

    @classmethod
    def of(cls, data: Any) -> Self:
        """Read it from a line's data.

        Raises:
            ValueError: it is no entry.
        """
        try:
            url, delete = data["url"], data["delete"]
            entry = cls(
                url=_typed(url, str),
                id={str(name): str(value) for name, value in data["id"].items()},
                delete=None if delete is None else _typed(delete, str),
                headers=tuple(
                    (str(name), str(value)) for name, value in data["headers"]
                ),
                status=Status(data["status"]),
            )
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"it lacks {error}") from error
        if entry.delete is not None and not entry.delete.startswith("/"):
            raise ValueError(f"{entry.delete!r} is no path")
        if any(name.strip().lower() == "host" for name, _ in entry.headers):
            raise ValueError("a Host header may lead elsewhere")
        return entry


def _typed(value: Any, kind: type[_Given]) -> _Given:
    if not isinstance(value, kind):
        raise ValueError(f"{value!r} is no {kind.__name__}")  # noqa: TRY004 - see `of`
    return value


class Journal:
    """A file that is only ever appended to.

    Attributes:
        path: of the file.
    """

    def __init__(
        self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.path = path
        self._now = now
        self._written = False

    def open(self) -> None:
        """Make sure that it can be written, before anything is sent.

        Raises:
            UsageError: it cannot.
        """
        self._append(b"")

    def note(self, entry: Entry) -> None:
        """Write an entry; it is on disk once this returns.

        Raises:
            UsageError: it cannot be written.
        """
        self._append(entry.line(self._now().isoformat(timespec="milliseconds")))
        self._written = True

    def discard(self) -> None:
        """Take the file away again, if surely nothing in it is open."""
        try:
            lines = self.path.read_text("utf-8").split("\n")
            # Of what was cut off nobody knows what became of it.
            if any(map(_is_cut, filter(None, lines))):
                return
            if not any(entry.is_open for entry in read(self.path)):
                self.path.unlink()
        except (OSError, ValueError, UsageError):
            pass  # whoever has a file more has lost nothing

    def _append(self, data: bytes) -> None:
        try:
            # What stands in it is nobody else's business.
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            number = os.open(self.path, flags, 0o600)
            try:
                _write(number, data and self._separator() + data)
                os.fsync(number)
            finally:
                os.close(number)
        except OSError as error:
            raise UsageError(
                f"the journal {self.path} cannot be written: {error.strerror}",
                hint=_HINT,
            ) from error

    def _separator(self) -> bytes:
        """Return what ends a line that somebody else left cut off."""
        if self._written or self.path.stat().st_size == 0:
            return b""
        return b"" if self.path.read_bytes().endswith(b"\n") else b"\n"


def _write(number: int, data: bytes) -> None:
    while data:
        data = data[os.write(number, data) :]


def read(path: Path) -> tuple[Entry, ...]:
    """Read a journal: each thing once, with what became of it last.

    A line that is cut off is left out: whatever wrote it was killed meanwhile.

    Raises:
        UsageError: it cannot be read, or a line is no entry.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(
            f"the journal {path} cannot be read: {said}",
            hint="a live run says where its journal is",
        ) from error
    found: dict[tuple[str, str | int], Entry] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not _is_cut(line):
            entry = _entry(path, number, line)
            found[entry.url, entry.delete or number] = entry
    return tuple(found.values())


def _is_cut(line: str) -> bool:
    """Tell whether a line is the beginning of one, as far as it was written."""
    return line.startswith(_BEGINNING[: len(line)]) and not line.endswith("}")


def _entry(path: Path, number: int, line: str) -> Entry:
    try:
        return Entry.of(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path}, line {number} is no entry of a journal: {error}",
            hint="is it the journal that the run told of?",
        ) from error


def default_path(now: datetime | None = None) -> Path:
    """Return where a run keeps its journal, a file of its own below the user's state.

    Source: XDG Base Directory Specification 0.8, XDG_STATE_HOME: relative ones are
    ignored.
    """
    told = os.environ.get("XDG_STATE_HOME", "")
    state = Path(told) if Path(told).is_absolute() else Path.home() / ".local" / "state"
    stamp = f"{now or datetime.now(UTC):%Y%m%dT%H%M%S}"
    return state / "ringspec" / f"journal-{stamp}-{os.getpid()}.jsonl"
