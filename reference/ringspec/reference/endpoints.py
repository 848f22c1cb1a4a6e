"""The endpoints: routes, the token that they ask for, operations, JSON on the wire.

Source: facts.md D.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringspec.reference.behaviour import Behaviour, Operation, same
from ringspec.reference.body_checks import Problem, validate
from ringspec.reference.dialects import DIALECTS, ServerDialect
from ringspec.reference.json_values import JsonObject
from ringspec.reference.messages import (
    CrashError,
    RefusedError,
    Reply,
    envelope,
    invalid,
    memory_of,
    read_bytes,
    refused,
)
from ringspec.reference.serving import ServerSettings
from ringspec.reference.store import EDITABLE, RUNNING, TRANSITIONS, Broadcast, Store
from ringspec.reference.tokens import read_form

Endpoint: TypeAlias = "Callable[[Request], Awaitable[Response]]"

_DEFAULT_PAGE_SIZE = 25
_LARGEST_PAGE_SIZE = 100
_LARGEST_PAGE = 10**9


def build(settings: ServerSettings, behaviour: Behaviour | None = None) -> Starlette:
    """Build the application; its broadcasts live as long as it does."""
    behaviour = behaviour or Behaviour()
    elsewhere = _elsewhere(behaviour)
    app = Starlette(
        routes=_routes(settings, behaviour),
        middleware=[Middleware(behaviour.wire)],
        exception_handlers={HTTPException: elsewhere, Exception: elsewhere},
    )
    # The documents promise no redirect for a stray slash.
    app.router.redirect_slashes = False
    app.state.limits = settings.limits
    return app


def to_response(reply: Reply) -> Response:
    """Convert a reply; escapes protect lone surrogates."""
    if reply.status == 204:
        return Response(b"", 204, dict(reply.headers))
    content = json.dumps(reply.body, separators=(",", ":"))
    headers = {**reply.headers, "Content-Type": reply.media_type}
    return Response(content, reply.status, headers)


def _routes(settings: ServerSettings, behaviour: Behaviour) -> list[Route]:
    store = behaviour.store()
    store.max_broadcasts = settings.limits.broadcasts
    dialect = DIALECTS[settings.dialect]

    def route(path: str, **operations: str) -> Route:
        endpoints = {method: endpoint(name) for method, name in operations.items()}

        async def respond(request: Request) -> Response:
            # Starlette routes HEAD to whatever answers GET.
            method = "GET" if request.method == "HEAD" else request.method
            return await endpoints[method](request)

        return Route(path, respond, methods=list(operations))

    def endpoint(name: str) -> Endpoint:
        own = behaviour.during.get(name, same)(behaviour)
        broadcasts = Broadcasts(store, own, dialect)
        operation: Operation = partial(broadcasts.command, name)
        if name not in TRANSITIONS:
            operation = getattr(broadcasts, name)
        return _guard(own.around(operation, store), settings.token, own)

    async def issue(request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        try:
            raw = await read_bytes(request)
            form = read_form(content_type, raw)
            return to_response(behaviour.issue(form, settings))
        except RefusedError as refused:
            return to_response(refused.reply)

    one = "/voice/broadcasts/{broadcast_id}"
    return [
        Route("/oauth2/token", issue, methods=["POST"]),
        route("/voice/broadcasts", POST="create", GET="list"),
        route(one, GET="get", PUT="update", DELETE="delete"),
        *(route(f"{one}/{name}", POST=name) for name in TRANSITIONS),
    ]


def _guard(operation: Operation, token: str, behaviour: Behaviour) -> Endpoint:
    """Wrap an operation to refuse requests without the token."""

    async def respond(request: Request) -> Response:
        try:
            if behaviour.admit(request, token):
                reply = await operation(request)
            else:
                reply = await behaviour.turn_away(operation, request)
        except RefusedError as refused:
            reply = refused.reply
        except CrashError:
            reply = envelope(500, "The server broke down.")
        return to_response(behaviour.reply(reply))

    return respond


def _elsewhere(
    behaviour: Behaviour,
) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answer for paths and methods without operation, in the envelope of all errors."""

    async def respond(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        message = str(getattr(error, "detail", "The server broke down."))
        headers = dict(getattr(error, "headers", None) or {})
        if "Allow" in headers:
            # Starlette lists a set, in an order that differs from run to run.
            headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        reply = behaviour.elsewhere(envelope(status, message, headers=headers))
        return to_response(behaviour.reply(reply))

    return respond


@dataclass(frozen=True, slots=True)
class Broadcasts:
    """The operations on the broadcasts of one server.

    In: an authorized request. Out: a reply, or RefusedError.
    """

    store: Store
    behaviour: Behaviour
    dialect: ServerDialect

    async def create(self, request: Request) -> Reply:
        """Store a new broadcast, if its body breaks no rule."""
        body, size = await self._read_body(request)
        return self._shown(201, self.store.add(body, size))

    async def list(self, request: Request) -> Reply:
        """Answer a page of broadcasts, oldest first."""
        query, path = request.query_params, request.url.path
        page = _read_number(query, "page", 1, _LARGEST_PAGE)
        size = _read_number(query, "pageSize", _DEFAULT_PAGE_SIZE, _LARGEST_PAGE_SIZE)
        kept = self.store.slice((page - 1) * size, page * size)
        items = [broadcast.short(self.behaviour.defaults) for broadcast in kept]
        pagination = _pagination(page, size, len(self.store), path)
        return Reply(200, {"items": [*items], "pagination": pagination})

    async def get(self, request: Request) -> Reply:
        """Answer one broadcast."""
        return self._shown(200, self._found(request))

    async def update(self, request: Request) -> Reply:
        """Replace a broadcast that was not started."""
        broadcast = self._found(request)
        if broadcast.state not in EDITABLE:
            raise refused(409, f"A {broadcast.state} broadcast cannot be changed.")
        body, size = await self._read_body(request)
        return self._shown(200, self.store.change(broadcast, body, size))

    async def delete(self, request: Request) -> Reply:
        """Delete a broadcast that is not running."""
        broadcast = self._found(request)
        if broadcast.state in RUNNING:
            raise refused(409, f"A {broadcast.state} broadcast cannot be deleted.")
        self.store.remove(broadcast.broadcast_id)
        return Reply(204)

    async def command(self, command: str, request: Request) -> Reply:
        """Start, pause, resume or cancel a broadcast; a body is not looked at."""
        broadcast = self._found(request)
        transition = self.behaviour.transitions[command]
        if broadcast.state not in transition.sources:
            raise refused(409, f"Cannot {command} a {broadcast.state} broadcast.")
        self.store.move(broadcast, transition)
        identified = {"broadcastId": broadcast.broadcast_id}
        return Reply(200, {**identified, "state": transition.answered})

    def _found(self, request: Request) -> Broadcast:
        broadcast = self.store.find(request.path_params["broadcast_id"])
        if broadcast is None:
            raise refused(404, "There is no such broadcast.")
        return broadcast

    async def _read_body(self, request: Request) -> tuple[JsonObject, int]:
        """Read a broadcast in canonical spelling, or raise RefusedError."""
        behaviour = self.behaviour
        behaviour.label(request.headers.get("content-type", ""))
        raw = await read_bytes(request)
        body = self.dialect.read(behaviour.parse(raw))
        problems = validate(behaviour.read(body), behaviour.checks)
        if problems:
            sent = self.dialect.sent
            raise invalid([replace(one, path=sent(one.path)) for one in problems])
        # A mutant may accept a value that is no object; it cannot be kept.
        return behaviour.keep(body if isinstance(body, dict) else {}), memory_of(raw)

    def _shown(self, status: int, broadcast: Broadcast) -> Reply:
        shown = self.behaviour.show(broadcast.full(self.behaviour.defaults))
        return Reply(status, self.dialect.write(shown))


def _pagination(page: int, size: int, total: int, path: str) -> JsonObject:
    """Write the position of a page among all items, with links to others."""
    last = max(1, -(-total // size))
    stop = page * size

    def link(number: int) -> str:
        return f"{path}?page={number}&pageSize={size}"

    return {
        "page": page,
        "pageSize": size,
        "totalRecord": total,
        "returnedRecord": max(0, min(total, stop) - (stop - size)),
        "remainingRecord": max(0, total - stop),
        "first": link(1),
        "previous": link(page - 1) if page > 1 else None,
        "next": link(page + 1) if page < last else None,
        "last": link(last),
    }


def _read_number(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Read a number of a query, from 1, or raise RefusedError."""
    text = query.get(name, str(default))
    if not re.fullmatch("-?[0-9]{1,12}", text):
        kind, message = "type", "must be an integer"
    elif int(text) < 1:
        kind, message = "min", "must be at least 1"
    elif int(text) > most:
        kind, message = "max", f"must be at most {most}"
    else:
        return int(text)
    raise invalid([Problem(f"{name}.{kind}", (name,), message)])
