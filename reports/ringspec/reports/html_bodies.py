"""Bodies for the page: made visible, indented, twin and case line by line.

Segments are runs of whole lines, each with a mark; shared lines stand side by side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, zip_longest
from typing import Any, NamedTuple, TypeAlias

from ringspec.reports.printable import counted, cut, decoded, harmless, visible
from ringspec.spec import Json, is_shallow
from ringspec.strategies import encode

# A mark and a text. Marks: none, `was` (only in the twin), `now` (only in the case),
# `gap` (a line that only the other has), `cut` (the place of left out lines).
Body: TypeAlias = tuple[tuple[str, str], ...]

# Bytes that are parsed; characters of a text, characters of a line, and lines shown.
PARSED = 256 * 1024
TEXT = 4000
LINE = 300
LINES = 100
# A pair of more lines shows only those near an edit.
_FOCUS, _NEAR_LINES, _NEAR_TEXT = 60, 10, 200
# So few brackets cannot be deep.
_FEW = 60
# A line of JSON: a name, if it has one; a bracket, an empty pair or a value; a comma.
_TEXT = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_JSON_LINE = re.compile(
    rf"(?:({_TEXT})\s*:\s*)?(\[\s*\]|\{{\s*\}}|[][{{}}]|{_TEXT}|[^][\s\"{{}}:,]+)\s*(,?)"
)
_encode = json.JSONEncoder(ensure_ascii=False).encode
# Stands for a member or item that only the other body has.
_ABSENT = object()


class _LinePair(NamedTuple):
    """A line of the twin beside one of the case; None where a side has none."""

    left: str | None
    right: str | None
    edited: bool = False


# A member or item of two bodies, with the name it is written under.
_Part: TypeAlias = tuple[str, Any, Any]


def one(body: bytes) -> Body:
    """Show a body by itself: indented if it is JSON, with no word changed."""
    if not body:
        return ()
    if is_json(body):
        lines = indented(decoded(body))
        if max(map(len, lines)) > LINE or not "".join(lines).isprintable():
            lines = list(map(_line, lines))
        shown: Body = (("", "\n".join(lines[:LINES]) + "\n"),)
        left = len(lines) - LINES
        return (*shown, ("cut", _left_out(left))) if left > 0 else shown
    start = decoded(body[: TEXT * 4])
    if len(start) <= TEXT:
        return (("", harmless(start)),)
    rest = f"\n… {counted(len(body), 'byte')} in all"
    return ("", harmless(start[:TEXT])), ("cut", rest)


def pair(twin: bytes, body: bytes) -> tuple[Body, Body]:
    """Show a twin and a case's body, with the differences marked."""
    left, right = _plain(twin), _plain(body)
    if left is _ABSENT or right is _ABSENT:
        return _texts(twin, body)
    rows = _focused(_rows(("", left, right), 0, ("", "")))
    return _side(rows, "was"), _side(rows, "now")


def is_json(body: bytes) -> bool:
    """Return whether a body is JSON that is worth the time of looking at it."""
    if len(body) > PARSED:
        return False
    few = body.count(b"[") + body.count(b"{") < _FEW
    try:
        data = json.loads(body.decode())
    except (ValueError, RecursionError):
        return False
    return few or is_shallow(data)


@lru_cache(maxsize=64)
def _plain(body: bytes) -> Any:
    """Return a body as data, if writing that gives the same bytes again."""
    data = json.loads(body) if is_json(body) else _ABSENT
    return data if data is not _ABSENT and encode(data) == body else _ABSENT


def indented(text: str, depth: int = 0) -> list[str]:
    """Indent JSON text: numbers, escapes and repeated names stay."""
    lines: list[str] = []
    for name, value, comma in _JSON_LINE.findall(text):
        if value[0] in "[{" and len(value) > 1:
            value = f"{value[0]}{value[-1]}"  # noqa: PLW2901 - blanks between them
        depth -= value in ("]", "}")
        label = f"{name}: " if name else ""
        lines.append(f"{'  ' * depth}{label}{value}{comma}")
        depth += value in ("[", "{")
    return lines


def _rows(part: _Part, depth: int, ends: tuple[str, str]) -> Sequence[_LinePair]:
    """Walk two values in step, and write both line by line."""
    name, left, right = part
    old, new = _compact(left), _compact(right)
    was_edited, parts = old != new, left and right
    if was_edited and parts and isinstance(left, dict) and isinstance(right, dict):
        inner, brackets = _members(left, right), "{}"
    elif was_edited and parts and isinstance(left, list) and isinstance(right, list):
        inner, brackets = _items(left, right), "[]"
    else:
        was, now = _lines(name, old, depth, ends[0]), _lines(name, new, depth, ends[1])
        return [_LinePair(*each, edited=was_edited) for each in zip_longest(was, now)]
    indent = "  " * depth
    first = _line(f"{indent}{name}{brackets[0]}")
    close = f"{indent}{brackets[1]}"
    last = _LinePair(f"{close}{ends[0]}", f"{close}{ends[1]}")
    return [_LinePair(first, first), *_inside(inner, depth + 1), last]


