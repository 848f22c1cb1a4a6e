"""What every command that fires cases shares: its options, its target, its outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import click

from ringspec.cli.options import added, contract_of
from ringspec.cli.outputs import Outputs
from ringspec.harness import Ended, Event, Result
from ringspec.harness.profile import Profile
from ringspec.harness.profile import load as load_profile
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.hosts import checked_url
from ringspec.harness.sending.pacer import parse_rate
from ringspec.harness.sending.placeholders import Filling, variants
from ringspec.reference import DIALECTS, Embedded, EmbeddedError
from ringspec.reports import Display, Redactor, Reporter, check
from ringspec.spec import Contract, InternalError, Level, MisfitError, UsageError
from ringspec.strategies import Case, cases_of, expecting

LEVELS = click.Choice([level.value for level in Level])
_PROFILE = (
    click.option(
        "--profile",
        metavar="NAME|FILE",
        envvar="RINGSPEC_PROFILE",
        help="What the target needs: URL, credentials, fixtures, pace, safety.",
    ),
)
_CREDENTIALS = (
    click.option(
        "--bearer",
        metavar="TOKEN",
        # The second is what the printed lines of curl take the token from.
        envvar=["RINGSPEC_BEARER", "RINGSPEC_TOKEN"],
        help="The access token; better given as RINGSPEC_BEARER or RINGSPEC_TOKEN.",
    ),
    click.option(
        "--client-id",
        metavar="ID",
        envvar="RINGSPEC_CLIENT_ID",
        help="Id of the client that fetches a token.",
    ),
    click.option(
        "--client-secret",
        metavar="SECRET",
        envvar="RINGSPEC_CLIENT_SECRET",
        help="Its secret; better given as RINGSPEC_CLIENT_SECRET.",
    ),
    click.option(
        "--token-url",
        metavar="URL",
        envvar="RINGSPEC_TOKEN_URL",
        help="Where client id and secret are exchanged for a token.",
    ),
)


def _finite(
    _ctx: click.Context, _option: click.Parameter, seconds: float | None
) -> float | None:
    if seconds is not None and not math.isfinite(seconds):
        raise UsageError("--timeout is no number", hint="give seconds")
    return seconds


_timeout = partial(
    click.option,
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    callback=_finite,
)
timeout_option = _timeout(
    default=5.0, show_default=True, help="How long an answer may take."
)
_PACE = (
    click.option(
        "--workers",
        type=click.IntRange(1, 64),
        help="Requests under way at once; 4 on this machine, 1 elsewhere.",
    ),
    click.option(
        "--rate",
        metavar="N/s",
        help="So many requests a second at most; 5 for a live target.",
    ),
    # A profile may say it, too.
    _timeout(help="How long an answer may take; 5 by default."),
)


def profile_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that says what a target needs."""
    return added(command, _PROFILE)


def credential_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say who we are."""
    return added(command, _CREDENTIALS)


def pace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how fast to fire, and how long to wait."""
    return added(command, _PACE)


@dataclass(frozen=True, kw_only=True)
class Firing:
    """The options that every command has that fires cases."""

    profile: str | None
    bearer: str | None
    client_id: str | None
    client_secret: str | None
    token_url: str | None
    contract: Path | None
    operation: str | None
    dialect: str | None
    workers: int | None
    rate: str | None
    timeout: float | None
    reports: tuple[str, ...]
    quiet: bool
    verbose: bool
    color: Any

    def wanted(self) -> list[tuple[str, Path]]:
        """Return which reports are wanted where, once the options make sense.

        Raises:
            UsageError: they do not.
            ReportError: a report can surely not be written.
        """
        if self.quiet and self.verbose:
            raise UsageError(
                "--quiet and --verbose exclude each other", hint="leave out one of them"
            )
        parse_rate(self.rate)
        return wanted(self.reports)

    @cached_property
    def given(self) -> Profile:
        """What the profile says, the flags going before it.

        Raises:
            UsageError: it cannot be read, or has something that cannot be meant.
        """
        pace = {
            "workers": self.workers,
            "timeout": self.timeout,
            "rate": parse_rate(self.rate),
        }
        flags = {
            "dialect": self.dialect,
            "credentials": {
                "bearer": self.bearer,
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "token_url": self.token_url,
            },
            "pacing": pace,
        }
        return load_profile(self.profile, stated(flags))

    def loaded(self, operation: str | None, dialect: str | None) -> Contract:
        """Load the contract, as it is adapted to the target.

        Raises:
            SpecError: the contract or the dialect is at fault.
            UsageError: something is not there, or the profile does not fit.
        """
        return fitted(self.given, self.contract, operation, dialect)

    def cases(self, contract: Contract, seed: int) -> tuple[Case, ...]:
        """Return the cases of a contract, expecting what the target answers."""
        expect = self.given.expect
        cases = cases_of(contract, seed)
        return expecting(cases, expect.success, expect.rejection)

    def target(self, url: str | None, dialect: str | None) -> Target:
        """Return what is tested: the server at a URL, or the embedded one.

        Raises:
            UsageError: the URL is none, or the embedded server is no help.
        """
        given = self.given.credentials
        if url is None:
            return embedded(given, self.contract, dialect)
        checked_url(url)
        self.given.check_leave(url)
        return Target(url, given, None)

    def filled(self, url: str, credentials: Credentials) -> tuple[Filling, Redactor]:
        """Fetch a token if need be; return what is sent, and what hides it.

        Raises:
            UsageError: the token would come from a host that is not allowed.
            TargetError: its endpoint gives none.
        """
        route, timeout_s = self.given.route, self.given.pacing.timeout_s
        filling = credentials.filling(timeout_s, route, self.given.safety.hosts(url))
        # The environment's proxies may have passwords as well.
        urls = filter(None, (url, credentials.token_url))
        routes = (route, *(route.to(each) for each in urls))
        redactor = Redactor(
            (
                *credentials.secrets(),
                *filling.secrets(),
                *(secret for each in routes for secret in each.secrets),
            )
        )
        if filling.renewal is not None:
            filling.renewal.learners.append(partial(_learn, redactor))
        return filling, redactor

    @staticmethod
    def told(
        events: Generator[Event, None, None],
        wanted: list[tuple[str, Path]],
        shown: Display,
        redactor: Redactor,
        *,
        annotates: bool = True,
    ) -> tuple[int, Result]:
        """Tell everybody of a run; return its exit status, and what it found.

        Args:
            events: of the run.
            wanted: which reports are wanted where.
            shown: shows the run while it goes on.
            redactor: knows the secrets.
            annotates: whether GitHub Actions, if this is one, is told as well.
        """
        outputs = Outputs(wanted, shown, redactor, annotates=annotates)
        try:
            # Whatever ends the telling, what was created is to be deleted first.
            with closing(events):
                result = _heard(events, outputs.reporters)
        finally:
            outputs.close()
        return outputs.written(result.exit_code), result


