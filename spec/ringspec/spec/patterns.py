r"""Patterns of ECMA 262, written so that Python and both validators read them alike.

To Python, `$` stands before a last line break too, `\d` is any digit of Unicode, and
`\p{L}`, `(?<name>` and `[^]` are unknown. Source: JSON Schema 2020-12 Core, 6.4.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

# Nothing follows: what `$` means.
END = r"(?![\s\S])"
# A text without a visible character may be read as absent.
NOT_BLANK = r"[^\s]"
_HEX = "[0-9a-fA-F]"
# A character, or an escape of one or of several.
_ITEM = (
    rf"\\u\{{(?P<code>{_HEX}+)\}}"
    rf"|\\u(?P<high>[dD][89abAB]{_HEX}{{2}})\\u(?P<low>[dD][c-fC-F]{_HEX}{{2}})"
    rf"|\\(?:x(?P<byte>{_HEX}{{2}})|u(?P<unit>{_HEX}{{4}})|c(?P<control>[A-Za-z]))"
    r"|\\(?P<sign>[pP])(?:\{(?:(?:General_Category|gc)=)?(?P<name>\w+)\}|(?P<one>[A-Z]))"
    r"|\\(?P<escaped>[\s\S])|(?P<char>[\s\S])"
)
_IN_CLASS = re.compile(_ITEM)
_TOKEN = re.compile(
    r"\\k<(?P<back>\w+)>|\\(?P<number>[1-9]\d*)|(?P<times>\{\d+(?:,\d*)?\})"
    rf"|(?P<open>\((?:\?P?<(?P<group>[^\W\d]\w*)>|(?!\?)))|{_ITEM}"
)
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_LAST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)
_LONG = {
    "Letter": "L",
    "Lowercase_Letter": "Ll",
    "Uppercase_Letter": "Lu",
    "Mark": "M",
    "Number": "N",
    "Decimal_Number": "Nd",
    "Punctuation": "P",
    "Symbol": "S",
    "Separator": "Z",
}
_CATEGORY = re.compile("L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfo]?")
# Characters of a class, as the first and the last of each range.
_Ranges = tuple[tuple[int, int], ...]
_CLASSES: dict[str, _Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": (
        *((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
        *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
        (0xFEFF, 0xFEFF),
    ),
}
_LINES: _Ranges = ((10, 10), (13, 13), (0x2028, 0x2029))


class _Foreign(Exception):  # noqa: N818 - it is an answer, not an error
    """A pattern has something that no other engine is told of."""


@lru_cache(maxsize=1000)
def portable(pattern: str) -> str | None:
    """Return a pattern as every engine reads it; None if one of them cannot."""
    import jsonschema_rs  # noqa: PLC0415 - slow to import

    if pattern == NOT_BLANK:
        return pattern
    try:
        found = "".join(_written(pattern))
        re.compile(found)
        jsonschema_rs.Draft202012Validator({"pattern": found}, validate_formats=True)
    except (_Foreign, re.error, ValueError, OverflowError, RecursionError):
        return None
    return found


def _written(pattern: str) -> Iterator[str]:
    groups: list[str | None] = []
    at = 0
    while token := _TOKEN.match(pattern, at):
        kind, text, at = str(token.lastgroup), token[0], token.end()
        if token["open"]:
            groups.append(token["group"])
            yield "("
        elif text == "[":
            found, at = _class(pattern, at)
            yield found
        elif text == "$":
            yield END
        elif text == ".":
            yield f"[^{_listed(_LINES)}]"
        elif kind == "back" and token[kind] in groups:
            yield rf"(?:\{groups.index(token[kind]) + 1})"
        elif text in {r"\b", r"\B"}:
            word = _listed(_CLASSES["w"])
            ends = f"(?<=[{word}])(?![{word}])|(?<![{word}])(?=[{word}])"
            yield f"(?:{ends})" if text == r"\b" else f"(?!{ends})"
        elif kind in {"number", "times"} or text in "^*+?|()":
            yield text
        else:
            (first, last), *more = ranges = _ranges(token)
            single = text if kind == "char" and text not in "{}]" else _char(first)
            yield f"[{_listed(ranges)}]" if more or first < last else single


def _class(pattern: str, at: int) -> tuple[str, int]:
    """Write a class, of which the opening bracket is read; return where it ends."""
    found: list[tuple[int, int]] = []
    is_other = pattern[at : at + 1] == "^"
    at, spans = at + is_other, False
    while token := _IN_CLASS.match(pattern, at):
        text, at = token[0], token.end()
        if text == "]":
            found += [(45, 45)] * spans
            if not found or not _others(found):
                return (r"[^\s\S]" if is_other == bool(found) else r"[\s\S]"), at
            return f"[{'^' * is_other}{_listed(found)}]", at
        if text == "-" and found and not spans:
            spans = True
            continue
        ranges = ((8, 8),) if text == r"\b" else _ranges(token)
        if not spans:
            found += ranges
        elif len(ranges) > 1 or found[-1][0] < found[-1][1]:
            found += [*ranges, (45, 45)]
        elif found[-1][0] <= ranges[0][0]:
            found[-1] = found[-1][0], ranges[0][1]
        else:
            raise _Foreign
        spans = False
    raise _Foreign


def _ranges(token: re.Match[str]) -> _Ranges:
    """Return the characters that a token stands for."""
    kind = str(token.lastgroup)
    text = token[kind]
    if kind in {"code", "unit", "byte"}:
        code = int(text, 16)
    elif kind == "low":
        code = 0x10000 + (int(token["high"], 16) % 0x400 << 10) + int(text, 16) % 0x400
    elif kind == "control":
        code = ord(text) % 32
    elif kind == "char" or (kind == "escaped" and not text.isalnum()):
        code = ord(text)
    elif kind == "escaped" and text in _CONTROLS:
        code = _CONTROLS[text]
    elif kind == "escaped" and text.lower() in _CLASSES:
        found = _CLASSES[text.lower()]
        return found if text.islower() else _others(found)
    elif kind in {"name", "one"} and _CATEGORY.fullmatch(_LONG.get(text, text)):
        found = _category(_LONG.get(text, text))
        return found if token["sign"] == "p" else _others(found)
    else:
        raise _Foreign
    if _SURROGATES[0] <= code <= _SURROGATES[1] or code > _LAST:
        raise _Foreign
    return ((code, code),)


@cache
def _category(name: str) -> _Ranges:
    found: list[list[int]] = []
    for code in range(_LAST + 1):
        if unicodedata.category(chr(code)).startswith(name) and not (
            _SURROGATES[0] <= code <= _SURROGATES[1]
        ):
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return tuple((first, last) for first, last in found)


def _others(ranges: Iterable[tuple[int, int]]) -> _Ranges:
    """Return the characters that are in none of some ranges."""
    found, at = [], 0
    for first, last in sorted((*ranges, _SURROGATES, (_LAST + 1, _LAST + 1))):
        found += [(at, first - 1)] if at < first else []
        at = max(at, last + 1)
    return tuple(found)


def _listed(ranges: Iterable[tuple[int, int]]) -> str:
    return "".join(
        _char(first) if first == last else f"{_char(first)}-{_char(last)}"
        for first, last in ranges
    )


def _char(code: int) -> str:
    char = chr(code)
    plain = char.isalnum() if code < 0x80 else code >= 0xA0
    return char if plain else f"\\x{code:02x}"
