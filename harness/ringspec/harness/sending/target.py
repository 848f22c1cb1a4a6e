"""The target: sending one request over the network and bringing back its answer.

A target that never answered a byte is not there; one that began an answer and stalled
misbehaves. h11 by itself reports only complete heads.
"""

from __future__ import annotations

import asyncio
import re
import select
import socket
import ssl
from collections.abc import AsyncIterable, Collection, Iterable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import unquote, urlsplit, urlunsplit

import httpcore

from ringspec.harness.sending.exchange import (
    ANSWER_LIMIT,
    Failure,
    Filling,
    Response,
    Sender,
    Trouble,
    received,
)
from ringspec.harness.sending.mistakes import mistake
from ringspec.harness.sending.policy import (
    checked_url,
    is_clear,
    is_loopback,
    parsed_url,
    read_url,
)
from ringspec.spec import UsageError
from ringspec.strategies import Request

# What every request has, unless it has its own. No compression is asked for.
_USUAL = (
    (b"Accept", b"*/*"),
    (b"Connection", b"keep-alive"),
    (b"User-Agent", b"ringspec"),
    (b"Accept-Encoding", b"identity"),
)
# Methods whose requests say how long their body is, even if it is empty.
_BODIED = frozenset({"POST", "PUT", "PATCH"})
# How the transport fails.
ERRORS = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
# How h11 words an answer that ends before its time.
_CLOSED = re.compile("disconnected|peer closed")
# The record that a TLS server sends to a client that does not speak TLS.
_TLS_ALERT = b"\x15\x03"
# What some TLS servers answer to a request without TLS, all with status 400.
_AT_TLS = re.compile(rb"https|ssl|tls", re.IGNORECASE)
_SPEECH = {"https": "TLS", "http": "HTTP without TLS"}
_NOT_THERE = frozenset({Trouble.UNREACHABLE, Trouble.NAME})
# How long one connection may take that is made to learn whether it is TLS.
_GLANCE_S = 5.0
# How long a connection is kept without a request.
_IDLE_S = 5.0
# Of an answer no more bytes are taken before they are asked for.
_AHEAD = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How a target is reached."""

    ca: str = ""  # file of the certificates to trust, in place of the usual ones
    certificate: str = ""  # file of the client's certificate; its key may be in it
    key: str = ""
    insecure: bool = False  # whether no certificate of a server is checked
    proxy: str = field(default="", repr=False)
    from_environment: bool = False  # whether the proxy was found there

    def to(self, url: str) -> Self:
        """Return the route to a URL, with the environment's proxy if none is given."""
        if self.proxy:
            _check_proxy(self.proxy, "give it whole, such as http://127.0.0.1:3128")
            if is_loopback(url) and not is_loopback(self.proxy):
                raise mistake("far-proxy", url=url, proxy=self.shown_proxy)
            return self
        if is_loopback(url):
            return self
        from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - it takes a while

        parts, known = urlsplit(url), getproxies()
        found = known.get(parts.scheme) or known.get("all") or ""
        if not found or proxy_bypass(parts.hostname or ""):
            return self
        found = found if "://" in found else f"http://{found}"
        _check_proxy(found, "leave out or mend HTTP_PROXY and its like")
        return replace(self, proxy=found, from_environment=True)

    def warning(self, *urls: str) -> str:
        """Return what to be warned of; empty where every certificate is checked."""
        exposed = {urlsplit(it).netloc for it in urls if it and not is_loopback(it)}
        where = " and ".join(sorted(exposed)) if self.insecure else ""
        return where and (
            f"INSECURE: the certificate of {where} is not checked; who answers there"
            " may be another, and reads the credentials"
        )

    @property
    def shown_proxy(self) -> str:
        """The proxy's URL without user and password."""
        parts = urlsplit(self.proxy)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no report may show."""
        password = urlsplit(self.proxy).password
        return tuple(dict.fromkeys((password, unquote(password)))) if password else ()

    def context(self) -> ssl.SSLContext:
        """Return the TLS context."""
        import httpx  # noqa: PLC0415 - it takes a while, and only TLS needs it

        key = self.key or self.certificate
        what = f"the certificates in {self.ca or 'SSL_CERT_FILE'}"
        hint = "--ca, or [tls] ca, names a file of certificates in PEM form"
        try:
            if not self.ca:
                context = httpx.create_ssl_context()
            elif Path(self.ca).is_dir():
                context = ssl.create_default_context(capath=self.ca)
            else:
                context = ssl.create_default_context(cafile=self.ca)
            if self.insecure:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            if self.certificate:
                what = f"the certificate {self.certificate} with the key {key}"
                hint = "both are in PEM form, belong together, and take no password"
                # Without a password OpenSSL would ask for it at the terminal.
                context.load_cert_chain(self.certificate, key, password="")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if isinstance(error, ssl.SSLError):
                reason = (error.reason or error.strerror or "it is no PEM").lower()
            raise UsageError(f"{what} cannot be used: {reason}", hint=hint) from error
        return context

    def opened(self) -> dict[str, Any]:
        """Return options of httpx's clients, as far as they are not the usual."""
        options: dict[str, Any] = {}
        if self.ca or self.certificate or self.insecure:
            options["verify"] = self.context()
        if self.proxy:
            options["proxy"] = self.proxy
        return options

    def wire(self, *urls: str) -> Transport:
        """Return what connects to the servers at some URLs."""
        context = self.opened().get("verify")
        if context is None and any(each.startswith("https:") for each in urls):
            context = self.context()
        backend = _Backend()
        options: dict[str, Any] = {
            "ssl_context": context,
            "keepalive_expiry": _IDLE_S,
            "network_backend": backend,
        }
        if not self.proxy:
            return Transport(httpcore.AsyncConnectionPool(**options), backend.streams)
        parts = urlsplit(self.proxy)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        given = user or password
        auth = (user.encode(), password.encode()) if given else None
        pool = httpcore.AsyncHTTPProxy(_raw(self.proxy), auth, **options)
        return Transport(pool, backend.streams)


