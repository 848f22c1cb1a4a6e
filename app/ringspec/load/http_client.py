"""A blocking HTTP client: one connection, one request at a time, bytes as certified.

The standard library's client sends exactly what it is given, and waits cooperatively
where gevent has patched the sockets; without gevent it simply waits.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from urllib.parse import SplitResult, urlsplit

from ringspec.harness import Exchange, Failure, Response, Trouble
from ringspec.harness.sending.exchange import ANSWER_LIMIT, Filling, Jar, received
from ringspec.harness.sending.policy import Hosts
from ringspec.strategies import Request

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


class BlockingClient:
    """One user's connection to a target.

    The connection by itself only limits each wait; `limit` raises TimeoutError after
    so many seconds of a whole exchange.
    """

    def __init__(
        self,
        url: str,
        filling: Filling,
        hosts: Hosts,
        timeout_s: float,
        limit: Callable[[float], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._url, self._filling, self._hosts = url, filling, hosts
        self._timeout_s, self._limit = timeout_s, limit
        self._open: dict[str, HTTPConnection] = {}
        self._jar = Jar()

    def exchange(self, request: Request) -> Exchange:
        """Send a request once."""
        url = self._filling.url(self._url, request)
        why = self._hosts.refusal(url)
        if why:
            failure = Failure(trouble=Trouble.WITHHELD, message=f"not sent: {why}")
            return Exchange(url=url, request=request, failure=failure, sent=0)
        request = self._filling.dressed(request, self._url)
        began = time.time(), time.perf_counter()
        return Exchange.ended(url, request, self._answer(request, url), began)

    def close(self) -> None:
        """Close the connections."""
        for each in self._open.values():
            each.close()
        self._open.clear()

    def _answer(self, request: Request, url: str) -> Response | Failure:
        parts = urlsplit(url)
        used = parts.netloc in self._open
        try:
            with self._limit(self._timeout_s):
                try:
                    return self._send(request, parts)
                except ConnectionError:
                    # A server may close an idle connection at any moment. Where not a
                    # byte came on a used one the request is sent again on a new one.
                    if not used:
                        raise
                    self.close()
                    return self._send(request, parts)
        except TimeoutError:
            message = f"no whole answer within {self._timeout_s:g} seconds"
            trouble = Trouble.TIMEOUT
        except (OSError, HTTPException, ValueError) as error:
            trouble, what = next(
                (trouble, what)
                for kind, trouble, what in _TROUBLES
                if isinstance(error, kind)
            )
            message = f"{what}: {str(error) or type(error).__name__}"
        self.close()  # its state is unknown
        return Failure(trouble=trouble, message=message)

    def _send(self, request: Request, parts: SplitResult) -> Response | Failure:
        connection = self._open.get(parts.netloc)
        if connection is None:
            make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            connection = make(parts.netloc, timeout=self._timeout_s)
            self._open[parts.netloc] = connection
        method, body = request.method.upper(), self._filling.body(request)
        url = self._filling.sent(self._filling.url(self._url, request))
        headers = self._jar.added(self._filling.headers(request), request, url)
        names = {name.lower() for name, _ in headers}
        # Path and query as they are: nothing is normalised.
        _, _, rest = url.partition("://")
        path = rest[rest.find("/") :] if "/" in rest else "/"
        connection.putrequest(
            method, path, skip_host="host" in names, skip_accept_encoding=True
        )
        for name, value in headers:
            connection.putheader(name, value.encode("latin-1"))
        if "content-length" not in names and (body or method not in _BODILESS):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        content = answer.read(ANSWER_LIMIT + 1)
        if answer.length and len(content) <= ANSWER_LIMIT:
            raise IncompleteRead(content, answer.length)
        response = received(answer.status, tuple(answer.getheaders()), content)
        if answer.will_close or isinstance(response, Failure):
            connection.close()
        if isinstance(response, Response):
            self._jar.keep(request, url, response)
        return response
