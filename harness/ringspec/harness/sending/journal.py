"""The journal: what a live target has accepted, kept on disk until it is deleted again.

Lines of JSON, each synced to disk before anything else is sent. A line has `time`
(UTC), `url` of the target, `id` (values of the path that deletes it, by name), `delete`
(that path, null if none is known), `headers` of that request with `{token}` in place of
the token, and `status`.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Self

from ringspec.harness.sending.mistakes import mistake
from ringspec.spec import UsageError

_BEGINNING = '{"time": "'


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
    """One thing that was created, or may have been; fields as above."""

    url: str
    id: dict[str, str] = field(default_factory=dict)
    delete: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    status: Status = Status.ACCEPTED

    @property
    def is_open(self) -> bool:
        """Whether it may still be there."""
        return self.status not in _CLOSED

    @property
    def name(self) -> str:
        """Its id in words."""
        return ", ".join(self.id.values()) or "something without an id"

    def line(self, time: str) -> bytes:
        """Return it as a line."""
        # An id may be anything, half a character as well.
        return json.dumps({"time": time, **asdict(self)}).encode() + b"\n"

    @classmethod
    def of(cls, data: Any) -> Self:
        """Read it from a line's data."""
        try:
            entry = cls(
                url=data["url"],
                id={str(name): str(value) for name, value in data["id"].items()},
                delete=data["delete"],
                headers=tuple((str(it), str(value)) for it, value in data["headers"]),
                status=Status(data["status"]),
            )
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"it lacks {error}") from error
        for each in (entry.url, "" if entry.delete is None else entry.delete):
            if not isinstance(each, str):
                raise ValueError(f"{each!r} is no str")  # noqa: TRY004 - see above
        if entry.delete is not None and not entry.delete.startswith("/"):
            raise ValueError(f"{entry.delete!r} is no path")
        if any(name.strip().lower() == "host" for name, _ in entry.headers):
            raise ValueError("a Host header may lead elsewhere")
        return entry


class Journal:
    """A file that is only ever appended to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written = False

    def open(self) -> None:
        """Make sure that it can be written, before anything is sent."""
        self._append(b"")

    def note(self, entry: Entry) -> None:
        """Write an entry; it is on disk once this returns."""
        self._append(entry.line(datetime.now(UTC).isoformat(timespec="milliseconds")))
        self._written = True

    def discard(self) -> None:
        """Remove the file if surely nothing in it is open."""
        try:
            lines = self.path.read_text("utf-8").split("\n")
            # What became of an entry that was cut off is not known.
            cut = any(line and _is_cut(line) for line in lines)
            if not cut and not any(entry.is_open for entry in read(self.path)):
                self.path.unlink()
        except (OSError, ValueError, UsageError):
            pass  # a file that stays does no harm

    def _append(self, data: bytes) -> None:
        try:
            # Only the user may read it.
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            private = partial(os.open, mode=0o600)
            with open(self.path, "ab", opener=private) as file:
                whole = self._written or file.tell() == 0
                if data and not whole and not self.path.read_bytes().endswith(b"\n"):
                    data = b"\n" + data  # another process left a line cut off
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            why = error.strerror
            raise mistake("unwritten-journal", path=self.path, why=why) from error


def read(path: Path) -> tuple[Entry, ...]:
    """Read a journal, or raise a UsageError: each thing, with what became of it last.

    A line that is cut off is left out: its writer was killed.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", "it is no text")
        raise mistake("unread-journal", path=path, why=why) from error
    found: dict[tuple[str, str | int], Entry] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not _is_cut(line):
            try:
                entry = Entry.of(json.loads(line))
            except (ValueError, RecursionError) as error:
                about = {"path": path, "number": number, "error": error}
                raise mistake("no-entry", **about) from error
            found[entry.url, entry.delete or number] = entry
    return tuple(found.values())


def _is_cut(line: str) -> bool:
    return line.startswith(_BEGINNING[: len(line)]) and not line.endswith("}")


def default_path() -> Path:
    """Return where a run keeps its journal, a file of its own in the user's state."""
    from platformdirs import user_state_path  # noqa: PLC0415 - for live runs alone

    name = f"journal-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.jsonl"
    return user_state_path("ringspec", appauthor=False) / name
