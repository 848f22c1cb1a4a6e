"""The target over sockets: what goes out, and what becomes of connections."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest

from ringspec.harness import Exchange, Trouble
from ringspec.harness.sending.exchange import ANSWER_LIMIT, Filling
from ringspec.harness.sending.target import Target
from ringspec.strategies import Request

HEAD = b"HTTP/1.1 200 OK\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"
LAST = HEAD + b"Connection: close\r\n\r\n"
POST = Request(method="POST", path="/x?y=1", headers=(("X-A", "\xe9"),), body=b"{}")
Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def asked(handle: Handle, times: int = 1, request: Request = POST) -> list[Exchange]:
    """Ask a server so often, on one connection as far as that is kept."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the target has enough
        finally:
            writer.close()

    async def talk() -> list[Exchange]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        target = Target(url, filling=Filling(), timeout_s=5)
        found: list[Exchange] = []
        try:
            for _ in range(times):
                found.append(await target.exchange(request, repeats=0))
                await asyncio.sleep(0.05)
        finally:
            await target.close()
            server.close()
        return found

    return asyncio.run(talk())


def answering(answer: bytes, *, closes: bool = False, resets: bool = False) -> Handle:
    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while await reader.read(2**16):
            writer.write(answer)
            await writer.drain()
            if resets:
                now = struct.pack("ii", 1, 0)
                wire: socket.socket = writer.get_extra_info("socket")
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            if closes or resets:
                return

    return handle


def test_a_request_is_one_packet_and_a_connection_serves_many() -> None:
    heard: list[list[bytes]] = []

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        heard.append([])
        while data := await reader.read(2**16):
            heard[-1].append(data)
            writer.write(WHOLE)

    found = asked(handle, times=3)

    assert [it.status for it in found] == [200] * 3
    ((first, *others),) = heard
    assert others == [first] * 2
    head, _, body = first.partition(b"\r\n\r\n")
    line, host, *fields = head.split(b"\r\n")
    assert (line, body) == (b"POST /x?y=1 HTTP/1.1", b"{}")
    assert host.startswith(b"Host: 127.0.0.1:")
    assert sorted(fields) == [
        b"Accept-Encoding: identity",
        b"Accept: */*",
        b"Connection: keep-alive",
        b"Content-Length: 2",
        b"User-Agent: ringspec",
        b"X-A: \xe9",
    ]


@pytest.mark.parametrize(
    ("answer", "closes"),
    [
        (WHOLE, True),  # without a word of it
        (WHOLE + b"{}", True),
        (LAST + b"{}", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, False),
    ],
)
def test_a_connection_that_ended_meanwhile_is_not_used(
    answer: bytes, *, closes: bool
) -> None:
    found = asked(answering(answer, closes=closes), times=3)

    assert [it.status for it in found] == [200] * 3
    assert {it.response.body for it in found if it.response} == {b"{}"}


@pytest.mark.parametrize(
    ("handle", "trouble", "some"),
    [
        (answering(b"", resets=True), Trouble.DROPPED, False),
        (answering(HEAD, resets=True), Trouble.DROPPED, True),
        (answering(WHOLE[:-1], closes=True), Trouble.DROPPED, True),
        (answering(b"SSH-2.0-x\r\n", closes=True), Trouble.GARBLED, True),
        (answering(LAST + b"x" * (ANSWER_LIMIT + 1)), Trouble.GARBLED, True),
    ],
)
def test_what_is_no_whole_answer_is_a_failure(
    handle: Handle, trouble: Trouble, *, some: bool
) -> None:
    (found,) = asked(handle)

    assert found.failure is not None
    assert (found.failure.trouble, found.failure.some) == (trouble, some)
    assert found.failure.went_out


def test_an_answer_counts_that_comes_before_the_request_is_read() -> None:
    large = Request(method="POST", path="/x", headers=(), body=b"x" * 3_000_000)

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(100)
        writer.write(WHOLE)
        await reader.read()

    (found,) = asked(handle, request=large)

    assert found.status == 200
