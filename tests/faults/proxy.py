"""A proxy on this machine that disturbs what passes, now and then, by chance.

Everything it does may happen between two sound machines: an answer is late, drips, is
cut off or never comes, a gateway answers in place of the server, a limit is reached.
"""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from threading import Lock
from urllib.parse import urlsplit

from tests.serving import listening, read_request

EMPTY = b"Content-Length: 0\r\n\r\n"
INSTEAD = {
    "busy": b"HTTP/1.1 503 Service Unavailable\r\n" + EMPTY,
    "limited": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\n" + EMPTY,
    "reset": b"",  # before the server has it
}
# How often each disturbance comes about, in a hundred requests.
RATES = {
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
    """Passes the request of each connection on to a server, and disturbs some."""

    port: int
    random: Random
    done: Counter[str] = field(default_factory=Counter)  # how often each disturbance
    lock: Lock = field(default_factory=Lock)

    def behave(self, connection: socket.socket) -> None:
        if not (request := read_request(connection)):
            return
        what = self._chosen()
        answer = INSTEAD[what] if what in INSTEAD else self._passed_on(request)
        if what == "late":
            time.sleep(0.05)
        size = 100 if what == "drip" else len(answer) or 1
        if what in {"lost", "cut"}:
            answer = answer[: len(answer) * 2 // 3] if what == "cut" else b""
        for start in range(0, len(answer), size):
            connection.sendall(answer[start : start + size])
            time.sleep(0.005 if what == "drip" else 0)

    def _chosen(self) -> str:
        """Choose what happens to the next request."""
        with self.lock:
            left = self.random.uniform(0, 100)
            for name, rate in RATES.items():
                left -= rate
                if left < 0:
                    self.done[name] += 1
                    return name
        return ""

    def _passed_on(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        kept = [it for it in lines if not it.lower().startswith(b"connection:")]
        sent = b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n" + body
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            server.sendall(sent)
            return b"".join(iter(partial(server.recv, 65536), b""))


@contextmanager
def disturbing(server: str, seed: int) -> Iterator[tuple[str, Counter[str]]]:
    """Run a proxy to a server; yield its URL, and how often it did what."""
    proxy = Proxy(urlsplit(server).port or 0, Random(seed))
    with listening(proxy.behave) as url:
        yield url, proxy.done
