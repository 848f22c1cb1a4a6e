"""The shelf: texts that failures share, kept once, within what a page may weigh."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeAlias

from ringspec.reports.html.bodies import Body

Value: TypeAlias = str | Body

# Bytes of text in all; beyond each, a text may only be so long. What is left out so
# stands in the other reports.
_STAGES = ((5_000_000, 1_000_000), (11_000_000, 1_500), (1_000_000_000, 200))
_LEFT_OUT = "… left out, or this page would be too large"
# What must not stand in a script element as it is, nor end a line of one.
_UNSAFE = "<>&\u2028\u2029"


class Shelf:
    """Keeps the texts of a page by number; number 0 is the empty one."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {"": 0}
        self._spent = 0

    def fit(self, value: Value, *, exact: bool = False) -> Value:
        """Count a text in, and shorten it if the page is heavy already.

        An exact one would be of no use if shortened, so that it is left out instead.
        """
        if value in self._numbers:
            return value
        size = _size(value)
        limit = next(most for total, most in _STAGES if self._spent < total)
        if size > limit:
            value = "" if exact else _shortened(value, limit)
            size = _size(value)
        self._spent += size
        return value

    def put(self, value: Value, *, exact: bool = False) -> int:
        """Keep a text, and return its number."""
        value = self.fit(value, exact=exact)
        return self._numbers.setdefault(value, len(self._numbers))

    def island(self, slots: Sequence[str], cases: Sequence[Sequence[int]]) -> str:
        """Write cases and the texts they cite, slot by slot, for a script element."""
        data = {"slots": slots, "texts": list(self._numbers), "cases": cases}
        written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        for each in _UNSAFE:
            written = written.replace(each, f"\\u{ord(each):04x}")
        return written


def _size(value: Value) -> int:
    parts = [value] if isinstance(value, str) else [text for _, text in value]
    return sum(len(part.encode("utf-8", "replace")) for part in parts)


def _shortened(value: Value, limit: int) -> Value:
    """Cut to so many bytes, at four to a character so that it always fits."""
    limit //= 4
    if isinstance(value, str):
        return f"{value[:limit]}{_LEFT_OUT}"
    kept: list[tuple[str, str]] = []
    for mark, text in value:
        if limit <= 0:
            break
        kept.append((mark, text[:limit]))
        limit -= len(text)
    return (*kept, ("cut", f"{_LEFT_OUT}\n"))
