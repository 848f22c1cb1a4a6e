"""Checks a profile on its target, step by step, by reading alone.

In: a profile, the contract that it is for, and the target's URL. Out: steps as they
are done. Nothing is created but on this machine, and only if the profile allows it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from ringspec.harness.profile.profile import Profile
from ringspec.harness.running.plan import LIVE_RATE
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.exchange import Exchange
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.hosts import is_loopback
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.target import Target
from ringspec.harness.sending.transport import Route
from ringspec.spec import Contract, Fixture, Link, Role, TargetError, UsageError
from ringspec.strategies import TOKEN, Request

_HINTS = {
    401: "the token is refused: is it of this server, and of this account?",
    403: "the token is known, and may not read: what is the client allowed?",
    404: "is the URL right, mount prefix included? see also [paths]",
    407: "the proxy asks for a password: [proxy] url may hold one",
    429: "the target limits its callers: lower [pacing] rate",
}


class CheckState(StrEnum):
    """Outcome of a step."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStep:
    """A step with its outcome, the reason, and what to do about it."""

    name: str
    state: CheckState
    message: str
    hint: str = ""


class _Skipped(NamedTuple):
    """Why a step was not tried."""

    message: str
    hint: str = ""


class ProfileCheck:
    """Checks a profile on a target.

    A step returns what it found or why it is skipped, and raises TargetError or
    UsageError if it fails.

    Args:
        profile: what is checked.
        contract: adapted to the profile.
        url: of the target.
        credentials: those of the profile, or of the embedded server.
    """

    def __init__(
        self, profile: Profile, contract: Contract, url: str, credentials: Credentials
    ) -> None:
        self._profile = profile
        self._contract = contract
        self._url = url
        self._credentials = credentials
        self._route = Route()
        self._filling = Filling()
        self._can_read = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may not be shown, as far as it is known by now."""
        routes = (self._profile.route, self._route)
        return (
            *self._credentials.secrets(),
            *self._filling.secrets(),
            *(secret for route in routes for secret in route.secrets),
        )

    def steps(self) -> Iterator[CheckStep]:
        """Do all steps; after one has failed, the others are skipped."""
        attempts: dict[str, Callable[[], str | _Skipped]] = {
            "allowed": self._allowed,
            "route": self._connect_by,
            "name": self._resolve,
            "reach": self._reach,
            "tls": self._encrypt,
            "token": self._authorise,
            "read": self._read,
            "version": self._version,
            "fixture": self._fixture,
        }
        failed = False
        for name, attempt in attempts.items():
            state, hint = CheckState.OK, ""
            try:
                found = _Skipped("a step before it failed") if failed else attempt()
            except (TargetError, UsageError) as error:
                failed = True
                state, found, hint = CheckState.FAILED, str(error), error.hint
            if isinstance(found, _Skipped):
                state, (found, hint) = CheckState.SKIPPED, found
            yield CheckStep(name=name, state=state, message=found, hint=hint)

    def _allowed(self) -> str:
        safety = self._profile.safety
        for url in filter(None, (self._url, self._credentials.token_url)):
            why = safety.hosts(url).stranger()
            if why:
                hint = f"[safety] allowed_hosts has {', '.join(safety.allowed_hosts)}"
                raise UsageError(why, hint=hint)
            if not is_loopback(url) and not safety.live:
                hint = "[safety] live = true says that others use it, and you know it"
                raise UsageError(f"{url} is not on this machine", hint=hint)
        where = "on this machine" if is_loopback(self._url) else "live, and only read"
        return f"{self._url} is {where}"

    def _connect_by(self) -> str:
        self._route = self._profile.route.to(self._url)
        self._route.context()
        if not self._route.proxy:
            return "directly"
        by = ", as the environment says" if self._route.from_environment else ""
        return f"by the proxy {self._route.shown_proxy}{by}"

    @property
    def _peer(self) -> tuple[str, int]:
        """Host and port that are connected to: the target's, or the proxy's."""
        parts = urlsplit(self._route.proxy or self._url)
        return parts.hostname or "", parts.port or (
            443 if parts.scheme == "https" else 80
        )

    def _resolve(self) -> str | _Skipped:
        host, port = self._peer
        if _is_address(host):
            return _Skipped(f"{host} is an address")
        if host == "localhost":
            return _Skipped("localhost is this machine, whatever a resolver says")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TargetError(
                f"{host}: {reason}", hint="is the host spelt right?"
            ) from error
        addresses = dict.fromkeys(str(each[4][0]) for each in found)
        return f"{host} is {', '.join(addresses)}"

    def _reach(self) -> str:
        host, port = self._peer
        try:
            with self._connected():
                return f"{host}:{port} takes connections"
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            hint = "is the server running, and the port right?"
            raise TargetError(f"{host}:{port}: {reason}", hint=hint) from error

    def _connected(self) -> socket.socket:
        host, port = self._peer
        timeout_s = self._profile.pacing.timeout_s
        if host != "localhost":
            return socket.create_connection((host, port), timeout=timeout_s)
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        except ConnectionRefusedError:
            return socket.create_connection(("::1", port), timeout=timeout_s)

    def _encrypt(self) -> str | _Skipped:
        if urlsplit(self._url).scheme == "http":
            if is_loopback(self._url):
                return _Skipped("http has none")
            raise TargetError(
                "a token would travel in the clear", hint="give the URL with https"
            )
        if self._route.proxy:
            return _Skipped("the proxy passes it on: see the next steps")
        host, _ = self._peer
        try:
            with (
                self._connected() as plain,
                self._route.context().wrap_socket(plain, server_hostname=host) as tls,
            ):
                return f"{tls.version()}, and the certificate is trusted"
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "verify_message", "") or str(error)
            hint = "[tls] ca names certificates to trust, certificate one to show"
            raise TargetError(reason, hint=hint) from error

    def _authorise(self) -> str | _Skipped:
        timeout_s, route = self._profile.pacing.timeout_s, self._profile.route
        hosts = self._profile.safety.hosts(self._url)
        self._filling = self._credentials.filling(timeout_s, route, hosts)
        if self._filling.renewal is not None:
            return f"{self._credentials.token_url} gives one out"
        if self._filling.token is None:
            return _Skipped("there are no credentials")
        return "it is given"

    @property
    def _listing(self) -> Link | None:
        links = self._contract.links
        return next((each for each in links if each.role == Role.LIST), None)

    def _read(self) -> str | _Skipped:
        listing = self._listing
        if listing is None:
            return _Skipped("the contract has no operation that only reads")
        answer = self._get(listing.path)
        if answer.response is None:
            raise TargetError(answer.summary, hint="see the steps before")
        status = answer.response.status
        if status // 100 != 2:
            hint = _HINTS.get(status, "what does the server's own log say?")
            if status == 401 and not self._filling.tokens:
                hint = "give [credentials], or a token as RINGSPEC_BEARER"
            raise TargetError(f"GET {listing.path} answers HTTP {status}", hint=hint)
        media = answer.response.header("content-type") or "nothing named"
        if "json" not in media.lower():
            hint = "is the URL that of the API?"
            raise TargetError(f"GET {listing.path} answers {media}", hint=hint)
        self._can_read = True
        return f"GET {listing.path} answers HTTP {status}"

    def _version(self) -> str | _Skipped:
        known = self._contract.operation.headers
        headers = tuple((each.name, each.value) for each in known if each.value)
        if not headers:
            return _Skipped("the contract describes no header")
        listing = self._listing
        listed = ", ".join(f"{header}: {value}" for header, value in headers)
        if listing is None or not self._can_read:
            return _Skipped(f"nothing was read to try {listed} with")
        answer = self._get(listing.path, headers)
        if not _is_success(answer):
            hint = "is that version still served, and its header passed on?"
            raise TargetError(f"with {listed}: {answer.summary}", hint=hint)
        return f"{listed} is taken"

    def _fixture(self) -> str | _Skipped:
        given, safety = self._profile.overrides.fixtures, self._profile.safety
        if not given:
            return _Skipped("the profile names none")
        readable = (
            each for each in self._contract.fixtures if each.name in given and each.read
        )
        first = next(readable, None)
        listed = ", ".join(given)
        found = self._look_up(first) if first else f"nothing reads {listed} alone"
        if first and not isinstance(found, _Skipped):
            return found
        if safety.allow_create and not safety.is_live(self._url):
            return self._create(listed)
        hint = (
            "on this machine [safety] allow_create = true lets a create try them,"
            " unless it is live"
        )
        return _Skipped(found if isinstance(found, str) else found.message, hint)

    def _look_up(self, fixture: Fixture) -> str | _Skipped:
        """Read a fixture; if there is none such, all of its kind."""
        value = str(self._profile.overrides.fixtures[fixture.name])
        path = fixture.read.replace("{}", quote(value, safe=""))
        one = self._get(path)
        if _is_success(one):
            return f"the target knows the {fixture.name}: GET {path}"
        if not _is_success(self._get(fixture.read.rpartition("/")[0])):
            return _Skipped(f"the target does not tell: GET {path}, {one.summary}")
        hint = f"is the {fixture.name} of this account? see [fixtures]"
        raise TargetError(f"GET {path}: {one.summary}", hint=hint)

    def _create(self, listed: str) -> str:
        # Imported only here: what builds bodies takes a while to load.
        from ringspec.strategies import plain_request  # noqa: PLC0415

        answer = self._exchange(plain_request(self._contract))
        if _is_success(answer):
            return f"a create with {listed} is accepted: {answer.summary}"
        hint = "does the target know them? what does its answer say?"
        raise TargetError(f"a create with {listed}: {answer.summary}", hint=hint)

    def _get(self, path: str, more: tuple[tuple[str, str], ...] = ()) -> Exchange:
        headers = (("Accept", "application/json"), *more)
        header = self._contract.operation.token_header
        if header is not None:
            headers = ((header.header, header.value(TOKEN)), *headers)
        return self._exchange(
            Request(method="GET", path=path, headers=headers, body=b"")
        )

    def _exchange(self, request: Request) -> Exchange:
        safety = self._profile.safety

        async def fire() -> Exchange:
            target = Target(
                self._url,
                filling=self._filling,
                timeout_s=self._profile.pacing.timeout_s,
                workers=1,
                route=self._route,
            )
            guard = Guard.before(target, safety, self._contract)
            try:
                if safety.is_live(self._url):
                    await asyncio.sleep(1 / LIVE_RATE)
                return await guard.exchange(request, repeats=0)
            finally:
                await guard.close()

        return asyncio.run(fire())


def _is_success(answer: Exchange) -> bool:
    return answer.response is not None and answer.response.status // 100 == 2


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
