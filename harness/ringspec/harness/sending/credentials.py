"""Credentials: an access token, given or fetched by OAuth2 client credentials.

A fetched token is replaced before it expires, and when it is refused. Requests that
carry another token on purpose, or none, are left alone. Sources: RFC 6749, sections 4.4
and 5.1 (`expires_in`); facts.md E.
"""

from __future__ import annotations

import asyncio
import base64
import math
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from ringspec.harness.sending.exchange import (
    Connection,
    Exchange,
    Failure,
    Filling,
    Passing,
    is_proper,
    named,
    parsed,
    variants,
)
from ringspec.harness.sending.mistakes import mistake
from ringspec.harness.sending.policy import Hosts, checked_url
from ringspec.harness.sending.target import ERRORS, Route
from ringspec.spec import TargetError, UsageError, scheme_slot
from ringspec.strategies import Request, Slot

# A token is replaced this long before it expires; one of a short life, at half of it.
MARGIN_S = 60.0
# No token is fetched for this long after one was fetched in vain.
QUIET_S = 60.0
# How long a token lasts, whatever its endpoint says.
_BRIEFLY_S, _LONG_S = 1, 10**9
# No longer token is sent.
_LONGEST = 2**14
# What a request for a token may raise.
_ERRORS = (*ERRORS, TimeoutError, ValueError)
# RFC 9110, section 5.6.2: a token, as header names are.
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# RFC 6750, section 2.1, for a token; any header's value may have blanks within.
_TOKEN = re.compile(r"[!-~]+")
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")
_VISIBLE = "visible ASCII characters, and blanks between them"
# Headers that nobody gives by hand: they steer a request, frame it or pass it on.
_REFUSED = re.compile(
    "(x-(?:http-)?method(?:-override)?|x-(?:original|rewrite)-url)"
    "|host|content-(?:length|encoding)|transfer-encoding|te|trailer|expect|upgrade"
    "|connection|keep-alive|proxy-.*|http2-settings"
)
AUTHORIZATION = "authorization"


