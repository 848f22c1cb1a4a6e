"""The transport: httpx's own, made to tell whether any byte of an answer came.

A target that never answered a byte is not there; one that began an answer and stalled
misbehaves. httpx by itself tells only of whole heads.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

_Options = Iterable[Any] | None


@dataclass(slots=True)
class Heard:
    """How an answer begins, as far as it has come.

    Attributes:
        asked: whether any byte of a request was written before.
    """

    start: bytes = b""
    asked: bool = False

    def add(self, data: bytes) -> None:
        """Take in what was read, as long as it is the beginning."""
        self.start = (self.start + data[:16])[:16]


# Streams outlive exchanges; each task awaits its own exchange.
HEARD: ContextVar[Heard] = ContextVar("HEARD")


def transport(
    *, workers: int, trust_env: bool, **options: Any
) -> httpx.AsyncHTTPTransport:
    """Open a pool of connections that notes in `HEARD` what it hears.

    Other options are those of httpx: `verify` and `proxy`.
    """
    limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
    made = httpx.AsyncHTTPTransport(limits=limits, trust_env=trust_env, **options)
    # httpx has no parameter for what httpcore takes as one.
    made._pool._network_backend = _Backend()  # noqa: SLF001
    return made


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects as asyncio does, over streams that listen."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: _Options = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(
            await self._connected(host, port, timeout, local_address, socket_options)
        )

    async def _connected(self, host: str, *others: Any) -> httpcore.AsyncNetworkStream:
        """Connect; `localhost` is this machine, whatever a resolver makes of it.

        Source: RFC 6761, 6.3.
        """
        if host != "localhost":
            return await self._inner.connect_tcp(host, *others)
        try:
            return await self._inner.connect_tcp("127.0.0.1", *others)
        except httpcore.ConnectError:
            return await self._inner.connect_tcp("::1", *others)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """A stream that tells what it reads."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        data = await self._inner.read(max_bytes, timeout)
        HEARD.get(Heard()).add(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        HEARD.get(Heard()).asked = True
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        # The handshake is read below: its bytes are no answer.
        return _Stream(
            await self._inner.start_tls(ssl_context, server_hostname, timeout)
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
