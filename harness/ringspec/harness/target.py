"""The target: sending one request and bringing back its answer, or what went wrong.

Only this module speaks HTTP to a target, so that its client can be exchanged here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import httpx

from ringspec.harness.exchange import Exchange, Failure, Response, Trouble
from ringspec.spec import UsageError
from ringspec.strategies import TOKEN, Request

# More of an answer than this is not read.
ANSWER_LIMIT = 8 * 2**20


def is_loopback(url: str) -> bool:
    """Tell whether a URL stays on this machine, by its address, without asking DNS."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_url(url: str) -> str:
    """Return a base URL without its last slash; UsageError if it is none."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"{url!r} is not the URL of a server",
            hint="give it whole, such as http://127.0.0.1:8000",
        )
    return url.rstrip("/")


@dataclass(slots=True)
class _Progress:
    """Whether any byte of an answer has come."""

    some: bool = False


class Target:
    """Sends requests to one server; an async context manager.

    Attributes:
        token: put in place of `{token}`; without it that header is left out.
    """

    def __init__(
        self, url: str, *, token: str | None, timeout_s: float, workers: int
    ) -> None:
        self.url = checked_url(url)
        self.token = token
        self.timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            timeout=None,  # the time limit is on the whole exchange, see below
            follow_redirects=False,
            trust_env=not is_loopback(url),
            limits=httpx.Limits(
                max_connections=workers, max_keepalive_connections=workers
            ),
        )

    async def __aenter__(self) -> Self:
        """Open nothing yet: connections are made when they are needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; again, some times, if the transport fails."""
        sent = 0
        while True:
            sent += 1
            found = await self._once(request, sent)
            hopeless = found.failure is not None and found.failure.trouble in {
                Trouble.UNREACHABLE,
                Trouble.NAME,
                Trouble.TLS,
            }
            if found.failure is None or hopeless or sent > repeats:
                return found

    async def _once(self, request: Request, sent: int) -> Exchange:
        began = time.perf_counter()
        progress = _Progress()
        response: Response | None = None
        failure: Failure | None = None
        try:
            async with asyncio.timeout(self.timeout_s):
                response = await self._send(request, progress)
        except TimeoutError:
            failure = Failure(
                trouble=Trouble.TIMEOUT,
                message=f"no whole answer within {self.timeout_s:g} seconds",
                some=progress.some,
            )
        except httpx.HTTPError as error:
            failure = _failure(error, some=progress.some)
        return Exchange(
            url=self.url + request.path,
            request=request,
            response=response,
            failure=failure,
            elapsed_s=time.perf_counter() - began,
            sent=sent,
        )

    async def _send(self, request: Request, progress: _Progress) -> Response:
        built = self._client.build_request(
            request.method,
            self.url + request.path,
            headers=self._headers(request),
            content=request.body,
        )
        answer = await self._client.send(built, stream=True)
        progress.some = True
        try:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > ANSWER_LIMIT:
                    break
        finally:
            await answer.aclose()
        return Response(
            status=answer.status_code,
            headers=tuple(answer.headers.multi_items()),
            body=bytes(body),
        )

    def _headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        # As bytes, so that nobody changes a letter on the way.
        return [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in self.filled(request)
        ]

    def filled(self, request: Request) -> list[tuple[str, str]]:
        """Return a request's headers with the token in place."""
        return [
            (name, value.replace(TOKEN, self.token or ""))
            for name, value in request.headers
            if self.token is not None or TOKEN not in value
        ]


def _failure(error: httpx.HTTPError, *, some: bool) -> Failure:
    trouble, message = _trouble(error)
    return Failure(trouble=trouble, message=message, some=some)


def _trouble(error: httpx.HTTPError) -> tuple[Trouble, str]:
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Trouble.NAME, "the host's name is not known"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Trouble.TLS, f"TLS failed: {error}"
    if isinstance(error, httpx.ConnectError):
        return Trouble.UNREACHABLE, f"cannot connect: {error}"
    if isinstance(error, httpx.DecodingError):
        return Trouble.GARBLED, f"the answer cannot be decoded: {error}"
    if isinstance(error, httpx.RemoteProtocolError):
        text = str(error)
        if "disconnected" in text or "peer closed" in text:
            return Trouble.DROPPED, f"the connection was dropped: {text}"
        return Trouble.GARBLED, f"the answer is not HTTP: {text}"
    return Trouble.DROPPED, f"the connection broke: {error or type(error).__name__}"


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
