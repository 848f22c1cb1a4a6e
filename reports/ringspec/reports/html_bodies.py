"""Bodies for the page: made visible, indented, twin and case line by line.

Segments are runs of whole lines, each with a mark; shared lines stand side by side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby, takewhile, zip_longest
from typing import NamedTuple, TypeAlias

from ringspec.reports.printable import counted, cut, decoded, harmless, visible
from ringspec.spec import is_shallow

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
# More lines that differ, times as many, are not looked at in pairs.
_SLOW = 1_000_000


class _LinePair(NamedTuple):
    """A line of the twin beside one of the case; None where a side has none."""

    left: str | None
    right: str | None
    edited: bool = False


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
    left, right = _json_lines(twin), _json_lines(body)
    rows = list(_rows(left, right)) if left and right else []
    if not any(each.edited for each in rows):  # but for blanks
        return _texts(twin, body)
    focused = _focused(rows)
    return _side(focused, "was"), _side(focused, "now")


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
def _json_lines(body: bytes) -> tuple[str, ...]:
    return tuple(indented(decoded(body))) if is_json(body) else ()


def indented(text: str) -> list[str]:
    """Indent JSON text: numbers, escapes and repeated names stay."""
    lines: list[str] = []
    depth = 0
    for name, value, comma in _JSON_LINE.findall(text):
        if value[0] in "[{" and len(value) > 1:
            value = f"{value[0]}{value[-1]}"  # noqa: PLW2901 - blanks between them
        depth -= value in ("]", "}")
        label = f"{name}: " if name else ""
        lines.append(f"{'  ' * depth}{label}{value}{comma}")
        depth += value in ("[", "{")
    return lines


def _rows(left: Sequence[str], right: Sequence[str]) -> Iterator[_LinePair]:
    """Set the lines of two bodies beside each other; a comma makes no difference."""
    old, new = ([each.removesuffix(",") for each in side] for side in (left, right))
    head, tail = _in_common(old, new)
    inner = old[head : len(old) - tail], new[head : len(new) - tail]
    codes: Sequence[tuple[str, int, int, int, int]]
    codes = [("replace", 0, len(inner[0]), 0, len(inner[1]))]
    if len(inner[0]) * len(inner[1]) < _SLOW:
        codes = SequenceMatcher(None, *inner, autojunk=False).get_opcodes()
    yield from map(_LinePair, left[:head], right[:head])
    for kind, *ends in codes:
        start, stop, begin, end = (head + each for each in ends)
        for each in zip_longest(left[start:stop], right[begin:end]):
            yield _LinePair(*each, edited=kind != "equal")
    yield from map(_LinePair, left[len(old) - tail :], right[len(new) - tail :])


def _in_common(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """Return how long a beginning and an end two texts or lists have in common."""

    def alike(left: Sequence[str], right: Sequence[str]) -> int:
        pairs = zip(left, right, strict=False)
        return len(list(takewhile(lambda it: it[0] == it[1], pairs)))

    head = alike(left, right)
    return head, alike(left[head:][::-1], right[head:][::-1])


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
        lines.append((kind, f"{_line(text or '')}\n"))
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
    return tuple(each for each in parts if each[1] or each[0] == mark)
