"""The way to a target, tried piece by piece before anything is asked of it.

In: a profile and a URL. Out: steps: whether anything may be sent there, by what route,
and whether somebody is at its end.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

from ringspec.harness.profile.record import Profile
from ringspec.harness.profile.steps import Step, failed, passed, skipped
from ringspec.harness.sending.hosts import PORTS, is_loopback
from ringspec.harness.sending.transport import Route


class Way:
    """The way to one target.

    Attributes:
        route: how it is reached, once that has been found out.
    """

    def __init__(self, profile: Profile, url: str, token_url: str | None) -> None:
        self.route = Route()
        self._profile = profile
        self._url = url
        self._token_url = token_url

    def allowed(self, name: str) -> Step:
        """Find out whether anything may be sent there at all."""
        safety = self._profile.safety
        urls = [url for url in (self._url, self._token_url) if url]
        for url in urls:
            why = safety.hosts(url).stranger()
            if why:
                hint = f"[safety] allowed_hosts has {', '.join(safety.allowed_hosts)}"
                return failed(name, why, hint)
            if not is_loopback(url) and not safety.live:
                hint = "[safety] live = true says that others use it, and you know it"
                return failed(name, f"{url} is not on this machine", hint)
        where = "on this machine" if is_loopback(self._url) else "live, and only read"
        return passed(name, f"{self._url} is {where}")

    def routed(self, name: str) -> Step:
        """Find out by which route, and look at its files.

        Raises:
            UsageError: a file or the proxy cannot be used.
        """
        self.route = self._profile.route.to(self._url)
        self.route.context()
        if not self.route.proxy:
            return passed(name, "directly")
        by = ", as the environment says" if self.route.from_environment else ""
        return passed(name, f"by the proxy {self.route.shown_proxy}{by}")

    def named(self, name: str) -> Step:
        """Resolve the name of whoever is connected to."""
        host, port = self._end()
        if _is_address(host):
            return skipped(name, f"{host} is an address")
        if host == "localhost":
            return skipped(name, "localhost is this machine, whatever a resolver says")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return failed(name, f"{host}: {reason}", "is the host spelt right?")
        addresses = dict.fromkeys(str(each[4][0]) for each in found)
        return passed(name, f"{host} is {', '.join(addresses)}")

    def _end(self) -> tuple[str, int]:
        """Return host and port of whoever is connected to: the target, or a proxy."""
        parts = urlsplit(self.route.proxy or self._url)
        return parts.hostname or "", parts.port or PORTS[parts.scheme]

    def reached(self, name: str) -> Step:
        """Connect, and hang up."""
        host, port = self._end()
        try:
            with self._connected():
                return passed(name, f"{host}:{port} takes connections")
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            hint = "is the server running, and the port right?"
            return failed(name, f"{host}:{port}: {reason}", hint)

    def _connected(self) -> socket.socket:
        host, port = self._end()
        timeout_s = self._profile.pacing.timeout_s
        if host != "localhost":
            return socket.create_connection((host, port), timeout=timeout_s)
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        except ConnectionRefusedError:
            return socket.create_connection(("::1", port), timeout=timeout_s)

    def encrypted(self, name: str) -> Step:
        """Shake hands by TLS, where it is spoken."""
        if urlsplit(self._url).scheme == "http":
            if is_loopback(self._url):
                return skipped(name, "http has none")
            said = "a token would travel in the clear"
            return failed(name, said, "give the URL with https")
        if self.route.proxy:
            return skipped(name, "the proxy passes it on: see the next steps")
        host, _ = self._end()
        try:
            with (
                self._connected() as plain,
                self.route.context().wrap_socket(plain, server_hostname=host) as tls,
            ):
                return passed(name, f"{tls.version()}, and the certificate is trusted")
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "verify_message", "") or str(error)
            hint = "[tls] ca names certificates to trust, certificate one to show"
            return failed(name, reason, hint)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
