"""Mutants that refuse, or fall over at, what they should accept."""

from __future__ import annotations

from ringspec.reference.mutants.defects import Mutant, crashing, forbidding
from ringspec.reference.values import Json, number

_END_OF_32_BITS = 2**31 - 1
_END_OF_16_BITS = "\uffff"


def _is_late(value: Json) -> bool:
    given = number(value)
    return given is not None and given > _END_OF_32_BITS


def _has_emoji(value: Json) -> bool:
    return isinstance(value, str) and any(sign > _END_OF_16_BITS for sign in value)


strict_mutants = (
    Mutant(
        "delay-4320-refused",
        "retryDelays.items.max",
        "The longest delay is taken as not allowed itself.",
        forbidding("retryDelays.items.max", lambda value: value == 4320),
    ),
    Mutant(
        "language-de-de-refused",
        "language.enum",
        "German is forgotten.",
        forbidding("language.enum", lambda value: value == "de-DE"),
    ),
    Mutant(
        "three-retries-refused",
        "retries.enum",
        "The highest number of retries is taken as not allowed itself.",
        forbidding("retries.enum", lambda value: number(value) == 3),
    ),
    Mutant(
        "crash-after-2038",
        "robustness",
        "A time beyond 32 bits is answered with status 500.",
        crashing("scheduledAt", _is_late),
    ),
    Mutant(
        "crash-on-emoji",
        "robustness",
        "A name with a character beyond 16 bits is answered with status 500.",
        crashing("name", _has_emoji),
    ),
)
