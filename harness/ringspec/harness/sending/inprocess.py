"""A server in this process: a request is handed straight to an ASGI application.

Exchanges are as `Target` brings them back over the network, with the same time limit
and the same failures. Source: ASGI 3.0, HTTP connection scope.
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
    repeated,
)
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.target import ANSWER_LIMIT
from ringspec.strategies import Request

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

URL = "http://127.0.0.1"
# Statuses without a body, whatever their length header says. Source: RFC 9110, 6.4.1.
_BODILESS = frozenset({204, 304})
_PATH = "/%:@!$&'()*+,;=~-._"


class InProcess:
    """Answers requests by an ASGI application."""

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
        """Do nothing: there is nothing to close."""

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Hand over a request; up to `repeats` times again if it is not answered."""
        # An application that never waits must not keep the loop from its other work.
        await asyncio.sleep(0)
        return await repeated(lambda: self._once(request), repeats)

    async def _once(self, request: Request) -> Exchange:
        began_s, began = time.time(), time.perf_counter()
        answer = _Answer(request.method)
        url, body = self.filling.url(self.url, request), self.filling.body(request)
        scope = self._scope(request, url, body)
        limit = asyncio.timeout(self.timeout_s)
        ended, late = "the application ended", False
        try:
            async with limit:
                await self._app(scope, _receiving(body), answer.send)
        except Exception as error:  # noqa: BLE001 - whatever the application raises
            late = limit.expired()
            ended = f"the application raised {type(error).__name__}"
        result = answer.timed_out(self.timeout_s) if late else answer.result(ended)
        return Exchange(
            url=url,
            request=request,
            response=result if isinstance(result, Response) else None,
            failure=result if isinstance(result, Failure) else None,
            began_s=began_s,
            elapsed_s=time.perf_counter() - began,
        )

    def _scope(self, request: Request, url: str, body: bytes) -> Message:
        path, _, query = url.split("//", 1)[-1].partition("/")[2].partition("?")
        raw = "/" + quote(path, safe=_PATH)
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(raw),
            "raw_path": raw.encode("ascii"),
            "query_string": quote(query, safe=f"{_PATH}?").encode("ascii"),
            "root_path": "",
            "headers": self._headers(request, body),
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

    def _headers(self, request: Request, body: bytes) -> list[tuple[bytes, bytes]]:
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
    """Return an ASGI `receive` that gives the request's body, and then nothing."""
    messages: list[Message] = [
        {"type": "http.request", "body": body, "more_body": False}
    ]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        # The client does not disconnect before the answer is complete.
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
            if self._ended or self._status is None:
                raise RuntimeError("a body before the status, or after the end")
            # An answer that is too long is kept as far as it takes to show that.
            data = bytes(message.get("body", b""))
            self._body += data[: ANSWER_LIMIT + 1 - len(self._body)]
            self._ended = not message.get("more_body", False)

    def timed_out(self, timeout_s: float) -> Response | Failure:
        """Return the answer if it is complete, or that it took too long."""
        if self._is_complete():
            return self._response(self._status or 0)
        message = f"no whole answer within {timeout_s:g} seconds"
        return self._failure(Trouble.TIMEOUT, message)

    def result(self, ended: str) -> Response | Failure:
        """Return the answer if it is complete, or how it was cut short."""
        if len(self._body) > ANSWER_LIMIT:
            message = f"the answer is longer than {ANSWER_LIMIT >> 20} MiB"
            return self._failure(Trouble.GARBLED, message)
        if self._is_complete():
            return self._response(self._status or 0)
        where = "in the midst of its answer" if self._status else "without an answer"
        message = f"the connection was dropped: {ended} {where}"
        return self._failure(Trouble.DROPPED, message)

    def _is_complete(self) -> bool:
        """Return whether the answer ended, as long as its Content-Length says."""
        lengths = [value for name, value in self._headers if name == "content-length"]
        if self._is_bodiless() or not lengths or not lengths[0].isdecimal():
            return self._ended
        return self._ended and int(lengths[0]) == len(self._body)

    def _is_bodiless(self) -> bool:
        return self._method == "HEAD" or self._status in _BODILESS

    def _failure(self, trouble: Trouble, message: str) -> Failure:
        return Failure(trouble=trouble, message=message, some=self._status is not None)

    def _response(self, status: int) -> Response | Failure:
        """Return the complete answer, its body decoded, or that it cannot be."""
        body = b"" if self._is_bodiless() else bytes(self._body)
        if body and any(name == "content-encoding" for name, _ in self._headers):
            try:
                body = httpx.Response(200, headers=self._headers, content=body).content
            except httpx.DecodingError as error:
                message = f"the answer cannot be decoded: {error}"
                return self._failure(Trouble.GARBLED, message)
        return Response(status=status, headers=self._headers, body=body)
