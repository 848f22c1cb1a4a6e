"""A server in this process: a request is handed straight to an ASGI application.

Exchanges, failures and the time limit are those of `Target`; by httpx.ASGITransport
each would take six times as long. Source: ASGI 3.0, HTTP connection scope.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote, unquote

from ringspec.harness.sending.exchange import (
    ANSWER_LIMIT,
    Exchange,
    Failure,
    Filling,
    Response,
    Sender,
    Trouble,
    received,
)
from ringspec.strategies import Request

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

URL, _HOST = "http://127.0.0.1", (b"host", b"127.0.0.1")
# Statuses without a body, whatever their length header says. Source: RFC 9110, 6.4.1.
_BODILESS = frozenset({204, 304})
_PATH = "/%:@!$&'()*+,;=~-._"


class InProcess(Sender):
    """Answers requests by an ASGI application."""

    def __init__(
        self, app: Application, *, filling: Filling, timeout_s: float = 5.0
    ) -> None:
        super().__init__(URL, filling, timeout_s)
        self._app = app

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Hand over a request; up to `repeats` times again if it is not answered."""
        # An application that never waits must not keep the loop from its other work.
        await asyncio.sleep(0)
        return await super().exchange(request, repeats=repeats)

    async def _answer(self, request: Request, url: str) -> Response | Failure:
        body, answer = self.filling.body(request), _Answer(request.method)
        limit, ended = asyncio.timeout(self.timeout_s), "the application ended"
        messages: list[Message] = [
            {"type": "http.request", "body": body, "more_body": False}
        ]

        async def receive() -> Message:
            if not messages:
                # The client does not disconnect before the answer is complete.
                await asyncio.Event().wait()
            return messages.pop()

        try:
            async with limit:
                await self._app(self._scope(request, url, body), receive, answer.send)
        except Exception as error:  # noqa: BLE001 - whatever the application raises
            ended = f"the application raised {type(error).__name__}"
        return answer.result(ended, self.timeout_s if limit.expired() else None)

    def _scope(self, request: Request, url: str, body: bytes) -> Message:
        path, _, query = url.split("//", 1)[-1].partition("/")[2].partition("?")
        raw = "/" + quote(path, safe=_PATH)
        # As a server would see them: in lower case, with those that a client adds.
        headers = [
            (name.lower().encode("latin-1"), value.strip(" \t").encode("latin-1"))
            for name, value in self._headers(request, url)
        ]
        named = {name for name, _ in headers}
        added = [_HOST, (b"accept", b"*/*"), (b"accept-encoding", b"identity")]
        if body or request.method in {"POST", "PUT", "PATCH"}:
            added.append((b"content-length", str(len(body)).encode("ascii")))
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
            "headers": [*(each for each in added if each[0] not in named), *headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }


@dataclass(slots=True)
class _Answer:
    """Gathers what the application sends."""

    method: str
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            self.headers = tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1"))
                for name, value in message.get("headers", ())
            )
        elif message["type"] == "http.response.body":
            if self.ended or self.status is None:
                raise RuntimeError("a body before the status, or after the end")
            # An answer that is too long is kept as far as it takes to show that.
            data = bytes(message.get("body", b""))
            self.body += data[: ANSWER_LIMIT + 1 - len(self.body)]
            self.ended = not message.get("more_body", False)

    def result(self, ended: str, late_s: float | None) -> Response | Failure:
        """Return the answer if it is whole, else how it was cut short, or its limit."""
        bodiless = self.method == "HEAD" or self.status in _BODILESS
        lengths = [value for name, value in self.headers if name == "content-length"]
        counted = not bodiless and lengths and lengths[0].isdecimal()
        whole = self.ended and (not counted or int(lengths[0]) == len(self.body))
        if whole or len(self.body) > ANSWER_LIMIT:
            body = b"" if bodiless else bytes(self.body)
            return received(self.status or 0, self.headers, body)
        if late_s is not None:
            trouble = Trouble.TIMEOUT
            message = f"no whole answer within {late_s:g} seconds"
        else:
            where = "in the midst of its answer" if self.status else "without an answer"
            trouble = Trouble.DROPPED
            message = f"the connection was dropped: {ended} {where}"
        return Failure(trouble=trouble, message=message, some=self.status is not None)
