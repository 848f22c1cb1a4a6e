"""Mutants that refuse valid bodies for what stands in them together, or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringspec.reference.checks.places import ITEM
from ringspec.reference.mutants.conditions import (
    every,
    gives,
    has,
    lacks,
    member,
    neither,
    no,
    redials,
    yes,
)
from ringspec.reference.mutants.defects import Mutant, demanding, refusing_bodies
from ringspec.reference.mutants.unchecked import kebab

if TYPE_CHECKING:
    from ringspec.reference.checks.places import Step
    from ringspec.reference.mutants.defects import Test

_CHOICES: tuple[Step, ...] = ("voiceFlow", "menu", "choices")
_TRANSFER: tuple[Step, ...] = (*_CHOICES, ITEM, "transfer")
_ACCEPTED = "body.accepted"


def _holding(name: str) -> Test:
    return lambda value: not isinstance(value, dict) or name in value


# Bodies that are refused for what stands in them together: name, sentence, test.
_people = has("source", "people")
_file = has("source", "file")
_together: tuple[tuple[str, str, Test], ...] = (
    (
        "file-with-retries-refused",
        "A broadcast from a file is never retried.",
        every(_file, redials),
    ),
    (
        "file-with-time-refused",
        "A broadcast from a file is never scheduled.",
        every(_file, gives("scheduledAt")),
    ),
    (
        "file-with-dynamic-refused",
        "A broadcast from a file is never dynamic.",
        every(_file, has("distribution", "dynamic")),
    ),
    (
        "file-without-segments-refused",
        "A segment is demanded of a file, too.",
        every(_file, lacks("segmentIds")),
    ),
    (
        "file-without-flag-refused",
        "Whether to call the unsubscribed is demanded of a file, too.",
        every(_file, lacks("includeUnsubscribed")),
    ),
    (
        "file-without-multiple-refused",
        "Whether to call twice must be said of a file.",
        every(_file, lacks("allowMultiple")),
    ),
    (
        "de-de-with-man-refused",
        "There is no man who speaks German.",
        every(has("language", "de-DE"), has("voice", "man")),
    ),
    (
        "retry-reason-without-retries-refused",
        "When to retry must not be said where nobody does.",
        every(yes("retryOnNoInput"), neither(redials)),
    ),
    (
        "retries-without-reason-refused",
        "Retries need something that they follow.",
        every(redials, no("retryOnNoInput"), no("retryOnFailed")),
    ),
    (
        "no-input-without-menu-refused",
        "Only what has a menu is retried for want of input.",
        every(yes("retryOnNoInput"), lacks("voiceFlow", "menu")),
    ),
    (
        "time-with-calendar-refused",
        "A time and a calendar exclude each other.",
        every(gives("scheduledAt"), gives("calendarId")),
    ),
    (
        "voicemail-without-detection-refused",
        "A voicemail must not be given where machines are not detected.",
        lambda body: (
            member(body, "voiceFlow", "voicemail") is not None
            and member(body, "voiceFlow", "machineDetection") is not True
        ),
    ),
    (
        "inputs-without-menu-refused",
        "Reactions to keys need a menu.",
        every(gives("actions", "inputs"), lacks("voiceFlow", "menu")),
    ),
    *(
        (
            f"{kebab('-'.join(path))}-demanded",
            f"The optional member {'.'.join(path)} is demanded.",
            every(*([gives(*path[:-1])] if path[1:] else []), lacks(*path)),
        )
        for path in (
            ("calendarId",),
            ("distribution",),
            ("language",),
            ("voice",),
            ("actions",),
            ("voiceFlow", "menu"),
            ("voiceFlow", "end"),
            ("voiceFlow", "machineDetection"),
            ("voiceFlow", "welcome", "replay"),
            ("voiceFlow", "menu", "replay"),
        )
    ),
    (
        "scheduled-at-demanded",
        "A time must be given, if only null.",
        lambda body: isinstance(body, dict) and "scheduledAt" not in body,
    ),
)

# Members that are demanded below each item of a list.
_demanded = (
    ("attempts", _TRANSFER),
    ("timeout", _TRANSFER),
    ("whisper", _TRANSFER),
    ("transfer", (*_CHOICES, ITEM)),
)

choosy_mutants = (
    *(
        Mutant(name, _ACCEPTED, defect, refusing_bodies(test))
        for name, defect, test in _together
    ),
    *(
        Mutant(
            f"{name}-demanded",
            _ACCEPTED,
            f"The optional member {name} is demanded.",
            demanding(_holding(name), *steps),
        )
        for name, steps in _demanded
    ),
)
