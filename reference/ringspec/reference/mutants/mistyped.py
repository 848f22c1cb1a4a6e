"""Mutants that let one more kind of value pass, where only another is right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ringspec.reference.mutants.conditions import equals, says
from ringspec.reference.mutants.defects import Mutant, excusing
from ringspec.reference.mutants.unchecked import kebab

if TYPE_CHECKING:
    from ringspec.reference.mutants.defects import Test
    from ringspec.reference.values import Json

_CHOICES = "voiceFlow.menu.choices"
_TRANSFER = f"{_CHOICES}.transfer"
_REACTION = "actions.reaction"


class _Form(NamedTuple):
    """What passes: a word for names, a sentence's beginning, and the test."""

    word: str
    what: str
    test: Test


def _is_object(value: Json) -> bool:
    return isinstance(value, dict)


def _is_list(value: Json) -> bool:
    return isinstance(value, list)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_EMPTY = _Form("empty-text", "An empty text", equals(""))
_OBJECT = _Form("object", "Any object", _is_object)
_LIST = _Form("list", "Any list", _is_list)
_NUMBER = _Form("number", "Any number", _is_number)
_BOOLEAN = _Form("boolean", "True or false", lambda v: isinstance(v, bool))
_TEXT = _Form("text", "Any text", says(lambda _: True))
_NO_LIST = _Form("empty-list", "An empty list", lambda value: value == [])
_PADDED = _Form(
    "padded",
    "A text of digits and blanks",
    says(lambda text: re.fullmatch("[0-9]+ +", text) is not None),
)
_SIGNED = _Form("sign", "A text of 0 or 1", equals("0", "1"))
_ONE = _Form("one", "A 1", equals(1))
_YES = _Form("true-as-text", "The word true", equals("true"))

# The members whose type is known, and what passes for it there.
_PASSING: tuple[tuple[tuple[str, ...], tuple[_Form, ...]], ...] = (
    (("retries", "scheduledAt"), (_PADDED, _EMPTY, _OBJECT)),
    (("retryDelays.items",), (_EMPTY, _OBJECT)),
    (
        ("includeUnsubscribed", "retryOnNoInput", "retryOnFailed"),
        (_EMPTY, _SIGNED, _ONE, _YES),
    ),
    (("allowMultiple",), (_EMPTY, _SIGNED)),
    (("voiceFlow.machineDetection",), (_ONE, _YES)),
    (
        ("name", "from", "source", "segmentIds.items", "calendarId", "dynamicName"),
        (_OBJECT,),
    ),
    (("type", "language", "voice", "distribution"), (_OBJECT, _BOOLEAN)),
    (("segmentIds", "retryDelays"), (_EMPTY, _NUMBER)),
    (("segmentIds",), (_TEXT,)),
    (("file", "actions", "voiceFlow"), (_NO_LIST, _NUMBER)),
    (("voiceFlow.welcome",), (_LIST,)),
    ((f"{_CHOICES}.key", f"{_TRANSFER}.destination"), (_LIST, _OBJECT)),
    ((f"{_REACTION}.attribute", f"{_REACTION}.sms.message"), (_LIST,)),
    (
        ("voiceFlow.welcome.say", f"{_CHOICES}.say", "voiceFlow.end.prompt"),
        (_LIST, _NUMBER),
    ),
)

mistyped_mutants = tuple(
    Mutant(
        f"{form.word}-for-{kebab(member)}-accepted",
        f"{member}.type",
        f"{form.what} passes where {member} is wanted.",
        excusing(f"{member}.type", form.test),
    )
    for members, forms in _PASSING
    for member in members
    for form in forms
)
