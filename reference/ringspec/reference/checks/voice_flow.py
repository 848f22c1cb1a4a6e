"""Checks of the script of a call.

Source: facts.md B1, C (R16 to R23, R26).
"""

from __future__ import annotations

from ringspec.reference.checks.constraints import (
    Check,
    at_least_one,
    exactly_one,
    least,
    most,
    needed,
    one_of,
    optional,
    sized,
    typed,
)
from ringspec.reference.checks.places import ITEM, Step, at
from ringspec.reference.values import ARRAY, BOOLEAN, INTEGER, OBJECT, STRING, Json

KEYS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#")


def _spoken(prefix: str, *steps: Step) -> tuple[Check, ...]:
    """Check the types of what is said or played at one place."""
    return (
        optional(f"{prefix}.say.type", at(*steps, "say"), STRING),
        optional(f"{prefix}.prompt.type", at(*steps, "prompt"), STRING),
    )


def _replayed(prefix: str, *steps: Step) -> Check:
    return optional(f"{prefix}.replay.type", at(*steps, "replay"), INTEGER)


def _said_or_played(prefix: str, *steps: Step) -> tuple[Check, ...]:
    """Check a place where either a text is spoken or a recording played."""
    return (
        *_spoken(prefix, *steps),
        exactly_one(f"{prefix}.say.xor", at(*steps), "say", "prompt"),
    )


def keys_differ(choices: Json) -> bool:
    """Tell whether no key of a menu is offered twice; unknown keys do not count."""
    if not isinstance(choices, list):
        return True
    keys = [choice.get("key") for choice in choices if isinstance(choice, dict)]
    known = [key for key in keys if isinstance(key, str) and key in KEYS]
    return len(known) == len(set(known))


_FLOW = ("voiceFlow",)
_MENU = (*_FLOW, "menu")
_CHOICES: tuple[Step, ...] = (*_MENU, "choices")
_CHOICE: tuple[Step, ...] = (*_CHOICES, ITEM)
_TRANSFER: tuple[Step, ...] = (*_CHOICE, "transfer")
_WHISPER: tuple[Step, ...] = (*_TRANSFER, "whisper")

_flow: tuple[Check, ...] = (
    typed("voiceFlow.type", at(*_FLOW), OBJECT),
    optional(
        "voiceFlow.machineDetection.type", at(*_FLOW, "machineDetection"), BOOLEAN
    ),
    optional("voiceFlow.voicemail.type", at(*_FLOW, "voicemail"), OBJECT),
    *_said_or_played("voiceFlow.voicemail", *_FLOW, "voicemail"),
    needed("voiceFlow.welcome.required", at(*_FLOW), "welcome"),
    typed("voiceFlow.welcome.type", at(*_FLOW, "welcome"), OBJECT),
    *_said_or_played("voiceFlow.welcome", *_FLOW, "welcome"),
    _replayed("voiceFlow.welcome", *_FLOW, "welcome"),
    optional("voiceFlow.end.type", at(*_FLOW, "end"), OBJECT),
    *_said_or_played("voiceFlow.end", *_FLOW, "end"),
)

_menu: tuple[Check, ...] = (
    optional("voiceFlow.menu.type", at(*_MENU), OBJECT),
    *_spoken("voiceFlow.menu", *_MENU),
    _replayed("voiceFlow.menu", *_MENU),
    at_least_one("voiceFlow.menu.say.or", at(*_MENU), "say", "prompt"),
    needed("voiceFlow.menu.choices.required", at(*_MENU), "choices"),
    typed("voiceFlow.menu.choices.type", at(*_CHOICES), ARRAY),
    sized("voiceFlow.menu.choices.length", at(*_CHOICES), ARRAY, 1),
    Check(
        "voiceFlow.menu.choices.key.unique",
        at(*_CHOICES),
        keys_differ,
        "must not offer a key twice",
    ),
)

_choice: tuple[Check, ...] = (
    typed("voiceFlow.menu.choices.items.type", at(*_CHOICE), OBJECT),
    needed("voiceFlow.menu.choices.key.required", at(*_CHOICE), "key"),
    typed("voiceFlow.menu.choices.key.type", at(*_CHOICE, "key"), STRING),
    one_of("voiceFlow.menu.choices.key.enum", at(*_CHOICE, "key"), KEYS),
    *_spoken("voiceFlow.menu.choices", *_CHOICE),
    _replayed("voiceFlow.menu.choices", *_CHOICE),
    at_least_one(
        "voiceFlow.menu.choices.say.or", at(*_CHOICE), "say", "prompt", "transfer"
    ),
)

_PREFIX = "voiceFlow.menu.choices.transfer"
_transfer: tuple[Check, ...] = (
    optional(f"{_PREFIX}.type", at(*_TRANSFER), OBJECT),
    needed(f"{_PREFIX}.destination.required", at(*_TRANSFER), "destination"),
    typed(f"{_PREFIX}.destination.type", at(*_TRANSFER, "destination"), STRING),
    optional(f"{_PREFIX}.attempts.type", at(*_TRANSFER, "attempts"), INTEGER),
    least(f"{_PREFIX}.attempts.min", at(*_TRANSFER, "attempts"), 1),
    most(f"{_PREFIX}.attempts.max", at(*_TRANSFER, "attempts"), 3),
    optional(f"{_PREFIX}.timeout.type", at(*_TRANSFER, "timeout"), INTEGER),
    least(f"{_PREFIX}.timeout.min", at(*_TRANSFER, "timeout"), 5),
    most(f"{_PREFIX}.timeout.max", at(*_TRANSFER, "timeout"), 30),
    optional(f"{_PREFIX}.whisper.type", at(*_WHISPER), OBJECT),
    *_said_or_played(f"{_PREFIX}.whisper", *_WHISPER),
)

voice_flow_checks: tuple[Check, ...] = (*_flow, *_menu, *_choice, *_transfer)