def fitted(
    profile: Profile, file: Path | None, operation: str | None, dialect: str | None
) -> Contract:
    """Load a contract, ours or that of a file, as a profile adapts it.

    Raises:
        SpecError: the contract or the dialect is at fault.
        UsageError: something is not there, or the profile does not fit.
    """
    try:
        return contract_of(file, operation, dialect, profile.overrides)
    except MisfitError as error:
        where = profile.places.of(error.path)
        raise UsageError(f"{where}: {error}", hint=error.hint) from error


def stated(flags: dict[str, Any]) -> dict[str, Any]:
    """Leave out what nobody said, in tables as well."""
    found = {
        name: stated(value) if isinstance(value, dict) else value
        for name, value in flags.items()
    }
    return {name: value for name, value in found.items() if value not in (None, {})}


def _learn(redactor: Redactor, token: str) -> None:
    for each in variants(token):
        redactor.learn(each)


def _heard(
    events: Generator[Event, None, None], reporters: Iterable[Reporter]
) -> Result:
    """Hand all events to all reporters, and return the result of the run."""
    result: Result | None = None
    event = next(events, None)
    while event is not None:
        try:
            for each in reporters:
                each.handle(event)
            if isinstance(event, Ended):
                result = event.result
            event = next(events, None)
        except KeyboardInterrupt:
            # It met us rather than the run, which has to know of it.
            event = None if result is not None else events.throw(KeyboardInterrupt())
    if result is None:
        raise InternalError("the run ended without a result")
    return result


@dataclass(frozen=True)
class Target:
    """What is tested: a given server, or the embedded one while the run lasts."""

    url: str
    credentials: Credentials
    embedded: Embedded | None

    def __enter__(self) -> Self:
        """Begin to start the embedded server; it starts while we load our own."""
        if self.embedded is not None:
            self.embedded.begin()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the embedded server."""
        if self.embedded is not None:
            self.embedded.end()

    def resolve(self) -> tuple[str, Credentials]:
        """Return the URL and credentials, once there are any."""
        if self.embedded is None:
            return self.url, self.credentials
        try:
            ready = self.embedded.ready()
        except EmbeddedError as error:
            raise InternalError(str(error)) from error
        return ready.url, Credentials(
            bearer=ready.token,
            client_id=ready.client_id,
            client_secret=ready.client_secret,
            token_url=ready.token_url,
        )


def embedded(
    credentials: Credentials, contract: Path | None, dialect: str | None
) -> Target:
    """Return the embedded server as what is tested.

    Raises:
        UsageError: it knows neither the contract nor the dialect.
    """
    if contract is not None:
        raise UsageError(
            "the embedded server knows only the contract that comes with it",
            hint="give the URL of a server that keeps to your contract",
        )
    dialect = dialect or "canonical"
    if dialect not in DIALECTS:
        raise UsageError(
            f"the embedded server has no dialect {dialect!r}",
            hint=f"it knows {', '.join(DIALECTS)}; or give the URL of a server",
        )
    return Target("", credentials, Embedded(dialect=dialect))


def wanted(texts: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Read which reports are wanted where, and make sure of them before the run."""
    listed: list[tuple[str, Path]] = []
    for text in texts:
        name, separator, path = text.partition("=")
        if not separator or not path:
            raise UsageError(
                f"--report {text!r} has no path", hint="write it as json=report.json"
            )
        if Path(path) in (known for _, known in listed):
            raise UsageError(
                f"two reports would go to {path}", hint="give each a path of its own"
            )
        check(Path(path), name)
        listed.append((name, Path(path)))
    return listed
