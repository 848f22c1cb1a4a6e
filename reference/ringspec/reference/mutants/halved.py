"""Mutants that hold a rule in one direction, or at one place only."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ringspec.reference.checks.constraints import given_of
from ringspec.reference.checks.places import first
from ringspec.reference.mutants.conditions import (
    below,
    measures,
    member,
    surplus,
)
from ringspec.reference.mutants.defects import (
    Mutant,
    all_but_last,
    excusing,
    judging,
    last,
    narrowed,
    only,
    only_at,
    without,
)

if TYPE_CHECKING:
    from ringspec.reference.mutants.defects import Test
    from ringspec.reference.values import Json

_CHOICES = "voiceFlow.menu.choices"
_TRANSFER = f"{_CHOICES}.transfer"
_REACTION = "actions.reaction"

# Name, rule, and the places at which alone the rule is held.
_places = (
    (
        "only-last-delay-bounded",
        "retryDelays.items.max",
        "the last delay",
        narrowed("retryDelays.items.max", last),
    ),
    (
        "last-delay-unbounded",
        "retryDelays.items.max",
        "all delays but the last of several",
        narrowed("retryDelays.items.max", all_but_last),
    ),
    (
        "later-delays-may-be-negative",
        "retryDelays.items.min",
        "the first delay",
        narrowed("retryDelays.items.min", first),
    ),
    (
        "type-of-later-delays-unchecked",
        "retryDelays.items.type",
        "the first delay",
        narrowed("retryDelays.items.type", first),
    ),
    *(
        (
            f"{name}-of-later-choices-unchecked",
            f"{_CHOICES}.{rule}",
            "the first choice",
            narrowed(f"{_CHOICES}.{rule}", first),
        )
        for name, rule in (
            ("key", "key.required"),
            ("key-type", "key.type"),
            ("key-value", "key.enum"),
            ("type", "items.type"),
            ("voice", "say.or"),
        )
    ),
    (
        "key-value-of-last-choice-unchecked",
        f"{_CHOICES}.key.enum",
        "all choices but the last of several",
        narrowed(f"{_CHOICES}.key.enum", all_but_last),
    ),
    (
        "attempts-of-later-transfers-unbounded",
        f"{_TRANSFER}.attempts.max",
        "the first transfer",
        narrowed(f"{_TRANSFER}.attempts.max", first),
    ),
    (
        "timeout-of-later-transfers-unbounded",
        f"{_TRANSFER}.timeout.min",
        "the first transfer",
        narrowed(f"{_TRANSFER}.timeout.min", first),
    ),
    (
        "destination-of-later-transfers-optional",
        f"{_TRANSFER}.destination.required",
        "the first transfer",
        narrowed(f"{_TRANSFER}.destination.required", first),
    ),
    *(
        (
            f"{name}-unchecked-for-{where}",
            f"{_REACTION}.{rule}",
            f"reactions to {others}",
            only_at(f"{_REACTION}.{rule}", below("actions", held)),
        )
        for name, rule in (
            ("attribute", "attribute.required"),
            ("message", "sms.message.required"),
            ("sender", "sms.senderServiceId.required"),
        )
        for where, others, held in (
            ("keys", "how a call ended", "status"),
            ("outcomes", "keys", "inputs"),
        )
    ),
    (
        "attribute-of-later-items-optional",
        f"{_REACTION}.attribute.required",
        "the first item of all reactions",
        only_at(f"{_REACTION}.attribute.required", lambda place: place.path[-2] == 0),
    ),
    (
        "value-type-of-later-items-unchecked",
        f"{_REACTION}.value.type",
        "the first item of each reaction",
        only_at(f"{_REACTION}.value.type", lambda place: place.path[-2] == 0),
    ),
)

# Of what is to be there once: where it may stand, and under what name.
_once = (
    ("welcome", "voiceFlow.welcome.say.xor", "A welcome"),
    ("voicemail", "voiceFlow.voicemail.say.xor", "A voicemail"),
    ("end", "voiceFlow.end.say.xor", "An end"),
    ("whisper", f"{_TRANSFER}.whisper.say.xor", "A whisper"),
)


def _spoken(count: int) -> Test:
    return lambda value: given_of(value, ("say", "prompt")) == count


def _keys(choices: Json) -> list[Json]:
    if not isinstance(choices, list):
        return []
    return [member(choice, "key") for choice in choices]


def _neighbours_differ(choices: Json) -> bool:
    keys = _keys(choices)
    return all(one != other for one, other in pairwise(keys))


def _later_differ(choices: Json) -> bool:
    keys = _keys(choices)
    return all(keys[0] != other for other in keys[1:])


def _choices_differ(choices: Json) -> bool:
    given = choices if isinstance(choices, list) else []
    return all(one not in given[:index] for index, one in enumerate(given))


halved_mutants = (
    *(
        Mutant(name, rule, f"Held only for {where}.", defect)
        for name, rule, where, defect in _places
    ),
    *(
        Mutant(
            "say-and-prompt-accepted" if place == "welcome" else f"{place}-says-both",
            rule,
            f"{what} may have both a text and a recording.",
            excusing(rule, _spoken(2)),
        )
        for place, rule, what in _once
    ),
    *(
        Mutant(
            f"{place}-says-nothing",
            rule,
            f"{what} may have neither a text nor a recording.",
            excusing(rule, _spoken(0)),
        )
        for place, rule, what in _once
    ),
    Mutant(
        "name-not-required-to-create",
        "name.required",
        "A name is asked for by an update only.",
        only(("create",), without("name.required")),
    ),
    Mutant(
        "too-few-delays-accepted",
        "retryDelays.count",
        "Fewer delays than retries are let pass.",
        excusing("retryDelays.count", lambda body: surplus(body) < 0),
    ),
    Mutant(
        "too-many-delays-accepted",
        "retryDelays.count",
        "More delays than retries are let pass.",
        excusing("retryDelays.count", lambda body: surplus(body) > 0),
    ),
    Mutant(
        "keys-compared-with-neighbour-only",
        f"{_CHOICES}.key.unique",
        "Only choices next to each other are held to differ in their keys.",
        judging(f"{_CHOICES}.key.unique", _neighbours_differ),
    ),
    Mutant(
        "keys-compared-with-first-only",
        f"{_CHOICES}.key.unique",
        "A key is compared with that of the first choice only.",
        judging(f"{_CHOICES}.key.unique", _later_differ),
    ),
    Mutant(
        "whole-choices-compared",
        f"{_CHOICES}.key.unique",
        "A key may be offered twice by choices that differ elsewhere.",
        judging(f"{_CHOICES}.key.unique", _choices_differ),
    ),
    Mutant(
        "keys-compared-in-pairs-only",
        f"{_CHOICES}.key.unique",
        "Keys are compared in menus of two choices only.",
        excusing(f"{_CHOICES}.key.unique", lambda value: not measures(2)(value)),
    ),
)
