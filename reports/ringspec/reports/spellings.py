"""Spellings of a secret: how others may write it, as patterns to find it by.

As JSON, a URL, HTML or several of these within each other write it, character for
character; and as base64 or hexadecimal do.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import codepoint2name

# An encoded secret that is shorter would be found in innocent text.
_TELLING = 8
_URL_SAFE = str.maketrans("+/", "-_")
# What nobody escapes.
_TAME = frozenset("_-.~")


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a secret.

    Attributes:
        anchor: stands in every text that the pattern fits, so that most need no look.
        pattern: fits texts, and bytes that are read as latin-1.
    """

    length: int
    anchor: str
    pattern: re.Pattern[str]


def spellings(secret: str) -> Iterator[Spelling]:
    """Yield the ways to write a secret that is not empty."""
    for literal in dict.fromkeys((secret, *_encoded(secret))):
        runs = re.findall(r"[A-Za-z0-9_.~-]+", literal)
        yield Spelling(
            length=len(literal),
            anchor=max(runs, key=len, default=""),
            pattern=re.compile("".join(map(_spelled, literal))),
        )


def _encoded(secret: str) -> Iterator[str]:
    data = _utf8(secret)
    if len(data) >= _TELLING / 2:
        yield from (data.hex(), data.hex().upper())
    for before in range(3):
        core = _base64_core(data, before)
        if len(core) >= _TELLING:
            yield from (core, core.translate(_URL_SAFE))


def _base64_core(data: bytes, before: int) -> str:
    """Write in base64 what does not depend on the bytes around.

    Of the group of three bytes that data begins in, some stand before it.
    """
    written = base64.b64encode(bytes(before) + data).decode()
    begin = -(-before * 8 // 6)
    return written[begin : (before + len(data)) * 8 // 6]


def _spelled(character: str) -> str:
    """Return a pattern for all that may stand for a character."""
    if character.isascii() and (character.isalnum() or character in _TAME):
        return character.replace(".", r"\.")
    ways = [_json(character), _percent(character), _entity(character)]
    if character == " ":
        ways.append(r"\+")
    if not character.isascii():
        # Headers and bytes are read as latin-1 here; and servers do that, too.
        once = _utf8(character).decode("latin-1")
        ways += [re.escape(once), re.escape(_utf8(once).decode("latin-1"))]
    return f"(?:{'|'.join(ways)})"


def _json(character: str) -> str:
    plain = re.escape(character)
    units = character.encode("utf-16-be", "surrogatepass")
    escapes = "".join(
        rf"\\+u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2)
    )
    many = r"\\+" if character == "\\" else rf"\\*{plain}"
    return f"{escapes}|{many}"


def _percent(character: str) -> str:
    return "".join(f"%(?:25)*(?i:{byte:02x})" for byte in _utf8(character))


def _entity(character: str) -> str:
    code = ord(character)
    name = codepoint2name.get(code)
    ways = [f"#0*{code}", f"#[xX]0*(?i:{code:x})", *([name] if name else [])]
    if character == "'":
        ways.append("apos")
    return f"&(?:amp;)*(?:{'|'.join(ways)});"


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
