"""Checks a profile on its target by reading; on this machine also by one create."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from ringspec.harness.judging.outcome import HINTS
from ringspec.harness.profile.profile import Profile
from ringspec.harness.running.plan import LIVE_RATE, advice
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.exchange import Exchange, Filling
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.policy import is_loopback
from ringspec.harness.sending.target import Route, Target
from ringspec.spec import (
    Contract,
    RingspecError,
    Role,
    TargetError,
    UsageError,
    is_json,
)
from ringspec.strategies import Request, with_credentials

_HINTS = HINTS["check"]
_STEPS = ("allowed", "route", "token", "read", "version", "fixture")


class CheckStep(NamedTuple):
    """A step with its outcome, the reason, and what to do about it."""

    name: str
    state: str  # `ok`, `failed` or `skipped`
    message: str
    hint: str


class _Skipped(RingspecError):  # noqa: N818 - no error, but the reason
    pass


@dataclass
class ProfileCheck:
    """Checks a profile on a target.

    Each step is a method of its name. It returns what it found, and raises TargetError
    or UsageError if it fails.
    """

    profile: Profile
    contract: Contract
    url: str
    credentials: Credentials
    _by: Route = field(default_factory=Route)
    _filling: Filling = field(default_factory=Filling)

    @cached_property
    def _list(self) -> str:
        links = (each.path for each in self.contract.links if each.role == Role.LIST)
        return next(links, "")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may not be shown, as far as it is known by now."""
        of_routes = (*self.profile.route.secrets, *self._by.secrets)
        return *self.credentials.secrets(), *self._filling.secrets(), *of_routes

    def steps(self) -> Iterator[CheckStep]:
        """Do all steps; after one has failed, the others are skipped."""
        failed = False
        for name in _STEPS:
            state, message, hint = "skipped", "a step before it failed", ""
            try:
                if not failed:
                    state, message = "ok", getattr(self, f"_{name}")()
            except (_Skipped, TargetError, UsageError) as error:
                failed = not isinstance(error, _Skipped)
                state = "failed" if failed else "skipped"
                message, hint = str(error), error.hint
            yield CheckStep(name, state, message, hint)

    def _allowed(self) -> str:
        safety = self.profile.safety
        for url in filter(None, (self.url, self.credentials.token_url)):
            why = safety.hosts(url).stranger()
            if why:
                hint = f"[safety] allowed_hosts has {', '.join(safety.allowed_hosts)}"
                raise UsageError(why, hint=hint)
            if not is_loopback(url) and not safety.live:
                raise UsageError(f"{url} is not on this machine", hint=_HINTS["live"])
        where = "on this machine" if is_loopback(self.url) else "live, and only read"
        return f"{self.url} is {where}"

    def _route(self) -> str:
        self._by = self.profile.route.to(self.url)
        self._by.context()
        if urlsplit(self.url).scheme == "http" and not is_loopback(self.url):
            why = "a token would travel in the clear"
            raise TargetError(why, hint="give the URL with https")
        way = "directly"
        if self._by.proxy:
            by = ", as the environment says" if self._by.from_environment else ""
            way = f"by the proxy {self._by.shown_proxy}{by}"
        return ": ".join(filter(None, (way, self._by.warning(self.url))))

    def _token(self) -> str:
        profile, safety = self.profile, self.profile.safety
        given = self.credentials.filling(
            profile.pacing.timeout_s, profile.route, safety.hosts(self.url)
        )
        self._filling = given.fitted(self.contract.securities)
        if self._filling.renewal is not None:
            return f"{self.credentials.token_url} gives one out"
        if self._filling.lacks(self.contract.operation.security):
            raise _Skipped("there are no credentials", hint=advice(self._filling))
        return "it is given"

    def _read(self) -> str:
        if not self._list:
            raise _Skipped("the contract has no operation that only reads")
        answer, what = self._get(self._list), f"GET {self._list} answers"
        if answer.response is None:
            hint = HINTS["trouble"][answer.failure.trouble] if answer.failure else ""
            raise TargetError(answer.summary, hint=hint)
        status = answer.status
        if status // 100 != 2:
            is_bare = status == 401 and not self._filling.tokens
            hints, about = HINTS["read"], "bare" if is_bare else str(status)
            hint = hints.get(about, hints["else"])
            raise TargetError(f"{what} HTTP {status}", hint=hint)
        media = answer.response.header("content-type") or "nothing named"
        if not is_json(media):
            raise TargetError(f"{what} {media}", hint="is the URL that of the API?")
        return f"{what} HTTP {status}"

    def _version(self) -> str:
        known = self.contract.operation.headers
        headers = tuple((each.name, each.value) for each in known if each.value)
        if not headers:
            raise _Skipped("the contract describes no header")
        listed = ", ".join(f"{header}: {value}" for header, value in headers)
        if not self._list:
            raise _Skipped(f"nothing was read to try {listed} with")
        answer = self._get(self._list, headers)
        if answer.status // 100 != 2:
            why = f"with {listed}: {answer.summary}"
            raise TargetError(why, hint=_HINTS["version"])
        return f"{listed} is taken"

    def _fixture(self) -> str:
        given, safety = self.profile.overrides.fixtures, self.profile.safety
        if not given:
            raise _Skipped("the profile names none")
        listed = ", ".join(given)
        why = f"nothing reads {listed} alone"
        readable = (it for it in self.contract.fixtures if it.name in given and it.read)
        fixture = next(readable, None)
        if fixture is not None:
            value = quote(str(given[fixture.name]), safe="")
            path = fixture.read.replace("{}", value)
            one = self._get(path)
            if one.status // 100 == 2:
                return f"the target knows the {fixture.name}: GET {path}"
            if self._get(fixture.read.rpartition("/")[0]).status // 100 == 2:
                hint = f"is the {fixture.name} of this account? see [fixtures]"
                raise TargetError(f"GET {path}: {one.summary}", hint=hint)
            why = f"the target does not tell: GET {path}, {one.summary}"
        if not safety.allow_create or safety.is_live(self.url):
            raise _Skipped(why, hint=_HINTS["create"])
        # Imported only here: what builds bodies takes a while to load.
        from ringspec.strategies import plain_case  # noqa: PLC0415

        answer = self._exchange(plain_case(self.contract).request)
        if answer.status // 100 != 2:
            why = f"a create with {listed}: {answer.summary}"
            raise TargetError(why, hint=_HINTS["refused"])
        return f"a create with {listed} is accepted: {answer.summary}"

    def _get(self, path: str, headers: tuple[tuple[str, str], ...] = ()) -> Exchange:
        headers = (("Accept", "application/json"), *headers)
        request = Request(method="GET", path=path, headers=headers, body=b"")
        security = self.contract.operation.security
        return self._exchange(with_credentials(request, security))

    def _exchange(self, request: Request) -> Exchange:
        timeout_s, safety = self.profile.pacing.timeout_s, self.profile.safety
        target = Target(self.url, self._filling, timeout_s, route=self._by)
        guard = Guard.before(target, safety, self.contract)

        async def fire() -> Exchange:
            try:
                if safety.is_live(self.url):
                    await asyncio.sleep(1 / LIVE_RATE)
                return await guard.exchange(request, repeats=0)
            finally:
                await guard.close()

        return asyncio.run(fire())
