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
