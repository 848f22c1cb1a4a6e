"""Captures what a client sends to an ASGI application, and the answers.

No more of a body is held than a limit. A larger one is passed on unread, so that the
application refuses it as it would without capture.
Source: ASGI 3.0, HTTP connection scope.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ringspec.harness.sending.exchange import (
    Exchange,
    Failure,
    Response,
    Trouble,
    named,
)
from ringspec.harness.sending.inprocess import Application, Message, Receive, Send
from ringspec.strategies import Request

Headers: TypeAlias = tuple[tuple[str, str], ...]

# The largest body that is judged, and so much of an answer is kept. A hostile one of
# this size takes two validators about a second, and a megabyte half a minute.
LIMIT = 64 * 1024
_UNANSWERED = Failure(trouble=Trouble.DROPPED, message="it was not answered")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedRequest(Exchange):
    """One request as it came, with its answer; its URL is path and query as sent."""

    is_whole: bool = True  # whether the body came to its end within the limit

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in any case."""
        return next(iter(named(self.request.headers, name)), None)


Listener: TypeAlias = Callable[[CapturedRequest], Awaitable[None]]


@dataclass(frozen=True)
class Capture:
    """An application that passes all on to another, and captures each request.

    A body is read before it is passed on: an application that refuses without reading
    would else leave nothing to judge.
    """

    app: Application
    # Takes each request once it is answered; it must not raise. It may wait, which
    # holds up only the next request on the same connection.
    listener: Listener
    limit: int = LIMIT

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, and capture it however it ends."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.time(), time.perf_counter()
        body, read = await self._read(scope, receive)
        last = read[-1] if read else {}
        start: Message = {}
        answer = bytearray()

        async def receive_again() -> Message:
            return read.popleft() if read else await receive()

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] == "http.response.body":
                answer.extend(message.get("body", b"")[: LIMIT - len(answer)])
            await send(message)

        try:
            await self.app(scope, receive_again, send_on)
        finally:
            raw = scope.get("raw_path") or scope["path"].encode()
            query = scope.get("query_string", b"")
            target = b"?".join([raw, query] if query else [raw]).decode("latin-1")
            headers = _decoded(scope["headers"])
            method, content = scope["method"], bytes(answer)
            request = Request(method=method, path=target, headers=headers, body=body)
            found: Response | Failure = _UNANSWERED
            if start:
                given, status = _decoded(start.get("headers", ())), start["status"]
                found = Response(status=status, headers=given, body=content)
            is_whole = last.get("type") == "http.request" and not last.get("more_body")
            await self.listener(
                CapturedRequest.ended(target, request, found, began, is_whole=is_whole)
            )

    async def _read(
        self, scope: Message, receive: Receive
    ) -> tuple[bytes, deque[Message]]:
        """Return the body, or its beginning, and the messages that it came in."""
        body, read = bytearray(), deque[Message]()
        length = dict(scope["headers"]).get(b"content-length", b"0")
        more = int(length) <= self.limit
        while more and len(body) <= self.limit:
            message = await receive()
            read.append(message)
            body += message.get("body", b"")
            more = message["type"] == "http.request" and message.get("more_body", False)
        return bytes(body), read


def _decoded(headers: Any) -> Headers:
    return tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in headers)
