"""The file of known failures: reading it, and writing it anew after a run.

It is TOML, an entry a table:

    [[known]]
    rule = "retryDelays.count"      # or case = "retryDelays.count/…"
    reason = "the provider mends it in March"
    issue = "https://tracker.example/17"
    owner = "voice team"
    expires = 2027-03-31            # the last day on which it is excused

What people wrote about an entry that stays, comments above it included, stays as it is.
(tomlkit counts such comments to the entry before.)
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import click

from ringspec.harness import Known, KnownUpdate, Result
from ringspec.harness.judging.verdict import KnownList
from ringspec.harness.profile import Places
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


@dataclass(frozen=True)
class KnownFile:
    """A file of known failures, or none.

    Attributes:
        head: what stands before the first entry.
        entries: each with its text, empty if it does not stand by itself.
    """

    path: Path | None = None
    renews: bool = False
    head: str = ""
    entries: tuple[tuple[Known, str], ...] = ()

    @classmethod
    def open(cls, path: Path | None, *, renews: bool) -> Self:
        """Read a file; one that is to be written need not exist yet.

        Raises:
            UsageError: it cannot be read, or has something that cannot be meant.
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
        return cls(path, renews, *_split(text, _EntryReader(str(path), text).entries()))

    def known(self) -> KnownList:
        """Return the list for a run of today."""
        return KnownList(
            entries=tuple(known for known, _ in self.entries),
            today=datetime.now(UTC).date(),
            renews=self.renews,
        )

    def renewed(self, result: Result, contract: Contract, status: int) -> int:
        """Write the list as a run updates it, say so, and return the exit status."""
        if self.path is None or not self.renews:
            return status
        if result.known_update is None:
            why = "interrupted" if result.interrupted else "inconclusive"
            click.echo(f"{self.path} stays as it is: the run was {why}", err=True)
            return status
        try:
            if (
                result.known_update.added
                or result.known_update.dropped
                or not self.path.exists()
            ):
                self._write(self.path, result.known_update, contract)
        except OSError as error:
            refused = _unwritable(self.path, error.strerror or str(error))
            click.echo(f"ringspec: {refused}\n    hint: {refused.hint}", err=True)
            return status if status in {1, 130} else ReportError.exit_code
        click.echo("\n".join(_summary(self.path, result.known_update)), err=True)
        return status

    def _write(self, path: Path, update: KnownUpdate, contract: Contract) -> None:
        parts = [
            self.head,
            *(
                text or _written(known, contract)
                for known, text in self.entries
                if known in update.kept
            ),
            *(_written(each, contract) for each in update.added),
        ]
        text = "\n".join(part.strip("\n") + "\n" for part in parts if part.strip())
        put(path, text.encode())


def _summary(path: Path, update: KnownUpdate) -> Iterator[str]:
    """Yield what became of the entries."""
    added, dropped = update.added, update.dropped
    counts = (
        f"{len(added):,} added, {len(dropped):,} dropped, {len(update.kept):,} kept"
    )
    yield f"{path}: {counts}"
    yield from (f"    added    {shown(each.id, 200)}" for each in added)
    for each in dropped:
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


class _EntryReader:
    """Reads the entries of a file, and says where it cannot be understood."""

    def __init__(self, name: str, text: str) -> None:
        self._places = Places(name, text)

    def entries(self) -> list[Known]:
        """Return the entries.

        Raises:
            UsageError: there is something that cannot be meant.
        """
        try:
            data = tomllib.loads(self._places.text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            hint = "texts stand in quotes; see https://toml.io"
            raise self._error((), f"it is no TOML: {error}", hint) from error
        for key in data:
            if key != _TABLE:
                raise self._unknown((key,), (_TABLE,))
        rows = data.get(_TABLE, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            hint = "begin each by [[known]]"
            raise self._error((), "`known` is no list of tables", hint)
        entries: dict[tuple[str, bool], Known] = {}
        for index, row in enumerate(rows):
            entry = self._entry(index, row)
            if (entry.id, entry.explored) in entries:
                message = f"{entry.id} is listed twice"
                raise self._error((_TABLE, index), message, "leave one of them")
            entries[entry.id, entry.explored] = entry
        return list(entries.values())

    def _entry(self, index: int, row: dict[str, Any]) -> Known:
        at = (_TABLE, index)
        for key in row:
            if key not in _KEYS:
                raise self._unknown((*at, key), _KEYS)
        names = [name for name in _NAMES if name in row]
        if len(names) != 1:
            what = "both a rule and a case" if names else "no rule and no case"
            raise self._error(at, f"it names {what}", "name one of the two")
        texts = {key: self._text((*at, key), row) for key in _KEYS[:5]}
        if not texts["reason"]:
            raise self._error(at, "it has no reason", "say why it may fail")
        explored = row.get("phase") == _EXPLORE
        if "phase" in row and not (explored and names == ["rule"]):
            hint = 'phase = "explore", with a rule, is all there is: or leave it out'
            raise self._error((*at, "phase"), "such a phase cannot be known", hint)
        id_ = texts[names[0]]
        if id_.startswith(f"{_EXPLORE}/"):
            hint = 'name its rule, with phase = "explore"'
            message = "what explore finds has no lasting id"
            raise self._error((*at, "case"), message, hint)
        expires = row.get("expires")
        if expires is not None and type(expires) is not date:
            hint = "write it without quotes or time, such as 2027-03-31"
            raise self._error((*at, "expires"), "`expires` is no date", hint)
        return Known(
            id=id_,
            reason=texts["reason"],
            issue=texts["issue"],
            owner=texts["owner"],
            expires=expires,
            explored=explored,
        )

    def _text(self, at: tuple[str | int, ...], row: dict[str, Any]) -> str:
        key = at[-1]
        value = row.get(str(key), "")
        if key == "issue" and type(value) is int:
            return str(value)
        if not isinstance(value, str) or (key in row and not value.strip()):
            raise self._error(at, f"`{key}` is no text", 'write it in quotes, "…"')
        return value

    def _unknown(self, at: tuple[str | int, ...], known: tuple[str, ...]) -> UsageError:
        near = nearest(str(at[-1]).lower(), known)
        meant = f"is {near[0]!r} meant?" if near else f"there are {', '.join(known)}"
        return self._error(at, f"nobody knows the key {at[-1]!r}", meant)

    def _error(self, at: tuple[str | int, ...], what: str, hint: str) -> UsageError:
        place = self._places.of(at) if at else self._places.shown
        return UsageError(f"{place}: {shown(what, 300)}", hint=shown(hint, 300))


def _split(
    text: str, entries: list[Known]
) -> tuple[str, tuple[tuple[Known, str], ...]]:
    """Cut a file into head and entries, each with its text and the comment above it.

    Entries that do not each stand in a table of their own are to be written anew.
    """
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    starts = [_above(lines, n) for n, line in enumerate(lines) if _HEADER.match(line)]
    texts = ["".join(lines[a:b]) for a, b in pairwise((*starts, len(lines)))]
    head = "".join(lines[: starts[0]]) if starts else text
    if len(texts) == len(entries) and all(map(_is_entry, texts, entries)):
        return head, tuple(zip(entries, texts, strict=True))
    return _HEAD, tuple((each, "") for each in entries)


def _above(lines: list[str], start: int) -> int:
    """Return the first line of the comment above a line."""
    while start and _COMMENT.match(lines[start - 1]):
        start -= 1
    return start


def _is_entry(text: str, known: Known) -> bool:
    """Return whether a piece of a file is one entry, and a certain one."""
    try:
        return _EntryReader("", text).entries() == [known]
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
