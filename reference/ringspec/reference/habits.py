"""Habits: what lawful servers do otherwise than the reference.

Goes in: what to do otherwise. Comes out: a habit, which gives it to a behaviour.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from ringspec.reference.answers import RefusedError, Reply, refused
from ringspec.reference.bodies import demand_json, parse
from ringspec.reference.checks import Check
from ringspec.reference.checks.places import at
from ringspec.reference.store import Broadcast, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ringspec.reference.behaviour import Behaviour, Operation
    from ringspec.reference.checks.places import Step
    from ringspec.reference.lifecycle import Transition
    from ringspec.reference.values import Json, JsonObject

    Habit: TypeAlias = "Callable[[Behaviour], Behaviour]"
    Headers: TypeAlias = "list[tuple[bytes, bytes]]"

# What a required member is taken for where it is absent. Source: facts.md A.
REQUIRED_DEFAULTS: Mapping[str, Json] = {
    "type": "default",
    "source": "people",
    "retries": 0,
    "retryOnNoInput": False,
    "retryOnFailed": False,
}


def refusing(holds: Callable[[Json], bool], *steps: Step) -> Habit:
    """Refuse what is not settled, wherever it stands."""
    check = Check("unsettled", at(*steps), holds, "is not taken here")
    return lambda behaviour: replace(behaviour, checks=(*behaviour.checks, check))


def replying(change: Callable[[Reply], Reply]) -> Habit:
    """Put every answer otherwise."""
    return lambda behaviour: replace(behaviour, reply=change)


def with_status(known: int, other: int) -> Habit:
    """Answer with another status."""
    return replying(
        lambda reply: replace(reply, status=other) if reply.status == known else reply
    )


def with_headers(**headers: str) -> Habit:
    """Add headers to every answer."""
    added = {name.replace("_", "-"): value for name, value in headers.items()}
    return replying(lambda reply: replace(reply, headers={**reply.headers, **added}))


def telling(change: Callable[[JsonObject], JsonObject]) -> Habit:
    """Put what stands in the envelope of errors otherwise."""

    def tell(reply: Reply) -> Reply:
        error = reply.body.get("error") if isinstance(reply.body, dict) else None
        changed = change(error) if isinstance(error, dict) else error
        return replace(reply, body={"error": changed})

    return lambda behaviour: replace(behaviour, refuse=tell)


def showing(change: Callable[[JsonObject], JsonObject]) -> Habit:
    """Answer a broadcast otherwise."""
    return lambda behaviour: replace(behaviour, show=change)


def only(operations: Iterable[str], habit: Habit) -> Habit:
    """Have a habit only while some operations are done."""
    names = tuple(operations)

    def apply(behaviour: Behaviour) -> Behaviour:
        during = {**behaviour.during, **dict.fromkeys(names, habit)}
        return replace(behaviour, during=during)

    return apply


def commanding(change: Callable[[Transition], Transition]) -> Habit:
    """Do every command otherwise."""

    def apply(behaviour: Behaviour) -> Behaviour:
        changed = {name: change(one) for name, one in behaviour.transitions.items()}
        return replace(behaviour, transitions=changed)

    return apply


def keeping(store: Callable[[], Store]) -> Habit:
    """Keep broadcasts in another way."""
    return lambda behaviour: replace(behaviour, store=store)


def filling(behaviour: Behaviour) -> Behaviour:
    """Take the default where a required member that has one is absent, or null."""

    def given(body: JsonObject) -> JsonObject:
        sent = {name: value for name, value in body.items() if value is not None}
        return {**body, **REQUIRED_DEFAULTS, **sent}

    def read(body: Json) -> Json:
        return given(body) if isinstance(body, dict) else body

    return replace(behaviour, read=read, keep=given)


def parsing(read: Callable[[bytes], Json]) -> Habit:
    """Read bytes as JSON in another way."""
    return lambda behaviour: replace(behaviour, parse=read)


def without_mark(raw: bytes) -> Json:
    """Read JSON after a byte order mark, if there is one. Source: RFC 8259, 8.1."""
    return parse(raw.removeprefix(b"\xef\xbb\xbf"))


def without_repetition(raw: bytes) -> Json:
    """Read JSON in which no member stands twice. Source: RFC 8259, 4."""

    def once(pairs: list[tuple[str, Json]]) -> JsonObject:
        members = dict(pairs)
        if len(members) < len(pairs):
            raise refused(400, "A member must not stand twice.")
        return members

    body = parse(raw)
    json.loads(raw, object_pairs_hook=once)
    return body


def within(limit: int) -> Callable[[bytes], Json]:
    """Make a reader of bodies up to some size."""

    def read(raw: bytes) -> Json:
        if len(raw) > limit:
            raise refused(413, f"A body may have at most {limit} bytes.")
        return parse(raw)

    return read


def unlabelled(content_type: str) -> None:
    """Take for JSON what has no label. Source: RFC 9110, 8.3."""
    if content_type:
        demand_json(content_type)


def knowing_other_uuids(behaviour: Behaviour) -> Behaviour:
    """Read a uuid without hyphens, in braces or as a urn, as many libraries do."""

    def is_known(value: Json) -> bool:
        text = str(value).removeprefix("urn:uuid:").strip("{}").replace("-", "")
        return (
            isinstance(value, str) and re.fullmatch("[0-9a-fA-F]{32}", text) is not None
        )

    def lenient(check: Check) -> Check:
        return replace(check, holds=lambda value: check.holds(value) or is_known(value))

    checks = (
        lenient(check) if check.rule.endswith(".format") else check
        for check in behaviour.checks
    )
    return replace(behaviour, checks=tuple(checks))


def gone(behaviour: Behaviour) -> Behaviour:
    """Tell what was deleted from what never was."""

    def around(operation: Operation, store: Store) -> Operation:
        async def respond(request: Request) -> Reply:
            known = isinstance(store, Remembering) and store.knew(request)
            try:
                return await operation(request)
            except RefusedError as error:
                if known and error.reply.status == 404:
                    raise refused(410, "The broadcast was deleted.") from error
                raise

        return respond

    return replace(behaviour, around=around, store=Remembering)


class Remembering(Store):
    """Remembers the ids of what was deleted."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self._gone: set[str] = set()

    def knew(self, request: Request) -> bool:
        """Tell whether a request is about something that was deleted."""
        return request.path_params.get("broadcast_id") in self._gone

    def remove(self, broadcast_id: str) -> None:
        """Forget a broadcast, but for its id."""
        self._gone.add(broadcast_id)
        Store.remove(self, broadcast_id)


