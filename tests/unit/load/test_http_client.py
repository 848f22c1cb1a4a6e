"""What goes over the wire is what the case says, and what fails is named."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ringspec.harness import Trouble
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.policy import Hosts
from ringspec.load.http_client import BlockingClient
from ringspec.strategies import Request

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-One: 1\r\n\r\n{}"
REQUEST = Request(
    method="POST",
    path="/things",
    headers=(("content-type", "application/json"), ("Authorization", "Bearer {token}")),
    body=b'{"a": 1}',
)
Answer = Callable[[socket.socket, bytes], None]


def received(connection: socket.socket) -> bytes:
    """Read the one request that there is, which may come in pieces."""
    data = b""
    while not data.endswith(REQUEST.body):
        data += connection.recv(65536)
    return data


@contextmanager
def server(*answers: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """Answer one connection after the other."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                heard.append(received(connection))
                answer(connection, heard[-1])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        listener.close()
        thread.join(5)


@pytest.fixture
def wire() -> Iterator[Callable[..., BlockingClient]]:
    with ExitStack() as stack:

        def make(url: str, timeout_s: float = 5.0) -> BlockingClient:
            made = BlockingClient(url, Filling(token="abc"), Hosts(base=url), timeout_s)
            stack.callback(made.close)
            return made

        yield make


def right(connection: socket.socket, _: bytes) -> None:
    connection.sendall(ANSWER)


def test_request_goes_out_as_it_is(wire: Callable[..., BlockingClient]) -> None:
    with server(right) as (url, heard):
        found = wire(url).exchange(REQUEST)

    assert found.response is not None
    assert (found.response.status, found.response.body) == (201, b"{}")
    assert found.response.header("x-one") == "1"
    lines = heard[0].partition(b"\r\n\r\n")
    assert lines[2] == REQUEST.body
    assert lines[0].split(b"\r\n")[0] == b"POST /things HTTP/1.1"
    assert b"content-type: application/json" in lines[0]
    assert b"Authorization: Bearer abc" in lines[0]
    assert b"Content-Length: 8" in lines[0]
    # What is kept has no secret.
    assert found.request is REQUEST


def test_answer_is_unpacked_though_nothing_asked_for_it(
    wire: Callable[..., BlockingClient],
) -> None:
    content = gzip.compress(b"{}")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"

    with server(lambda it, _: it.sendall(head % len(content) + content)) as (url, _):
        found = wire(url).exchange(REQUEST)

    assert found.response is not None
    assert found.response.body == b"{}"


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (lambda connection, _: connection.close(), Trouble.DROPPED),
        (lambda connection, _: connection.sendall(b"220 smtp\r\n"), Trouble.GARBLED),
        (lambda connection, _: connection.sendall(ANSWER[:-1]), Trouble.DROPPED),
    ],
    ids=["dropped", "no-http", "cut"],
)
def test_failure_is_named(
    wire: Callable[..., BlockingClient], answer: Answer, trouble: Trouble
) -> None:
    with server(answer) as (url, _):
        found = wire(url).exchange(REQUEST)

    assert found.response is None
    assert found.failure is not None
    assert found.failure.trouble is trouble


def test_silence_is_a_timeout(wire: Callable[..., BlockingClient]) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = wire(url, timeout_s=0.1).exchange(REQUEST)

    assert found.failure is not None
    assert found.failure.trouble is Trouble.TIMEOUT
    assert found.failure.message == "no whole answer within 0.1 seconds"


def test_closed_idle_connection_is_opened_anew(
    wire: Callable[..., BlockingClient],
) -> None:
    with server(right, right) as (url, heard):
        kept = wire(url)
        first, second = kept.exchange(REQUEST), kept.exchange(REQUEST)

    assert first.response is not None
    assert second.response is not None
    assert len(heard) == 2


def test_nothing_goes_to_another_host(wire: Callable[..., BlockingClient]) -> None:
    elsewhere = Request(method="GET", path="@192.0.2.1/", headers=(), body=b"")

    found = wire("http://127.0.0.1:9").exchange(elsewhere)

    assert found.is_withheld
    assert found.sent == 0
