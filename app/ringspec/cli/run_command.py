"""`ringspec run`: test a server and give the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from ringspec.cli.dryrun import EMBEDDED, SUPPLIED, planned, standing_in
from ringspec.cli.firing import (
    LEVELS,
    Firing,
    credential_options,
    pace_options,
    profile_options,
)
from ringspec.cli.known import Book
from ringspec.cli.options import contract_options, selection_options
from ringspec.cli.outputs import output_options
from ringspec.harness.running.plan import DEFAULT_PHASES, EXAMPLES, Plan
from ringspec.harness.running.run import run
from ringspec.harness.running.shards import parse_shard, part_of
from ringspec.reports import Redactor, Terminal
from ringspec.spec import Contract, Level, UsageError
from ringspec.strategies import Phase, quick_of


@click.command("run")
@click.argument("url", required=False)
@click.option(
    "--level",
    type=LEVELS,
    default=Level.MUST.value,
    show_default=True,
    envvar="RINGSPEC_LEVEL",
    help="What fails the run; weaker failures are warnings.",
)
@profile_options
@credential_options
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
@pace_options
@click.option(
    "--shard",
    metavar="I/N",
    help="Only a part of the list, for N runs beside each other.",
)
@click.option(
    "--dry-run", is_flag=True, help="Say what would be sent, and send nothing."
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@click.option(
    "--known-failures",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Failures that are known, and do not fail the run.",
)
@click.option(
    "--update-known-failures",
    is_flag=True,
    help="Bring that file up to date by this run.",
)
@output_options
def command(**options: Any) -> int:
    """Test the server at URL; without one, the embedded reference server.

    URL takes the place of the contract's server URL, any mount prefix included.
    """
    return Run(**options).status()


@dataclass(frozen=True, kw_only=True)
class Run(Firing):
    """The options of one run, whoever asks for it."""

    url: str | None
    level: str
    select: tuple[str, ...]
    exclude: tuple[str, ...]
    phases: tuple[str, ...]
    quick: bool
    seed: int
    examples: int | None
    shard: str | None
    dry_run: bool
    fail_fast: bool
    known_failures: Path | None
    update_known_failures: bool

    def status(self) -> int:
        """Run, report, and return the exit status."""
        wanted = self.checked()
        if self.dry_run:
            return self._dry()
        book = self._book(wanted)
        with self.aimed(book) as (plan, redactor):
            terminal = Terminal(
                quiet=self.quiet,
                verbose=self.verbose,
                color=self.color,
                redactor=redactor,
                again=tuple(self._again()),
            )
            status, result = self.told(run(plan), wanted, terminal, redactor)
        return book.renewed(result, plan.contract, status)

    def checked(self) -> list[tuple[str, Path]]:
        """Return which reports are wanted where, once the options make sense.

        Raises:
            UsageError: they do not.
            ReportError: a report can surely not be written.
        """
        wanted = self.wanted()
        _ = self._part
        _phases(self.phases, self.examples, quick=self.quick)
        return wanted

    @contextmanager
    def aimed(self, book: Book) -> Iterator[tuple[Plan, Redactor]]:
        """Yield the plan of a run, and what hides its secrets, while its target is up.

        Raises:
            RingspecError: there is no target, or no way in.
        """
        dialect = self.given.dialect
        with self.target(self.given.address(self.url), dialect) as target:
            # The embedded server starts meanwhile.
            made = self._plan(self.loaded(self.operation, dialect))
            url, credentials = target.resolve()
            filling, redactor = self.filled(url, credentials)
            plan = replace(
                made,
                url=url,
                filling=filling,
                route=self.given.route.to(url),
                known=book.ledger(),
            )
            yield plan, redactor

    @property
    def _part(self) -> tuple[int, int]:
        return parse_shard(self.shard) if self.shard else (1, 1)

    def _again(self) -> Iterator[str]:
        """Yield the options without which a replay would have other cases."""
        given = {
            "--profile": self.profile,
            "--contract": self.contract,
            "--operation": self.operation,
            "--dialect": self.dialect,
            "--seed": self.seed or None,
        }
        for option, value in given.items():
            if value is not None:
                yield from (option, str(value))

    def _plan(self, contract: Contract) -> Plan:
        """Return what is to be done, whoever is the target."""
        part, cases = self._part, self.cases(contract, self.seed)
        phases = _phases(self.phases, self.examples, quick=self.quick)
        if part[0] > 1:
            # Nothing divides what is drawn: it goes with the first part.
            phases -= {Phase.EXPLORE}
        return Plan(
            contract=contract,
            cases=cases,
            url="",
            phases=phases,
            quick=quick_of(contract, cases, self.seed) if self.quick else None,
            part=part_of(cases, *part) if self.shard else None,
            level=Level(self.level),
            seed=self.seed,
            select=self.select,
            exclude=self.exclude,
            safety=self.given.safety,
            pacing=self.given.pacing,
            fail_fast=self.fail_fast,
            examples=EXAMPLES if self.examples is None else self.examples,
        )

    def _dry(self) -> int:
        """Say what would be sent."""
        if self.reports or self.update_known_failures:
            raise UsageError(
                "a dry run finds nothing that could be reported",
                hint="leave out --report and --update-known-failures",
            )
        url, dialect = self.given.address(self.url), self.given.dialect
        named = "the embedded reference server" if url is None else url
        contract = self.loaded(self.operation, dialect)
        given = self.target(url, dialect).credentials
        made = self._plan(contract)
        plan = replace(made, url=url or EMBEDDED, filling=standing_in(given))
        if url is None:
            plan = replace(plan, filling=SUPPLIED)
        for line in planned(plan, named):
            click.echo(line)
        return 0

    def _book(self, wanted: list[tuple[str, Path]]) -> Book:
        """Open the file of known failures, and look whether that makes sense."""
        path, renews = self.known_failures, self.update_known_failures
        if renews and path is None:
            raise UsageError(
                "--update-known-failures needs a file",
                hint="name it with --known-failures FILE; it need not exist yet",
            )
        if renews and self.fail_fast:
            raise UsageError(
                "--update-known-failures and --fail-fast exclude each other",
                hint="what has no turn cannot be known",
            )
        if renews and path in [report for _, report in wanted]:
            raise UsageError(
                f"a report and the known failures would both go to {path}",
                hint="give each a path of its own",
            )
        return Book.open(path, renews=renews)


def _phases(
    texts: tuple[str, ...], examples: int | None, *, quick: bool
) -> frozenset[Phase]:
    """Read which parts of a run are wanted; without any, all but exploring.

    Who wants it quick is given the certified bodies alone, unless more is asked for.
    A number of examples asks for exploring too, and none leaves it out.
    """
    names = [name.strip() for text in texts for name in text.split(",")]
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
