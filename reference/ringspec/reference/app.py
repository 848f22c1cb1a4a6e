"""The application: routes, the token at the door, and JSON on the wire."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from ringspec.reference.answers import CrashError, RefusedError, Reply, envelope
from ringspec.reference.behaviour import Behaviour, same
from ringspec.reference.bodies import read_bytes
from ringspec.reference.broadcasts import Broadcasts
from ringspec.reference.dialects import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from ringspec.reference.behaviour import Operation
    from ringspec.reference.settings import ServerSettings

Endpoint: TypeAlias = "Callable[[Request], Awaitable[Response]]"

COMMANDS = ("start", "pause", "resume", "cancel")


def build(settings: ServerSettings, behaviour: Behaviour | None = None) -> Starlette:
    """Build the application; its broadcasts live as long as it does."""
    behaviour = behaviour or Behaviour()
    app = Starlette(
        routes=_routes(settings, behaviour),
        middleware=[Middleware(behaviour.wire)],
        exception_handlers={
            HTTPException: _elsewhere(behaviour),
            Exception: _elsewhere(behaviour),
        },
    )
    # To answer a stray slash with a redirect is more than the documents promise.
    app.router.redirect_slashes = False
    app.state.limits = settings.limits
    return app


def to_response(reply: Reply) -> Response:
    """Put a reply on the wire; escapes keep lone surrogates from breaking it."""
    content = b""
    if reply.status != 204:
        content = json.dumps(reply.body, separators=(",", ":")).encode("ascii")
    headers = {**reply.headers}
    if content:
        headers["Content-Type"] = reply.media_type
    return Response(content, reply.status, headers)


def _routes(settings: ServerSettings, behaviour: Behaviour) -> list[Route]:
    store = behaviour.store()
    store.max_broadcasts = settings.limits.broadcasts
    dialect = DIALECTS[settings.dialect]

    def route(path: str, **operations: str) -> Route:
        return Route(
            path,
            _by_method({key: endpoint(name) for key, name in operations.items()}),
            methods=list(operations),
        )

    def endpoint(name: str) -> Endpoint:
        own = behaviour.during.get(name, same)(behaviour)
        broadcasts = Broadcasts(store, own, dialect)
        operation: Operation
        if name in COMMANDS:
            operation = partial(broadcasts.command, name)
        else:
            operation = getattr(broadcasts, name)
        return _guard(own.around(operation, store), settings, own)

    one = "/voice/broadcasts/{broadcast_id}"
    return [
        Route("/oauth2/token", _token_endpoint(settings, behaviour), methods=["POST"]),
        route("/voice/broadcasts", POST="create", GET="list"),
        route(one, GET="get", PUT="update", DELETE="delete"),
        *(route(f"{one}/{name}", POST=name) for name in COMMANDS),
    ]


def _by_method(endpoints: dict[str, Endpoint]) -> Endpoint:
    async def respond(request: Request) -> Response:
        # Starlette routes HEAD to whatever answers GET.
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return respond


def _guard(
    operation: Operation, settings: ServerSettings, behaviour: Behaviour
) -> Endpoint:
    """Let an operation answer only those who bring the token."""

    async def respond(request: Request) -> Response:
        try:
            if behaviour.admit(request, settings.token):
                reply = await operation(request)
            else:
                reply = await behaviour.turn_away(operation, request)
        except RefusedError as refused:
            reply = behaviour.refuse(refused.reply)
        except CrashError:
            reply = behaviour.refuse(envelope(500, "The server broke down."))
        return to_response(behaviour.reply(reply))

    return respond


def _token_endpoint(settings: ServerSettings, behaviour: Behaviour) -> Endpoint:
    async def respond(request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        try:
            raw = await read_bytes(request)
            return to_response(behaviour.issue(content_type, raw, settings))
        except RefusedError as refused:
            return to_response(refused.reply)

    return respond


def _elsewhere(
    behaviour: Behaviour,
) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answer what no operation answers, in the envelope that all errors have."""

    async def respond(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        message = str(getattr(error, "detail", "The server broke down."))
        headers = dict(getattr(error, "headers", None) or {})
        if "Allow" in headers:
            # Starlette lists a set, in an order that differs from run to run.
            headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        reply = behaviour.elsewhere(envelope(status, message, headers=headers))
        return to_response(behaviour.reply(behaviour.refuse(reply)))

    return respond
