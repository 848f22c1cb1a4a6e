"""The transport to a target: proxy, TLS, and httpx's connection pool.

A target that never answered a byte is not there; one that began an answer and stalled
misbehaves. httpx by itself reports only complete heads.
"""

from __future__ import annotations

import ssl
import urllib.request
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit, urlunsplit

import httpcore
import httpx

from ringspec.harness.sending.hosts import is_loopback
from ringspec.spec import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How a target is reached.

    Attributes:
        ca: file of the certificates to trust, in place of the usual ones.
        certificate: file of the client's certificate; its key may be in it.
        from_environment: whether the proxy was found there.
    """

    ca: str = ""
    certificate: str = ""
    key: str = ""
    proxy: str = field(default="", repr=False)
    from_environment: bool = False

    def to(self, url: str) -> Self:
        """Return the route to a URL, with the environment's proxy if none is given."""
        if self.proxy:
            _check_proxy(self.proxy, "give it whole, such as http://127.0.0.1:3128")
            if is_loopback(url) and not is_loopback(self.proxy):
                raise UsageError(
                    f"{url} is on this machine, and the proxy {self.shown_proxy} is"
                    " not",
                    hint="what a proxy elsewhere calls 127.0.0.1 is another machine:"
                    " leave the proxy out",
                )
            return self
        found = "" if is_loopback(url) else _environment_proxy(url)
        if not found:
            return self
        _check_proxy(found, "leave out or mend HTTP_PROXY and its like")
        return replace(self, proxy=found, from_environment=True)

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
        try:
            if not self.ca:
                context = httpx.create_ssl_context()
            elif Path(self.ca).is_dir():
                context = ssl.create_default_context(capath=self.ca)
            else:
                context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"the certificates in {self.ca} cannot be used: {_reason(error)}",
                hint="[tls] ca names a file of certificates in PEM form",
            ) from error
        if not self.certificate:
            return context
        key = self.key or self.certificate
        try:
            # Without a password OpenSSL would ask for it at the terminal.
            context.load_cert_chain(self.certificate, key, password="")
        except (OSError, ValueError) as error:
            raise UsageError(
                f"the certificate {self.certificate} with the key {key} cannot be"
                f" used: {_reason(error)}",
                hint="both are in PEM form, belong together, and take no password",
            ) from error
        return context

    def opened(self) -> dict[str, ssl.SSLContext | httpx.Proxy]:
        """Return options of httpx's transports, as far as they are not the usual."""
        options: dict[str, ssl.SSLContext | httpx.Proxy] = {}
        if self.ca or self.certificate:
            options["verify"] = self.context()
        if self.proxy:
            options["proxy"] = httpx.Proxy(self.proxy)
        return options


def _check_proxy(url: str, hint: str) -> None:
    try:
        parts = urlsplit(url)
        httpx.Proxy(url)
        usable = parts.scheme in {"http", "https"} and parts.port != 0
        usable &= bool(parts.hostname)
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable:
        scheme, mark, rest = url.partition("://")
        shown = f"{scheme}{mark}{rest.rpartition('@')[2]}"
        raise UsageError(
            f"the proxy {shown!r} cannot be used: it is not the URL of an HTTP proxy",
            hint=hint,
        )


def _environment_proxy(url: str) -> str:
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    known = urllib.request.getproxies()
    found = known.get(parts.scheme) or known.get("all") or ""
    return found if "://" in found or not found else f"http://{found}"


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return str(error.reason or error.strerror or "it is no PEM").lower()
    return getattr(error, "strerror", None) or str(error)


@dataclass(slots=True)
class AnswerStart:
    """The first bytes of an answer; `asked` once any byte of a request was written."""

    start: bytes = b""
    asked: bool = False


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
    """A stream that notes what it reads."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self.get_extra_info = inner.get_extra_info  # type: ignore[method-assign]
        self.aclose = inner.aclose  # type: ignore[method-assign]
        self._inner = inner

    async def read(self, *args: Any, **options: Any) -> bytes:
        data = await self._inner.read(*args, **options)
        answer = ANSWER_START.get(AnswerStart())
        answer.start = (answer.start + data[:16])[:16]
        return data

    async def write(self, *args: Any, **options: Any) -> None:
        ANSWER_START.get(AnswerStart()).asked = True
        await self._inner.write(*args, **options)

    async def start_tls(
        self, *args: Any, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        # The handshake is read by the inner stream: its bytes are no answer.
        return _Stream(await self._inner.start_tls(*args, **options))
