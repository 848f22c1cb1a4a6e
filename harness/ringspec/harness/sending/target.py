"""The target: sending one request over the network and bringing back its answer.

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
    repeated,
)
from ringspec.harness.sending.hosts import checked_url, is_loopback
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.transport import ANSWER_START, AnswerStart, transport
from ringspec.strategies import Request

if TYPE_CHECKING:
    from ringspec.harness.sending.transport import Route

# No more of an answer than this is read.
ANSWER_LIMIT = 8 * 2**20
# How h11 words an answer that ends before its time.
_CLOSED = re.compile("disconnected|peer closed")
# The record that a TLS server sends to a client that does not speak TLS.
_TLS_ALERT = b"\x15\x03"


class Target:
    """Sends requests to one server."""

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
        """Send a request; up to `repeats` times again if the transport fails."""
        return await repeated(lambda: self._once(request), repeats)

    async def _once(self, request: Request) -> Exchange:
        began_s, began = time.time(), time.perf_counter()
        answer = AnswerStart()
        ANSWER_START.set(answer)
        response: Response | None = None
        failure: Failure | None = None
        try:
            async with asyncio.timeout(self.timeout_s):
                response = await self._send(request)
        except TimeoutError:
            failure = Failure(
                trouble=Trouble.TIMEOUT,
                message=f"no whole answer within {self.timeout_s:g} seconds",
                some=bool(answer.start),
            )
        except httpx.HTTPError as error:
            trouble, message = _trouble(error, answer.start)
            failure = Failure(
                trouble=trouble,
                message=message,
                some=bool(answer.start),
                went_out=answer.asked,
            )
        return Exchange(
            url=self.filling.url(self.url, request),
            request=request,
            response=response,
            failure=failure,
            began_s=began_s,
            elapsed_s=time.perf_counter() - began,
        )

    async def _send(self, request: Request) -> Response:
        built = self._client.build_request(
            request.method,
            self.filling.url(self.url, request),
            # As bytes, so that nothing changes a letter on the way.
            headers=[
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in self.filling.headers(request)
            ],
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


class _EndlessError(httpx.HTTPError):
    """Raised at an answer that exceeds the limit."""

    def __init__(self) -> None:
        super().__init__(f"the answer is longer than {ANSWER_LIMIT >> 20} MiB")


def _trouble(error: httpx.HTTPError, start: bytes) -> tuple[Trouble, str]:
    text = str(error) or type(error).__name__
    causes = _causes(error)
    match error:
        case _ if any(isinstance(each, socket.gaierror) for each in causes):
            found = Trouble.NAME, "the host's name is not known"
        case _ if any(isinstance(each, ssl.SSLError) for each in causes):
            found = Trouble.TLS, f"TLS failed: {text}"
        case httpx.ConnectError():
            # In the words of the system, if it was asked.
            why = [each for each in causes if type(each) is ConnectionRefusedError]
            said = os.strerror(why[0].errno) if why and why[0].errno else ""
            found = Trouble.UNREACHABLE, f"cannot connect: {said or text}"
        case _EndlessError():
            found = Trouble.GARBLED, text
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


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
