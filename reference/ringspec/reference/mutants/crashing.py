"""Mutants that fall over, or hang, at some of what is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.reference.answers import CrashError
from ringspec.reference.bodies import parse
from ringspec.reference.checks.places import ITEM
from ringspec.reference.mutants.conditions import (
    has,
    lacks,
    longer,
    measures,
    member,
    says,
)
from ringspec.reference.mutants.defects import Mutant, crashing
from ringspec.reference.store import MEMBERS, Store
from ringspec.reference.values import Json, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ringspec.reference.answers import Reply
    from ringspec.reference.behaviour import Operation
    from ringspec.reference.checks.places import Step
    from ringspec.reference.mutants.defects import Defect, Test

_CHOICE: tuple[Step, ...] = ("voiceFlow", "menu", "choices", ITEM)
_END_OF_16_BITS = "\uffff"


def _beyond(bits: int) -> Test:
    return lambda value: abs(number(value) or 0) >= 2 ** (bits - 1)


def _is_late(value: Json) -> bool:
    given = number(value)
    return given is not None and given > 2**31 - 1


def _is_object(value: Json) -> bool:
    return isinstance(value, dict)


# At values: name, what is fatal in words, the test, and where it stands.
_VALUES: tuple[tuple[str, str, Test, tuple[Step, ...]], ...] = (
    ("after-2038", "A time beyond 32 bits", _is_late, ("scheduledAt",)),
    (
        "emoji",
        "A name with a character beyond 16 bits",
        says(lambda text: any(sign > _END_OF_16_BITS for sign in text)),
        ("name",),
    ),
    ("nul", "A name with a NUL", says(lambda text: "\0" in text), ("name",)),
    ("percent", "A name with a format in it", says(lambda t: "%s" in t), ("name",)),
    ("quote", "A name with an apostrophe", says(lambda text: "'" in text), ("name",)),
    (
        "double-quote",
        "A text with a quotation mark",
        says(lambda text: '"' in text),
        ("voiceFlow", "welcome", "say"),
    ),
    ("256-characters", "A name of 256 characters", measures(256), ("name",)),
    ("long-name", "A name of thousands of characters", longer(9999), ("name",)),
    ("empty-name", "An empty name", measures(0), ("name",)),
    (
        "lone-surrogate",
        "Half a surrogate pair in a name",
        says(lambda text: any("\ud800" <= sign <= "\udfff" for sign in text)),
        ("name",),
    ),
    (
        "capital-uuid",
        "A segment's id in capitals",
        says(lambda text: text != text.lower()),
        ("segmentIds", ITEM),
    ),
    (
        "capital-calendar",
        "A calendar's id in capitals",
        says(lambda text: text != text.lower()),
        ("calendarId",),
    ),
    ("beyond-64-bits", "A time beyond 64 bits", _beyond(65), ("scheduledAt",)),
    (
        "huge-replay",
        "A number of replays beyond 64 bits",
        _beyond(65),
        ("voiceFlow", "welcome", "replay"),
    ),
    (
        "negative-delay",
        "A negative delay",
        lambda value: (number(value) or 0) < 0,
        ("retryDelays", ITEM),
    ),
    (
        "fourth-delay",
        "A fourth delay",
        longer(3),
        ("retryDelays",),
    ),
    (
        "fraction",
        "A number of retries with a fraction of zero",
        lambda value: isinstance(value, float),
        ("retries",),
    ),
    (
        "unlisted-voice",
        "A voice that is not known",
        says(lambda text: text not in {"woman", "man"}),
        ("voice",),
    ),
    (
        "bad-uuid",
        "A calendar's id that is none",
        says(lambda text: len(text) != 36),
        ("calendarId",),
    ),
    (
        "null-delays",
        "Null for the delays",
        lambda value: value is None,
        ("retryDelays",),
    ),
    (
        "null-language",
        "Null for the language",
        lambda value: value is None,
        ("language",),
    ),
    (
        "text-for-script",
        "A text for the script",
        lambda value: isinstance(value, str),
        ("voiceFlow",),
    ),
    (
        "list-for-actions",
        "A list for the actions",
        lambda value: isinstance(value, list),
        ("actions",),
    ),
    (
        "text-for-choice",
        "A choice that is no object",
        lambda value: not _is_object(value),
        _CHOICE,
    ),
    (
        "missing-key",
        "A choice without a key",
        lambda value: _is_object(value) and member(value, "key") is None,
        _CHOICE,
    ),
    ("missing-name", "A body without a name", lacks("name"), ()),
    (
        "missing-welcome",
        "A script without a welcome",
        lacks("welcome"),
        ("voiceFlow",),
    ),
    (
        "list-as-body",
        "A body that is a list",
        lambda value: isinstance(value, list),
        (),
    ),
    (
        "unknown-member",
        "A member that is not known",
        lambda value: isinstance(value, dict) and not value.keys() <= {*MEMBERS},
        (),
    ),
    ("unknown-type", "A type other than default", has("type", "otp"), ()),
)


def _misread(fatal: Callable[[bytes], bool]) -> Defect:
    """Fall over at some bytes before they are read as JSON."""

    def read(raw: bytes) -> Json:
        if fatal(raw):
            raise CrashError
        return parse(raw)

    return lambda behaviour: replace(behaviour, parse=read)


def _is_no_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return True
    return False


def _is_no_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return True
    return False


# At bytes: name, what is fatal in words, and the test.
_BYTES: tuple[tuple[str, str, Callable[[bytes], bool]], ...] = (
    ("empty-body", "A body of no bytes", lambda raw: not raw),
    ("bad-json", "A body that is no JSON", _is_no_json),
    ("bad-utf-8", "A body that is not UTF-8", _is_no_text),
    ("bom", "A byte order mark", lambda raw: raw[:3] == b"\xef\xbb\xbf"),
    ("nan", "A number that is none", lambda raw: b"NaN" in raw),
    ("huge-number", "A number of thousands of digits", lambda raw: b"0" * 999 in raw),
    ("huge-exponent", "A number too large for a float", lambda raw: b"1e400" in raw),
    ("deep-lists", "Lists nested a thousand deep", lambda raw: b"[" * 999 in raw),
    (
        "deep-objects",
        "Objects nested hundreds deep",
        lambda raw: b'{"x":' * 400 in raw,
    ),
)

# Longer than any client waits.
_HANG_S = 60.0


def _hanging(operation: Operation, _store: Store) -> Operation:
    # Imported late: whoever only starts a server as a child needs no loop.
    import asyncio  # noqa: PLC0415

    async def respond(request: Request) -> Reply:
        if len(await request.body()) > 10_000:
            await asyncio.sleep(_HANG_S)
        return await operation(request)

    return respond


crashing_mutants = (
    *(
        Mutant(
            f"crash-on-{name}" if name != "after-2038" else "crash-after-2038",
            "robustness",
            f"{what} is answered with status 500.",
            crashing(fatal, *steps),
        )
        for name, what, fatal, steps in _VALUES
    ),
    *(
        Mutant(
            f"crash-on-{name}",
            "robustness",
            f"{what} is answered with status 500.",
            _misread(fatal),
        )
        for name, what, fatal in _BYTES
    ),
    Mutant(
        "hang-on-large-body",
        "robustness",
        "A body of more than 10000 bytes is not answered for a minute.",
        lambda behaviour: replace(behaviour, around=_hanging),
    ),
)
