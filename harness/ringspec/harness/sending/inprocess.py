"""A server in this process: a request is handed straight to an ASGI application.

In: requests. Out: exchanges, as `Target` brings them back over the network, with the
same time limit and the same failures. It knows ASGI, and no application.
Source: ASGI 3.0, HTTP connection scope.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote, unquote

import httpx

from ringspec.harness.sending.exchange import (
    Exchange,
    Failure,
    Response,
    Trouble,
)
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.target import ANSWER_LIMIT
from ringspec.strategies import Request

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

_Headers: TypeAlias = list[tuple[bytes, bytes]]

URL = "http://127.0.0.1"
# What HTTP has no body for, whatever is said of its length. Source: RFC 9110, 6.4.1.
_BODILESS = frozenset({204, 304})
_PATH = "/%:@!$&'()*+,;=~-._"


class InProcess:
    """Answers requests by an ASGI application.

    Attributes:
        filling: the credentials that requests leave a place for.
    """

    def __init__(
        self,
        app: Application,
        *,
        filling: Filling,
        timeout_s: float = 5.0,
        url: str = URL,
    ) -> None:
        self.filling = filling
        self.timeout_s = timeout_s
        self.url = url.rstrip("/")
        self._app = app
        self._host = (b"host", self.url.split("//", 1)[-1].encode("ascii"))

    async def close(self) -> None:
        """Let go of the application: there is nothing to close."""

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Hand over a request; again, some times, if no whole answer comes."""
        # An application that never waits must not keep the loop from its other work.
        await asyncio.sleep(0)
        sent = 0
        while True:
            sent += 1
            found = await self._once(request, sent)
            if found.failure is None or sent > repeats:
                return found

    async def _once(self, request: Request, sent: int) -> Exchange:
        began_s, began = time.time(), time.perf_counter()
        answer = _Answer(request.method)
        failure: Failure | None = None
        url, body = self.filling.url(self.url, request), self.filling.body(request)
        scope = self._scope(request.method, url, self._headers(request, body))
        limit = asyncio.timeout(self.timeout_s)
        try:
            async with limit:
                await self._app(scope, _receiving(body), answer.send)
        except Exception as error:  # noqa: BLE001 - whatever the application raises
            if limit.expired():
                failure = answer.late(self.timeout_s)
            else:
                how = f"the application raised {type(error).__name__}"
                failure = answer.dropped(how)
        else:
            failure = answer.dropped("the application ended")
        response, failure = answer.response(failure)
        return Exchange(
            url=url,
            request=request,
            response=response,
            failure=failure,
            began_s=began_s,
            elapsed_s=time.perf_counter() - began,
            sent=sent,
        )

    def _scope(self, method: str, url: str, headers: _Headers) -> Message:
        path, _, query = url.split("//", 1)[-1].partition("/")[2].partition("?")
        raw = "/" + quote(path, safe=_PATH)
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(raw),
            "raw_path": raw.encode("ascii"),
            "query_string": quote(query, safe=f"{_PATH}?").encode("ascii"),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

    def _headers(self, request: Request, body: bytes) -> _Headers:
        """Return the headers as a server would see them, in lower case."""
        headers = [
            (name.lower().encode("latin-1"), value.strip(" \t").encode("latin-1"))
            for name, value in self.filling.headers(request)
        ]
        named = {name for name, _ in headers}
        added = [self._host, (b"accept", b"*/*"), (b"accept-encoding", b"identity")]
        if body or request.method in {"POST", "PUT", "PATCH"}:
            added.append((b"content-length", str(len(body)).encode("ascii")))
        return [*(each for each in added if each[0] not in named), *headers]


def _receiving(body: bytes) -> Receive:
    """Return what gives the application the request's body, and then its silence."""
    messages: list[Message] = [
        {"type": "http.request", "body": body, "more_body": False}
    ]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        # Nobody hangs up before the whole answer is there, and then nobody asks.
        await asyncio.Event().wait()
        raise AssertionError  # pragma: no cover - that event never comes

    return receive


class _Answer:
    """Gathers what the application sends."""

    def __init__(self, method: str) -> None:
        self._method = method
        self._status: int | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body = bytearray()
        self._ended = False

    async def send(self, message: Message) -> None:
        """Take a message of the application."""
        if message["type"] == "http.response.start":
            self._status = int(message["status"])
            self._headers = tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1"))
                for name, value in message.get("headers", ())
            )
        elif message["type"] == "http.response.body":
            self._take(bytes(message.get("body", b"")))
            self._ended = not message.get("more_body", False)

    def _take(self, data: bytes) -> None:
        if self._ended or self._status is None:
            message = "a body before the status, or after the end"
            raise RuntimeError(message)
        # What is too long is kept only so far as to show that it is.
        self._body += data[: ANSWER_LIMIT + 1 - len(self._body)]

    @property
    def whole(self) -> bool:
        """Tell whether all of the answer came."""
        return self._ended and self._missing() == 0

    def _missing(self) -> int:
        """Count the bytes that the answer's Content-Length promises beyond its body."""
        if self._method == "HEAD" or self._status in _BODILESS:
            return 0
        lengths = [value for name, value in self._headers if name == "content-length"]
        if not lengths or not lengths[0].isdecimal():
            return 0
        return int(lengths[0]) - len(self._body)

    def failure(self, trouble: Trouble, message: str) -> Failure:
        """Say how the answer failed."""
        return Failure(trouble=trouble, message=message, some=self._status is not None)

    def late(self, timeout_s: float) -> Failure | None:
        """Say that the answer took too long, unless all of it came."""
        if self.whole:
            return None
        message = f"no whole answer within {timeout_s:g} seconds"
        return self.failure(Trouble.TIMEOUT, message)

    def dropped(self, how: str) -> Failure | None:
        """Say that the answer was cut short, unless all of it came."""
        if len(self._body) > ANSWER_LIMIT:
            message = f"the answer is longer than {ANSWER_LIMIT >> 20} MiB"
            return self.failure(Trouble.GARBLED, message)
        if self.whole:
            return None
        what = "in the midst of its answer" if self._status else "without an answer"
        return self.failure(
            Trouble.DROPPED, f"the connection was dropped: {how} {what}"
        )

    def response(
        self, failure: Failure | None
    ) -> tuple[Response | None, Failure | None]:
        """Return the whole answer, its body decoded, or else the failure."""
        if failure is not None or self._status is None:
            return None, failure
        try:
            body = self._decoded()
        except httpx.DecodingError as error:
            message = f"the answer cannot be decoded: {error}"
            return None, self.failure(Trouble.GARBLED, message)
        return Response(status=self._status, headers=self._headers, body=body), None

    def _decoded(self) -> bytes:
        if self._method == "HEAD" or self._status in _BODILESS:
            return b""
        body = bytes(self._body)
        if all(name != "content-encoding" for name, _ in self._headers):
            return body
        return httpx.Response(200, headers=self._headers, content=body).content
