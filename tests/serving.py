"""Servers on a port of their own, in threads: an application, or bare sockets."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def served(app: ASGIApp, log_level: str = "error") -> Iterator[str]:
    """Serve an application on a free port, and yield its URL."""
    # asyncio sets TCP_NODELAY only where the protocol is named.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level=log_level, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


Behaviour = Callable[[socket.socket], None]


@contextmanager
def listening(behave: Behaviour) -> Iterator[str]:
    """Serve each connection by a function, and yield the URL."""

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                behave(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Connection) as server:
        thread = threading.Thread(
            target=server.serve_forever, args=(0.01,), daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def read_request(connection: socket.socket) -> bytes:
    """Read one request; empty at the end of the connection, and at a handshake."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more or more[0] == 0x16:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def replying(answer: Callable[[bytes], tuple[int, bytes]], *headers: str) -> Behaviour:
    """Answer by a function from a request to a status and a body."""
    named = headers or ("Content-Type: application/json",)

    def behave(connection: socket.socket) -> None:
        while request := read_request(connection):
            status, body = answer(request)
            length = f"Content-Length: {len(body)}"
            lines = (f"HTTP/1.1 {status} Whatever", length, *named, "", "")
            connection.sendall("\r\n".join(lines).encode() + body)

    return behave


def answering(status: int, body: bytes = b"{}", *headers: str) -> Behaviour:
    """Answer every request alike."""
    return replying(lambda _: (status, body), *headers)


ACCEPTED = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\n\r\n{}"
)


@dataclass
class Heard:
    """A server that accepts whatever comes, and keeps it."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)

    def __call__(self, connection: socket.socket) -> None:
        while request := read_request(connection):
            self.requests.append(request)
            connection.sendall(ACCEPTED)


def slow(connection: socket.socket) -> None:
    """Accept each request after a while; our requests come in one piece."""
    while connection.recv(65536):
        time.sleep(0.05)
        connection.sendall(ACCEPTED)