class NewestFirst(Store):
    """Lists the newest broadcast first."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        """List some broadcasts by their place in the order."""
        return list(reversed(self._kept.values()))[start:stop]


class AlwaysDrafts(Store):
    """Begins with a draft, even where a time is set."""

    def made(self, body: JsonObject, size: int) -> Broadcast:
        """Make a broadcast with an id of its own, a draft."""
        return replace(Store.made(self, body, size), state="draft")


class Counting(Store):
    """Numbers broadcasts, and never twice the same."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._made = 0

    def made(self, body: JsonObject, size: int) -> Broadcast:
        """Make a broadcast whose id is a text with its number."""
        self._made += 1
        return replace(Store.made(self, body, size), broadcast_id=f"b-{self._made:06}")


def on_the_wire(
    change: Callable[[bytes], bytes] = bytes, *, parts: int = 1, **headers: str
) -> Habit:
    """Change the bytes of each answer that has some, and add headers.

    parts: in how many an answer comes; several come in chunks, without a length.
    """
    added = {name.replace("_", "-"): value for name, value in headers.items()}

    def wire(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            held: list[Message] = []

            async def hold(message: Message) -> None:
                held.append(message)

            await app(scope, receive, hold)
            start, *rest = held
            content = b"".join(message.get("body", b"") for message in rest)
            if content:
                content = change(content)
                length = None if parts > 1 else len(content)
                start = {**start, "headers": _headers(start["headers"], length, added)}
            await send(start)
            for part in _parts(content, parts):
                await send({"type": "http.response.body", "body": part, **_MORE})
            await send({"type": "http.response.body", "body": b""})

        return wrapped

    return lambda behaviour: replace(behaviour, wire=wire)


_MORE = {"more_body": True}


def _parts(content: bytes, parts: int) -> list[bytes]:
    size = -(-len(content) // parts) or 1
    return [content[at : at + size] for at in range(0, len(content), size)]


def _headers(
    known: Iterable[tuple[bytes, bytes]], length: int | None, added: Mapping[str, str]
) -> Headers:
    dropped = {b"content-length", *(name.encode() for name in added)}
    kept = [(name, value) for name, value in known if name not in dropped]
    if length is not None:
        kept.append((b"content-length", str(length).encode()))
    return [*kept, *((name.encode(), value.encode()) for name, value in added.items())]


def shouting(app: ASGIApp) -> ASGIApp:
    """Write the names of headers in capitals. Source: RFC 9110, 5.1."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def shout(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name.upper(), value) for name, value in message["headers"]]
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, shout)

    return wrapped
