"""The target: sending one request over the network and bringing back its answer.

A target that never answered a byte is not there; one that began an answer and stalled
misbehaves. httpx by itself reports only complete heads.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import urllib.request
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import unquote, urlsplit, urlunsplit

import httpcore
import httpx

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
from ringspec.harness.sending.policy import checked_url, is_loopback, parsed_url
from ringspec.spec import UsageError
from ringspec.strategies import Request

# No compression is asked for.
PLAIN = {"Accept-Encoding": "identity"}
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
        parts, known = urlsplit(url), urllib.request.getproxies()
        found = known.get(parts.scheme) or known.get("all") or ""
        bypassed = urllib.request.proxy_bypass(parts.hostname or "")
        if is_loopback(url) or bypassed or not found:
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
        key = self.key or self.certificate
        what = f"the certificates in {self.ca}"
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

    def opened(self) -> dict[str, ssl.SSLContext | httpx.Proxy]:
        """Return options of httpx's transports, as far as they are not the usual."""
        options: dict[str, ssl.SSLContext | httpx.Proxy] = {}
        if self.ca or self.certificate or self.insecure:
            options["verify"] = self.context()
        if self.proxy:
            options["proxy"] = httpx.Proxy(self.proxy)
        return options


def _check_proxy(url: str, hint: str) -> None:
    parts = parsed_url(url)
    if parts is None or parts.port == 0:
        scheme, mark, rest = url.partition("://")
        shown = f"{scheme}{mark}{rest.rpartition('@')[2]}"
        raise mistake("no-proxy", proxy=shown, hint=hint)


class AnswerStart(bytearray):
    """The first bytes of an answer; `asked` once any byte of a request was written."""

    asked = False


# Streams outlive exchanges; each task awaits its own exchange.
ANSWER_START: ContextVar[AnswerStart] = ContextVar("ANSWER_START")


def transport(
    *, workers: int, trust_env: bool, **options: Any
) -> httpx.AsyncHTTPTransport:
    """Open a pool of connections that notes in `ANSWER_START` what it reads.

    Other options are those of httpx: `verify` and `proxy`.
    """
    limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
    pool = httpx.AsyncHTTPTransport(limits=limits, trust_env=trust_env, **options)
    # httpx has no parameter for what httpcore takes as one.
    pool._pool._network_backend = _Backend()  # noqa: SLF001
    return pool


class _Backend(httpcore.AnyIOBackend):
    """Connects as asyncio does, by streams that note what they read."""

    async def connect_tcp(
        self, host: str, *others: Any, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        """Connect; `localhost` is this machine, whatever a resolver makes of it.

        Source: RFC 6761, 6.3.
        """
        connect = super().connect_tcp
        if host != "localhost":
            return _Stream(await connect(host, *others, **options))
        try:
            return _Stream(await connect("127.0.0.1", *others, **options))
        except httpcore.ConnectError:
            return _Stream(await connect("::1", *others, **options))


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self.get_extra_info = inner.get_extra_info  # type: ignore[method-assign]
        self.aclose = inner.aclose  # type: ignore[method-assign]
        self._inner = inner

    async def read(self, *args: Any, **options: Any) -> bytes:
        data = await self._inner.read(*args, **options)
        answer = ANSWER_START.get(AnswerStart())
        answer += data[: 16 - len(answer)]
        return data

    async def write(self, *args: Any, **options: Any) -> None:
        ANSWER_START.get(AnswerStart()).asked = True
        await self._inner.write(*args, **options)

    async def start_tls(
        self, *args: Any, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        # The handshake is read by the inner stream: its bytes are no answer.
        return _Stream(await self._inner.start_tls(*args, **options))


class Target(Sender):
    """Sends requests to one server over the network."""

    def __init__(
        self,
        url: str,
        filling: Filling,
        timeout_s: float,
        *,
        workers: int = 1,
        route: Route | None = None,
    ) -> None:
        super().__init__(checked_url(url), filling, timeout_s)
        # Whether the scheme may be wrong: at first, and not by a proxy.
        self._in_doubt = not (route and route.proxy)
        trust_env = not is_loopback(url)
        opened = route.opened() if route else {}
        self._client = httpx.AsyncClient(
            # The time limit is on the whole exchange, see below.
            timeout=httpx.Timeout(None),
            follow_redirects=False,
            trust_env=trust_env,
            transport=transport(workers=workers, trust_env=trust_env, **opened),
            headers=PLAIN,
            # Those are kept by origin and worker, see `Jar`.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

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
        built = self._client.build_request(
            request.method,
            url,
            # As bytes, so that nothing changes a letter on the way.
            headers=[
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in self._headers(request, url)
            ],
            content=self.filling.body(request),
        )
        try:
            async with asyncio.timeout(self.timeout_s):
                return await read(await self._client.send(built, stream=True))
        except TimeoutError:
            trouble = Trouble.TIMEOUT
            message = f"no whole answer within {self.timeout_s:g} seconds"
        except httpx.HTTPError as error:
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


async def read(answer: httpx.Response) -> Response | Failure:
    """Read an answer, whatever sent it, as far as the limit."""
    body = bytearray()
    try:
        # Its own methods would unpack without bound.
        async for chunk in cast("httpx.AsyncByteStream", answer.stream):
            body += chunk
            if len(body) > ANSWER_LIMIT:
                break
    finally:
        await answer.aclose()
    headers = tuple(answer.headers.multi_items())
    return received(answer.status_code, headers, bytes(body))


def _trouble(error: httpx.HTTPError, start: bytes) -> tuple[Trouble, str]:
    text = str(error) or type(error).__name__
    causes: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in causes:
        causes.append(each)
        each = each.__cause__ or each.__context__
    match error:
        case _ if any(isinstance(each, socket.gaierror) for each in causes):
            found = Trouble.NAME, "the host's name is not known"
        case _ if any(isinstance(each, ssl.SSLError) for each in causes):
            found = Trouble.TLS, f"TLS failed: {text}"
        case httpx.ConnectError():
            if any(type(each) is ConnectionRefusedError for each in causes):
                text = "Connection refused"  # whatever the system's words are
            found = Trouble.UNREACHABLE, f"cannot connect: {text}"
        case httpx.RemoteProtocolError() if start.startswith(_TLS_ALERT):
            found = Trouble.TLS, "the target speaks TLS: is it https rather than http?"
        case httpx.RemoteProtocolError() if start and not start.startswith(b"HTTP/"):
            found = Trouble.GARBLED, f"the answer is not HTTP: it begins with {start!r}"
        case httpx.RemoteProtocolError() if not _CLOSED.search(text):
            found = Trouble.GARBLED, f"the answer is not HTTP: {text}"
        case _:
            found = Trouble.DROPPED, f"the connection was dropped: {text}"
    return found
