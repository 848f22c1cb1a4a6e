"""A trial: a profile tried on its target, step by step, reading alone.

In: a profile, the contract it is of, and where the target is. Out: steps, each told as
it is done. Nothing is created but on this machine, and only if the profile allows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from urllib.parse import quote

from ringspec.harness.profile.record import Profile
from ringspec.harness.profile.steps import State, Step, failed, passed, skipped
from ringspec.harness.profile.way import Way
from ringspec.harness.running.plan import LIVE_RATE
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.exchange import Exchange
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.target import Target
from ringspec.spec import Contract, Fixture, Link, Role, TargetError, UsageError
from ringspec.strategies import TOKEN, Request

_HINTS = {
    401: "the token is refused: is it of this server, and of this account?",
    403: "the token is known, and may not read: what is the client allowed?",
    404: "is the URL right, mount prefix included? see also [paths]",
    407: "the proxy asks for a password: [proxy] url may hold one",
    429: "the target limits its callers: lower [pacing] rate",
}


class Trial:
    """Tries a profile on a target.

    Args:
        profile: what is tried.
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
        self._way = Way(profile, url, credentials.token_url)
        self._filling = Filling()
        self._failed = False
        self._reads = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """List what may not be shown, as far as it is known by now."""
        routes = (self._profile.route, self._way.route)
        return (
            *self._credentials.secrets(),
            *self._filling.secrets(),
            *(secret for route in routes for secret in route.secrets),
        )

    def steps(self) -> Iterator[Step]:
        """Try all; once a step has failed, those that need it are skipped."""
        for name, attempt in (
            ("allowed", self._way.allowed),
            ("route", self._way.routed),
            ("name", self._way.named),
            ("reach", self._way.reached),
            ("tls", self._way.encrypted),
            ("token", self._token),
            ("read", self._read),
            ("version", self._version),
            ("fixture", self._fixture),
        ):
            if self._failed:
                yield skipped(name, "a step before it failed")
                continue
            step = self._tried(name, attempt)
            self._failed = step.state == State.FAILED
            yield step

    @staticmethod
    def _tried(name: str, attempt: Callable[[str], Step]) -> Step:
        try:
            return attempt(name)
        except (TargetError, UsageError) as error:
            return failed(name, str(error), error.hint)

    def _token(self, name: str) -> Step:
        timeout_s, route = self._profile.pacing.timeout_s, self._profile.route
        hosts = self._profile.safety.hosts(self._url)
        self._filling = self._credentials.filling(timeout_s, route, hosts)
        if self._filling.renewal is not None:
            return passed(name, f"{self._credentials.token_url} gives one out")
        if self._filling.token is None:
            return skipped(name, "there are no credentials")
        return passed(name, "it is given")

    def _read(self, name: str) -> Step:
        listing = self._listing()
        if listing is None:
            return skipped(name, "the contract has no operation that only reads")
        answer = self._get(listing.path)
        if answer.response is None:
            return failed(name, answer.summary, "see the steps before")
        status = answer.response.status
        if status // 100 != 2:
            hint = _HINTS.get(status, "what does the server's own log say?")
            if status == 401 and not self._filling.tokens:
                hint = "give [credentials], or a token as RINGSPEC_BEARER"
            return failed(name, f"GET {listing.path} answers HTTP {status}", hint)
        media = answer.response.header("content-type") or "nothing named"
        if "json" not in media.lower():
            hint = "is the URL that of the API?"
            return failed(name, f"GET {listing.path} answers {media}", hint)
        self._reads = True
        return passed(name, f"GET {listing.path} answers HTTP {status}")

    def _listing(self) -> Link | None:
        relatives = self._contract.links
        return next((each for each in relatives if each.role == Role.LIST), None)

    def _version(self, name: str) -> Step:
        listing, headers = self._listing(), self._stated()
        if not headers:
            return skipped(name, "the contract describes no header")
        listed = ", ".join(f"{header}: {value}" for header, value in headers)
        if listing is None or not self._reads:
            return skipped(name, f"nothing was read to try {listed} with")
        answer = self._get(listing.path, headers)
        if answer.response is None or answer.response.status // 100 != 2:
            hint = "is that version still served, and its header passed on?"
            return failed(name, f"with {listed}: {answer.summary}", hint)
        return passed(name, f"{listed} is taken")

    def _stated(self) -> tuple[tuple[str, str], ...]:
        known = self._contract.operation.headers
        return tuple((each.name, each.value) for each in known if each.value)

    def _fixture(self, name: str) -> Step:
        given = self._profile.overrides.fixtures
        if not given:
            return skipped(name, "the profile names none")
        known = [each for each in self._contract.fixtures if each.name in given]
        found = (self._looked_up(name, each) for each in known if each.read)
        step = next(found, None)
        if step is not None and step.state != State.SKIPPED:
            return step
        safety = self._profile.safety
        if safety.allow_create and not safety.is_live(self._url):
            return self._created(name)
        listed = ", ".join(given)
        hint = (
            "on this machine [safety] allow_create = true lets a create try them,"
            " unless it is live"
        )
        said = step.said if step else f"nothing reads {listed} alone"
        return skipped(name, said, hint)

    def _looked_up(self, name: str, fixture: Fixture) -> Step:
        """Ask for a fixture, and for all of its kind where there is none such."""
        value = str(self._profile.overrides.fixtures[fixture.name])
        path = fixture.read.replace("{}", quote(value, safe=""))
        one = self._get(path)
        if one.response is not None and one.response.status // 100 == 2:
            return passed(name, f"the target knows the {fixture.name}: GET {path}")
        several = self._get(fixture.read.rpartition("/")[0])
        if several.response is None or several.response.status // 100 != 2:
            return skipped(name, f"the target does not tell: GET {path}, {one.summary}")
        hint = f"is the {fixture.name} of this account? see [fixtures]"
        return failed(name, f"GET {path}: {one.summary}", hint)

    def _created(self, name: str) -> Step:
        # Only here: what builds bodies takes a while to load.
        from ringspec.strategies import plain_request  # noqa: PLC0415

        answer = self._exchange(plain_request(self._contract))
        listed = ", ".join(self._profile.overrides.fixtures)
        if answer.response is not None and answer.response.status // 100 == 2:
            return passed(name, f"a create with {listed} is accepted: {answer.summary}")
        hint = "does the target know them? what does its answer say?"
        return failed(name, f"a create with {listed}: {answer.summary}", hint)

    def _get(self, path: str, more: tuple[tuple[str, str], ...] = ()) -> Exchange:
        headers = (("Accept", "application/json"), *more)
        guard = self._contract.operation.token_header
        if guard is not None:
            headers = ((guard.header, guard.value(TOKEN)), *headers)
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
                route=self._way.route,
            )
            guard = Guard.before(target, safety, self._contract)
            try:
                if safety.is_live(self._url):
                    await asyncio.sleep(1 / LIVE_RATE)
                return await guard.exchange(request, repeats=0)
            finally:
                await guard.close()

        return asyncio.run(fire())