def _check_proxy(url: str, hint: str) -> None:
    parts = parsed_url(url)
    if parts is None or parts.port == 0:
        scheme, mark, rest = url.partition("://")
        shown = f"{scheme}{mark}{rest.rpartition('@')[2]}"
        raise mistake("no-proxy", proxy=shown, hint=hint)


class AnswerStart(bytearray):
    """The first bytes of an answer; `asked` once any byte of a request was written."""

    asked = False


# Connections outlive exchanges; each task awaits its own exchange.
ANSWER_START: ContextVar[AnswerStart] = ContextVar("ANSWER_START")


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
        self.streams: set[_Stream] = set()  # those that are open

    async def connect_tcp(
        self, host: str, port: int, *_: Any, **_options: Any
    ) -> httpcore.AsyncNetworkStream:
        """Connect; `localhost` is this machine, whatever a resolver makes of it.

        Source: RFC 6761, 6.3.
        """
        connect = asyncio.get_running_loop().create_connection
        made = partial(_Stream, self.streams)
        *others, last = ("127.0.0.1", "::1") if host == "localhost" else (host,)
        for each in others:
            with suppress(OSError):
                return (await connect(made, each, port))[1]
        # Addresses of a name are tried in a race, in which asyncio may leave a socket
        # open when it is cancelled; a single address needs none.
        is_name = ":" not in last and not last[-1:].isdecimal()
        delay_s = 0.25 if is_name else None
        try:
            return (await connect(made, last, port, happy_eyeballs_delay=delay_s))[1]
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(error) from error


