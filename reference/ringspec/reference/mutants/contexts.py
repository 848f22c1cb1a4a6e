"""Mutants that hold a rule only where another member has some value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringspec.reference.mutants.conditions import (
    gives,
    has,
    lacks,
    member,
    redials,
    retries,
    yes,
)
from ringspec.reference.mutants.defects import Mutant, only_where

if TYPE_CHECKING:
    from ringspec.reference.mutants.defects import Test
    from ringspec.reference.values import Json

_for_people = has("source", "people")
_for_file = has("source", "file")
_unscheduled = lacks("scheduledAt")


def _no_null_time(body: Json) -> bool:
    return not isinstance(body, dict) or body.get("scheduledAt", 0) is not None


# What has nothing to do with a rule, and lets it be held where it is so: the name, the
# sentence and the condition.
_ELSEWHERE: tuple[tuple[str, str, Test], ...] = (
    ("without-null-time", "the time is not null", _no_null_time),
    ("before-menu", "there is a menu", gives("voiceFlow", "menu")),
    ("without-menu", "there is no menu", lacks("voiceFlow", "menu")),
    ("without-time", "no time is set", _unscheduled),
)

# Name, rule, and the bodies in which the rule is held.
_contexts: tuple[tuple[str, str, str, Test], ...] = (
    (
        "delays-counted-only-for-people",
        "retryDelays.count",
        "the source is people",
        _for_people,
    ),
    (
        "delays-counted-only-for-file",
        "retryDelays.count",
        "the source is a file",
        _for_file,
    ),
    (
        "delays-counted-only-with-retries",
        "retryDelays.count",
        "there are retries",
        redials,
    ),
    (
        "delays-counted-only-without-retries",
        "retryDelays.count",
        "there are no retries",
        lambda body: not redials(body),
    ),
    (
        "delays-counted-only-if-any",
        "retryDelays.count",
        "there are delays",
        lambda body: bool(member(body, "retryDelays")),
    ),
    (
        "delays-counted-only-after-failures",
        "retryDelays.count",
        "failed calls are retried",
        yes("retryOnFailed"),
    ),
    (
        "delays-counted-only-when-unscheduled",
        "retryDelays.count",
        "no time is set",
        _unscheduled,
    ),
    (
        "three-retries-not-counted",
        "retryDelays.count",
        "there are fewer than three retries",
        lambda body: retries(body) < 3,
    ),
    (
        "delay-bound-only-after-failures",
        "retryDelays.items.max",
        "failed calls are retried",
        yes("retryOnFailed"),
    ),
    (
        "delay-bound-only-for-people",
        "retryDelays.items.max",
        "the source is people",
        _for_people,
    ),
    (
        "flag-required-only-with-retries",
        "includeUnsubscribed.required",
        "there are retries",
        redials,
    ),
    (
        "flag-required-only-without-retries",
        "includeUnsubscribed.required",
        "there are no retries",
        lambda body: not redials(body),
    ),
    (
        "flag-required-only-when-unscheduled",
        "includeUnsubscribed.required",
        "no time is set",
        _unscheduled,
    ),
    (
        "segment-required-only-without-retries",
        "segmentIds.required",
        "there are no retries",
        lambda body: not redials(body),
    ),
    (
        "segment-length-only-without-calendar",
        "segmentIds.length",
        "there is no calendar",
        lacks("calendarId"),
    ),
    (
        "file-required-only-without-retries",
        "file.required",
        "there are no retries",
        lambda body: not redials(body),
    ),
    (
        "file-required-only-with-retries",
        "file.required",
        "there are retries",
        redials,
    ),
    (
        "file-required-only-without-name",
        "file.required",
        "the distribution is not named",
        lacks("dynamicName"),
    ),
    (
        "dynamic-name-required-only-for-people",
        "dynamicName.required",
        "the source is people",
        _for_people,
    ),
    (
        "dynamic-name-required-only-for-file",
        "dynamicName.required",
        "the source is a file",
        _for_file,
    ),
    (
        "dynamic-name-required-only-without-retries",
        "dynamicName.required",
        "there are no retries",
        lambda body: not redials(body),
    ),
    (
        "retries-listed-only-for-people",
        "retries.enum",
        "the source is people",
        _for_people,
    ),
    (
        "calendar-format-only-when-scheduled",
        "calendarId.format",
        "a time is set",
        gives("scheduledAt"),
    ),
    (
        "voice-listed-only-with-language",
        "voice.enum",
        "a language is given",
        gives("language"),
    ),
    *(
        (f"{name}-only-{where}", rule, sentence, condition)
        for rule, name in (
            ("retryDelays.count", "delays-counted"),
            ("retryDelays.items.max", "delay-bound"),
            ("includeUnsubscribed.required", "flag-required"),
            ("file.required", "file-required"),
            ("segmentIds.items.format", "segment-format"),
            ("source.enum", "source-listed"),
        )
        for where, sentence, condition in _ELSEWHERE
    ),
)

context_mutants = tuple(
    Mutant(name, rule, f"Held only where {where}.", only_where(rule, condition))
    for name, rule, where, condition in _contexts
)
