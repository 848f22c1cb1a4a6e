"""What every command that fires cases shares: its options, its target, its outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import click

from ringspec.cli.options import added
from ringspec.cli.outputs import Outputs
from ringspec.harness import Ended, Event, Result
from ringspec.harness.credentials import Credentials
from ringspec.harness.filling import Filling
from ringspec.harness.pacing import Pacing, parse_rate
from ringspec.harness.safety import Safety
from ringspec.harness.target import checked_url
from ringspec.reference import DIALECTS, Embedded, EmbeddedError
from ringspec.reports import FORMATS, Redactor, Reporter, Shown, check
from ringspec.spec import InternalError, Level, UsageError

LEVELS = click.Choice([level.value for level in Level])
_CREDENTIALS = (
    click.option(
        "--bearer", metavar="TOKEN", envvar="RINGSPEC_BEARER", help="The access token."
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
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long an answer may take.",
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
    timeout_option,
)
_OUTPUT = (
    click.option(
        "--report",
        "reports",
        metavar="FORMAT=PATH",
        multiple=True,
        help=f"Write a report (repeatable): {', '.join(FORMATS)}.",
    ),
    click.option("--quiet", is_flag=True, help="Only failures and the last line."),
    click.option("--verbose", is_flag=True, help="Every failing case."),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Colours in the terminal.",
    ),
)


def credential_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say who we are."""
    return added(command, _CREDENTIALS)


def pace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how fast to fire, and how long to wait."""
    return added(command, _PACE)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is told, and where."""
    return added(command, _OUTPUT)


@dataclass(frozen=True, kw_only=True)
class Firing:
    """The options that every command has that fires cases."""

    bearer: str | None
    client_id: str | None
    client_secret: str | None
    token_url: str | None
    contract: Path | None
    operation: str | None
    dialect: str | None
    workers: int | None
    rate: str | None
    timeout: float
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
        if not math.isfinite(self.timeout):
            raise UsageError("--timeout is no number", hint="give seconds")
        parse_rate(self.rate)
        return _wanted(self.reports)

    def target(self, url: str | None, dialect: str | None) -> Target:
        """Return what is tested: the server at a URL, or the embedded one.

        Raises:
            UsageError: the URL is none, or the embedded server is no help.
        """
        given = Credentials(
            bearer=self.bearer,
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_url=self.token_url,
        )
        if url is not None:
            checked_url(url)
            return Target(url, given, None)
        if self.contract is not None:
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
        return Target("", given, Embedded(dialect=dialect))

    def pacing(self) -> Pacing:
        """Return how fast to fire."""
        return Pacing(
            rate=parse_rate(self.rate), workers=self.workers, timeout_s=self.timeout
        )

    def filled(
        self, url: str, credentials: Credentials, safety: Safety | None = None
    ) -> tuple[Filling, Redactor]:
        """Fetch a token if need be; return what is sent, and what hides it.

        Raises:
            UsageError: the token would come from a host that is not allowed.
        """
        token = credentials.token(self.timeout, (safety or Safety()).hosts(url))
        filling = Filling(
            token=token,
            token_url=credentials.token_url or "",
            client_id=credentials.client_id or "",
            client_secret=credentials.client_secret or "",
        )
        return filling, Redactor((*credentials.secrets(), *filling.secrets()))

    def renewing(
        self,
        url: str,
        credentials: Credentials,
        redactor: Redactor,
        safety: Safety | None = None,
    ) -> Callable[[], str | None]:
        """Return what fetches another token, which is a secret from then on."""
        hosts = (safety or Safety()).hosts(url)

        def renew() -> str | None:
            token = credentials.fetched(self.timeout, hosts)
            if token is not None:
                redactor.learn(token)
            return token

        return renew

    @staticmethod
    def told(
        events: Generator[Event, None, None],
        wanted: list[tuple[str, Path]],
        shown: Shown,
        redactor: Redactor,
    ) -> tuple[int, Result]:
        """Tell everybody of a run; return its exit status, and what it found."""
        outputs = Outputs(wanted, shown, redactor)
        try:
            result = _heard(events, outputs.reporters)
        finally:
            outputs.close()
        return outputs.written(result.exit_code), result


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


def _wanted(texts: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Read which reports are wanted where, and make sure of them before the run."""
    wanted: list[tuple[str, Path]] = []
    for text in texts:
        name, separator, path = text.partition("=")
        if not separator or not path:
            raise UsageError(
                f"--report {text!r} has no path", hint="write it as json=report.json"
            )
        if Path(path) in (known for _, known in wanted):
            raise UsageError(
                f"two reports would go to {path}", hint="give each a path of its own"
            )
        check(Path(path), name)
        wanted.append((name, Path(path)))
    return wanted
