"""The server can be left running: nobody uses up its memory or its attention."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringspec.reference import ServerLimits, ServerSettings
from ringspec.reference.app import build
from ringspec.reference.behaviour import Behaviour
from ringspec.reference.store import Store

ALL = "/voice/broadcasts"
MEGABYTE = 1024 * 1024
# Short ones, so that nothing is waited for long.
LIMITS = "ServerLimits(request_s=0.5, idle_s=2.0, connections=1100)"
SERVE = f"from ringspec.reference import *; serve(ServerSettings(limits={LIMITS}))"


@dataclass(frozen=True)
class Server:
    port: int
    token: str
    process: subprocess.Popen[str]

    @property
    def peak_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def head(self, *lines: str, method: str = "POST") -> bytes:
        own = ("Host: x", f"Authorization: Bearer {self.token}")
        start = f"{method} {ALL} HTTP/1.1"
        return "\r\n".join((start, *own, *lines, "", "")).encode()

    def lists(self) -> bool:
        """Tell whether somebody else is still served."""
        with closing(self.connect()) as other:
            return self.status(other) == 200

    def status(self, connection: socket.socket) -> int:
        """Ask for the list, and read the answer whole."""
        connection.sendall(self.head(method="GET"))
        answer = HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer.status


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        about = json.loads(process.stdout.readline())
        yield Server(int(about["url"].rsplit(":", 1)[1]), about["token"], process)
        process.terminate()


def drip(connection: socket.socket, data: bytes) -> bytes:
    """Send byte by byte until the server has had enough; return what it says."""
    with suppress(OSError):
        for each in data:
            connection.sendall(bytes([each]))
            time.sleep(0.05)
    return rest(connection)


def rest(connection: socket.socket) -> bytes:
    said = bytearray()
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            said += piece
    return bytes(said)


@pytest.fixture
def limited(started: Callable[..., Any]) -> Callable[..., Any]:
    """Start a server in process with limits; what comes back sends it requests."""

    def start(
        limits: ServerLimits, max_bytes: int = 64 * MEGABYTE
    ) -> Callable[..., Any]:
        settings = ServerSettings(token="t", limits=limits)
        behaviour = Behaviour(store=lambda: Store(max_bytes=max_bytes))
        transport = httpx.ASGITransport(build(settings, behaviour))

        def send(method: str, path: str, json: object = None) -> httpx.Response:
            async def answer() -> httpx.Response:
                url = "http://reference.invalid"
                async with httpx.AsyncClient(transport=transport, base_url=url) as http:
                    headers = {"Authorization": "Bearer t"}
                    return await http.request(method, path, json=json, headers=headers)

            return asyncio.run(answer())

        return send

    return start


def test_flood_of_creates_leaves_the_newest(
    body: Callable[..., Any], limited: Callable[..., Any]
) -> None:
    send = limited(ServerLimits(broadcasts=20))

    ids = [send("POST", ALL, body()).json()["broadcastId"] for _ in range(60)]

    assert send("GET", ALL).json()["pagination"]["totalRecord"] == 20
    assert send("GET", f"{ALL}/{ids[39]}").status_code == 404
    assert send("GET", f"{ALL}/{ids[40]}").status_code == 200


def test_many_small_values_weigh_what_they_take_in_memory(
    body: Callable[..., Any], limited: Callable[..., Any]
) -> None:
    send = limited(ServerLimits(), max_bytes=MEGABYTE)
    rows: list[list[int]] = [[] for _ in range(6000)]  # 18 kB, as they are sent

    for _ in range(5):
        send("POST", ALL, body("people", {"/file": {"rows": rows}}))

    assert send("GET", ALL).json()["pagination"]["totalRecord"] == 1


def test_replacing_by_larger_ones_makes_others_fall_out() -> None:
    store = Store(max_bytes=10)
    first, second, third = (store.add({"name": name}, 3) for name in "abc")

    store.change(first, {"name": "d"}, 8)

    assert store.find(first.broadcast_id) is not None
    assert store.find(second.broadcast_id) is None
    assert store.find(third.broadcast_id) is None


def test_body_limit_is_the_one_that_was_set(limited: Callable[..., Any]) -> None:
    send = limited(ServerLimits(body_bytes=100))

    answer = send("POST", ALL, {"name": "x" * 100})

    assert answer.status_code == 413
    assert "100 bytes" in answer.json()["error"]["message"]


@pytest.mark.socket
@pytest.mark.parametrize(
    ("length", "before", "after"),
    [
        (f"Content-Length: {100 * MEGABYTE}", b"", b""),
        ("Transfer-Encoding: chunked", b"10000\r\n", b"\r\n"),
    ],
    ids=["by-its-length", "in-chunks"],
)
def test_body_of_100_megabytes_is_neither_read_nor_held(
    server: Server, length: str, before: bytes, after: bytes
) -> None:
    piece = before + b"x" * 65536 + after
    sent = 0

    with closing(server.connect()) as connection:
        connection.sendall(server.head("Content-Type: application/json", length))
        with suppress(OSError):
            for _ in range(1600):
                connection.sendall(piece)
                sent += len(piece)
        said = rest(connection)

    assert said.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in said.lower()
    assert sent < 50 * MEGABYTE  # what stands in the system's buffers, at most
    assert server.peak_mb < 120
    assert server.lists()


@pytest.mark.socket
def test_thousand_open_connections_hold_nobody_up(server: Server) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(closing(server.connect())) for _ in range(1000)]
        began = time.monotonic()

        assert server.lists()
        assert time.monotonic() - began < 2
        assert server.status(held[0]) == 200
        assert server.peak_mb < 120


@pytest.mark.socket
def test_one_connection_too_many_costs_the_one_longest_idle(server: Server) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(closing(server.connect())) for _ in range(1110)]

        assert server.lists()
        assert held[0].recv(1) == b""
        assert server.status(held[-1]) == 200


@pytest.mark.socket
def test_head_that_drips_in_is_given_up(server: Server) -> None:
    began = time.monotonic()

    with closing(server.connect()) as connection:
        said = drip(connection, server.head("X-Slow: " + "x" * 200))

    assert said.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 5


@pytest.mark.socket
def test_body_that_drips_in_is_given_up(server: Server) -> None:
    head = server.head("Content-Type: application/json", "Content-Length: 500")

    with closing(server.connect()) as connection:
        connection.sendall(head)
        said = drip(connection, b" " * 500)

    assert said.startswith(b"HTTP/1.1 408")


@pytest.mark.socket
def test_rest_of_a_refused_body_that_drips_in_is_given_up(server: Server) -> None:
    head = f"POST {ALL} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n".encode()

    with closing(server.connect()) as connection:
        connection.sendall(head)
        said = drip(connection, b" " * 500)

    assert said.startswith(b"HTTP/1.1 401")
    assert said.count(b"HTTP/1.1") == 1


@pytest.mark.socket
def test_idle_connection_is_closed_in_the_end(server: Server) -> None:
    with closing(server.connect()) as connection:
        assert server.status(connection) == 200

        assert connection.recv(1) == b""


@pytest.mark.socket
def test_answer_that_nobody_reads_is_given_up(
    server: Server, body: Callable[..., Any]
) -> None:
    sent = body("people", {"/voiceFlow/welcome/say": "x" * 900_000})
    headers = {"Authorization": f"Bearer {server.token}"}
    url = f"http://127.0.0.1:{server.port}{ALL}"
    made = httpx.post(url, json=sent, headers=headers, trust_env=False).json()
    asked = server.head(method="GET").replace(
        b" HTTP", f"/{made['broadcastId']} HTTP".encode(), 1
    )

    with closing(server.connect()) as connection:
        connection.sendall(asked * 30)
        time.sleep(1.0)
        said = rest(connection)

    assert len(said) < 20_000_000  # of 27 million
    assert server.peak_mb < 150
    assert server.lists()


@pytest.mark.socket
def test_requests_in_a_row_are_each_given_their_time(server: Server) -> None:
    with closing(server.connect()) as connection:
        for _ in range(4):
            time.sleep(0.25)  # a second in all, of half a one that each request has
            assert server.status(connection) == 200
