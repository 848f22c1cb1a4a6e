"""Captures what a client sends to an ASGI application, and the answers.

No more of a body is held than a limit. A larger one is passed on unread, so that the
application refuses it as it would without capture.
Source: ASGI 3.0, HTTP connection scope.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]
Headers: TypeAlias = tuple[tuple[str, str], ...]

# The largest body that is judged, and so much of an answer is kept. A hostile one of
# this size takes two validators about a second, and a megabyte half a minute.
LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedRequest:
    """One request as it came, with its answer.

    Attributes:
        target: path and query as sent.
        headers: in order, names as the server gives them; values decoded as latin-1.
        body: its bytes, or only the first if `is_whole` is false.
        is_whole: whether the body came to its end within the limit.
        status: of the answer; None if there was none.
        answer: the first bytes of the answer's body.
        began_s: in seconds since the epoch (UTC).
    """

    method: str
    target: str
    headers: Headers
    body: bytes
    is_whole: bool
    status: int | None
    answer_headers: Headers
    answer: bytes
    began_s: float
    elapsed_s: float

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in any case."""
        wanted = name.lower()
        return next((v for n, v in self.headers if n.lower() == wanted), None)


Listener: TypeAlias = Callable[[CapturedRequest], Awaitable[None]]


class Capture:
    """An application that passes all on to another, and captures each request.

    Args:
        app: the other application.
        listener: takes each request once it is answered; it must not raise. It may
            wait, which holds up only the next request on the same connection.
        limit: bytes of the largest body that is captured.
    """

    def __init__(
        self, app: Application, listener: Listener, limit: int = LIMIT
    ) -> None:
        self._app = app
        self._listener = listener
        self._limit = limit

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, and capture it however it ends."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(scope, receive, send)
        await call.read(self._limit)
        try:
            await self._app(scope, call.receive, call.send)
        finally:
            await self._listener(call.captured())


@dataclass
class _Call:
    """One request under way, its body read before it is passed on.

    An application that refuses without reading would else leave nothing to judge.
    """

    scope: Message
    _receive: Receive
    _send: Send
    _waiting: deque[Message] = field(default_factory=deque)
    _body: bytearray = field(default_factory=bytearray)
    _is_whole: bool = False
    _start: Message = field(default_factory=dict)
    _answer: bytearray = field(default_factory=bytearray)
    _began_s: float = field(default_factory=time.time)
    _clock_s: float = field(default_factory=time.perf_counter)

    async def read(self, limit: int) -> None:
        """Read the body, unless it is larger than a limit."""
        if _length(self.scope) > limit:
            return
        while len(self._body) <= limit:
            message = await self._receive()
            self._waiting.append(message)
            self._body += message.get("body", b"")
            if message["type"] != "http.request" or not message.get("more_body"):
                self._is_whole = message["type"] == "http.request"
                return

    async def receive(self) -> Message:
        """Return the parts that were read before, then those that come."""
        return self._waiting.popleft() if self._waiting else await self._receive()

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer, and keep it."""
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._answer += message.get("body", b"")[: LIMIT - len(self._answer)]
        await self._send(message)

    def captured(self) -> CapturedRequest:
        """Return the request with its answer, as far as there is one."""
        query = self.scope.get("query_string", b"").decode("latin-1")
        raw = self.scope.get("raw_path") or self.scope["path"].encode()
        path = raw.decode("latin-1")
        return CapturedRequest(
            method=self.scope["method"],
            target=f"{path}?{query}" if query else path,
            headers=_decoded(self.scope["headers"]),
            body=bytes(self._body),
            is_whole=self._is_whole,
            status=self._start.get("status"),
            answer_headers=_decoded(self._start.get("headers", ())),
            answer=bytes(self._answer),
            began_s=self._began_s,
            elapsed_s=time.perf_counter() - self._clock_s,
        )


def _length(scope: Message) -> int:
    """Return the length that a request states; 0 without any."""
    value = dict(scope["headers"]).get(b"content-length", b"").decode("latin-1")
    return int(value) if value.isdecimal() and value.isascii() else 0


def _decoded(headers: Any) -> Headers:
    return tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in headers)
