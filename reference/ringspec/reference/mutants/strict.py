"""Mutants that refuse what they should accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringspec.reference.checks.members import LANGUAGES
from ringspec.reference.checks.places import ITEM
from ringspec.reference.checks.retries import LONGEST_DELAY_MIN
from ringspec.reference.mutants.conditions import (
    equals,
    gives,
    longer,
    measures,
    neither,
    says,
)
from ringspec.reference.mutants.defects import (
    Mutant,
    demanding,
    forbidding,
)
from ringspec.reference.values import Json, number

if TYPE_CHECKING:
    from ringspec.reference.checks.places import Step
    from ringspec.reference.mutants.defects import Test

_CHOICES: tuple[Step, ...] = ("voiceFlow", "menu", "choices")
_TRANSFER: tuple[Step, ...] = (*_CHOICES, ITEM, "transfer")
_OUTCOMES = ("delivered", "failed")
_END_OF_32_BITS = 2**31 - 1
_ACCEPTED = "body.accepted"

# What else says of languages is said by the plain body: its default is fr-BE.
_LANGUAGES = tuple(one for one in LANGUAGES if one != "fr-BE")

# Values that are forgotten in a list: the rule of the list, name and value.
_forgotten = (
    *(("language.enum", f"language-{one.lower()}", one) for one in _LANGUAGES),
    ("voice.enum", "voice-man", "man"),
    ("source.enum", "source-file", "file"),
    ("voiceFlow.menu.choices.key.enum", "key-star", "*"),
    ("voiceFlow.menu.choices.key.enum", "key-hash", "#"),
    ("voiceFlow.menu.choices.key.enum", "key-0", "0"),
    ("actions.inputs.unknown", "input-star", "star"),
    ("actions.inputs.unknown", "input-hash", "hash"),
    ("actions.inputs.unknown", "input-0", "0"),
)


def _capital(text: str) -> bool:
    return text != text.lower()


def _prose(text: str) -> bool:
    return not text.isascii()


def _descending(delays: Json) -> bool:
    given = delays if isinstance(delays, list) else []
    order = [number(delay) or 0 for delay in given]
    return order != sorted(order)


def _repeating(delays: Json) -> bool:
    given = delays if isinstance(delays, list) else []
    return any(one in given[:index] for index, one in enumerate(given))


def _sum_is_long(delays: Json) -> bool:
    given = delays if isinstance(delays, list) else []
    return sum(number(delay) or 0 for delay in given) > LONGEST_DELAY_MIN


def _third_is_longest(delays: Json) -> bool:
    return isinstance(delays, list) and delays[2:] == [LONGEST_DELAY_MIN]


def _late(value: Json) -> bool:
    return (number(value) or 0) > _END_OF_32_BITS


# Values that are refused: name, rule, sentence, test, and where they stand.
_refused: tuple[tuple[str, str, str, Test, tuple[Step, ...]], ...] = (
    (
        "capital-segment-refused",
        "segmentIds.items.format",
        "A segment's id must be in small letters.",
        says(_capital),
        ("segmentIds", ITEM),
    ),
    (
        "capital-calendar-refused",
        "calendarId.format",
        "A calendar's id must be in small letters.",
        says(_capital),
        ("calendarId",),
    ),
    (
        "capital-sender-refused",
        "actions.reaction.sms.senderServiceId.format",
        "A sender's id must be in small letters.",
        says(_capital),
        ("actions", "status", _OUTCOMES, "sms", "senderServiceId"),
    ),
    (
        "unsubscribed-refused",
        "includeUnsubscribed.type",
        "Who has unsubscribed is never called.",
        lambda value: value is True,
        ("includeUnsubscribed",),
    ),
    (
        "name-of-1-refused",
        _ACCEPTED,
        "A name must have two characters.",
        measures(1),
        ("name",),
    ),
    (
        "name-of-100-refused",
        _ACCEPTED,
        "A name must be shorter than 100 characters.",
        longer(99),
        ("name",),
    ),
    (
        "null-time-refused",
        "scheduledAt.type",
        "A time must be a number if it is given.",
        lambda value: value is None,
        ("scheduledAt",),
    ),
    (
        "time-after-2038-refused",
        "scheduledAt.type",
        "A time must fit into 32 bits.",
        _late,
        ("scheduledAt",),
    ),
    (
        "dynamic-refused",
        _ACCEPTED,
        "There is no distribution but none.",
        lambda value: value == "dynamic",
        ("distribution",),
    ),
    (
        "multiple-refused",
        "allowMultiple.type",
        "Nobody is called twice.",
        lambda value: value is True,
        ("allowMultiple",),
    ),
    (
        "delays-must-ascend",
        _ACCEPTED,
        "Each delay must be longer than the one before.",
        _descending,
        ("retryDelays",),
    ),
    (
        "delays-must-differ",
        _ACCEPTED,
        "No two delays may be the same.",
        _repeating,
        ("retryDelays",),
    ),
    (
        "delays-bounded-together",
        "retryDelays.items.max",
        "The delays must not be longer than three days together.",
        _sum_is_long,
        ("retryDelays",),
    ),
    (
        "longest-third-delay-refused",
        "retryDelays.items.max",
        "The last of three delays must be shorter than three days.",
        _third_is_longest,
        ("retryDelays",),
    ),
    (
        "speech-beyond-ascii-refused",
        _ACCEPTED,
        "What is spoken must be ASCII.",
        says(_prose),
        ("voiceFlow", ("welcome", "voicemail", "end"), "say"),
    ),
    (
        "name-beyond-ascii-refused",
        _ACCEPTED,
        "A name must be ASCII.",
        says(_prose),
        ("name",),
    ),
    (
        "transfer-attempts-1-refused",
        _ACCEPTED,
        "The lowest number of attempts is taken as not allowed itself.",
        equals(1),
        (*_TRANSFER, "attempts"),
    ),
    *(
        (
            f"{where}-prompt-refused",
            _ACCEPTED,
            f"There are no recordings for the {where}.",
            gives("prompt"),
            steps,
        )
        for where, steps in (
            ("welcome", ("voiceFlow", "welcome")),
            ("voicemail", ("voiceFlow", "voicemail")),
            ("end", ("voiceFlow", "end")),
            ("menu", ("voiceFlow", "menu")),
            ("choice", (*_CHOICES, ITEM)),
            ("whisper", (*_TRANSFER, "whisper")),
        )
    ),
    (
        "replay-0-refused",
        _ACCEPTED,
        "A welcome must be repeated if that is spoken of.",
        lambda value: value == 0,
        ("voiceFlow", "welcome", "replay"),
    ),
    (
        "sip-refused",
        "voiceFlow.menu.choices.transfer.destination.type",
        "A destination must be a number of digits.",
        says(lambda text: not text.isdigit()),
        (*_TRANSFER, "destination"),
    ),
    (
        "twelve-choices-refused",
        "voiceFlow.menu.choices.key.enum",
        "A menu may have nine choices.",
        longer(9),
        _CHOICES,
    ),
    (
        "three-choices-refused",
        "voiceFlow.menu.choices.key.unique",
        "A menu may have two choices.",
        longer(2),
        _CHOICES,
    ),
    (
        "one-choice-refused",
        _ACCEPTED,
        "A menu must have two choices.",
        measures(1),
        _CHOICES,
    ),
    (
        "twelve-inputs-refused",
        "actions.inputs.unknown",
        "There may be reactions to nine keys.",
        lambda value: isinstance(value, dict) and len(value) > 9,
        ("actions", "inputs"),
    ),
    (
        "sms-refused",
        _ACCEPTED,
        "A reaction must be a list of attributes.",
        gives("sms"),
        ("actions", "status", _OUTCOMES),
    ),
    (
        "integer-value-refused",
        "actions.reaction.value.type",
        "An attribute's value must not be a number.",
        lambda value: number(value) is not None,
        ("actions", "status", _OUTCOMES, ITEM, "value"),
    ),
    (
        "boolean-value-refused",
        "actions.reaction.value.type",
        "An attribute's value must not be a boolean.",
        lambda value: isinstance(value, bool),
        ("actions", "status", _OUTCOMES, ITEM, "value"),
    ),
)

strict_mutants = (
    *(
        Mutant(
            f"{name}-refused",
            rule,
            f"The value {value} is forgotten.",
            forbidding(rule, equals(value)),
        )
        for rule, name, value in _forgotten
    ),
    *(
        Mutant(name, rule, defect, demanding(neither(test), *steps))
        for name, rule, defect, test, steps in _refused
    ),
)
