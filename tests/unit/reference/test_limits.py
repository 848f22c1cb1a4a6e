"""The server can be left running: no client uses up its memory or its attention."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest

from ringspec.reference import Behaviour, ServerLimits
from ringspec.reference.store import Store

from .conftest import ALL, body, started

MEGABYTE = 1024 * 1024
# Short ones, so that nothing is waited for long.
LIMITS = "ServerLimits(request_s=0.5, idle_s=2.0, connections=1100)"
SERVE = (
    "from ringspec.reference import ServerLimits, ServerSettings, serve;"
    f"serve(ServerSettings(limits={LIMITS}))"
)


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


def test_flood_of_creates_leaves_the_newest() -> None:
    send = started(limits=ServerLimits(broadcasts=20))

    ids = [send("POST", ALL, body()).json()["broadcastId"] for _ in range(60)]

    assert send("GET", ALL).json()["pagination"]["totalRecord"] == 20
    assert send("GET", f"{ALL}/{ids[39]}").status_code == 404
    assert send("GET", f"{ALL}/{ids[40]}").status_code == 200


def test_many_small_values_weigh_more_than_their_letters() -> None:
    behaviour = Behaviour(store=lambda: Store(max_bytes=MEGABYTE))
    send = started(behaviour)
    rows: list[list[int]] = [[] for _ in range(6000)]  # 18 kB, as they are sent

    for _ in range(5):
        send("POST", ALL, body("people", {"/file": {"rows": rows}}))

    assert send("GET", ALL).json()["pagination"]["totalRecord"] == 1


def test_body_limit_is_the_one_that_was_set() -> None:
    send = started(limits=ServerLimits(body_bytes=100))

    answer = send("POST", ALL, {"name": "x" * 100})

    assert answer.status_code == 413
    assert "100 bytes" in answer.json()["error"]["message"]


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


def test_thousand_open_connections_hold_nobody_up(server: Server) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(closing(server.connect())) for _ in range(1000)]
        began = time.monotonic()

        assert server.lists()
        assert time.monotonic() - began < 2
        assert server.status(held[0]) == 200
        assert server.peak_mb < 120


def test_one_connection_too_many_costs_the_one_longest_idle(server: Server) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(closing(server.connect())) for _ in range(1110)]

        assert server.lists()
        assert held[0].recv(1) == b""
        assert server.status(held[-1]) == 200


def test_idle_connection_is_closed_in_the_end(server: Server) -> None:
    with closing(server.connect()) as connection:
        assert server.status(connection) == 200

        assert connection.recv(1) == b""


def test_answer_that_nobody_reads_is_given_up(server: Server) -> None:
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


@pytest.mark.parametrize("part", ["head", "body"])
def test_request_that_drips_in_is_given_up(server: Server, part: str) -> None:
    began = time.monotonic()
    head = server.head("Content-Type: application/json", "Content-Length: 500")

    with closing(server.connect()) as connection:
        if part == "body":
            connection.sendall(head)
        answer = drip(connection, head if part == "head" else b" " * 500)

    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 5
