"""Hosts: which addresses a run may send to, from URLs alone, without asking DNS.

A name that merely resolves to a loopback address is not loopback.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from ringspec.spec import UsageError


def checked_url(url: str) -> str:
    """Return a base URL without its last slash.

    Raises:
        UsageError: it is no URL of a server, or has user, password, query or fragment.
    """
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except (ValueError, httpx.InvalidURL):
        usable = False
    if usable and "@" in parts.netloc:
        raise UsageError(
            "a URL with a user or password would show in every report",
            hint="give a token with --bearer, or in RINGSPEC_BEARER",
        )
    if not usable or parts.query or parts.fragment:
        raise UsageError(
            f"{url!r} is not the URL of a server",
            hint="give it whole, such as http://127.0.0.1:8000",
        )
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Return whether a URL stays on this machine, by its address alone."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        # What follows a % is for resolvers to interpret.
        return "%" not in host and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    """Return the host that a URL leads to; empty if two parsers do not agree on it."""
    try:
        parts, read = urlsplit(url), httpx.URL(url)
        port = parts.port
    except (ValueError, httpx.InvalidURL):
        return ""
    host = (parts.hostname or "").rstrip(".")
    alike = (parts.scheme, host) == (read.scheme, read.host.rstrip("."))
    clear = alike and port == (read.port or port) and "@" not in parts.netloc
    return host if clear else ""


def is_same_host(one: str, other: str) -> bool:
    """Return whether two URLs surely lead to the same host, at any port."""
    return bool(_host(one)) and _host(one) == _host(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """The hosts that a run may send to.

    Attributes:
        base: the target's URL; without one only this machine is in bounds.
        allowed: names of the only hosts besides this machine, that of the target and
            of a token endpoint among them; without any, the target's own.
    """

    base: str = ""
    allowed: tuple[str, ...] = ()

    def refusal(self, url: str) -> str:
        """Return why nothing is sent to a URL; empty if it may be."""
        host = _host(url)
        if not host:
            return f"{url!r} does not say clearly which host it leads to"
        if is_loopback(url) or host in self._known():
            return ""
        return f"{host} is neither the target nor an allowed host"

    def stranger(self) -> str:
        """Return why the target itself is out of bounds; empty if it is not."""
        host = _host(self.base)
        if not host or (self.allowed and host not in self._known()):
            return f"{self.base} is not among the hosts that the profile allows"
        return ""

    def _known(self) -> set[str]:
        if self.allowed:
            return {each.lower().rstrip(".") for each in self.allowed}
        return {_host(self.base)} - {""}
