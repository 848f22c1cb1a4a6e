"""A blocking HTTP client: one connection, one request at a time, bytes as certified.

The standard library's client sends exactly what it is given, and waits cooperatively
where gevent has patched the sockets; without gevent it simply waits.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from urllib.parse import urlsplit

from ringspec.harness import Exchange, Failure, Response, Trouble
from ringspec.harness.sending.hosts import Hosts
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.target import ANSWER_LIMIT
from ringspec.strategies import TOKEN_URL, Request

_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})
# The first kind that fits counts.
_TROUBLES: tuple[tuple[type[Exception], Trouble, str], ...] = (
    (ConnectionRefusedError, Trouble.UNREACHABLE, "cannot connect"),
    (socket.gaierror, Trouble.NAME, "the host's name is not known"),
    (ssl.SSLError, Trouble.TLS, "TLS failed"),
    (OSError, Trouble.DROPPED, "the connection was cut"),
    (IncompleteRead, Trouble.DROPPED, "the answer was cut"),
    (Exception, Trouble.GARBLED, "that is no HTTP"),
)


@dataclass
class BlockingClient:
    """One user's connection to a target.

    Attributes:
        timeout_s: how long an answer may take.
        limit: raises TimeoutError after so many seconds of a whole exchange; the
            connection by itself only limits each wait.
    """

    url: str
    filling: Filling
    hosts: Hosts
    timeout_s: float
    limit: Callable[[float], AbstractContextManager[object]] = nullcontext
    _open: dict[str, HTTPConnection] = field(default_factory=dict)

    def exchange(self, request: Request) -> Exchange:
        """Send a request once."""
        url = self.filling.url(self.url, request)
        why = self._out_of_bounds(request, url)
        if why:
            failure = Failure(trouble=Trouble.WITHHELD, message=f"not sent: {why}")
            return Exchange(url=url, request=request, failure=failure, sent=0)
        began_s, began = time.time(), time.perf_counter()
        answer = self._answer(request, url)
        return Exchange(
            url=url,
            request=request,
            response=answer if isinstance(answer, Response) else None,
            failure=answer if isinstance(answer, Failure) else None,
            began_s=began_s,
            elapsed_s=time.perf_counter() - began,
        )

    def close(self) -> None:
        """Close the connections."""
        for each in self._open.values():
            each.close()
        self._open.clear()

    def _out_of_bounds(self, request: Request, url: str) -> str:
        """Return why a request may not be sent; empty if it may."""
        if request.path != TOKEN_URL and not request.path.startswith("/"):
            return f"{request.path!r} is no path below {self.url}"
        return self.hosts.refusal(url)

    def _answer(self, request: Request, url: str) -> Response | Failure:
        try:
            with self.limit(self.timeout_s):
                return self._sent(request, url)
        except TimeoutError:
            message = f"no whole answer within {self.timeout_s:g} seconds"
            failure = Failure(trouble=Trouble.TIMEOUT, message=message)
        except (OSError, HTTPException, ValueError) as error:
            failure = _failure(error)
        self.close()  # its state is unknown
        return failure

    def _sent(self, request: Request, url: str) -> Response:
        """Send on the open connection; anew if that was closed while idle.

        A server may close an idle connection at any moment. Only where not a byte of an
        answer came on a used one is the request sent again, on a new one.
        """
        parts = urlsplit(url)
        used = parts.netloc in self._open
        try:
            return self._once(request, parts.scheme, parts.netloc, _target(url))
        except ConnectionError:
            # RemoteDisconnected, which says that nothing came, is one of them.
            if not used:
                raise
        self.close()
        return self._once(request, parts.scheme, parts.netloc, _target(url))

    def _once(self, request: Request, scheme: str, netloc: str, path: str) -> Response:
        connection = self._connection(scheme, netloc)
        method, body = request.method.upper(), self.filling.body(request)
        headers = self.filling.headers(request)
        names = {name.lower() for name, _ in headers}
        connection.putrequest(
            method, path, skip_host="host" in names, skip_accept_encoding=True
        )
        for name, value in headers:
            connection.putheader(name, value.encode("latin-1"))
        if "content-length" not in names and (body or method not in _BODILESS):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        return _read(connection.getresponse(), connection)

    def _connection(self, scheme: str, netloc: str) -> HTTPConnection:
        known = self._open.get(netloc)
        if known is None:
            make = HTTPSConnection if scheme == "https" else HTTPConnection
            known = self._open[netloc] = make(netloc, timeout=self.timeout_s)
            known.connect()
            with suppress(OSError):
                known.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return known


def _target(url: str) -> str:
    """Return path and query, as for the request line."""
    _, _, rest = url.partition("://")
    slash = rest.find("/")
    return rest[slash:] if slash >= 0 else "/"


def _failure(error: Exception) -> Failure:
    trouble, what = next(
        (trouble, what) for kind, trouble, what in _TROUBLES if isinstance(error, kind)
    )
    reason = str(error) or type(error).__name__
    return Failure(trouble=trouble, message=f"{what}: {reason}")


def _read(answer: HTTPResponse, connection: HTTPConnection) -> Response:
    body = answer.read(ANSWER_LIMIT + 1)
    if len(body) > ANSWER_LIMIT:
        raise ValueError(f"the answer is longer than {ANSWER_LIMIT >> 20} MiB")
    if answer.length:
        raise IncompleteRead(body, answer.length)
    if answer.will_close:
        connection.close()
    return Response(
        status=answer.status,
        headers=tuple(answer.getheaders()),
        body=body,
    )
