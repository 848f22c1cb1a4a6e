"""`ringspec run`: test a server and give the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import click

from ringspec.cli.options import contract_of, contract_options, selection_options
from ringspec.cli.screen import Screen
from ringspec.harness import Ended, Event
from ringspec.harness.credentials import Credentials
from ringspec.harness.filling import Filling
from ringspec.harness.plan import DEFAULT_PHASES, EXAMPLES
from ringspec.harness.run import Plan, run
from ringspec.harness.target import checked_url, is_loopback
from ringspec.reference import DIALECTS, Embedded, EmbeddedError
from ringspec.reports import (
    FORMATS,
    Recorder,
    Redactor,
    Reporter,
    Terminal,
    check,
    write,
)
from ringspec.spec import (
    InternalError,
    Level,
    ReportError,
    UsageError,
)
from ringspec.strategies import Phase, cases_of, quick_of


@click.command("run")
@click.argument("url", required=False)
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    default=Level.MUST.value,
    show_default=True,
    envvar="RINGSPEC_LEVEL",
    help="What fails the run; weaker failures are warnings.",
)
@click.option(
    "--bearer", metavar="TOKEN", envvar="RINGSPEC_BEARER", help="The access token."
)
@click.option(
    "--client-id",
    metavar="ID",
    envvar="RINGSPEC_CLIENT_ID",
    help="Id of the client that fetches a token.",
)
@click.option(
    "--client-secret",
    metavar="SECRET",
    envvar="RINGSPEC_CLIENT_SECRET",
    help="Its secret; better given as RINGSPEC_CLIENT_SECRET.",
)
@click.option(
    "--token-url",
    metavar="URL",
    envvar="RINGSPEC_TOKEN_URL",
    help="Where client id and secret are exchanged for a token.",
)
@selection_options
@contract_options
@click.option(
    "--phase",
    "phases",
    metavar="NAME,…",
    multiple=True,
    help=f"Only these parts of a run: {', '.join(Phase)}.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Other cases.")
@click.option(
    "--quick",
    is_flag=True,
    help="Only the fewest bodies that tell every slip in a server's checks.",
)
@click.option(
    "--examples",
    metavar="N",
    type=click.IntRange(min=0),
    help=f"Explore so many bodies after the list; {EXAMPLES} with --phase explore.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Requests under way at once; 4 on this machine.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long an answer may take.",
)
@click.option(
    "--report",
    "reports",
    metavar="FORMAT=PATH",
    multiple=True,
    help=f"Write a report (repeatable): {', '.join(FORMATS)}.",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@click.option("--quiet", is_flag=True, help="Only failures and the last line.")
@click.option("--verbose", is_flag=True, help="Every failing case.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours in the terminal.",
)
def command(**options: Any) -> int:
    """Test the server at URL; without one, the embedded reference server.

    URL takes the place of the contract's server URL, any mount prefix included.
    """
    return _Command(**options).status()


@dataclass(frozen=True)
class _Command:
    """The options of one call."""

    url: str | None
    level: str
    bearer: str | None
    client_id: str | None
    client_secret: str | None
    token_url: str | None
    select: tuple[str, ...]
    exclude: tuple[str, ...]
    contract: Path | None
    operation: str | None
    dialect: str | None
    phases: tuple[str, ...]
    quick: bool
    seed: int
    examples: int | None
    workers: int | None
    timeout: float
    reports: tuple[str, ...]
    fail_fast: bool
    quiet: bool
    verbose: bool
    color: Any

    def status(self) -> int:
        """Run, report, and return the exit status."""
        wanted = _wanted(self.reports)
        phases = _phases(self.phases, self.examples, quick=self.quick)
        if not math.isfinite(self.timeout):
            raise UsageError("--timeout is no number", hint="give seconds")
        if self.url is not None:
            checked_url(self.url)
        with self._target() as target:
            contract = contract_of(self.contract, self.operation, self.dialect)
            cases = cases_of(contract, self.seed)
            few = quick_of(contract, cases, self.seed) if self.quick else None
            url, credentials = target.resolve()
            # Nothing is sent elsewhere, so that no token is needed there.
            token = credentials.token(self.timeout) if is_loopback(url) else None
            filling = Filling(
                token=token,
                token_url=credentials.token_url or "",
                client_id=credentials.client_id or "",
                client_secret=credentials.client_secret or "",
            )
            plan = Plan(
                contract=contract,
                cases=cases,
                url=url,
                filling=filling,
                phases=phases,
                quick=few,
                level=Level(self.level),
                seed=self.seed,
                select=self.select,
                exclude=self.exclude,
                workers=self.workers or 4,
                timeout_s=self.timeout,
                fail_fast=self.fail_fast,
                examples=EXAMPLES if self.examples is None else self.examples,
            )
            secrets = (*credentials.secrets(), *filling.secrets())
            return self._told(run(plan), wanted, Redactor(secrets))

    def _target(self) -> _Target:
        given = Credentials(
            bearer=self.bearer,
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_url=self.token_url,
        )
        if self.url is not None:
            return _Target(self.url, given, None)
        if self.contract is not None:
            raise UsageError(
                "the embedded server knows only the contract that comes with it",
                hint="give the URL of a server that keeps to your contract",
            )
        dialect = self.dialect or "canonical"
        if dialect not in DIALECTS:
            raise UsageError(
                f"the embedded server has no dialect {dialect!r}",
                hint=f"it knows {', '.join(DIALECTS)}; or give the URL of a server",
            )
        return _Target("", given, Embedded(dialect=dialect))

    def _told(
        self,
        events: Generator[Event, None, None],
        wanted: list[tuple[str, Path]],
        redactor: Redactor,
    ) -> int:
        recorder = Recorder(redactor)
        screen = Screen(
            Terminal(
                quiet=self.quiet,
                verbose=self.verbose,
                color=self.color,
                redactor=redactor,
            )
        )
        try:
            status = _heard(events, (recorder, screen))
        finally:
            screen.close()
        return _written(wanted, recorder, screen, status)


def _heard(events: Generator[Event, None, None], reporters: Iterable[Reporter]) -> int:
    """Hand all events to all reporters, and return the status of the run."""
    status: int | None = None
    event = next(events, None)
    while event is not None:
        try:
            for each in reporters:
                each.handle(event)
            if isinstance(event, Ended):
                status = event.result.exit_code
            event = next(events, None)
        except KeyboardInterrupt:
            # It met us rather than the run, which has to know of it.
            event = None if status is not None else events.throw(KeyboardInterrupt())
    if status is None:
        raise InternalError("the run ended without a result")
    return status


def _written(
    wanted: list[tuple[str, Path]], recorder: Recorder, screen: Screen, status: int
) -> int:
    """Write all reports, whichever fail; a nonconformant run stays one."""
    writes: list[Callable[[], None]]
    writes = [partial(_write, name, path, recorder) for name, path in wanted]
    failed = False
    for write_ in (*writes, screen.check):
        try:
            write_()
        except ReportError as error:
            failed = True
            click.echo(f"ringspec: {error}\n    hint: {error.hint}", err=True)
    return ReportError.exit_code if failed and status not in {1, 130} else status


def _write(name: str, path: Path, recorder: Recorder) -> None:
    write(name, path, recorder.record)


@dataclass(frozen=True)
class _Target:
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


def _phases(
    texts: tuple[str, ...], examples: int | None, *, quick: bool
) -> frozenset[Phase]:
    """Read which parts of a run are wanted; without any, all but exploring.

    Who wants it quick is given the certified bodies alone, unless more is asked for.
    A number of examples asks for exploring too, and none leaves it out.
    """
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    for name in names:
        if name not in list(Phase):
            raise UsageError(
                f"there is no phase {name!r}", hint=f"there are {', '.join(Phase)}"
            )
    unnamed = frozenset({Phase.CASES}) if quick else DEFAULT_PHASES
    named = frozenset(map(Phase, names)) or unnamed
    if examples is None:
        return named
    explored = frozenset({Phase.EXPLORE})
    if not examples and named == explored:
        raise UsageError("--examples 0 leaves nothing to explore")
    return named | explored if examples else named - explored


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
