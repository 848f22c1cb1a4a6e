"""`ringspec run`: test a server and give the verdict."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from ringspec.cli.evidence import check_evidence
from ringspec.cli.known_file import KnownFile
from ringspec.cli.options import EVIDENCE, Given, run_formats, screen, subcommand, typed
from ringspec.cli.outputs import Outputs, report_run
from ringspec.cli.run_setup import FireOptions, RunSetup
from ringspec.harness.judging.selection import narrowed
from ringspec.harness.judging.verdict import KnownList
from ringspec.harness.running.plan import (
    DEFAULT_PHASES,
    EXAMPLES,
    Plan,
    parse_shard,
    part_of,
)
from ringspec.harness.running.run import Session, effects_in, listed, run
from ringspec.harness.running.tape import Tape
from ringspec.harness.running.whole import Whole, known_of, run_each
from ringspec.harness.sending.exchange import Filling
from ringspec.reports import Redactor, Terminal, check, console, print_template, stages
from ringspec.spec import Level, UsageError, check_known
from ringspec.strategies import Phase, cases_of, quick_of

# In a dry run: where the embedded server would be, and what it would give out.
_EMBEDDED = "http://127.0.0.1"
_SUPPLIED = Filling(token="supplied", client_id="supplied", token_url=_EMBEDDED)  # noqa: S106 - no token


@subcommand("run")
@click.argument("url", required=False)
def command(given: Given) -> int:
    """Test the server at URL; without one, the embedded reference server."""
    with stages(given.color, quiet=given.quiet) as tell:
        return RunOptions(**vars(given), tell=tell).status()


def _check_report(name: str, path: Path) -> None:
    check_known("report format", name, run_formats())
    if name == EVIDENCE:
        check_evidence(path)
    else:
        check(name, path)


class RunOptions(FireOptions):
    """The options of `ringspec run`, whether click or pytest parsed them."""

    check_report = staticmethod(_check_report)

    def status(self) -> int:
        """Run, report, and return the exit status."""
        self.check()
        if self.dry_run:
            return self._dry_run()
        known_path, renews = self.known_failures, self.update_known_failures
        if renews and known_path in [path for _, path in self.wanted]:
            raise UsageError(
                f"a report and the known failures would both go to {known_path}",
                hint="give each a path of its own",
            )
        known_file = KnownFile.open(known_path, renews=renews)
        with self.plans(known_file) as (whole, redactor):
            self.tell("")
            plan = whole.plans[0]
            terminal = Terminal(
                screen(self.wanted),
                quiet=self.quiet,
                verbose=self.verbose,
                color=self.color,
                redactor=redactor,
                again=typed(click.get_current_context()),
            )
            outputs = Outputs(self.wanted, terminal, redactor, self.docs, plan=plan)
            events = run_each(whole) if whole.is_several else run(plan)
            status, result = report_run(events, outputs)
        return known_file.renewed(result, status)

    def check(self) -> None:
        """Raise a UsageError or ReportError for what makes no sense or cannot be."""
        _ = self.wanted, self._phases, self.shard and parse_shard(self.shard)

    @cached_property
    def _phases(self) -> frozenset[Phase]:
        """The phases that are wanted; by default all but exploring.

        A quick run has the certified bodies alone, unless more phases are named. A
        number of examples adds exploring, and zero removes it.
        """
        names = [name.strip() for text in self.phases for name in text.split(",")]
        for name in names:
            check_known("phase", name, Phase)
        unnamed = frozenset({Phase.CASES}) if self.quick else DEFAULT_PHASES
        named = frozenset(map(Phase, names)) or unnamed
        explored = frozenset({Phase.EXPLORE})
        if self.examples is None:
            return named
        if self.examples:
            return named | explored
        if named == explored:
            raise UsageError("--examples 0 leaves nothing to explore")
        return named - explored

    @property
    def address(self) -> str | None:
        """The URL of the target; None for the embedded server."""
        return self.setup.profile.address(self.url)

    @contextmanager
    def plans(self, known_file: KnownFile) -> Iterator[tuple[Whole, Redactor]]:
        """Yield the plans of a run and its redactor, while the target is up."""
        with self.setup.server(self.address) as resolve:
            # The embedded server starts meanwhile.
            whole = self._whole(known_file.known())
            url, credentials = resolve()
            filling, redactor = self.setup.access(url, credentials)
            access = url, filling, redactor
            plans = [self.setup.filled(it, *access) for it in whole.plans]
            yield replace(whole, plans=tuple(plans)), redactor

    def _whole(self, known: KnownList) -> Whole:
        """Return the plans of the operations that are wanted, without a target."""
        parts, unread = self.setup.parts
        chosen = narrowed([part.contract for part in parts], self.select, self.exclude)
        by_contract = {part.contract.operation.id: part for part in parts}
        several = bool(parts[1:] or unread)
        if several and EVIDENCE in dict(self.wanted):
            raise UsageError(
                "--report evidence is for one operation",
                hint="name it with --operation",
            )
        plans = []
        for contract, select, exclude in chosen:
            part = by_contract[contract.operation.id]
            plan = self._plan(part, select=select, exclude=exclude)
            plans.append(replace(plan, known=known_of(known, contract)))
        options = {"operation": self.operations, "exclude-operation": self.excluded}
        options |= {"tag": self.tags, "select": self.select, "exclude": self.exclude}
        given = [f"--{name} {it}" for name, listed in options.items() for it in listed]
        if self.thorough:
            bodies = [(it.cases, cases_of(it.contract, it.seed)) for it in plans]
            more = sum(len(listed) - len(usual) for listed, usual in bodies)
            note = f"--thorough adds {more:,} cases to a default run"
            plans[0] = replace(plans[0], notices=(*plans[0].notices, note))
        return Whole(
            plans=tuple(plans),
            known=known,
            unread=tuple(unread),
            narrowed=tuple(given) if several else (),
        )

    def _plan(self, setup: RunSetup, **chosen: tuple[str, ...]) -> Plan:
        shard = parse_shard(self.shard) if self.shard else None
        phases = self._phases
        if shard and shard[0] > 1:
            # Drawn cases are not divided: they go with the first part.
            phases -= {Phase.EXPLORE}
        of = (setup.contract, setup.cases, setup.seed)
        return setup.plan(
            notices=self.notices if self.address is not None else (),
            phases=phases,
            quick=quick_of(*of) if self.quick else None,
            part=part_of(setup.cases, *shard) if shard else None,
            level=Level(self.level),
            **chosen,
            fail_fast=self.fail_fast,
            fail_untested=self.fail_untested,
            examples=EXAMPLES if self.examples is None else self.examples,
            tape=Tape() if EVIDENCE in dict(self.wanted) else None,
        )

    def _dry_run(self) -> int:
        url, filling = self.address, _SUPPLIED
        self.setup.check_target(url)
        if url is not None:
            # No token is fetched.
            given = self.setup.profile.credentials
            has_access = given.bearer or given.client_id or given.value or given.user
            filling = Filling(
                token="given" if has_access else None,
                client_id=given.client_id or "",
                token_url=given.token_url or "",
            )
        whole = self._whole(KnownList())
        plans = [
            replace(it, url=url or _EMBEDDED, filling=filling) for it in whole.plans
        ]
        self.tell("")
        for note in dict.fromkeys(it for plan in plans for it in plan.notices):
            click.echo(f"note: {note}", err=True)
        sessions = [(plan.contract, plan, Session(plan)) for plan in plans]
        parts = [
            (it.operation.id if it.prefix else phase, effects_in(plan, cases), cases)
            for it, plan, session in sessions
            for phase in (Phase if not it.prefix else ("",))
            if (cases := [c for c in session.cases if phase in ("", c.phase)])
        ]
        omissions, untested = (defaultdict[str, list[str]](list) for _ in range(2))
        for it, _, session in sessions:
            for why, ids in session.omissions:
                omissions[why] += [it.prefix + each for each in ids]
            for name, why in session.untested.items():
                untested[why].append(it.prefix + name)
        cases = [case for *_, cases in parts for case in cases]
        print_template(
            console(sys.stdout),
            "plan.txt",
            plan=plans[0],
            noun="operation" if whole.is_several else "phase",
            target=url or "the embedded reference server",
            rows=[(name, len(cases), sums) for name, sums, cases in parts],
            effects=sum((sums for _, sums, _ in parts), Counter()),
            omissions=omissions,
            untested=untested,
            explored=sum(plan.explored for plan in plans),
            pages=any(step.paging for case in cases for step in case.steps),
            listed=listed,
        )
        return 0


def parsed(words: list[str], defaults: dict[str, Any] | None = None) -> RunOptions:
    """Parse words of a command line, or raise a UsageError; for pytest and Locust."""
    try:
        with command.make_context("run", words, default_map=defaults) as context:
            return RunOptions(**context.params)
    except click.UsageError as error:
        raise UsageError(error.format_message()) from error
