"""A tape of bytes, read as choices: zeros choose what is plainest, more is richer.

One draw of bytes is some twenty times quicker than a draw for each choice, and shrinks
as well: Hypothesis lowers each byte, and an earlier or lower choice is a plainer one.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from uuid import UUID

from ringspec.strategies.text import TEXTS

# So many bytes are enough for nine bodies of ten; whoever reads on gets zeros.
LENGTH = 320
# Where scripts begin that people write in, and emoji.
_SCRIPTS = (0x0, 0x100, 0x300, 0x400, 0x600, 0x900, 0x3000, 0x4E00, 0x1F300, 0x1F600)
# All of Unicode has so many blocks of 256.
_BLOCKS = 0x1100


class Tape:
    """Reads choices from bytes.

    Attributes:
        at: how many bytes have been read.
    """

    __slots__ = ("_data", "at")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def below(self, bound: int) -> int:
        """Choose a number from 0 to just under a bound."""
        if bound <= 1:
            return 0
        if bound > 256:
            return self._below_far(bound)
        at = self.at
        self.at = at + 1
        # Scaled, so that a lower byte never chooses more.
        return (self._data[at] * bound) >> 8 if at < len(self._data) else 0

    def _below_far(self, bound: int) -> int:
        size = (bound.bit_length() + 7) // 8 + 1
        return int.from_bytes(self.take(size)) * bound >> (8 * size)

    def take(self, size: int) -> bytes:
        """Read bytes as they are, zeros beyond the end."""
        at = self.at
        self.at = at + size
        return self._data[at : at + size].ljust(size, b"\0")

    def some(self, count: int, least: int, most: int) -> set[int]:
        """Choose some of so many things: mostly none, one or all of them."""
        if count == 0:
            return set()
        amount = self.below(5)
        chosen: set[int] = set()
        if amount == 1:
            chosen = {self.below(count)}
        elif amount == 4:
            chosen = set(range(count))
        elif amount:
            few = 3 if amount == 2 else 2
            chosen = {index for index in range(count) if self.below(4) >= few}
        for index in range(count):
            if len(chosen) >= least:
                break
            chosen.add(index)
        return chosen if len(chosen) <= most else set(sorted(chosen)[:most])

    def uuid(self) -> str:
        """Choose a uuid."""
        return str(UUID(bytes=self.take(16), version=4))

    def text(self, low: int, high: int) -> str:
        """Choose a text with something to read in it, within lengths."""
        if self.below(3) == 0:
            known = TEXTS[self.below(len(TEXTS))]
            if low <= len(known) <= high:
                return known
        length = low + self._length(high - low)
        letters = self._letters()
        # Each character is one byte: the tape is not to run out over one text.
        size = len(letters)
        read = "".join([letters[byte % size] for byte in self.take(length)])
        # Never blank, so the first one has to be seen.
        return "x" + read[1:] if read[:1] in _blanks() else read

    def _length(self, room: int) -> int:
        """Choose a length: short, any, or the greatest."""
        kind = self.below(4)
        if kind == 3:
            return room
        return self.below(min(room, 8) + 1) if kind < 2 else self.below(room + 1)

    def _letters(self) -> str:
        kind = self.below(len(_SCRIPTS) + 2)
        if kind < len(_SCRIPTS):
            return _block(_SCRIPTS[kind])
        return _block(256 * self.below(_BLOCKS))


@lru_cache(maxsize=512)
def _block(start: int) -> str:
    """Return the characters of a block, the plainest first."""
    # No surrogates and no control characters: what they mean is not settled.
    found = [
        chr(code)
        for code in range(start, start + 256)
        if unicodedata.category(chr(code)) not in {"Cs", "Cc"}
    ]
    if start == 0:
        found.sort(key=lambda each: (not each.isalpha(), each.isascii() is False))
    return "".join(found) or _block(0)


@lru_cache(maxsize=1)
def _blanks() -> frozenset[str]:
    """List what some reader takes for a blank."""
    marks = {"\ufeff", "\u180e", "\u200b"}
    return frozenset(
        marks
        | {chr(c) for c in range(0x3001) if unicodedata.category(chr(c))[0] == "Z"}
    )
