"""What goes over the wire is what the case says, and what fails is named."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from ringspec.harness import Trouble
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.policy import Hosts
from ringspec.load.http_client import BlockingClient
from ringspec.strategies import Request

from ...serving import listening, read_request  # noqa: TID252 - tests are no distribution

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-One: 1\r\n\r\n{}"
REQUEST = Request(
    method="POST",
    path="/things",
    headers=(("content-type", "application/json"), ("Authorization", "Bearer {token}")),
    body=b'{"a": 1}',
)
Wire = Callable[..., BlockingClient]


@dataclass
class Once:
    """A server that answers one request of each connection, and keeps it."""

    answer: bytes = ANSWER
    heard: list[bytes] = field(default_factory=list)

    def __call__(self, connection: socket.socket) -> None:
        self.heard.append(read_request(connection))
        connection.sendall(self.answer)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with ExitStack() as stack:

        def make(url: str, timeout_s: float = 5.0) -> BlockingClient:
            made = BlockingClient(url, Filling(token="abc"), Hosts(base=url), timeout_s)
            stack.callback(made.close)
            return made

        yield make


def test_request_goes_out_as_it_is(wire: Wire) -> None:
    server = Once()
    with listening(server) as url:
        found = wire(url).exchange(REQUEST)

    assert found.response is not None
    assert (found.response.status, found.response.body) == (201, b"{}")
    assert found.response.header("x-one") == "1"
    lines = server.heard[0].partition(b"\r\n\r\n")
    assert lines[2] == REQUEST.body
    assert lines[0].split(b"\r\n")[0] == b"POST /things HTTP/1.1"
    assert b"content-type: application/json" in lines[0]
    assert b"Authorization: Bearer abc" in lines[0]
    assert b"Content-Length: 8" in lines[0]
    # What is kept has no secret.
    assert found.request is REQUEST


def test_answer_is_unpacked_though_nothing_asked_for_it(
    wire: Wire,
) -> None:
    content = gzip.compress(b"{}")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"

    with listening(Once(head % len(content) + content)) as url:
        found = wire(url).exchange(REQUEST)

    assert found.response is not None
    assert found.response.body == b"{}"


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (b"", Trouble.DROPPED),
        (b"220 smtp\r\n", Trouble.GARBLED),
        (ANSWER[:-1], Trouble.DROPPED),
    ],
    ids=["dropped", "no-http", "cut"],
)
def test_failure_is_named(wire: Wire, answer: bytes, trouble: Trouble) -> None:
    with listening(Once(answer)) as url:
        found = wire(url).exchange(REQUEST)

    assert found.response is None
    assert found.failure is not None
    assert found.failure.trouble is trouble


def test_silence_is_a_timeout(wire: Wire) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = wire(url, timeout_s=0.1).exchange(REQUEST)

    assert found.failure is not None
    assert found.failure.trouble is Trouble.TIMEOUT
    assert found.failure.message == "no whole answer within 0.1 seconds"


def test_closed_idle_connection_is_opened_anew(
    wire: Wire,
) -> None:
    server = Once()
    with listening(server) as url:
        kept = wire(url)
        first, second = kept.exchange(REQUEST), kept.exchange(REQUEST)

    assert first.response is not None
    assert second.response is not None
    assert len(server.heard) == 2


def test_nothing_goes_to_another_host(wire: Wire) -> None:
    elsewhere = Request(method="GET", path="@192.0.2.1/", headers=(), body=b"")

    found = wire("http://127.0.0.1:9").exchange(elsewhere)

    assert found.is_withheld
    assert found.sent == 0
