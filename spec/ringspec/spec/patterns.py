r"""Patterns of ECMA 262 that one of the validators cannot read, written for all.

Those that all can read stay as they are. Where these differ on a text, as on a line
break before `$` or another script's digits as `\d`, so do servers: that is unsettled.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterator
from functools import cache, lru_cache

import jsonschema_rs

from ringspec.spec.schemas import VOCABULARY

_HEX = "[0-9a-fA-F]"
_TOKEN = re.compile(
    rf"\\u\{{(?P<code>{_HEX}+)\}}"
    rf"|\\u(?P<high>[dD][89abAB]{_HEX}{{2}})\\u(?P<low>[dD][c-fC-F]{_HEX}{{2}})"
    r"|\\c(?P<control>[A-Za-z])|\\(?P<zero>0)(?!\d)|(?P<empty>\[\^?\])"
    r"|\\(?P<sign>[pP])(?:\{(?:(?:General_Category|gc)=)?(?P<name>\w+)\}|(?P<one>[A-Z]))"
    r"|\\k<(?P<back>\w+)>|(?P<open>\((?:\?P?<(?P<group>[^\W\d]\w*)>|(?!\?)))"
    r"|(?P<times>\{\d+(?:,\d*)?\})|(?P<other>\\?[\s\S])"
)
_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_LONG: dict[str, str] = VOCABULARY["categories"]
_CATEGORY = re.compile("L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?")
# What would be read as something else in a class, and out of one.
_IN, _OUT = frozenset("[&~"), frozenset("{}")


@lru_cache(maxsize=1000)
def portable(pattern: str) -> str | None:
    """Return a pattern as Python and the validators read it; None if they cannot."""
    if _is_read(pattern):
        return pattern
    found = "".join(_written(pattern))
    return found if _is_read(found) else None


def _is_read(pattern: str) -> bool:
    try:
        with warnings.catch_warnings(action="error"):  # it may mean something else
            re.compile(pattern)
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, validate_formats=True)
    except (re.error, Warning, ValueError, OverflowError, RecursionError):
        return False
    return True


def _written(pattern: str) -> Iterator[str]:
    groups: list[str | None] = []
    in_class = False
    for token in _TOKEN.finditer(pattern):
        kind, text = str(token.lastgroup), token[0]
        if in_class and kind in {"empty", "open", "group", "times"}:
            # There, they are characters; a class may end among them.
            yield from map(_plain, text.replace("]", ""))
            in_class = kind != "empty"
            yield "" if in_class else "]"
        elif kind == "empty":
            yield r"[^\s\S]" if text == "[]" else r"[\s\S]"
        elif kind in {"open", "group"}:
            groups.append(token["group"])
            yield "("
        elif kind == "back" and token["back"] in groups:
            yield rf"(?:\{groups.index(token['back']) + 1})"
        elif kind in {"name", "one"}:
            ranges = _category(_LONG.get(token[kind], token[kind]), token["sign"])
            yield ranges if in_class else f"[{ranges}]"
        elif kind not in {"other", "times"}:
            yield _code(token) or text
        elif text == r"\b" and in_class:
            yield r"\x08"
        else:
            yield _plain(text) if text in (_IN if in_class else _OUT) else text
            in_class = text == "[" or (in_class and text != "]")


def _code(token: re.Match[str]) -> str:
    """Write the character of an escape by its number; empty if it is none."""
    if token["control"]:
        code = ord(token["control"]) % 32
    elif token["high"]:
        code = 0x10000 + (int(token["high"], 16) % 0x400 << 10)
        code += int(token["low"], 16) % 0x400
    else:
        code = int(token["code"] or "0", 16)
    return "" if code in _SURROGATES or code > _LAST else _char(code)


@cache
def _category(name: str, sign: str) -> str:
    """List the characters that are of a category of Unicode, or are not (`P`)."""
    if not _CATEGORY.fullmatch(name):
        return rf"\{sign}"  # which nobody reads
    found: list[list[int]] = []
    for code in range(_LAST + 1):
        is_of = unicodedata.category(chr(code)).startswith(name)
        if is_of == (sign == "p") and code not in _SURROGATES:
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"{_char(first)}-{_char(last)}" for first, last in found)


def _plain(text: str) -> str:
    return "".join(f"\\x{ord(each):02x}" if each.isascii() else each for each in text)


def _char(code: int) -> str:
    return f"\\x{code:02x}" if code < 0xA0 else chr(code)
