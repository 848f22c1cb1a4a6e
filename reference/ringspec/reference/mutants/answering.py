"""Mutants that judge rightly, and answer a broadcast otherwise than it was sent."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from ringspec.reference.checks.places import ITEM
from ringspec.reference.mutants.defects import Mutant
from ringspec.reference.mutants.disguises import (
    as_number,
    as_text,
    cut,
    first_only,
    garbled,
    hidden,
    in_16_bits,
    in_32_bits,
    in_ascii,
    in_order,
    losing,
    negated,
    once_each,
    scaled,
    showing,
    showing_at,
    swapped,
    texts,
    turned,
)
from ringspec.reference.mutants.unchecked import kebab
from ringspec.reference.values import Json

if TYPE_CHECKING:
    from ringspec.reference.behaviour import Behaviour
    from ringspec.reference.checks.places import Step
    from ringspec.reference.mutants.defects import Change, Defect

    _Row = tuple[str, str, Change, tuple[Step, ...]]


_CHOICES: tuple[Step, ...] = ("voiceFlow", "menu", "choices")
_TRANSFER: tuple[Step, ...] = (*_CHOICES, ITEM, "transfer")
_SAID: tuple[Step, ...] = ("voiceFlow", "welcome", "say")


def _no(_value: Json) -> Json:
    return False


def _fixed(value: Json) -> Change:
    return lambda _value: value


# What becomes of a value: name, sentence, change, and where it stands.
_CHANGED: tuple[_Row, ...] = (
    ("name-cut", "A name is cut to 20 characters.", cut, ("name",)),
    ("name-in-ascii", "A name loses what is beyond ASCII.", in_ascii, ("name",)),
    (
        "name-without-emoji",
        "A name loses what is beyond 16 bits.",
        in_16_bits,
        ("name",),
    ),
    ("name-garbled", "A name in UTF-8 is read as Latin-1.", garbled, ("name",)),
    (
        "name-in-small-letters",
        "A name loses its capitals.",
        lambda value: str(value).lower(),
        ("name",),
    ),
    ("name-as-url", "A name is escaped for URLs.", lambda v: quote(str(v)), ("name",)),
    (
        "name-null-as-null",
        "The name null is answered as nothing.",
        lambda value: None if value == "null" else value,
        ("name",),
    ),
    ("from-hidden", "A caller number is hidden but for its end.", hidden, ("from",)),
    ("from-with-plus", "A caller number gets a plus.", lambda v: f"+{v}", ("from",)),
    ("delays-sorted", "Delays are sorted.", in_order, ("retryDelays",)),
    ("delays-reversed", "Delays are reversed.", turned, ("retryDelays",)),
    ("delays-once-each", "The same delay is kept once.", once_each, ("retryDelays",)),
    ("first-delay-only", "Only the first delay is kept.", first_only, ("retryDelays",)),
    ("delays-emptied", "All delays are lost.", _fixed([]), ("retryDelays",)),
    ("delays-in-seconds", "Delays turn seconds.", scaled(60), ("retryDelays", ITEM)),
    ("retries-reset", "Retries become none.", _fixed(0), ("retries",)),
    ("time-in-ms", "A time turns milliseconds.", scaled(1000), ("scheduledAt",)),
    ("time-in-32-bits", "A time wraps at 32 bits.", in_32_bits, ("scheduledAt",)),
    ("time-nulled", "A time becomes null.", _fixed(None), ("scheduledAt",)),
    ("null-time-as-0", "No time becomes 0.", lambda v: v or 0, ("scheduledAt",)),
    ("flag-negated", "The flag is turned.", negated, ("includeUnsubscribed",)),
    ("flag-reset", "The flag becomes false.", _no, ("includeUnsubscribed",)),
    ("source-reset", "Every source is people.", _fixed("people"), ("source",)),
    ("language-reset", "Every language is fr-BE.", _fixed("fr-BE"), ("language",)),
    (
        "language-without-country",
        "A language loses its country.",
        lambda value: str(value)[:2],
        ("language",),
    ),
    ("voice-reset", "Every voice is a woman's.", _fixed("woman"), ("voice",)),
    ("distribution-reset", "No load is spread.", _fixed("none"), ("distribution",)),
    ("no-input-reset", "Want of input is ignored.", _no, ("retryOnNoInput",)),
    ("retry-reasons-swapped", "The two reasons to retry are swapped.", swapped, ()),
    ("segments-emptied", "Segments are lost.", _fixed([]), ("segmentIds",)),
    ("file-emptied", "What is in a file is lost.", _fixed({}), ("file",)),
    (
        "say-escaped",
        "Texts are escaped for HTML.",
        texts(lambda text: escape(str(text))),
        ("voiceFlow",),
    ),
    (
        "speech-without-marks",
        "Quotation marks are lost.",
        lambda value: str(value).replace('"', ""),
        _SAID,
    ),
    (
        "speech-without-tags",
        "What stands between angle brackets is lost.",
        texts(lambda text: str(text).partition("<")[0]),
        ("voiceFlow",),
    ),
    (
        "backslashes-lost",
        "Backslashes are lost.",
        texts(lambda text: str(text).replace("\\", "")),
        ("voiceFlow",),
    ),
    ("replay-reset", "A welcome is not repeated.", _fixed(0), (*_SAID[:2], "replay")),
    ("choices-reversed", "Choices are reversed.", turned, _CHOICES),
    ("first-choice-only", "Only the first choice is kept.", first_only, _CHOICES),
    (
        "keys-as-words",
        "The key * is a star.",
        texts(lambda text: {"*": "star", "#": "hash"}.get(str(text), text)),
        _CHOICES,
    ),
    ("attempts-reset", "Attempts become one.", _fixed(1), (*_TRANSFER, "attempts")),
    ("timeout-reset", "A time limit becomes 15.", _fixed(15), (*_TRANSFER, "timeout")),
    ("timeout-in-ms", "Time limits turn ms.", scaled(1000), (*_TRANSFER, "timeout")),
    (
        "values-as-text",
        "Values of attributes become texts.",
        lambda value: json.dumps(value) if not isinstance(value, str) else value,
        ("actions", "status", ("delivered", "failed"), ITEM, "value"),
    ),
    (
        "first-attribute-only",
        "Only the first attribute is kept.",
        first_only,
        ("actions", "status", ("delivered", "failed")),
    ),
)

# What is lost: a member, wherever it lies.
_LOST = (
    *(
        (name,)
        for name in (
            "name",
            "type",
            "from",
            "source",
            "segmentIds",
            "file",
            "scheduledAt",
            "retryDelays",
            "calendarId",
            "dynamicName",
            "allowMultiple",
            "actions",
            "voiceFlow",
        )
    ),
    ("actions", "inputs"),
    ("actions", "status"),
    ("voiceFlow", "machineDetection"),
    ("voiceFlow", "voicemail"),
    ("voiceFlow", "menu"),
    ("voiceFlow", "end"),
    ("voiceFlow", "welcome", "prompt"),
)

# What changes its type: name, sentence, change, and where it stands.
_RETYPED: tuple[_Row, ...] = (
    ("created-at-string", "The time of creation is a text.", as_text, ("createdAt",)),
    ("id-as-number", "An id is a number.", _fixed(4711), ("broadcastId",)),
    ("id-null", "An id is null.", _fixed(None), ("broadcastId",)),
    ("state-as-number", "A state is a number.", _fixed(1), ("state",)),
    ("count-as-text", "The count of recipients is a text.", as_text, ("totalCount",)),
    (
        "count-null",
        "The count of those done is null.",
        _fixed(None),
        ("completedCount",),
    ),
    ("author-as-object", "The author is an object.", _fixed({}), ("modifiedBy",)),
    ("retries-as-text", "Retries are a text.", as_text, ("retries",)),
    ("delays-of-text", "Delays are texts.", as_text, ("retryDelays", ITEM)),
    ("from-as-number", "A caller number is a number.", as_number, ("from",)),
    ("flag-as-int", "A boolean is 1 or 0.", lambda v: int(bool(v)), ("retryOnFailed",)),
    ("time-as-text", "A time is a text.", lambda _: "2030-12-31", ("scheduledAt",)),
    (
        "script-as-string",
        "A script is a text that holds it.",
        json.dumps,
        ("voiceFlow",),
    ),
    ("actions-as-list", "Actions are a list.", lambda value: [value], ("actions",)),
    (
        "segment-unlisted",
        "The segment is not in a list.",
        lambda value: value[0] if isinstance(value, list) and value else value,
        ("segmentIds",),
    ),
)


def _filling(name: str, value: Json) -> Defect:
    def apply(behaviour: Behaviour) -> Behaviour:
        return replace(behaviour, defaults={**behaviour.defaults, name: value})

    return apply


def _filling_none(name: str) -> Defect:
    def apply(behaviour: Behaviour) -> Behaviour:
        kept = {one: v for one, v in behaviour.defaults.items() if one != name}
        return replace(behaviour, defaults=kept)

    return apply


def _inner(name: str, value: Json, *steps: Step) -> Defect:
    """Fill in a wrong default below the top."""

    def fill(below: Json) -> Json:
        return {name: value, **below} if isinstance(below, dict) else below

    return showing_at(fill, *steps)


# Wrong defaults: name, sentence, defect.
_DEFAULTS: tuple[tuple[str, str, Defect], ...] = (
    ("default-language-wrong", "is English", _filling("language", "en-GB")),
    ("default-voice-wrong", "is a man's voice", _filling("voice", "man")),
    (
        "default-distribution-wrong",
        "is dynamic",
        _filling("distribution", "dynamic"),
    ),
    ("default-language-missing", "is no language", _filling_none("language")),
    ("default-voice-missing", "is no voice", _filling_none("voice")),
    ("default-distribution-missing", "is none at all", _filling_none("distribution")),
    (
        "default-detection-wrong",
        "is to detect machines",
        _inner("machineDetection", True, "voiceFlow"),  # noqa: FBT003
    ),
    (
        "default-replay-wrong",
        "is to repeat once",
        _inner("replay", 1, "voiceFlow", "welcome"),
    ),
    ("default-attempts-wrong", "is to try thrice", _inner("attempts", 3, *_TRANSFER)),
    ("default-timeout-wrong", "is 30 seconds", _inner("timeout", 30, *_TRANSFER)),
)


def _leaking(behaviour: Behaviour) -> Behaviour:
    """Answer the name of the broadcast that was answered before."""
    seen: list[Json] = []

    def leak(value: Json) -> Json:
        seen.append(value)
        return seen[-2:][0]

    return showing_at(leak, "name")(behaviour)


def _sticking(behaviour: Behaviour) -> Behaviour:
    """Answer the first script that was ever answered."""
    seen: list[Json] = []

    def stick(value: Json) -> Json:
        seen[1:] = [value]
        return seen[0]

    return showing_at(stick, "voiceFlow")(behaviour)


def _shown(rule: str, rows: tuple[_Row, ...]) -> list[Mutant]:
    return [
        Mutant(
            name,
            rule,
            f"In the answer, {sentence[0].lower()}{sentence[1:]}",
            showing_at(change, *steps),
        )
        for name, sentence, change, steps in rows
    ]


answer_mutants = (
    *_shown("answer.echo", _CHANGED),
    *_shown("answer.types", _RETYPED),
    *(
        Mutant(
            f"{kebab('-'.join(path))}-lost",
            "answer.echo",
            f"The answer lacks {'.'.join(path)}.",
            showing(losing(*path)),
        )
        for path in _LOST
    ),
    *(
        Mutant(
            name,
            "answer.defaults",
            f"What is filled in {what}.",
            defect,
        )
        for name, what, defect in _DEFAULTS
    ),
    Mutant(
        "name-of-another-broadcast",
        "answer.echo",
        "A broadcast is answered with the name of the one before.",
        _leaking,
    ),
    Mutant(
        "script-of-the-first-broadcast",
        "answer.echo",
        "A broadcast is answered with the script of the first one.",
        _sticking,
    ),
    Mutant(
        "broadcast-id-missing",
        "answer.members",
        "A broadcast is answered without its id.",
        showing(losing("broadcastId")),
    ),
)
