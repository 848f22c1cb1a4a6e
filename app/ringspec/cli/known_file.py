"""The file of known failures: reading it, and writing it anew after a run.

It is TOML, a table `[[known]]` for each entry. What people wrote about an entry that
stays, comments above it included, stays as it is.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import click

from ringspec.cli.exits import INTERRUPTED, print_error
from ringspec.harness import Known, Result
from ringspec.harness.judging.verdict import KnownList
from ringspec.harness.profile import Places
from ringspec.reports import console, print_template, put, shown, write_obstacle
from ringspec.spec import ReportError, UsageError, nearest

Keys = tuple[str | int, ...]

_TABLE = "known"
_NAMES = ("rule", "case")
_TEXTS = ("reason", "issue", "owner")
_KEYS = (*_NAMES, *_TEXTS, "expires", "phase")
_EXPLORE = "explore"
# The begin of an entry, with the comment above it.
_BEGIN = re.compile(r"^([ \t]*#.*\n)*[ \t]*\[\[[ \t]*known[ \t]*\]\]", re.MULTILINE)
_HEAD = """\
# Failures that are known: `ringspec run --known-failures` excuses them, until they
# no longer fail or expire. Each names a `rule` or a `case`, and has a `reason`; it may
# have an `issue`, an `owner`, and a day on which it `expires`, such as 2027-03-31.
"""


@dataclass(frozen=True)
class KnownFile:
    """A file of known failures, or none: its head, and its entries with their texts."""

    path: Path | None = None
    renews: bool = False
    head: str = ""
    entries: tuple[tuple[Known, str], ...] = ()

    @classmethod
    def open(cls, path: Path | None, *, renews: bool) -> Self:
        """Read a file, or raise a UsageError; one that is renewed need not exist."""
        if path is None:
            return cls()
        if renews and (why := write_obstacle(path)):
            raise _unwritable(path, why)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except (OSError, ValueError) as error:
            if renews and isinstance(error, FileNotFoundError):
                return cls(path, renews, _HEAD)
            why = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise UsageError(
                f"the known failures cannot be read from {path}: {why}",
                hint="--update-known-failures writes a file that does not exist yet",
            ) from error
        return cls(path, renews, *_split(text, _entries(str(path), text)))

    def known(self) -> KnownList:
        """Return the list for a run of today."""
        return KnownList(
            entries=tuple(known for known, _ in self.entries),
            today=datetime.now(UTC).date(),
            renews=self.renews,
        )

    def renewed(self, result: Result, status: int) -> int:
        """Write the list as a run updates it, say so, and return the exit status."""
        path, update = self.path, result.known_update
        if path is None or not self.renews:
            return status
        if update is None:
            why = "interrupted" if result.interrupted else "inconclusive"
            click.echo(f"{path} stays as it is: the run was {why}", err=True)
            return status
        if update.added or update.dropped or not path.exists():
            rules = {str(each.rule.id) for each in result.rules}
            dropped = [each.known for each in update.dropped]
            kept = [each for each in self.entries if each[0] not in dropped]
            parts = [self.head, *(it or _toml(known, rules) for known, it in kept)]
            parts += [_toml(each, rules) for each in update.added]
            text = "\n".join(it.strip("\n") + "\n" for it in parts if it.strip())
            try:
                put(path, text.encode())
            except OSError as error:
                print_error(_unwritable(path, error.strerror or str(error)))
                return status if status in {1, INTERRUPTED} else ReportError.exit_code
        print_template(console(sys.stderr), "known.txt", path=path, update=update)
        return status


def _unwritable(path: Path, why: str) -> ReportError:
    return ReportError(
        f"the known failures cannot be written to {path}: {why}",
        hint="give a file in a directory that exists and is writable",
    )


def _entries(name: str, text: str) -> list[Known]:
    places = Places(name, text)
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(
            f"{name}: {shown(f'it is no TOML: {error}', 300)}",
            hint="texts stand in quotes; see https://toml.io",
        ) from error
    for at, what, hint in _slips(data):
        place = places.of(at) if at else name
        raise UsageError(f"{place}: {shown(what, 300)}", hint=shown(hint, 300))
    return [
        Known(
            id=row.get("rule") or row["case"],
            expires=row.get("expires"),
            explored="phase" in row,
            **{key: str(row.get(key, "")) for key in _TEXTS},
        )
        for row in data.get(_TABLE, [])
    ]


def _slips(data: dict[str, Any]) -> Iterator[tuple[Keys, str, str]]:
    """Yield the first slip of a file: the keys of its place, message and hint."""
    yield from _unknown(data, (_TABLE,))
    rows = data.get(_TABLE, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        yield (), "`known` is no list of tables", "begin each by [[known]]"
    seen = set()
    for index, row in enumerate(rows):
        yield from _row_slips(row, (_TABLE, index))
        id_ = row.get("rule") or row["case"]
        if (id_, "phase" in row) in seen:
            yield (_TABLE, index), f"{id_} is listed twice", "leave one of them"
        seen.add((id_, "phase" in row))


def _row_slips(row: dict[str, Any], at: Keys) -> Iterator[tuple[Keys, str, str]]:
    yield from _unknown(row, _KEYS, at)
    names = [name for name in _NAMES if name in row]
    if len(names) != 1:
        what = "both a rule and a case" if names else "no rule and no case"
        yield at, f"it names {what}", "name one of the two"
    for key in (*_NAMES, *_TEXTS):
        value = row.get(key, "")
        is_text = isinstance(value, str) and (key not in row or value.strip())
        if not is_text and not (key == "issue" and type(value) is int):
            yield (*at, key), f"`{key}` is no text", 'write it in quotes, "…"'
    if not row.get("reason"):
        yield at, "it has no reason", "say why it may fail"
    if "phase" in row and (row["phase"] != _EXPLORE or names != ["rule"]):
        hint = 'phase = "explore", with a rule, is all there is: or leave it out'
        yield (*at, "phase"), "such a phase cannot be known", hint
    if row[names[0]].startswith(f"{_EXPLORE}/"):
        hint = 'name its rule, with phase = "explore"'
        yield (*at, "case"), "what explore finds has no lasting id", hint
    if type(row.get("expires", date.min)) is not date:
        hint = "write it without quotes or time, such as 2027-03-31"
        yield (*at, "expires"), "`expires` is no date", hint


def _unknown(
    row: dict[str, Any], known: tuple[str, ...], at: Keys = ()
) -> Iterator[tuple[Keys, str, str]]:
    for key in row:
        if key not in known:
            near = nearest(key.lower(), known)
            hint = f"is {near[0]!r} meant?" if near else f"there are {', '.join(known)}"
            yield (*at, key), f"unknown key {key!r}", hint


def _split(
    text: str, entries: list[Known]
) -> tuple[str, tuple[tuple[Known, str], ...]]:
    """Cut a file into head and entries, each with its text and the comment above it.

    Entries that do not each stand in a table of their own are to be written anew.
    """
    starts = [each.start() for each in _BEGIN.finditer(text)]
    texts = [text[a:b] for a, b in pairwise((*starts, len(text)))]
    with suppress(UsageError):
        if [_entries("", each) for each in texts] == [[each] for each in entries]:
            return text[: min(starts, default=None)], tuple(
                zip(entries, texts, strict=True)
            )
    return _HEAD, tuple((each, "") for each in entries)


def _toml(known: Known, rules: Container[str]) -> str:
    values = {
        "rule" if known.id in rules else "case": known.id,
        "phase": _EXPLORE if known.explored else "",
        **{key: getattr(known, key) for key in _TEXTS},
    }
    # TOML knows all escapes that JSON has, and has one character more to escape.
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
        for key, value in values.items()
        if value
    ]
    lines += [f"expires = {known.expires}"] if known.expires else []
    return "\n".join([f"[[{_TABLE}]]", *lines, ""])
