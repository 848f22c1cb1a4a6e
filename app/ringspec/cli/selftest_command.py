"""`ringspec selftest`: run against the whole fleet, and print the kill matrix."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from ringspec.cli.exits import INTERRUPTED
from ringspec.cli.fleet import CANONICAL, FleetServer, fleet, prepare, run_in_pool
from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import (
    color_option,
    completer,
    level_type,
    report_paths,
    report_values,
    reports_option,
)
from ringspec.cli.outputs import attempted
from ringspec.reference import DIALECTS, EQUIVALENT, MUTANTS, SHARED
from ringspec.reports import (
    MATRIX_FORMATS,
    FleetProgress,
    FleetRun,
    KillMatrix,
    check_matrix,
    in_fleet_order,
    print_matrix,
    write_matrix,
)
from ringspec.spec import Level, load


@click.command(
    "selftest",
    cls=ManualCommand,
    examples=(
        ("ringspec selftest", "every mutant; this takes minutes"),
        ("ringspec selftest delay", "those whose name begins so"),
        ("ringspec selftest --report html=matrix.html", "the kill matrix"),
    ),
)
@click.argument(
    "prefixes",
    metavar="[NAME-PREFIX]...",
    nargs=-1,
    shell_complete=completer(lambda: MUTANTS),
)
@click.option(
    "--level",
    type=level_type,
    default=Level.MAY.value,
    show_default=True,
    help="At which the mutants are run; lawful variants have their own.",
)
@click.option(
    "--dialect",
    type=click.Choice(list(DIALECTS)),
    default=CANONICAL,
    show_default=True,
    help="The spelling that all of them speak.",
)
@reports_option(
    shell_complete=completer(lambda: report_values(MATRIX_FORMATS)),
    help="Write the matrix (repeatable): json, html.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Servers run at once; as many as there are processors.",
)
@click.option(
    "--over-network",
    is_flag=True,
    help="Reach every server by a socket, not only those that need it.",
)
@color_option
def command(**options: Any) -> int:
    """Run against every mutant, lawful variant and the reference itself.

    Prints the kill matrix: which defect was noticed, by which rules, after how many
    requests. With prefixes, only servers whose name begins so, and the reference.

    Exit status: 0 if every defect is noticed by its rule and no correct server is
    accused, 1 if not.
    """
    return SelftestOptions(**options).status()


@dataclass(frozen=True, kw_only=True)
class SelftestOptions:
    """The options of `ringspec selftest`."""

    prefixes: tuple[str, ...]
    level: str
    dialect: str
    reports: tuple[str, ...]
    workers: int | None
    over_network: bool
    color: Any

    def status(self) -> int:
        """Run, report, and return the exit status."""
        wanted = report_paths(self.reports, check_matrix, "json=matrix.json")
        contract = load(dialect=None if self.dialect == CANONICAL else self.dialect)
        level = Level(self.level)
        servers = fleet(contract, self.prefixes, level, over_network=self.over_network)
        began = time.monotonic()
        runs = self._runs(servers)
        matrix = KillMatrix(
            contract,
            level,
            in_fleet_order(runs, (each.name for each in servers)),
            expected=len(servers),
            equivalents=EQUIVALENT,
            shared=SHARED,
            whole=not self.prefixes,
            duration_s=time.monotonic() - began,
        )
        print_matrix(matrix, sys.stdout, color=self.color)
        writes = [partial(write_matrix, name, path, matrix) for name, path in wanted]
        return attempted(writes, matrix.exit_code)

    def _runs(self, servers: tuple[FleetServer, ...]) -> list[FleetRun]:
        """Run against all servers; an interrupt ends it with the runs so far."""
        progress = FleetProgress(sys.stderr, len(servers), color=self.color)
        runs: list[FleetRun] = []
        pool: ProcessPoolExecutor | None = None
        # Those over the network first: they take longest.
        queued = sorted(servers, key=lambda each: each.way, reverse=True)
        try:
            with _interrupt_deferred():
                pool = ProcessPoolExecutor(
                    min(self.workers or _processors(), len(servers)),
                    # Not fork: a copy of this process may hold a lock for good.
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=prepare,
                    initargs=(self.dialect,),
                )
                submitted = [pool.submit(run_in_pool, each) for each in queued]
            for done in as_completed(submitted):
                found = done.result()
                if found.exit_code == INTERRUPTED:
                    break  # a signal to all processes met that one first
                runs.append(found)
                progress.add(found)
            else:
                pool.shutdown()
        except KeyboardInterrupt:
            pass
        finally:
            # Nothing that still runs is worth waiting for.
            for process in multiprocessing.active_children():
                process.kill()
            if pool is not None:
                with suppress(KeyboardInterrupt):
                    pool.shutdown(cancel_futures=True)
            progress.close()
        return runs


@contextmanager
def _interrupt_deferred() -> Iterator[None]:
    """Defer an interrupt to the end of the block.

    A process of the pool that starts without a task complains at length.
    """
    noted: list[int] = []
    before = {
        each: signal.signal(each, lambda number, _: noted.append(number))
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    if noted:
        raise KeyboardInterrupt


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
