"""A proxy on this machine that disturbs what passes, now and then, by chance.

Everything it does may happen between two sound machines: an answer is late, drips, is
cut off or never comes, a gateway answers in place of the server, a limit is reached.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random

Write = Callable[[bytes], Awaitable[None]]

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
LIMITED = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
)
HEAVY = {
    "busy": 5.0,
    "reset": 3.0,
    "lost": 2.0,
    "cut": 3.0,
    "late": 3.0,
    "drip": 2.0,
    "limited": 2.0,
}


@dataclass
class Proxy:
    """Passes requests on to a server, and disturbs some.

    Attributes:
        rates: how often each disturbance comes about, in a hundred requests.
        done: how often each has.
    """

    port: int
    rates: dict[str, float]
    seed: int = 0
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._writers: set[asyncio.StreamWriter] = set()

    async def end(self) -> None:
        """Call off what is under way, and close every connection."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        # A transport is closed by the loop, a moment after it was told.
        await asyncio.sleep(0.01)

    def chosen(self) -> str:
        """Choose what happens to the next request."""
        left = self._random.uniform(0, 100)
        for name, rate in self.rates.items():
            left -= rate
            if left < 0:
                self.done[name] += 1
                return name
        return ""

    async def handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection of one request."""
        self._writers.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            request = await _request(reader)
            if request:
                await self._pass_on(request, writer)
        with suppress(OSError):
            writer.close()

    async def _pass_on(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        what = self.chosen()
        if what == "reset":
            writer.transport.abort()
        elif what in {"busy", "limited"}:
            await _written(writer, BUSY if what == "busy" else LIMITED)
        else:
            answer = await self._answer(request)
            await _disturbed(what, answer, writer)

    async def _answer(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.add(writer)
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [
            line
            for line in head.split(b"\r\n")
            if not line.lower().startswith(b"connection:")
        ]
        writer.write(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
        try:
            return await reader.read()
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Read one request, whose length its head says."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)


async def _disturbed(what: str, answer: bytes, writer: asyncio.StreamWriter) -> None:
    """Hand back an answer, or what is left of it."""
    if what == "lost":
        writer.transport.abort()
    elif what == "cut":
        await _written(writer, answer[: len(answer) * 2 // 3])
    elif what == "late":
        await asyncio.sleep(0.05)
        await _written(writer, answer)
    elif what == "drip":
        for start in range(0, len(answer), 100):
            await _written(writer, answer[start : start + 100])
            await asyncio.sleep(0.005)
    else:
        await _written(writer, answer)


async def _written(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


@contextmanager
def disturbing(
    port: int, rates: dict[str, float], seed: int = 0
) -> Iterator[tuple[str, Counter[str]]]:
    """Run a proxy in a thread; yield its URL, and how often it did what."""
    proxy = Proxy(port=port, rates=rates, seed=seed)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncio.start_server(proxy.handle, "127.0.0.1", 0, limit=2**20)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", proxy.done
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(proxy.end())
        loop.close()
