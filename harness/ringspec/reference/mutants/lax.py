"""Mutants that accept what they should refuse."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.reference.checks import REQUIRED
from ringspec.reference.checks.constraints import given_of
from ringspec.reference.checks.members import LANGUAGES
from ringspec.reference.checks.places import first
from ringspec.reference.mutants.defects import (
    Mutant,
    changed,
    excusing,
    mistaking,
    narrowed,
    together,
    without,
)
from ringspec.reference.values import Json, number

if TYPE_CHECKING:
    from collections.abc import Callable


def _surplus(body: Json) -> float:
    """Count how many delays there are more than retries."""
    if not isinstance(body, dict):
        return 0
    delays, retries = body.get("retryDelays"), number(body.get("retries"))
    if not isinstance(delays, list) or retries is None:
        return 0
    return len(delays) - retries


def _long(length: int) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, str | list) and len(value) == length


def _lower(value: Json) -> Json:
    return value.lower() if isinstance(value, str) else value


def _number(value: Json) -> Json:
    is_digits = isinstance(value, str) and re.fullmatch("-?[0-9]{1,9}", value)
    return int(str(value)) if is_digits else value


def _count(value: Json) -> Json:
    return int(value) if isinstance(value, bool) else value


def _flag(value: Json) -> Json:
    words: dict[Json, Json] = {"true": True, "false": False}
    return words.get(value, value) if isinstance(value, str) else value


def _is_language(value: Json) -> bool:
    return _lower(value) in [language.lower() for language in LANGUAGES]


def _at_least_none(value: Json) -> bool:
    given = number(value)
    return given is not None and given >= 0


retry_mutants = (
    Mutant(
        "too-few-delays-accepted",
        "retryDelays.count",
        "Fewer delays than retries are let pass.",
        excusing("retryDelays.count", lambda body: _surplus(body) < 0),
    ),
    Mutant(
        "too-many-delays-accepted",
        "retryDelays.count",
        "More delays than retries are let pass.",
        excusing("retryDelays.count", lambda body: _surplus(body) > 0),
    ),
    Mutant(
        "delay-4321-accepted",
        "retryDelays.items.max",
        "The longest delay is off by one.",
        excusing("retryDelays.items.max", lambda value: value == 4321),
    ),
    Mutant(
        "negative-delay-accepted",
        "retryDelays.items.min",
        "A delay has no lower bound.",
        without("retryDelays.items.min"),
    ),
    Mutant(
        "later-delays-unbounded",
        "retryDelays.items.max",
        "Only the first delay is held to the maximum.",
        narrowed("retryDelays.items.max", first),
    ),
    Mutant(
        "four-retries-accepted",
        "retries.enum",
        "Retries and delays have no upper bound; only their counts are compared.",
        together(
            without("retryDelays.length"),
            excusing("retries.enum", _at_least_none),
            # The reference does not compare counts beyond three, this server does.
            changed(
                "retryDelays.count",
                lambda check: replace(check, holds=lambda body: _surplus(body) == 0),
            ),
        ),
    ),
    Mutant(
        "true-as-integer-accepted",
        "retries.type",
        "True and false pass for the retries 1 and 0.",
        mistaking("retries", _count),
    ),
    Mutant(
        "numeric-string-accepted",
        "retries.type",
        "A string of digits passes for a number of retries.",
        mistaking("retries", _number),
    ),
    Mutant(
        "boolean-string-accepted",
        "retryOnFailed.type",
        'The strings "true" and "false" pass for booleans.',
        mistaking("retryOnFailed", _flag),
    ),
)

recipient_mutants = (
    Mutant(
        "file-missing-accepted",
        "file.required",
        "A broadcast from a file needs no file.",
        without("file.required"),
    ),
    Mutant(
        "people-without-flag-accepted",
        "includeUnsubscribed.required",
        "Whether the unsubscribed are called need not be said.",
        without("includeUnsubscribed.required"),
    ),
    Mutant(
        "people-without-segment-accepted",
        "segmentIds.required",
        "A broadcast to people needs no segment.",
        without("segmentIds.required"),
    ),
    Mutant(
        "two-segments-accepted",
        "segmentIds.length",
        "Two segments are let pass.",
        excusing("segmentIds.length", _long(2)),
    ),
    Mutant(
        "no-segment-accepted",
        "segmentIds.length",
        "An empty list of segments is let pass.",
        excusing("segmentIds.length", _long(0)),
    ),
    Mutant(
        "segment-not-uuid-accepted",
        "segmentIds.items.format",
        "A segment's id may be any string.",
        without("segmentIds.items.format"),
    ),
    Mutant(
        "source-case-ignored",
        "source.enum",
        "A source is known in any case.",
        mistaking("source", _lower),
    ),
)

member_mutants = (
    Mutant(
        "language-case-ignored",
        "language.enum",
        "A language is known in any case.",
        excusing("language.enum", _is_language),
    ),
    Mutant(
        "dynamic-name-not-required",
        "dynamicName.required",
        "A dynamic distribution needs no name.",
        without("dynamicName.required"),
    ),
    Mutant(
        "from-16-accepted",
        "from.length",
        "The longest caller number is off by one.",
        excusing("from.length", _long(16)),
    ),
    Mutant(
        "from-7-accepted",
        "from.length",
        "The shortest caller number is off by one.",
        excusing("from.length", _long(7)),
    ),
)

voice_flow_mutants = (
    Mutant(
        "duplicate-keys-accepted",
        "voiceFlow.menu.choices.key.unique",
        "A menu may offer a key twice.",
        without("voiceFlow.menu.choices.key.unique"),
    ),
    Mutant(
        "say-and-prompt-accepted",
        "voiceFlow.welcome.say.xor",
        "A welcome may have both a text and a recording.",
        excusing(
            "voiceFlow.welcome.say.xor",
            lambda value: given_of(value, ("say", "prompt")) == 2,
        ),
    ),
    Mutant(
        "transfer-attempts-4-accepted",
        "voiceFlow.menu.choices.transfer.attempts.max",
        "The highest number of attempts is off by one.",
        excusing(
            "voiceFlow.menu.choices.transfer.attempts.max", lambda value: value == 4
        ),
    ),
)


def _kebab(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", name)


required_mutants = tuple(
    Mutant(
        f"{_kebab(name)}-not-required",
        f"{name}.required",
        f"The member {name} may be left out.",
        without(f"{name}.required"),
    )
    for name in REQUIRED
)

lax_mutants = (
    *retry_mutants,
    *recipient_mutants,
    *member_mutants,
    *voice_flow_mutants,
    *required_mutants,
)
