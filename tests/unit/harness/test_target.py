"""One request and its answer over real sockets, or what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ringspec.harness import Exchange, Trouble
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.policy import checked_url, is_loopback
from ringspec.harness.sending.target import Target
from ringspec.spec import UsageError
from ringspec.strategies import Request

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\n"


def sent_to(serve: Serve, *, repeats: int = 0, timeout_s: float = 0.3) -> Exchange:
    async def talk() -> Exchange:
        async def handle(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                await serve(reader, writer)
                await writer.drain()
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        target = Target(
            f"http://127.0.0.1:{port}/api/",
            filling=Filling(token="t"),
            timeout_s=timeout_s,
            workers=1,
        )
        request = Request(method="POST", path="/x", headers=(), body=b"{}")
        try:
            return await target.exchange(request, repeats=repeats)
        finally:
            await target.close()
            server.close()

    return asyncio.run(talk())


def writing(*parts: bytes, pause_s: float = 0.0) -> Serve:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return serve


@pytest.mark.parametrize(
    ("serve", "trouble", "some"),
    [
        (writing(b"", pause_s=5), Trouble.TIMEOUT, False),
        (writing(b"HTTP/1.1 2", pause_s=5), Trouble.TIMEOUT, True),
        (writing(HEAD + b"Content-Length: 9\r\n\r\n{", pause_s=5), "timeout", True),
        (writing(*[b"HTTP/1.1 200 OK"] * 9, pause_s=0.1), Trouble.TIMEOUT, True),
        (writing(), Trouble.DROPPED, False),
        (writing(b"HTTP/1.1 200"), Trouble.DROPPED, True),
        (writing(HEAD + b"Content-Length: 9\r\n\r\n{"), Trouble.DROPPED, True),
        (writing(b"220 smtp ready\r\n"), Trouble.GARBLED, True),
        (writing(b"\x00\x01\x02\x03" * 9), Trouble.GARBLED, True),
        (writing(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "garbled", True),
        (writing(b"\x15\x03\x03\x00\x02\x02\x46"), Trouble.TLS, True),
        (writing(HEAD + b"\r\n", *[b" " * 2**20] * 9), Trouble.GARBLED, True),
    ],
    ids=[
        *("silent", "half-a-line", "half-a-body", "drip", "closed", "cut-line"),
        *("cut-body", "smtp", "binary", "bad-chunk", "tls", "endless"),
    ],
)
def test_trouble_is_told_apart(serve: Serve, trouble: str, *, some: bool) -> None:
    exchange = sent_to(serve, timeout_s=3 if trouble == "garbled" else 0.3)

    assert exchange.failure is not None
    assert exchange.failure.trouble == trouble
    assert exchange.failure.some == some
    assert exchange.failure.went_out


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
def test_nothing_went_out_to_whom_nobody_could_connect(url: str) -> None:
    async def talk() -> Exchange:
        target = Target(url, filling=Filling(), timeout_s=3, workers=1)
        request = Request(method="POST", path="/x", headers=(), body=b"{}")
        try:
            return await target.exchange(request, repeats=0)
        finally:
            await target.close()

    exchange = asyncio.run(talk())

    assert exchange.failure is not None
    assert not exchange.failure.went_out


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1", True),
        ("http://127.9.9.9:80/x", True),
        ("http://[::1]:8000", True),
        ("http://localhost:8000", True),
        ("http://LOCALHOST", True),
        ("http://0.0.0.0", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1@example.com", False),
        ("http://10.0.0.1", False),
        ("http://2130706433", False),
        ("http://127.1", False),
        ("http://[::1%25.example.com]", False),
    ],
)
def test_loopback_is_told_by_the_address_alone(url: str, *, loopback: bool) -> None:
    assert is_loopback(url) == loopback


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "127.0.0.1:80", "http://", "ftp://127.0.0.1", "http://a:b"),
        *(
            "http://[::1",
            "http://h?q=1",
            "http://h#f",
            "http://u:p@h",
            "http://h:99999",
        ),
    ],
)
def test_what_is_no_base_url_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError):
        checked_url(url)
