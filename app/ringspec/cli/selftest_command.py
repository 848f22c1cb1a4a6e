"""`ringspec selftest`: run against the whole fleet, and print the kill matrix."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Generator, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import cache, partial
from itertools import accumulate
from typing import Any

import click

from ringspec.cli.exits import INTERRUPTED, handled
from ringspec.cli.options import (
    Choice,
    Given,
    completer,
    report_paths,
    screen,
    subcommand,
)
from ringspec.cli.outputs import attempted
from ringspec.harness import Judged, Outcome, Result
from ringspec.harness.running.firing import Patience
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import URL, InProcess
from ringspec.reference import (
    DIALECTS,
    EQUIVALENT,
    LAWFUL,
    MUTANTS,
    SHARED,
    Behaviour,
    Embedded,
    ServerSettings,
    application,
)
from ringspec.reports import (
    MATRIX_FORMATS,
    Channel,
    FleetRun,
    KillMatrix,
    ProgressLine,
    check,
    console,
    print_template,
    render_matrix,
    write_data,
)
from ringspec.spec import Contract, Level, UsageError, did_you_mean, load, weakest
from ringspec.strategies import Case, cases_of

REFERENCE = "reference"
CANONICAL = "canonical"


@subcommand("selftest", dialect={"type": Choice(DIALECTS)})
@click.argument(
    "prefixes",
    metavar="[NAME-PREFIX]...",
    nargs=-1,
    shell_complete=completer(lambda: MUTANTS),
)
def command(given: Given) -> int:
    """Run against every mutant, lawful variant and the reference itself."""
    check_format = partial(check, formats=MATRIX_FORMATS, what="matrix")
    wanted = report_paths(given.reports, check_format, "json=matrix.json")
    dialect = None if given.dialect == CANONICAL else given.dialect
    contract = load(dialect=dialect)
    level, prefixes = Level(given.level), given.prefixes
    servers = fleet(contract, prefixes, level, over_network=given.over_network)
    began = time.monotonic()
    progress = ProgressLine(console(sys.stderr, given.color), "server", len(servers))
    runs: dict[str, FleetRun] = {}
    # An interrupt ends it with the runs so far.
    with (
        suppress(KeyboardInterrupt),
        closing(_runs(servers, given.dialect, given.workers)) as ended,
    ):
        for each in ended:
            runs[each.name] = each
            progress.advance(sum(it.is_wrong for it in runs.values()), "problem")
    progress.close()
    matrix = KillMatrix(
        contract,
        level,
        tuple(runs[each.name] for each in servers if each.name in runs),
        expected=len(servers),
        equivalents=EQUIVALENT,
        shared=SHARED,
        whole=not prefixes,
        duration_s=time.monotonic() - began,
    )
    print_template(console(screen(wanted), given.color), "matrix.txt", found=matrix)
    data = render_matrix(matrix)
    writes = [partial(write_data, name, path, data) for name, path in wanted]
    return attempted(writes, matrix.exit_code)


def _runs(
    servers: tuple[FleetRun, ...], dialect: str, workers: int | None
) -> Generator[FleetRun]:
    """Run against all servers by a pool of processes, and yield each as it ends."""
    pool: ProcessPoolExecutor | None = None
    noted: list[int] = []
    may_use = hasattr(os, "sched_getaffinity")
    processors = len(os.sched_getaffinity(0)) if may_use else os.cpu_count() or 1
    # Those over the network first: they take longest.
    queued = sorted(servers, key=lambda each: each.way, reverse=True)
    try:
        # An interrupt waits: a process without a task complains at length.
        with handled(
            (signal.SIGINT, signal.SIGTERM), lambda number, _: noted.append(number)
        ):
            pool = ProcessPoolExecutor(
                min(workers or processors, len(servers)),
                # Not fork: a copy of this process may hold a lock for good.
                mp_context=multiprocessing.get_context("spawn"),
                # Ctrl-C is for the process that waits for all of them.
                initializer=signal.signal,
                initargs=(signal.SIGINT, signal.SIG_IGN),
            )
            submitted = [pool.submit(run_against, each, dialect) for each in queued]
        if noted:
            raise KeyboardInterrupt
        for done in as_completed(submitted):
            found = done.result()
            if found.exit_code == INTERRUPTED:
                return  # a signal to all processes met that one first
            yield found
        pool.shutdown()
    finally:
        # Nothing that still runs is worth waiting for.
        for process in multiprocessing.active_children():
            process.kill()
        if pool is not None:
            with suppress(KeyboardInterrupt):
                pool.shutdown(cancel_futures=True)


def fleet(
    contract: Contract, prefixes: tuple[str, ...], level: Level, *, over_network: bool
) -> tuple[FleetRun, ...]:
    """List the reference, and the servers whose name begins with a prefix, if any.

    Left out are mutants of a rule that does not bind at the level, or that the dialect
    has dropped. Raises a UsageError if a prefix fits no name.
    """
    names = [REFERENCE, *MUTANTS, *(each.name for each in LAWFUL)]
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names):
            near = did_you_mean(prefix, [*names, *(it.split("-")[0] for it in names)])
            raise UsageError(
                f"no server of the fleet begins with {prefix!r}",
                hint=f"{near}`ringspec serve --list-mutants` lists the mutants",
            )

    plain = Behaviour()
    network: Channel = "network" if over_network else "in process"
    levels = {str(name): rule.level for name, rule in contract.rules.items()}
    servers = [FleetRun(kind="reference", name=REFERENCE, level=level, way=network)]
    for each in (*MUTANTS.values(), *LAWFUL):
        own = Level(each.level or Level.MUST)
        binding = weakest((levels.get(each.rule, Level.MAY), own))
        left_out = each.rule in contract.dropped or not binding.gates(level)
        if not each.name.startswith(prefixes or ("",)) or (each.rule and left_out):
            continue
        # What changes bytes below JSON shows only over the network.
        below = each.apply(plain).wire is not plain.wire
        server = FleetRun(
            kind="mutant" if each.rule else "lawful",
            name=each.name,
            rule=each.rule,
            defect=each.defect,
            level=level if each.rule else own,
            way="network" if below else network,
            binding=binding if each.rule else Level.MAY,
        )
        servers.append(server)
    return tuple(servers)


@cache
def _loaded(dialect: str) -> tuple[Contract, tuple[Case, ...]]:
    contract = load(dialect=None if dialect == CANONICAL else dialect)
    return contract, cases_of(contract)


def run_against(
    server: FleetRun, dialect: str = CANONICAL, select: tuple[str, ...] = ()
) -> FleetRun:
    """Run against a server of the fleet: every case, or those of some rules."""
    contract, cases = _loaded(dialect)
    variant = None if server.kind == "reference" else server.name
    url, connect = URL, None
    with ExitStack() as stack:
        if server.way == "network":
            own = stack.enter_context(Embedded(dialect=dialect, mutant=variant))
            url, filling = own.url, Filling(**own.access)
        else:
            settings = ServerSettings(dialect=dialect, mutant=variant)
            filling = Filling(**settings.access(URL))
            connect = partial(InProcess, application(settings), filling=filling)
        plan = Plan(
            contract=contract,
            cases=cases,
            level=server.level,
            select=select,
            # No mutant is late: polling for an effect would be in vain.
            patience_s=0.0 if server.kind == "mutant" else Patience.seconds,
            url=url,
            filling=filling,
            connect=connect,
        )
        return _fleet_run(server, run(plan))


def _fleet_run(server: FleetRun, events: Iterable[Any]) -> FleetRun:
    *told, ended = events
    result: Result = ended.result
    judged = [each for each in told if isinstance(each, Judged)]
    requests = {each.case.id: each.exchange.sent for each in judged}
    failures = [it for each in result.rules for it in each.gating(server.level)]
    failing = {finding.case.id for finding in failures} & requests.keys()
    # Of each case, all requests until its end.
    totals = dict(zip(requests, accumulate(requests.values()), strict=True))
    noticed: dict[str, Level] = {}
    for finding in failures:
        strongest = noticed.get(finding.rule, finding.level)
        noticed[finding.rule] = min(strongest, finding.level, key=lambda it: it.rank)
    reason = failures[0].reason if failures else ""
    if result.exit_code and not failures:
        open_ = [each for each in result.rules if each.outcome is Outcome.INCONCLUSIVE]
        ids = ", ".join(each.rule.id for each in open_[:3])
        why = next((each.why for each in open_ if each.why), "")
        reason = result.message or f"{result.conclusion}: {ids}: {why}"
    return replace(
        server,
        exit_code=result.exit_code,
        noticed=noticed,
        cases={name: sent for name, sent in requests.items() if name in failing},
        until=min((totals[name] for name in failing), default=None),
        requests=result.counts.requests,
        reason=reason,
    )