class Grant(NamedTuple):
    """A token as it was given out, and how many seconds it lasts, as far as known."""

    token: str
    expires_in: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a target is shown; secrets stay out of its representation."""

    bearer: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    token_url: str | None = None
    # Name of the header that carries `value`, if that is no bearer token.
    header: str | None = None
    value: str | None = field(default=None, repr=False)
    # With the password, in place of a token: Basic credentials (RFC 7617).
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    # Headers that every request to the target has besides.
    extra: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    # Tokens by the names of security schemes.
    schemes: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Of who is known, but may do nothing of what is tested.
    weaker: Credentials | None = field(default=None, repr=False)

    def secrets(self) -> tuple[str, ...]:
        """List what no report may show."""
        own = (self.bearer, self.client_secret, self.value, self.password)
        others = self.weaker.secrets() if self.weaker else ()
        return tuple(filter(None, (*own, *self.schemes.values(), *others)))

    def filling(
        self, timeout_s: float, route: Route | None = None, hosts: Hosts | None = None
    ) -> Filling:
        """Return the values of placeholders; a token is fetched if none is given.

        What is wrong with what is given is a UsageError, an endpoint that gives no
        token a TargetError.
        """
        token, renewal = self._given(), None
        if token is None and any((self.client_id, self.client_secret, self.token_url)):
            if None in {self.client_id, self.client_secret} or not self.token_url:
                raise mistake("half-client")
            checked_url(self.token_url)
            allowed = hosts or Hosts()
            if why := allowed.refusal(self.token_url):
                raise mistake("token-elsewhere", url=self.token_url, why=why)
            fetch = partial(self._grant, timeout_s, route or Route(), allowed)
            first = asyncio.run(fetch())
            token, renewal = first.token, Renewal(first, fetch)
        carrier = (self.header or "Authorization", Slot.TOKEN.value)
        if not self.header:
            scheme = "Bearer" if self.user is None else "Basic"
            carrier = ("Authorization", f"{scheme} {Slot.TOKEN}")
        weaker = self.weaker
        return Filling(
            schemes={
                scheme_slot(it): _sendable(text.strip(), f"[schemes] {it}")
                for it, text in self.schemes.items()
            },
            weaker=weaker.filling(timeout_s, route, hosts).token if weaker else None,
            carrier=carrier,
            extra=self.extra,
            token=token,
            token_url=self.token_url or "",
            client_id=self.client_id or "",
            client_secret=self.client_secret or "",
            renewal=renewal,
        )

    def _given(self) -> str | None:
        if self.user is not None or self.password is not None:
            text = f"{self.user}:{self.password}"
            lacks = self.user is None or self.password is None
            if lacks or ":" in str(self.user) or not text.isprintable():
                raise mistake("half-user")
            return base64.b64encode(text.encode()).decode()
        if not (self.header or self.value):
            hint = "check --bearer, RINGSPEC_TOKEN or [credentials] bearer"
            bearer = (self.bearer or "").strip()
            return _sendable(bearer, "the token", hint, _TOKEN) if bearer else None
        if not (self.header and self.value):
            raise mistake("half-header")
        if not _HEADER.fullmatch(self.header):
            raise mistake("no-header", name=self.header, example="X-Api-Key")
        hint = "check --header, or [credentials] value"
        return _sendable(self.value.strip(), f"the value of {self.header}", hint)

    async def _grant(self, timeout_s: float, route: Route, hosts: Hosts) -> Grant:
        url = self.token_url or ""
        at_home = urlsplit(url)[:2] == urlsplit(hosts.base)[:2]
        headers = self.extra if at_home else ()
        if not named(headers, "content-type"):
            headers += (("Content-Type", "application/x-www-form-urlencoded"),)
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id or "",
            "client_secret": self.client_secret or "",
        }
        try:
            body = urlencode(form).encode()
            async with (
                asyncio.timeout(timeout_s),
                aclosing(route.to(url).wire(url)) as wire,
            ):
                answer = await wire.answered("POST", url, headers, body)
            if isinstance(answer, Failure):
                raise ValueError(answer.message)  # noqa: TRY004 - as all that it raises
            gives = answer.status // 100 == 2
            data, reason = parsed(answer.body) if gives else ({}, "")
            if not isinstance(data, dict):
                raise ValueError(reason or "the answer is no JSON object")  # noqa: TRY004 - likewise
            token, lasts = data.get("access_token"), data.get("expires_in")
        except _ERRORS as error:
            what = f"{type(error).__name__}: {error}" if str(error) else repr(error)
            raise TargetError(
                f"no token from {url}: {what}", hint="check --token-url"
            ) from error
        if not isinstance(token, str) or not token:
            raise TargetError(
                f"no token from {url}: HTTP {answer.status}",
                hint="check client id and client secret",
            )
        token = _sendable(token, f"the token from {url}", "check --token-url", _TOKEN)
        if isinstance(lasts, int | float) and lasts is not True and lasts > 0:
            return Grant(token, float(min(max(lasts, _BRIEFLY_S), _LONG_S)))
        return Grant(token)


def checked_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return headers given by hand, if all may be sent; the last of each name."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        if not _HEADER.fullmatch(name):
            raise mistake("no-header", name=name, example="X-Tenant=acme")
        if refused := _REFUSED.fullmatch(name.lower()):
            why = "changes what a request does" if refused[1] else "is the client's"
            raise mistake("refused-header", name=name, why=why)
        if text := value.strip():
            _sendable(text, f"the value of the header {name}")
        found[name.lower()] = name, text
    return tuple(found.values())


def read_headers(texts: Iterable[str]) -> dict[str, str]:
    """Read what `--header` takes, each a name and a value; no error shows a value."""
    found: dict[str, str] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or not _HEADER.fullmatch(name):
            start = re.match(f"({_HEADER.pattern})[:= ]", text)
            what = f"--header {start[1]}" if start else "--header"
            raise mistake("unsplit-header", what=what)
        found[name] = value
    return found


def as_credentials(value: str) -> dict[str, str]:
    """Return the credentials that a header Authorization holds."""
    scheme, _, rest = value.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer" and rest:
        return {"bearer": rest}
    if scheme.lower() == "basic":
        with suppress(ValueError):
            text = base64.b64decode(rest, validate=True).decode()
            user, colon, password = text.partition(":")
            if colon:
                return {"user": user, "password": password}
    return {"header": "Authorization", "value": value}


def _sendable(
    token: str, what: str, hint: str = _VISIBLE, form: re.Pattern[str] = _VALUE
) -> str:
    if len(token) > _LONGEST:
        raise mistake("long-header", what=what, size=len(token), most=_LONGEST)
    if not form.fullmatch(token):
        raise mistake("unsendable", what=what, hint=hint)
    return token


class Renewal:
    """Keeps an access token fresh."""

    def __init__(
        self,
        first: Grant,
        fetch: Callable[[], Awaitable[Grant]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # All that have been in use so far, the present one last.
        self.tokens: tuple[str, ...] = (first.token,)
        # Called with every new token before it is sent.
        self.learners: list[Callable[[str], None]] = []
        self.trouble = ""  # why the last attempt failed; empty if it did not
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._quiet_until = clock()
        self._due = self._due_of(first)

    @property
    def token(self) -> str:
        """The token that requests carry now."""
        return self.tokens[-1]

    async def ahead(self) -> None:
        """Replace a token that expires soon; if that fails, keep the old one."""
        if self._is_due():
            async with self._lock:
                if self._is_due():  # another worker may have replaced it meanwhile
                    await self._renew()

    async def after(self, refused: str) -> bool:
        """Fetch a token in place of a refused one; True if there is another one now."""
        async with self._lock:
            if self.token == refused and self._clock() >= self._quiet_until:
                await self._renew()
            return self.token != refused

    def pause(self) -> None:
        """Fetch none for a while: a new one made no difference."""
        self._quiet_until = self._clock() + QUIET_S

    def _is_due(self) -> bool:
        return self._clock() >= max(self._due, self._quiet_until)

    def _due_of(self, grant: Grant) -> float:
        return self._clock() + grant.expires_in - min(MARGIN_S, grant.expires_in / 2)

    async def _renew(self) -> None:
        try:
            grant = await self._fetch()
        except (TargetError, UsageError) as error:
            self.trouble = str(error)
            self.pause()
            return
        self.trouble = ""
        self._due = self._due_of(grant)
        if grant.token == self.token:
            # The same one again: asking once more would not change that.
            self.pause()
            return
        for learn in self.learners:
            for each in variants(grant.token):
                learn(each)
        self.tokens = (*self.tokens, grant.token)


class Renewing(Passing):
    """A connection whose requests carry a fresh token."""

    def __init__(
        self,
        inner: Connection,
        renewal: Renewal,
        may_repeat: Callable[[Request], bool] = lambda _: True,
    ) -> None:
        super().__init__(inner)
        self._renewal = renewal
        self._may_repeat = may_repeat

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; once more, with another token, if this one is refused."""
        if not is_proper(request):
            return await self._inner.exchange(request, repeats=repeats)
        renewal = self._renewal
        await renewal.ahead()
        token = renewal.token
        found = await self._inner.exchange(request, repeats=repeats)
        if found.status != 401 or not await renewal.after(token):
            return found
        if not self._may_repeat(request):
            return found  # the next one has the new token
        again = await self._inner.exchange(request, repeats=repeats)
        if again.status == 401:
            renewal.pause()
        sent, twice = found.sent + again.sent, found.twice or again.twice
        return replace(again, sent=sent, twice=twice)
