"""Mutants that know a uuid by something less than its form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ringspec.reference.mutants.conditions import equals, says
from ringspec.reference.mutants.defects import Mutant, excusing

if TYPE_CHECKING:
    from ringspec.reference.mutants.defects import Test

_HEX = "[0-9a-fA-F]"
_UUID = f"{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"


def _matching(pattern: str) -> Test:
    return says(lambda text: re.search(pattern, text) is not None)


def _grouped(*sizes: int) -> Test:
    groups = "-".join(f"{_HEX}{{{size}}}" for size in sizes)
    return _matching(f"^{groups}\\Z")


def _lettered(part: int) -> Test:
    """Know hexadecimal digits in all parts but one."""
    signs = [r"\w" if each == part else _HEX for each in range(1, 6)]
    sizes = (8, 4, 4, 4, 12)
    groups = (f"{sign}{{{size}}}" for sign, size in zip(signs, sizes, strict=True))
    return _matching(f"^{'-'.join(groups)}\\Z")


# What is let pass: name, sentence, test.
_LOOSE = (
    ("by-beginning", "begins with a uuid", _matching(f"^{_UUID}")),
    ("by-end", "ends with a uuid", _matching(f"{_UUID}\\Z")),
    ("before-line-break", "is a uuid before a line break", _matching(f"^{_UUID}$")),
    ("with-blanks", "is a uuid with blanks around it", _matching(f"^ *{_UUID} *\\Z")),
    ("by-length", "has 36 characters", says(lambda text: len(text) == 36)),
    ("by-hyphens", "has four hyphens", says(lambda text: text.count("-") == 4)),
    ("if-short", "is no longer than a uuid", says(lambda text: len(text) <= 36)),
    ("if-any", "is empty", equals("")),
    ("after-blanks", "is a uuid with blanks before", _matching(f"^ +{_UUID}\\Z")),
    ("without-first-digit", "lacks its first digit", _grouped(7, 4, 4, 4, 12)),
    ("with-digit-before", "has a digit too many before", _grouped(9, 4, 4, 4, 12)),
    ("with-moved-hyphen", "has a hyphen elsewhere", _grouped(9, 3, 4, 4, 12)),
    ("without-hyphens", "has 32 digits and no hyphens", _matching(f"^{_HEX}{{32}}\\Z")),
    ("in-braces", "is a uuid in braces", _matching(f"^\\{{{_UUID}\\}}\\Z")),
    ("as-urn", "is a uuid's urn", _matching(f"^urn:uuid:{_UUID}\\Z")),
    *(
        (
            f"by-letters-in-part-{part}",
            f"has any letters in its part {part}",
            _lettered(part),
        )
        for part in range(1, 6)
    ),
)
_IDS = (
    ("segment", "segmentIds.items.format", "A segment's id"),
    ("calendar", "calendarId.format", "A calendar's id"),
    ("sender", "actions.reaction.sms.senderServiceId.format", "A sender's id"),
)
# An id of its own is hardly ever checked in all these ways: two each will do there.
_RARE = ("by-beginning", "by-length")

format_mutants = tuple(
    Mutant(
        f"{name}-known-{how}",
        rule,
        f"{what} may be whatever {which}.",
        excusing(rule, test),
    )
    for name, rule, what in _IDS
    for how, which, test in _LOOSE
    if name != "sender" or how in _RARE
)
