"""The file of known failures: reading it, and writing it anew after a run.

It is TOML, an entry a table:

    [[known]]
    rule = "retryDelays.count"      # or case = "retryDelays.count/…"
    reason = "the provider mends it in March"
    issue = "https://tracker.example/17"
    owner = "voice team"
    expires = 2027-03-31            # the last day on which it is excused

Whatever people wrote about an entry that stays, comments included, stays as it is.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import click

from ringspec.harness import Known, Renewal, Result
from ringspec.harness.judging.verdict import Ledger
from ringspec.reports import put, shown, write_obstacle
from ringspec.spec import Contract, ReportError, RuleId, UsageError, nearest

_TABLE = "known"
_NAMES = ("rule", "case")
_KEYS = (*_NAMES, "reason", "issue", "owner", "expires", "phase")
_EXPLORE = "explore"
_HEADER = re.compile(r"[ \t]*\[\[[ \t]*known[ \t]*\]\]")
_COMMENT = re.compile(r"[ \t]*#")
_HEAD = """\
# Failures that are known: `ringspec run --known-failures` excuses them, until they
# no longer fail or expire. Each names a `rule` or a `case`, and has a `reason`; it may
# have an `issue`, an `owner`, and a day on which it `expires`, such as 2027-03-31.
"""


@dataclass(frozen=True, slots=True)
class _Block:
    """An entry as it stands in the file, if it stands there by itself."""

    known: Known
    text: str = ""


@dataclass(frozen=True)
class Book:
    """A file of known failures, or none.

    Attributes:
        head: what stands before the first entry.
    """

    path: Path | None = None
    renews: bool = False
    head: str = ""
    blocks: tuple[_Block, ...] = ()

    @classmethod
    def open(cls, path: Path | None, *, renews: bool) -> Self:
        """Read a file; one that is to be written need not exist yet.

        Raises:
            UsageError: it cannot be read, or says what nobody understands.
        """
        if path is None:
            return cls()
        why = write_obstacle(path) if renews else ""
        if why:
            raise _unwritable(path, why)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError as error:
            if not renews:
                raise _unreadable(path, error) from error
            return cls(path, renews, _HEAD)
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        head, blocks = _blocks(text, _Reader(path, text).entries())
        return cls(path, renews, head, blocks)

    def ledger(self) -> Ledger:
        """Return what a run has to know."""
        return Ledger(
            entries=tuple(each.known for each in self.blocks),
            today=datetime.now(UTC).date(),
            renews=self.renews,
        )

    def renewed(self, result: Result, contract: Contract, status: int) -> int:
        """Write what a run made of the entries, say so, and return the exit status."""
        if self.path is None or not self.renews:
            return status
        if result.renewal is None:
            why = "interrupted" if result.interrupted else "inconclusive"
            click.echo(f"{self.path} stays as it is: the run was {why}", err=True)
            return status
        try:
            if result.renewal.added or result.renewal.dropped or not self.path.exists():
                self._write(self.path, result.renewal, contract)
        except OSError as error:
            refused = _unwritable(self.path, error.strerror or str(error))
            click.echo(f"ringspec: {refused}\n    hint: {refused.hint}", err=True)
            return status if status in {1, 130} else ReportError.exit_code
        click.echo("\n".join(_told(self.path, result.renewal)), err=True)
        return status

    def _write(self, path: Path, renewal: Renewal, contract: Contract) -> None:
        kept = [
            each.text or _written(each.known, contract)
            for each in self.blocks
            if each.known in renewal.kept
        ]
        new = [_written(each, contract) for each in renewal.added]
        parts = [self.head, *kept, *new]
        text = "\n".join(part.strip("\n") + "\n" for part in parts if part.strip())
        put(path, text.encode())


def _told(path: Path, renewal: Renewal) -> Iterator[str]:
    """Say what became of the entries."""
    counts = {
        "added": len(renewal.added),
        "dropped": len(renewal.dropped),
        "kept": len(renewal.kept),
    }
    said = ", ".join(f"{number:,} {word}" for word, number in counts.items())
    yield f"{path}: {said}"
    yield from (f"    added    {shown(each.id, 200)}" for each in renewal.added)
    for each in renewal.dropped:
        yield f"    dropped  {shown(each.known.id, 200)}: {shown(each.why, 300)}"


def _unwritable(path: Path, why: str) -> ReportError:
    return ReportError(
        f"the known failures cannot be written to {path}: {why}",
        hint="give a file in a directory that exists and is writable",
    )


def _unreadable(path: Path, error: Exception) -> UsageError:
    why = getattr(error, "strerror", None) or "it is no UTF-8 text"
    return UsageError(
        f"the known failures cannot be read from {path}: {why}",
        hint="--update-known-failures writes a file that does not exist yet",
    )


class _Reader:
    """Reads the entries of a file, and complains of what it does not understand."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text

    def entries(self) -> list[Known]:
        """Return the entries.

        Raises:
            UsageError: there is something that cannot be meant.
        """
        try:
            data = tomllib.loads(self._text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise self._wrong(
                f"it is no TOML: {error}", "texts stand in quotes; see https://toml.io"
            ) from error
        for key in data:
            if key != _TABLE:
                raise self._odd(key, (_TABLE,), partial(_knows, key))
        rows = data.get(_TABLE, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._wrong("`known` is no list of tables", "begin each by [[known]]")
        entries: list[Known] = []
        for index, row in enumerate(rows):
            entry = self._entry(index, row)
            if any(
                (it.id, it.explored) == (entry.id, entry.explored) for it in entries
            ):
                raise self._at(
                    index, None, f"{entry.id} is listed twice", "leave one of them"
                )
            entries.append(entry)
        return entries

    def _entry(self, index: int, row: dict[str, Any]) -> Known:
        for key in row:
            if key not in _KEYS:
                raise self._odd(key, _KEYS, partial(_has, index, key))
        names = [name for name in _NAMES if name in row]
        if len(names) != 1:
            what = "both a rule and a case" if names else "no rule and no case"
            raise self._at(index, None, f"it names {what}", "name one of the two")
        texts = {key: self._text_of(index, key, row) for key in _KEYS[:5]}
        if not texts["reason"]:
            raise self._at(index, None, "it has no reason", "say why it may fail")
        explored = row.get("phase") == _EXPLORE
        if "phase" in row and not (explored and names == ["rule"]):
            hint = 'phase = "explore", with a rule, is all there is: or leave it out'
            raise self._at(index, "phase", "such a phase cannot be known", hint)
        if texts[names[0]].startswith(f"{_EXPLORE}/"):
            hint = 'name its rule, with phase = "explore"'
            raise self._at(index, "case", "what explore finds has no lasting id", hint)
        return Known(
            id=texts[names[0]],
            reason=texts["reason"],
            issue=texts["issue"],
            owner=texts["owner"],
            expires=self._date(index, row),
            explored=explored,
        )

    def _text_of(self, index: int, key: str, row: dict[str, Any]) -> str:
        value = row.get(key, "")
        if key == "issue" and type(value) is int:
            return str(value)
        if not isinstance(value, str) or (key in row and not value.strip()):
            raise self._at(index, key, f"`{key}` is no text", 'write it in quotes, "…"')
        return value

    def _date(self, index: int, row: dict[str, Any]) -> date | None:
        value = row.get("expires")
        if value is None or type(value) is date:
            return value
        hint = "write it without quotes or time, such as 2027-03-31"
        raise self._at(index, "expires", "`expires` is no date", hint)

    def _odd(
        self, key: str, known: tuple[str, ...], has: Callable[[dict[str, Any]], bool]
    ) -> UsageError:
        near = nearest(key.lower(), known)
        meant = f"is {near[0]!r} meant?" if near else f"there are {', '.join(known)}"
        return self._wrong(f"nobody knows the key {key!r}", meant, self._line(has))

    def _at(self, index: int, key: str | None, what: str, hint: str) -> UsageError:
        return self._wrong(what, hint, self._line(partial(_has, index, key)))

    def _wrong(self, what: str, hint: str, line: int = 0) -> UsageError:
        where = f"{self._path}:{line}" if line else str(self._path)
        return UsageError(f"{where}: {shown(what, 300)}", hint=shown(hint, 300))

    def _line(self, has: Callable[[dict[str, Any]], bool]) -> int:
        """Return the line by which a file has something: its readers keep no places."""
        lines = self._text.split("\n")

        def is_there(end: int) -> bool:
            # What ends within a value is no TOML: read on to where that is closed.
            for until in range(end, len(lines) + 1):
                try:
                    return has(tomllib.loads("\n".join(lines[:until])))
                except tomllib.TOMLDecodeError:
                    continue
            return True

        return bisect_left(range(1, len(lines) + 1), x=True, key=is_there) + 1


def _knows(key: str, data: dict[str, Any]) -> bool:
    return key in data


def _has(index: int, key: str | None, data: dict[str, Any]) -> bool:
    """Tell whether an entry is there, and, if one is asked for, a key in it."""
    rows = data.get(_TABLE, [])
    return len(rows) > index and (key is None or key in rows[index])


def _blocks(text: str, entries: list[Known]) -> tuple[str, tuple[_Block, ...]]:
    """Cut a file into entries, each with the comment above it.

    One that is written in another way than an entry a table is written anew.
    """
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    starts = [_above(lines, n) for n, line in enumerate(lines) if _HEADER.match(line)]
    texts = ["".join(lines[a:b]) for a, b in pairwise((*starts, len(lines)))]
    head = "".join(lines[: starts[0]]) if starts else text
    if len(texts) == len(entries) and all(map(_says, texts, entries)):
        return head, tuple(map(_Block, entries, texts))
    return _HEAD, tuple(map(_Block, entries))


def _above(lines: list[str], start: int) -> int:
    """Return the first line of the comment above a line."""
    while start and _COMMENT.match(lines[start - 1]):
        start -= 1
    return start


def _says(text: str, known: Known) -> bool:
    """Tell whether a piece of a file is one entry, and a certain one."""
    try:
        return _Reader(Path(), text).entries() == [known]
    except UsageError:
        return False


def _written(known: Known, contract: Contract) -> str:
    """Write an entry."""
    is_rule = RuleId(known.id) in {*contract.rules, *contract.dropped}
    lines = [
        f"[[{_TABLE}]]",
        f"{'rule' if is_rule else 'case'} = {_quoted(known.id)}",
        *([f'phase = "{_EXPLORE}"'] if known.explored else []),
        f"reason = {_quoted(known.reason)}",
        *([f"issue = {_quoted(known.issue)}"] if known.issue else []),
        *([f"owner = {_quoted(known.owner)}"] if known.owner else []),
        *([f"expires = {known.expires}"] if known.expires else []),
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Write a string: TOML knows all escapes that JSON has, and one character more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
