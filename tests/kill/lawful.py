"""Lawful variants: servers that differ in ways that no source forbids.

Each is the reference with one more habit. None may fail a run at its level.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ringspec.reference.answers import Reply
from ringspec.reference.behaviour import Behaviour
from ringspec.reference.checks import Check
from ringspec.reference.checks.places import ITEM, Step, at
from ringspec.spec import Level

# Bodies and answers are whatever was sent: these habits look before they judge.
Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]
Variant = Callable[[Behaviour], Behaviour]
Changed = tuple[bytes, dict[str, str]]

DEFAULTS: JsonObject = {
    "type": "default",
    "source": "people",
    "retries": 0,
    "retryOnNoInput": False,
    "retryOnFailed": False,
}
KNOWN = {
    *DEFAULTS,
    *("name", "from", "segmentIds", "includeUnsubscribed", "file", "scheduledAt"),
    *("retryDelays", "calendarId", "distribution", "dynamicName", "allowMultiple"),
    *("actions", "language", "voice", "voiceFlow"),
}


@dataclass(frozen=True)
class Lawful:
    """A habit, and the strictest level at which it passes."""

    name: str
    apply: Variant
    level: Level = Level.MAY


def refusing(holds: Callable[[Json], bool], *steps: Step) -> Variant:
    """Refuse what is not settled, wherever it stands."""
    check = Check("unsettled", at(*steps), holds, "is not taken here")
    return lambda behaviour: replace(behaviour, checks=(*behaviour.checks, check))


def replying(change: Callable[[Reply], Reply]) -> Variant:
    return lambda behaviour: replace(behaviour, reply=change)


def showing(change: Callable[[JsonObject], JsonObject]) -> Variant:
    return lambda behaviour: replace(behaviour, show=change)


def filling(behaviour: Behaviour) -> Behaviour:
    """Take the default where a required member that has one is absent, or null."""

    def given(body: Json) -> Json:
        if not isinstance(body, dict):
            return body
        sent = {name: value for name, value in body.items() if value is not None}
        return {**body, **DEFAULTS, **sent}

    def kept(body: JsonObject) -> JsonObject:
        return dict(given(body))

    return replace(behaviour, read=given, keep=kept)


def on_the_wire(change: Callable[[bytes], Changed]) -> Variant:
    """Change the bytes of each answer that has some, and add headers."""

    def wire(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            held: list[Message] = []

            async def hold(message: Message) -> None:
                held.append(message)
                if message["type"] != "http.response.body":
                    return
                start, body = held[0], message.get("body", b"")
                content, added = change(body) if body else (body, {})
                start["headers"] = _headers(start["headers"], content, added)
                await send(start)
                await send({"type": "http.response.body", "body": content})

            await app(scope, receive, hold)

        return wrapped

    return lambda behaviour: replace(behaviour, wire=wire)


def _headers(
    known: Iterable[tuple[bytes, bytes]], content: bytes, added: dict[str, str]
) -> list[tuple[bytes, bytes]]:
    dropped = {b"content-length", *(name.encode() for name in added)}
    length = (b"content-length", str(len(content)).encode())
    kept = [(name, value) for name, value in known if name not in dropped]
    return [*kept, length, *((k.encode(), v.encode()) for k, v in added.items())]


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return (
        [_without_nulls(each) for each in value] if isinstance(value, list) else value
    )


def _lower_uuids(body: JsonObject) -> JsonObject:
    lowered = {**body}
    if body.get("segmentIds"):
        lowered["segmentIds"] = [each.lower() for each in body["segmentIds"]]
    if body.get("calendarId"):
        lowered["calendarId"] = body["calendarId"].lower()
    return lowered


def _status(known: int, other: int) -> Callable[[Reply], Reply]:
    return lambda reply: (
        replace(reply, status=other) if reply.status == known else reply
    )


def _one_voice(value: Json) -> bool:
    return not (isinstance(value, dict) and {"say", "prompt"} <= value.keys())


def _plays_or_transfers(value: Json) -> bool:
    transfers = isinstance(value, dict) and "transfer" in value
    return not (transfers and {"say", "prompt", "replay"} & value.keys())


def _late(value: Json) -> bool:
    return not isinstance(value, int) or value > 1.8e9


def _few(value: Json) -> bool:
    return not isinstance(value, int) or 0 <= value <= 3


def _both(value: Json) -> bool:
    return not isinstance(value, dict) or len(value) == 2


def _no_nulls(body: Json) -> bool:
    return not isinstance(body, dict) or all(
        value is not None for name, value in body.items() if name != "scheduledAt"
    )


def _alone(name: str, other: str, wanted: Json) -> Callable[[Json], bool]:
    """Let a member stand only where another one has some value."""
    return lambda body: (
        not isinstance(body, dict)
        or body.get(name) is None
        or body.get(other) == wanted
    )


LAWFUL = [
    Lawful("created-is-200", lambda b: replace(b, created=200)),
    Lawful("created-is-202", lambda b: replace(b, created=202)),
    Lawful("invalid-is-400", replying(_status(422, 400))),
    Lawful("not-json-is-422", replying(_status(400, 422))),
    Lawful("unauthorised-is-403", replying(_status(401, 403)), Level.MUST),
    Lawful("defaults-for-absent", filling, Level.MUST),
    Lawful("more-members", showing(lambda body: {**body, "links": [], "owner": None})),
    Lawful("other-order", showing(lambda body: dict(reversed(body.items())))),
    Lawful("nulls-left-out", showing(_without_nulls)),
    Lawful("uuids-in-lower-case", showing(_lower_uuids)),
    Lawful(
        "charset",
        replying(
            lambda reply: replace(reply, media_type="application/json; charset=utf-8")
        ),
    ),
    Lawful(
        "pretty-printed",
        on_the_wire(lambda body: (json.dumps(json.loads(body), indent=2).encode(), {})),
    ),
    Lawful(
        "raw-unicode",
        on_the_wire(
            lambda body: (
                json.dumps(json.loads(body), ensure_ascii=False).encode(
                    "utf-8", "replace"
                ),
                {},
            )
        ),
    ),
    Lawful(
        "gzip",
        on_the_wire(lambda body: (gzip.compress(body), {"content-encoding": "gzip"})),
    ),
    Lawful("closing", on_the_wire(lambda body: (body, {"connection": "close"}))),
    Lawful(
        "unknown-refused",
        refusing(lambda b: not isinstance(b, dict) or b.keys() <= KNOWN),
    ),
    Lawful(
        "blank-name-refused", refusing(lambda name: bool(str(name).strip()), "name")
    ),
    Lawful("long-name-refused", refusing(lambda name: len(str(name)) <= 100, "name")),
    Lawful("delay-0-refused", refusing(lambda delay: delay != 0, "retryDelays", ITEM)),
    Lawful("only-default-type", refusing(lambda kind: kind == "default", "type")),
    Lawful(
        "past-refused",
        refusing(_late, "scheduledAt"),
    ),
    Lawful(
        "wide-replay-refused",
        refusing(
            lambda n: not isinstance(n, int) or 0 <= n <= 3,
            "voiceFlow",
            "welcome",
            "replay",
        ),
    ),
    Lawful(
        "flag-only-for-people",
        refusing(_alone("includeUnsubscribed", "source", "people")),
    ),
    Lawful(
        "segments-only-for-people", refusing(_alone("segmentIds", "source", "people"))
    ),
    Lawful("file-only-for-file", refusing(_alone("file", "source", "file"))),
    Lawful(
        "multiple-only-for-file", refusing(_alone("allowMultiple", "source", "file"))
    ),
    Lawful(
        "dynamic-name-only-for-dynamic",
        refusing(_alone("dynamicName", "distribution", "dynamic")),
    ),
    Lawful("one-voice-in-menus", refusing(_one_voice, "voiceFlow", "menu")),
    Lawful(
        "one-voice-in-choices",
        refusing(_one_voice, "voiceFlow", "menu", "choices", ITEM),
    ),
    Lawful(
        "transfer-alone",
        refusing(_plays_or_transfers, "voiceFlow", "menu", "choices", ITEM),
    ),
    Lawful(
        "both-statuses",
        refusing(_both, "actions", "status"),
    ),
    Lawful("digits-only", refusing(lambda number: str(number).isdigit(), "from")),
    Lawful("nulls-refused", refusing(_no_nulls)),
]
