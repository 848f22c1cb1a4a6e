"""The target: sending one request and bringing back its answer, or what went wrong.

Only this module speaks HTTP to a target, so that its client can be exchanged here.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import time
from typing import TYPE_CHECKING

import httpx

from ringspec.harness.sending.exchange import (
    Exchange,
    Failure,
    Response,
    Trouble,
)
from ringspec.harness.sending.hosts import checked_url, is_loopback
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.transport import (
    HEARD,
    Heard,
    transport,
)
from ringspec.strategies import Request

if TYPE_CHECKING:
    from ringspec.harness.sending.transport import Route


# More of an answer than this is not read.
ANSWER_LIMIT = 8 * 2**20
# Sending again changes nothing here.
_HOPELESS = {Trouble.NAME, Trouble.TLS}
# How h11 words an answer that ends before its time.
_CLOSED = re.compile("disconnected|peer closed")
# The record that a server of TLS sends to whoever does not speak it.
_TLS_ALERT = b"\x15\x03"


class Target:
    """Sends requests to one server.

    Attributes:
        filling: the credentials that requests leave a place for.
    """

    def __init__(
        self,
        url: str,
        *,
        filling: Filling,
        timeout_s: float,
        workers: int,
        route: Route | None = None,
    ) -> None:
        self.url = checked_url(url)
        self.filling = filling
        self.timeout_s = timeout_s
        trust_env = not is_loopback(url)
        opened = route.opened() if route else {}
        self._client = httpx.AsyncClient(
            # The time limit is on the whole exchange, see below.
            timeout=httpx.Timeout(None),
            follow_redirects=False,
            trust_env=trust_env,
            transport=transport(workers=workers, trust_env=trust_env, **opened),
            # No compression: a small answer could unfold to any size.
            headers={"Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; again, some times, if the transport fails."""
        sent = 0
        while True:
            sent += 1
            found = await self._once(request, sent)
            failure = found.failure
            if failure is None or failure.trouble in _HOPELESS or sent > repeats:
                return found

    async def _once(self, request: Request, sent: int) -> Exchange:
        began_s, began = time.time(), time.perf_counter()
        heard = Heard()
        HEARD.set(heard)
        response: Response | None = None
        failure: Failure | None = None
        try:
            async with asyncio.timeout(self.timeout_s):
                response = await self._send(request)
        except TimeoutError:
            failure = Failure(
                trouble=Trouble.TIMEOUT,
                message=f"no whole answer within {self.timeout_s:g} seconds",
                some=bool(heard.start),
            )
        except _EndlessError:
            failure = Failure(
                trouble=Trouble.GARBLED,
                message=f"the answer is longer than {ANSWER_LIMIT >> 20} MiB",
                some=True,
            )
        except httpx.HTTPError as error:
            trouble, message = _trouble(error, heard.start)
            failure = Failure(
                trouble=trouble,
                message=message,
                some=bool(heard.start),
                went_out=heard.asked,
            )
        return Exchange(
            url=self.filling.url(self.url, request),
            request=request,
            response=response,
            failure=failure,
            began_s=began_s,
            elapsed_s=time.perf_counter() - began,
            sent=sent,
        )

    async def _send(self, request: Request) -> Response:
        built = self._client.build_request(
            request.method,
            self.filling.url(self.url, request),
            headers=self._headers(request),
            content=self.filling.body(request),
        )
        answer = await self._client.send(built, stream=True)
        try:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > ANSWER_LIMIT:
                    raise _EndlessError
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
            for name, value in self.filling.headers(request)
        ]


class _EndlessError(Exception):
    """Raised at an answer that is longer than anyone would read."""


def _trouble(error: httpx.HTTPError, start: bytes) -> tuple[Trouble, str]:
    """Tell how the transport failed, from what httpx raises and what had come."""
    text = str(error) or type(error).__name__
    match error:
        case _ if any(isinstance(each, socket.gaierror) for each in _causes(error)):
            found = Trouble.NAME, "the host's name is not known"
        case _ if any(isinstance(each, ssl.SSLError) for each in _causes(error)):
            found = Trouble.TLS, f"TLS failed: {text}"
        case httpx.ConnectError():
            found = Trouble.UNREACHABLE, f"cannot connect: {_unreached(error) or text}"
        case httpx.DecodingError():
            found = Trouble.GARBLED, f"the answer cannot be decoded: {text}"
        case httpx.RemoteProtocolError() if start.startswith(_TLS_ALERT):
            found = Trouble.TLS, "the target speaks TLS: is it https rather than http?"
        case httpx.RemoteProtocolError() if start and not start.startswith(b"HTTP/"):
            found = Trouble.GARBLED, f"the answer is not HTTP: it begins with {start!r}"
        case httpx.RemoteProtocolError() if not _CLOSED.search(text):
            found = Trouble.GARBLED, f"the answer is not HTTP: {text}"
        case _:
            found = Trouble.DROPPED, f"the connection was dropped: {text}"
    return found


def _unreached(error: BaseException) -> str:
    """Return why nobody answers, in the words of the system, where it was asked."""
    why = [each for each in _causes(error) if type(each) is ConnectionRefusedError]
    return os.strerror(why[0].errno) if why and why[0].errno else ""


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
