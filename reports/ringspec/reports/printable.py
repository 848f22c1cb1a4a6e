"""Text of any origin made harmless: no control, bidi or markup character gets through.

Also the bytes of JSON, and counted nouns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from ringspec.spec import Json

# At the beginning of a line, indented or not, this gives a command to a CI system.
COMMAND = re.compile(r"^\s*(?=::|##\[)", re.MULTILINE)
_LABEL = 24
_RARE = re.compile("[^\n -~]+")
_BREAK = re.compile(r"\s*[\r\n]\s*")
_COMPACT = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode


def escaped(character: str) -> str:
    r"""Write one character as `\x1b`, `\u202e` or `\U000e0001`."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """Escape control, bidi, surrogate and unassigned characters."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else escaped(each) for each in text)


def harmless(text: str) -> str:
    """Make each line of a text visible, and no command to a CI system."""
    return COMMAND.sub(r"\g<0>\\", "\n".join(map(visible, text.split("\n"))))


def start(text: str, limit: int) -> str:
    """Return the beginning of a text, up to a blank if there is one near."""
    if len(text) <= limit:
        return text
    words = text[: limit + 1].rpartition(" ")[0].rstrip()
    return words if 2 * len(words) > limit else text[:limit]


def cut(text: str, limit: int) -> str:
    """Cut a text to some characters and say how many are left out."""
    kept = start(text, limit)
    left = len(text) - len(kept)
    return f"{kept}… ({left:,} more characters)" if left else text


def shown(text: str, limit: int) -> str:
    """Cut, put on one line and make visible: fit for a line on a screen."""
    return visible(_BREAK.sub(" ", cut(text.strip(), limit)))


def short_label(text: str) -> str:
    """Cut a label in its middle: its ends differ most."""
    text = shown(text, 300)
    if len(text) <= _LABEL:
        return text
    half = (_LABEL - 1) // 2
    return f"{text[:half]}…{text[-(_LABEL - 1 - half) :]}"


def decoded(body: bytes) -> str:
    r"""Decode a body as UTF-8; other bytes show as `\xff`."""
    return body.decode("utf-8", "backslashreplace")


def utf8_start(body: bytes, limit: int) -> str | None:
    """Decode the first whole characters of some bytes; None if not all is UTF-8."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return None
    return body[:limit].decode("utf-8", "ignore")


def counted(number: int, noun: str) -> str:
    """Write `1 rule`, `2 rules`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def listed(texts: Sequence[str], most: int) -> str:
    """Write `a, b and 3 more`."""
    left = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {left:,} more" if left > 0 else "")


def by_value(values: Sequence[str], holders: Sequence[str]) -> str:
    """Write each value with those that have it: `x (a, b); y (c)`."""
    found: dict[str, list[str]] = {}
    for value, holder in zip(values, holders, strict=True):
        found.setdefault(value, []).append(holder)
    return "; ".join(f"{value} ({', '.join(it)})" for value, it in found.items())


def utf8(text: str) -> bytes:
    """Encode JSON; what is not printable is escaped, so that no reader ends a line."""
    return _RARE.sub(lambda found: _escapes(found[0]), text).encode() + b"\n"


def _escapes(text: str) -> str:
    if text.isprintable():
        return text
    data = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{data[at : at + 4]}" for at in range(0, len(data), 4))


def json_line(value: Json) -> bytes:
    """Write JSON on one line."""
    return utf8(_COMPACT(value))


def json_page(value: Json) -> bytes:
    """Write JSON indented."""
    return utf8(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