def _compact(value: Any) -> str:
    """Write a value; equal texts are equal values: 1, 1.0 and true are not."""
    return "" if value is _ABSENT else _encode(value)


@lru_cache(maxsize=2048)
def _lines(name: str, text: str, depth: int, end: str) -> tuple[str, ...]:
    """Write a value over several lines, fit to be shown; none for an absent one."""
    lines = indented(text, depth)
    if lines:
        lines[0] = f"{'  ' * depth}{name}{lines[0].lstrip()}"
        lines[-1] += end
    return tuple(map(_line, lines))


def _inside(parts: list[_Part], depth: int) -> Iterator[_LinePair]:
    """Write the parts of an object or array: a comma after each but a side's last."""
    lasts = [
        max(at for at, each in enumerate(parts) if each[side] is not _ABSENT)
        for side in (1, 2)
    ]
    for at, each in enumerate(parts):
        commas = "," if at < lasts[0] else "", "," if at < lasts[1] else ""
        yield from _rows(each, depth, commas)


def _members(left: dict[str, Json], right: dict[str, Json]) -> list[_Part]:
    names, at = list(left), 0
    for name in right:
        if name not in left:  # after the member that it follows in the case
            names.insert(at, name)
        at = names.index(name) + 1
    return [
        (f"{_encode(name)}: ", left.get(name, _ABSENT), right.get(name, _ABSENT))
        for name in names
    ]


def _items(left: list[Json], right: list[Json]) -> list[_Part]:
    """Pair the items of two lists; where their number differs, from both ends."""
    if len(left) == len(right):
        return [("", *each) for each in zip(left, right, strict=True)]
    head, tail = _in_common(list(map(_compact, left)), list(map(_compact, right)))
    old, new = left[head : len(left) - tail], right[head : len(right) - tail]
    return [
        *(("", each, each) for each in left[:head]),
        *(("", each, _ABSENT) for each in old),
        *(("", _ABSENT, each) for each in new),
        *(("", each, each) for each in left[len(left) - tail :]),
    ]


def _in_common(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """Return how long a beginning and an end two texts or lists have in common."""
    most = min(len(left), len(right))
    lengths: list[int] = []
    for step in (1, -1):
        pairs = enumerate(zip(left[::step], right[::step], strict=False))
        differing = (at for at, (old, new) in pairs if old != new)
        lengths.append(min(next(differing, most), most - sum(lengths)))
    return lengths[0], lengths[1]


def _focused(rows: Sequence[_LinePair]) -> Sequence[_LinePair | int]:
    """Keep the lines near an edit; a number stands for so many lines left out."""
    if len(rows) <= _FOCUS:
        return rows
    near = set(range(_NEAR_LINES // 2))
    for at, row in enumerate(rows):
        if row.edited:
            near.update(range(at - _NEAR_LINES, at + _NEAR_LINES + 1))
        if len(near) >= LINES:
            break
    kept: list[_LinePair | int] = []
    for is_near, run in groupby(range(len(rows)), near.__contains__):
        found = [rows[at] for at in run]
        kept += found if is_near else [len(found)]
    return kept


def _left_out(lines: int) -> str:
    return f"… {counted(lines, 'line')} left out\n"


def _side(rows: Sequence[_LinePair | int], mark: str) -> Body:
    """Write one side of the rows, lines of one mark together."""
    lines: list[tuple[str, str]] = []
    for row in rows:
        if isinstance(row, int):
            lines.append(("cut", _left_out(row)))
            continue
        text = row.left if mark == "was" else row.right
        kind = "gap" if text is None else mark if row.edited else ""
        lines.append((kind, f"{text or ''}\n"))
    while lines and lines[-1][0] == "gap":
        lines.pop()  # nothing stands below it
    runs = groupby(lines, lambda line: line[0])
    return tuple((kind, "".join(text for _, text in run)) for kind, run in runs)


def _line(text: str) -> str:
    return visible(cut(text, LINE))


def _texts(twin: bytes, body: bytes) -> tuple[Body, Body]:
    """Show bodies that are no plain JSON as text, with the differing part marked."""
    left, right = (decoded(each[:PARSED]) for each in (twin, body))
    head, tail = _in_common(left, right)
    return (
        _text(left, head, len(left) - tail, "was"),
        _text(right, head, len(right) - tail, "now"),
    )


def _text(text: str, start: int, stop: int, mark: str) -> Body:
    """Show the marked part of a text, and its surroundings."""
    near = max(0, start - _NEAR_TEXT) if len(text) > TEXT else 0
    parts = (
        ("cut", f"… {counted(near, 'character')}\n" if near else ""),
        ("", harmless(text[near:start])),
        (mark, harmless(cut(text[start:stop], TEXT // 2))),
        ("", harmless(cut(text[stop:], TEXT // 2))),
    )
    return tuple(each for each in parts if each[1])
