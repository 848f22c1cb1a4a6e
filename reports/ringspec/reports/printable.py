"""Text that others wrote, made harmless: no control, bidi or markup gets through."""

from __future__ import annotations

import re

# What XML 1.0 cannot hold, and the carriage return that it would not keep.
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAK = re.compile(r"\s*[\r\n]\s*")


def escaped(character: str) -> str:
    r"""Write one character as `\x1b`, `\u202e` or `\U000e0001`."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """Escape whatever is not printable: control, bidi, surrogate, unassigned."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else escaped(each) for each in text)


def xml_safe(text: str) -> str:
    """Escape what XML 1.0 cannot hold."""
    return _NOT_XML.sub(lambda found: escaped(found.group()), text)


def cut(text: str, limit: int) -> str:
    """Cut a text to some characters and say how many are left out."""
    left = len(text) - limit
    return text if left <= 0 else f"{text[:limit]}… ({left:,} more characters)"


def shown(text: str, limit: int) -> str:
    """Cut, put on one line and make visible: fit for a line on a screen."""
    return visible(_BREAK.sub(" ", cut(text.strip(), limit)))


def decoded(body: bytes) -> str:
    r"""Decode a body as UTF-8; bytes that are none show as `\xff`."""
    return body.decode("utf-8", "backslashreplace")


def counted(number: int, noun: str) -> str:
    """Write `1 rule`, `2 rules`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