class _Stream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """A connection that notes in `ANSWER_START` what it reads.

    What is written at once goes out at once, so that a request is one packet.
    """

    _transport: Any
    _is_over = False
    _error: Exception | None = None

    def __init__(self, streams: set[_Stream]) -> None:
        self._streams = streams
        self._unsent, self._unread = bytearray(), bytearray()
        self._has_news = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._streams.add(self)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._has_news.set()
        if len(self._unread) > _AHEAD:
            self._transport.pause_reading()

    def eof_received(self) -> None:
        self._is_over = True
        self._has_news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._error = exc
        self._streams.discard(self)
        self.eof_received()

    async def read(self, max_bytes: int, *_: Any, **_options: Any) -> bytes:
        await self._has_news.wait()
        data = bytes(self._unread[:max_bytes])
        del self._unread[:max_bytes]
        if not (self._unread or self._is_over):
            self._has_news.clear()
            self._transport.resume_reading()
        if self._error is not None and not data:
            said = (self._error,) if isinstance(self._error, ssl.SSLError) else ()
            raise httpcore.ReadError(*said) from self._error
        answer = ANSWER_START.get(AnswerStart())
        answer += data[: 16 - len(answer)]
        return data

    async def write(self, buffer: bytes, *_: Any, **_options: Any) -> None:
        ANSWER_START.get(AnswerStart()).asked = True
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent += buffer

    def _flush(self) -> None:
        self._transport.write(bytes(self._unsent))
        self._unsent.clear()

    async def aclose(self) -> None:
        # At once: to close TLS waits for the other side.
        self._transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        *_: Any,
        **_options: Any,
    ) -> httpcore.AsyncNetworkStream:
        start = asyncio.get_running_loop().start_tls
        try:
            self._transport = await start(
                self._transport, self, ssl_context, server_hostname=server_hostname
            )
        except OSError as error:
            raise httpcore.ConnectError(error) from error
        return self

    def get_extra_info(self, info: str) -> Any:
        if info != "is_readable":
            return self._transport.get_extra_info(info)
        if self._has_news.is_set():
            return True
        # The loop may not have seen yet what there is.
        wire = self._transport.get_extra_info("socket")
        if not hasattr(select, "poll"):  # Windows
            return bool(select.select([wire], [], [], 0)[0])
        look = select.poll()
        look.register(wire, select.POLLIN)
        return bool(look.poll(0))


