"""Misspellings: what a lax reader takes for a value of a list.

In: a text of a list, and the list. Out: names and texts, near to the one that is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

# In a contract: what is taken for a value of a list, or for a name, by mistake.
MISTAKEN = "x-mistaken"

_Spelt = Iterator[tuple[str, str]]


def misspelt(value: str) -> _Spelt:
    """Yield the misspellings that are tried for every list."""
    if value.upper() != value.lower():
        changed = value.upper() if value != value.upper() else value.lower()
        yield f"{value}-in-other-case", changed
        yield "with-a-tail", f"{value}s"
    else:
        yield "doubled", value + value
    yield "blank-after", f"{value} "
    yield "empty", ""


def rarely_misspelt(value: str, listed: list[str]) -> _Spelt:
    """Yield what is rarer: in full where it matters, else dealt out."""
    yield "blank-before", f" {value}"
    yield "newline-after", f"{value}\n"
    if len(value) > 1:
        yield "capitalised", _capitalised(value)
        yield "shortened", value[:-1]
        yield "something-before", f"x{value}"
    yield from _halves(value, listed)


def mistaken(values: list[str]) -> _Spelt:
    """Yield what the contract says is taken for a value by mistake."""
    yield from ((f"mistaken-{_told(each)}", each) for each in values)


def _told(value: str) -> str:
    """Write a value as a word: signs by their number."""
    if value.isascii() and value.replace("-", "").isalnum():
        return value
    return "-".join(f"u{ord(sign):04x}" for sign in value)


def _capitalised(value: str) -> str:
    changed = value.capitalize()
    return changed if changed not in {value, value.upper()} else value.swapcase()


def _halves(value: str, listed: list[str]) -> _Spelt:
    """Yield what whoever looks at the halves of a value takes for one."""
    head, hyphen, tail = value.partition("-")
    if not hyphen:
        return
    yield "underscored", f"{head}_{tail}"
    yield "first-half", head
    crossed = (f"{head}-{each.partition('-')[2]}" for each in listed)
    found = next((each for each in crossed if each not in listed), None)
    if found is not None:
        yield "crossed", found
