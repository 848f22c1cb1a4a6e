"""The application: routes, the token at the door, and JSON on the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from ringspec.reference import tokens
from ringspec.reference.answers import CrashError, RefusedError, Reply, envelope
from ringspec.reference.behaviour import Behaviour
from ringspec.reference.bodies import read_bytes
from ringspec.reference.broadcasts import Broadcasts
from ringspec.reference.dialects import DIALECTS
from ringspec.reference.store import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from ringspec.reference.settings import Settings

Operation: TypeAlias = "Callable[[Request], Awaitable[Reply]]"
Endpoint: TypeAlias = "Callable[[Request], Awaitable[Response]]"

COMMANDS = ("start", "pause", "resume", "cancel")
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def build(settings: Settings, behaviour: Behaviour | None = None) -> Starlette:
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


def _routes(settings: Settings, behaviour: Behaviour) -> list[Route]:
    broadcasts = Broadcasts(Store(), behaviour, DIALECTS[settings.dialect])

    def route(path: str, **operations: Operation) -> Route:
        guarded = {
            method: _guard(operation, settings, behaviour)
            for method, operation in operations.items()
        }
        return Route(path, _by_method(guarded), methods=list(guarded))

    one = "/voice/broadcasts/{broadcast_id}"
    return [
        Route("/oauth2/token", _token_endpoint(settings), methods=["POST"]),
        route("/voice/broadcasts", POST=broadcasts.create, GET=broadcasts.list),
        route(
            one,
            GET=broadcasts.get,
            PUT=broadcasts.update,
            DELETE=broadcasts.delete,
        ),
        *(route(f"{one}/{name}", POST=broadcasts.command) for name in COMMANDS),
    ]


def _by_method(endpoints: dict[str, Endpoint]) -> Endpoint:
    async def respond(request: Request) -> Response:
        # Starlette routes HEAD to whatever answers GET.
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return respond


def _guard(operation: Operation, settings: Settings, behaviour: Behaviour) -> Endpoint:
    """Let an operation answer only those who bring the token."""

    async def respond(request: Request) -> Response:
        header = request.headers.get("authorization")
        try:
            if behaviour.admit(header, settings.token):
                reply = await operation(request)
            else:
                reply = _refused(behaviour, 401, "A bearer token is needed.")
        except RefusedError as refused:
            reply = behaviour.refuse(refused.reply)
        except CrashError:
            reply = _refused(behaviour, 500, "The server broke down.")
        return to_response(behaviour.reply(reply))

    return respond


def _refused(behaviour: Behaviour, status: int, message: str) -> Reply:
    headers = _CHALLENGE if status == 401 else {}
    return behaviour.refuse(envelope(status, message, headers=headers))


def _token_endpoint(settings: Settings) -> Endpoint:
    async def respond(request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        try:
            raw = await read_bytes(request)
            return to_response(tokens.issue(content_type, raw, settings))
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
        reply = behaviour.refuse(envelope(status, message, headers=headers))
        return to_response(behaviour.reply(reply))

    return respond