class Transport:
    """Connections, each of which is kept and serves one exchange at a time.

    They are of a pool's making alone: at every exchange that looks at all of its own.
    """

    def __init__(
        self,
        pool: httpcore.AsyncConnectionPool,
        streams: Collection[_Stream] = (),  # that are open, at any time
    ) -> None:
        self._made, self._idle = pool, list[httpcore.AsyncConnectionInterface]()
        self._streams = streams

    async def aclose(self) -> None:
        """Close all connections, also those of exchanges that were cancelled."""
        for each in [*self._streams]:
            await each.aclose()
        await asyncio.sleep(0)  # the loop closes them at its next turn

    async def answered(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> Response | Failure:
        """Send a request, and read its answer as far as the limit.

        Raises one of `ERRORS`, or a ValueError if the URL is none.
        """
        request = _outgoing(method.upper(), _raw(url), headers, body)
        connection = await self._connection(request.url.origin)
        answer, content = await connection.handle_async_request(request), bytearray()
        try:
            async for chunk in cast("AsyncIterable[bytes]", answer.stream):
                content += chunk
                if len(content) > ANSWER_LIMIT:
                    break
        finally:
            await answer.aclose()
            if connection.is_idle():
                self._idle.append(connection)
        raw = [(name.lower(), value) for name, value in answer.headers]
        try:
            given = tuple((name.decode(), value.decode()) for name, value in raw)
        except UnicodeDecodeError:
            given = tuple((n.decode("latin-1"), it.decode("latin-1")) for n, it in raw)
        return received(answer.status, given, bytes(content))

    async def _connection(
        self, origin: httpcore.Origin
    ) -> httpcore.AsyncConnectionInterface:
        while fitting := [it for it in self._idle if it.can_handle_request(origin)]:
            self._idle.remove(found := fitting[0])
            if not found.has_expired():
                return found
            await found.aclose()
        return self._made.create_connection(origin)


def _outgoing(
    method: str, to: httpcore.URL, headers: Iterable[tuple[str, str]], body: bytes
) -> httpcore.Request:
    # As bytes, so that nothing changes a letter on the way.
    given = [(name.encode("latin-1"), it.encode("latin-1")) for name, it in headers]
    own = {name.lower() for name, _ in given}
    host = b"[%b]" % to.host if b":" in to.host else to.host
    usual = ((b"Host", host + (b":%d" % to.port if to.port else b"")), *_USUAL)
    sent = [each for each in usual if each[0].lower() not in own] + given
    is_framed = not own.isdisjoint((b"content-length", b"transfer-encoding"))
    if not is_framed and (body or method in _BODIED):
        sent.append((b"Content-Length", b"%d" % len(body)))
    return httpcore.Request(method, to, headers=sent, content=body)


def _raw(url: str) -> httpcore.URL:
    if is_clear(url):
        return httpcore.URL(url)
    read = read_url(url)
    return httpcore.URL(
        scheme=read.raw_scheme,
        host=read.raw_host,
        port=read.port,
        target=read.raw_path,
    )


class Target(Sender):
    """Sends requests to one server over the network."""

    def __init__(
        self,
        url: str,
        filling: Filling,
        timeout_s: float,
        *,
        route: Route | None = None,
    ) -> None:
        super().__init__(checked_url(url), filling, timeout_s)
        # Whether the scheme may be wrong: at first, and not by a proxy.
        self._in_doubt = not (route and route.proxy)
        route = route or Route()
        self._wire = route.wire(url, filling.token_url)

    async def close(self) -> None:
        """Close all connections."""
        await self._wire.aclose()

    async def _answer(self, request: Request, url: str) -> Response | Failure:
        found = await self._once_sent(request, url)
        if self._in_doubt and url.startswith(self.url):
            self._in_doubt = False
            if other := await _other_scheme(self.url, found):
                message = f"the target speaks {_SPEECH[other]}: give {other}"
                message += self.url[self.url.index("://") :]
                return Failure(trouble=Trouble.TLS, message=message)
        return found

    async def _once_sent(self, request: Request, url: str) -> Response | Failure:
        answer = AnswerStart()
        ANSWER_START.set(answer)
        went_out = True
        headers, body = self._headers(request, url), self.filling.body(request)
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._wire.answered(request.method, url, headers, body)
        except TimeoutError:
            trouble = Trouble.TIMEOUT
            message = f"no whole answer within {self.timeout_s:g} seconds"
        except ERRORS as error:
            trouble, message = _trouble(error, bytes(answer))
            went_out = answer.asked
        some = bool(answer)
        return Failure(trouble=trouble, message=message, some=some, went_out=went_out)


async def _other_scheme(url: str, found: Response | Failure) -> str:
    """Return the scheme that a target speaks, if it is the other one; else nothing.

    Whether it is TLS shows by a handshake, which sends no request.
    """
    parts = urlsplit(url)
    if isinstance(found, Failure):
        if "WRONG_VERSION" in found.message:
            return "http"
        is_doubtful = found.trouble not in _NOT_THERE
    else:
        is_doubtful = found.status == 400 and bool(_AT_TLS.search(found.body))
    if parts.scheme == "https" or not is_doubtful:
        return ""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    try:
        async with asyncio.timeout(_GLANCE_S):
            _, writer = await asyncio.open_connection(
                host, parts.port or 80, ssl=context
            )
            # At once: to close TLS waits for the other side.
            writer.transport.abort()
            return "https"
    except OSError as error:  # a server that asks for a certificate answers by an alert
        return "https" if "ALERT" in str(error) else ""


def _trouble(error: Exception, start: bytes) -> tuple[Trouble, str]:
    text = str(error) or type(error).__name__
    causes: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in causes:
        causes.append(each)
        each = each.__cause__ or each.__context__
    match error:
        case _ if any(
            isinstance(each, socket.gaierror | UnicodeError) for each in causes
        ):
            found = Trouble.NAME, "the host's name is not known"
        case _ if any(isinstance(each, ssl.SSLError) for each in causes):
            found = Trouble.TLS, f"TLS failed: {text}"
        case httpcore.ConnectError():
            if any(type(each) is ConnectionRefusedError for each in causes):
                text = "Connection refused"  # whatever the system's words are
            found = Trouble.UNREACHABLE, f"cannot connect: {text}"
        case httpcore.RemoteProtocolError() if start.startswith(_TLS_ALERT):
            found = Trouble.TLS, "the target speaks TLS: is it https rather than http?"
        case httpcore.RemoteProtocolError() if start and not start.startswith(b"HTTP/"):
            found = Trouble.GARBLED, f"the answer is not HTTP: it begins with {start!r}"
        case httpcore.RemoteProtocolError() if not _CLOSED.search(text):
            found = Trouble.GARBLED, f"the answer is not HTTP: {text}"
        case _:
            found = Trouble.DROPPED, f"the connection was dropped: {text}"
    return found
