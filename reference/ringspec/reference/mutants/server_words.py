"""The words of rows about the server: its replies, operations, tokens, and HTTP.

In: the argument of a word, and the row that it stands in. Out: a defect, which turns a
behaviour into another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ringspec.reference import tokens
from ringspec.reference.behaviour import Behaviour, Defect, Operation
from ringspec.reference.behaviour import turn_away as due_refusal
from ringspec.reference.json_values import JsonObject, as_object, rewritten, steps_of
from ringspec.reference.messages import RefusedError, Reply, envelope, refused
from ringspec.reference.mutants import stores
from ringspec.reference.mutants.vocabulary import WORDS, change_of, expression
from ringspec.reference.store import TRANSITIONS, Broadcast, Store, now_ms

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ringspec.reference.mutants.rows import Variant
    from ringspec.reference.serving import ServerSettings

    Around = Callable[[Operation, Store, Request], Awaitable[Reply]]
    Refused = Callable[[Store, Request, bytes], Reply | None]
    Headers = list[tuple[bytes, bytes]]
    Finish = Callable[[Message, bytes], Iterable[Message]]

# Seconds; longer than any client waits.
_HANG_S = 60.0


def shows(written: Any, row: Variant) -> Defect:
    """Change values of a broadcast in answers."""
    change, steps = change_of(written), steps_of(row.at or "")

    def show(body: JsonObject) -> JsonObject:
        shown = rewritten(body, change, steps)
        return shown if isinstance(shown, dict) else body

    return lambda behaviour: replace(behaviour, show=show)


def fills_in(defaults: JsonObject, _row: Variant) -> Defect:
    """Fill in other defaults; none where the value is null."""

    def apply(behaviour: Behaviour) -> Behaviour:
        filled = {**behaviour.defaults, **defaults}
        kept = {name: value for name, value in filled.items() if value is not None}
        return replace(behaviour, defaults=kept)

    return apply


def _is_concerned(which: str | int, status: int) -> bool:
    known = {"all": True, "success": status < 300, "errors": status >= 400}
    return status == which if isinstance(which, int) else known[which]


def _replying(which: str | int, change: Callable[[Reply], Reply]) -> Defect:
    def apply(behaviour: Behaviour) -> Behaviour:
        def reply(due: Reply) -> Reply:
            due = behaviour.reply(due)
            return change(due) if _is_concerned(which, due.status) else due

        return replace(behaviour, reply=reply)

    return apply


def status(statuses: Mapping[int, int], _row: Variant) -> Defect:
    """Answer with other statuses."""
    return _replying(
        "all",
        lambda due: replace(due, status=statuses.get(due.status, due.status)),
    )


def media_type(types: Mapping[str, str], _row: Variant) -> Defect:
    """Answer under other media types."""
    ((which, name),) = types.items()
    return _replying(which, lambda due: replace(due, media_type=name))


def body(changes: Mapping[str | int, Any], row: Variant) -> Defect:
    """Answer with other bodies."""
    ((which, written),) = changes.items()
    change, steps = change_of(written), steps_of(row.at or "")
    return _replying(
        which, lambda due: replace(due, body=rewritten(due.body, change, steps))
    )


def changes_headers(headers: Mapping[str, str | None], _row: Variant) -> Defect:
    """Add headers to every answer; leave out those whose value is null."""

    def changed(due: Reply) -> Reply:
        every = {**due.headers, **headers}
        return replace(due, headers={k: v for k, v in every.items() if v is not None})

    return _replying("all", changed)


def says_location(_: Any, _row: Variant) -> Defect:
    """Answer a create with the header Location."""

    def located(due: Reply) -> Reply:
        location = f"/voice/broadcasts/{as_object(due.body).get('broadcastId')}"
        return replace(due, headers={**due.headers, "Location": location})

    return _replying(201, located)


def elsewhere(statuses: Mapping[int, int], _row: Variant) -> Defect:
    """Change the answer to an unknown path (404) or method (405)."""
    ((due_status, other),) = statuses.items()
    given = Reply(other, {}) if other < 400 else envelope(other, "This cannot be done.")
    return lambda behaviour: replace(
        behaviour, elsewhere=lambda due: given if due.status == due_status else due
    )


def _storing(make: Callable[[Any], type[Store]]) -> Callable[[Any, Variant], Defect]:
    """Return a word that keeps broadcasts in a store made for its argument."""
    return lambda argument, _row: lambda it: replace(it, store=make(argument))


store = _storing(lambda name: getattr(stores, name))
begins = _storing(stores.beginning)
ids = _storing(stores.with_ids)
lists = _storing(stores.listing)
updates = _storing(stores.updating)


def commands(changes: Mapping[str, Mapping[str, Any]], _row: Variant) -> Defect:
    """Change the transitions of commands, of all by the name `all`.

    `to` and `answers` are a state, `from` and `also_from` several.
    """

    def apply(behaviour: Behaviour) -> Behaviour:
        transitions = dict(behaviour.transitions)
        for name in TRANSITIONS:
            change = changes.get(name, changes.get("all", {}))
            due = transitions[name]
            sources = change.get("from", due.sources)
            transitions[name] = replace(
                due,
                sources=frozenset({*sources, *change.get("also_from", ())}),
                target=change.get("to", due.target),
                answered=change.get("answers", due.answered),
            )
        return replace(behaviour, transitions=transitions)

    return apply


def operation(name: str, _row: Variant) -> Defect:
    """Change an operation: one of `_OPERATIONS`."""
    return _doing(_OPERATIONS[name])


def _doing(do: Around) -> Defect:
    return lambda behaviour: replace(
        behaviour, around=lambda operation, store: partial(do, operation, store)
    )


def _when_refused(status: int | None, then: Refused) -> Around:
    """Do more, or answer otherwise, after a refusal with a status, or any."""

    async def do(operation: Operation, store: Store, request: Request) -> Reply:
        raw = await request.body()
        try:
            return await operation(request)
        except RefusedError as error:
            due = error.reply
            is_meant = status in (None, due.status)
            return (then(store, request, raw) if is_meant else None) or due

    return do


def keeps_despite(code: int | None, _row: Variant) -> Defect:
    """Keep a body that is refused with a status, or any."""

    def keep(store: Store, request: Request, raw: bytes) -> None:
        body, name = _body_of(raw), request.path_params.get("broadcast_id")
        if name is None:
            store.add(body, len(raw))
        elif found := store.find(name):
            store.change(found, body, len(raw))

    return _doing(_when_refused(code, keep))


def _body_of(raw: bytes) -> JsonObject:
    """Read an object as far as possible, else return a default one."""
    for content in (raw, raw + b"}"):
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return {"name": "unnamed"}


def _id_of(request: Request) -> str:
    return str(request.path_params["broadcast_id"])


def _gone(store: Store, request: Request, _raw: bytes) -> Reply | None:
    """Answer 410 for a deleted broadcast."""
    gone = store.deleted if isinstance(store, stores.RemembersDeleted) else ()
    known = request.path_params.get("broadcast_id") in gone
    return envelope(410, "The broadcast was deleted.") if known else None


def _unfound(test: Callable[[Broadcast], bool]) -> Around:
    """Do not find some broadcasts."""

    async def do(operation: Operation, store: Store, request: Request) -> Reply:
        found = store.find(_id_of(request))
        if found is not None and test(found):
            raise refused(404, "There is no such broadcast.")
        return await operation(request)

    return do


async def _undone(operation: Operation, store: Store, request: Request) -> Reply:
    before = store.find(_id_of(request))
    reply = await operation(request)
    if before is not None:
        store.restore(before)
    return reply


async def _upserting(operation: Operation, store: Store, request: Request) -> Reply:
    if store.find(_id_of(request)) is None:
        made = store.made({}, 0)
        store.restore(replace(made, broadcast_id=_id_of(request)))
    return await operation(request)


async def _unversioned(operation: Operation, _store: Store, request: Request) -> Reply:
    if "x-version" in request.headers:
        raise refused(400, "There is only one version.")
    return await operation(request)


async def _hanging(operation: Operation, _store: Store, request: Request) -> Reply:
    # Imported late: a process that only starts a server as its child needs no loop.
    import asyncio  # noqa: PLC0415

    if len(await request.body()) > 10_000:
        await asyncio.sleep(_HANG_S)
    return await operation(request)


_OPERATIONS: dict[str, Around] = {
    "finds nothing": _unfound(lambda _found: True),
    "finds nothing at once": _unfound(
        lambda found: now_ms() - found.created_at < 1000 * stores.BEHIND_S
    ),
    "answers 410 once deleted": _when_refused(404, _gone),
    "undoes itself": _undone,
    "creates what is unknown": _upserting,
    "refuses versions": _unversioned,
    "hangs at large bodies": _hanging,
}


def admits(written: str, _row: Variant) -> Defect:
    """Let in by more: an expression of the Authorization `header`, and the `token`."""
    admits = expression(written)

    def admit(request: Request, token: str) -> bool:
        header = request.headers.get("authorization", "")
        own = tokens.brings_token(request, token)
        return own or bool(admits(header=header, token=token))

    return lambda behaviour: replace(behaviour, admit=admit)


def turns_away(how: str, _row: Variant) -> Defect:
    """Refuse an unauthorized request otherwise."""

    async def turn_away(operation: Operation, request: Request) -> Reply:
        if how == "after the operation is done":
            await operation(request)
            return await due_refusal(operation, request)
        given = tokens.bearer(request.headers.get("authorization", ""))
        raise refused(401, f"The token {given} is not known.")

    return lambda behaviour: replace(behaviour, turn_away=turn_away)


def repeats_token_in(where: str, _row: Variant) -> Defect:
    """Answer with the Authorization header of the request, in the body or a header."""

    async def do(operation: Operation, _store: Store, request: Request) -> Reply:
        reply = await operation(request)
        header = request.headers.get("authorization", "")
        if where == "header":
            return replace(reply, headers={**reply.headers, "X-Authorization": header})
        debug: JsonObject = {"debug": {"authorization": header}}
        return replace(reply, body={**as_object(reply.body), **debug})

    return _doing(do)


def takes_in_forms(patterns: Mapping[str, str], _row: Variant) -> Defect:
    """Take other values in a request for a token, of a pattern, for the right ones.

    In it, BEGIN stands for the first eight characters of the right one.
    """

    def issue(form: Mapping[str, str], settings: ServerSettings) -> Reply:
        right = {
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "grant_type": "client_credentials",
        }
        taken = {
            name: right[name]
            for name, pattern in patterns.items()
            if re.fullmatch(
                pattern.replace("BEGIN", re.escape(right[name][:8])),
                form.get(name, ""),
            )
        }
        return tokens.issue({**form, **taken}, settings)

    return lambda behaviour: replace(behaviour, issue=issue)


def repeats_secret(_: Any, _row: Variant) -> Defect:
    """Repeat a wrong secret in the refusal."""

    def issue(form: Mapping[str, str], settings: ServerSettings) -> Reply:
        try:
            return tokens.issue(form, settings)
        except RefusedError as error:
            message = f"The secret {form.get('client_secret')} is wrong."
            raise refused(error.reply.status, message) from None

    return lambda behaviour: replace(behaviour, issue=issue)


class BrokenOffError(Exception):
    """Raised in the middle of an answer: the server then closes the connection."""


def _finishing(finish: Finish) -> Defect:
    """Send other messages, made of the start and the bytes of each answer."""

    def wire(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            held: list[Message] = []

            async def hold(message: Message) -> None:
                held.append(message)

            await app(scope, receive, hold)
            start, *rest = held
            content = b"".join(message.get("body", b"") for message in rest)
            for message in finish(start, content):
                await send(message)

        return wrapped

    return lambda behaviour: replace(behaviour, wire=wire)


def _part(content: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


def _with_length(start: Message, length: int | None) -> Message:
    headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {**start, "headers": headers}


def sends(changes: Mapping[str, Any], _row: Variant) -> Defect:
    """Send other bytes, with their right length."""
    ((which, written),) = changes.items()
    ((word, text),) = ({written: ""} if isinstance(written, str) else written).items()
    change, part = expression(WORDS["sends"][word]), text.encode("latin-1")

    def finish(start: Message, content: bytes) -> list[Message]:
        if content and _is_concerned(which, start["status"]):
            content = change(content=content, text=part)
            start = _with_length(start, len(content))
        return [start, _part(content)]

    return _finishing(finish)


def breaks_off(how: Mapping[str, Any], _row: Variant) -> Defect:
    """Break answers off in the middle: those above a length, or with a status.

    The missing rest shows by the length, or in chunks by the missing end.
    """

    def finish(start: Message, content: bytes) -> Iterator[Message]:
        concerned = start["status"] in how.get("statuses", ())
        if not concerned and len(content) <= how.get("above", len(content)):
            yield from (start, _part(content))
            return
        yield _with_length(start, None if how.get("chunked") else len(content))
        yield _part(content[: len(content) // 2], more=True)
        raise BrokenOffError("the answer breaks off here")

    return _finishing(finish)


def wire(name: str, _row: Variant) -> Defect:
    """Change HTTP handling: one of `_WIRES`."""
    return _WIRES[name]


def _in_chunks(start: Message, content: bytes) -> Iterator[Message]:
    yield _with_length(start, None) if content else start
    size = -(-len(content) // 3) or 1
    for begin in range(0, len(content), size):
        yield _part(content[begin : begin + size], more=True)
    yield _part(b"")


def _gzipped(start: Message, content: bytes) -> list[Message]:
    import gzip  # noqa: PLC0415 - only here

    if content:
        content = gzip.compress(content)
        start = _with_length(start, len(content))
        start["headers"].append((b"content-encoding", b"gzip"))
    return [start, _part(content)]


def _heading(change: Callable[[Headers, bytes], Headers]) -> Defect:
    def finish(start: Message, content: bytes) -> list[Message]:
        headers = change(start["headers"], content)
        return [{**start, "headers": headers}, _part(content)]

    return _finishing(finish)


def _by_beginning(behaviour: Behaviour) -> Behaviour:
    known = "/voice/broadcasts"

    def wire(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            path = scope["path"]
            if path.startswith(known) and path[len(known) :][:1] not in ("", "/"):
                scope = {**scope, "path": known}
            await app(scope, receive, send)

        return wrapped

    return replace(behaviour, wire=wire)


_WIRES: dict[str, Defect] = {
    "in chunks": _finishing(_in_chunks),
    "gzip": _finishing(_gzipped),
    "connections closed": _heading(
        lambda due, content: [*due, (b"connection", b"close")] if content else due
    ),
    "no Content-Type": _heading(
        lambda due, _: [pair for pair in due if pair[0] != b"content-type"]
    ),
    # Source: RFC 9110, 5.1.
    "headers in capitals": _heading(
        lambda due, _: [(name.upper(), value) for name, value in due]
    ),
    "paths by their beginning": _by_beginning,
}
