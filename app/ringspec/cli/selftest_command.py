"""`ringspec selftest`: run against the whole fleet, and print the kill matrix."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ringspec.cli.fleet import CANONICAL, Subject, fleet, prepare, trial
from ringspec.reference import DIALECTS, EQUIVALENT, SHARED
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
from ringspec.spec import Level, ReportError, UsageError, load


@click.command("selftest")
@click.argument("prefixes", metavar="[NAME-PREFIX]...", nargs=-1)
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
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
@click.option(
    "--report",
    "reports",
    metavar="FORMAT=PATH",
    multiple=True,
    help=f"Write the matrix (repeatable): {', '.join(MATRIX_FORMATS)}.",
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
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours in the terminal.",
)
def command(**options: Any) -> int:
    """Run against every mutant, lawful variant and the reference itself.

    Prints the kill matrix: which defect was noticed, by which rules, after how many
    requests. With prefixes, only servers whose name begins so, and the reference.

    Exit status: 0 if every defect is noticed by its rule and no correct server is
    accused, 1 if not.
    """
    return _Command(**options).status()


@dataclass(frozen=True)
class _Command:
    """The options of one call."""

    prefixes: tuple[str, ...]
    level: str
    dialect: str
    reports: tuple[str, ...]
    workers: int | None
    over_network: bool
    color: Any

    def status(self) -> int:
        """Run, report, and return the exit status."""
        wanted = [_wanted(text) for text in self.reports]
        contract = load(dialect=None if self.dialect == CANONICAL else self.dialect)
        level = Level(self.level)
        subjects = fleet(contract, self.prefixes, level, over_network=self.over_network)
        began = time.monotonic()
        trials = self._trials(subjects)
        matrix = KillMatrix(
            contract,
            level,
            in_fleet_order(trials, (each.name for each in subjects)),
            expected=len(subjects),
            equivalents=EQUIVALENT,
            shared=SHARED,
            whole=not self.prefixes,
            duration_s=time.monotonic() - began,
        )
        print_matrix(matrix, sys.stdout, color=self.color)
        return _written(wanted, matrix)

    def _trials(self, subjects: tuple[Subject, ...]) -> list[FleetRun]:
        """Run against all; what there is when somebody interrupts it."""
        number = min(self.workers or _processors(), len(subjects))
        watch = FleetProgress(sys.stderr, len(subjects), color=self.color)
        trials: list[FleetRun] = []
        pool: ProcessPoolExecutor | None = None
        # Those over the network first: they take longest.
        queued = sorted(subjects, key=lambda each: each.way, reverse=True)
        try:
            with _deferred():
                pool = self._pool(number)
                runs = [pool.submit(trial, each) for each in queued]
            for done in as_completed(runs):
                _take(done, trials)
                watch.add(trials[-1])
            pool.shutdown()
        except KeyboardInterrupt:
            pass
        finally:
            _end(pool)
            watch.close()
        return trials

    def _pool(self, number: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            number,
            # Not fork: a copy of this process may hold a lock for good.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=prepare,
            initargs=(self.dialect,),
        )


@contextmanager
def _deferred() -> Iterator[None]:
    """Put an interrupt off to the end of the block.

    A process that is begun and never told what to do would complain at length.
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


def _take(done: Future[FleetRun], trials: list[FleetRun]) -> None:
    found = done.result()
    if found.exit_code == 130:
        # A signal to the whole group of processes met one of them first.
        raise KeyboardInterrupt
    trials.append(found)


def _end(pool: ProcessPoolExecutor | None) -> None:
    """End whatever still runs, at once: nothing there is worth waiting for."""
    for process in multiprocessing.active_children():
        process.kill()
    if pool is not None:
        with suppress(KeyboardInterrupt):
            pool.shutdown(cancel_futures=True)


def _processors() -> int:
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else (os.cpu_count() or 1)
    )


def _wanted(text: str) -> tuple[str, Path]:
    """Read which report is wanted where, and make sure of it before the runs."""
    name, separator, path = text.partition("=")
    if not separator or not path:
        raise UsageError(
            f"--report {text!r} has no path", hint="write it as json=matrix.json"
        )
    check_matrix(name, Path(path))
    return name, Path(path)


def _written(wanted: list[tuple[str, Path]], matrix: KillMatrix) -> int:
    """Write all reports, whichever fail, and return the status of the command."""
    failed = False
    for name, path in wanted:
        try:
            write_matrix(name, path, matrix)
        except ReportError as error:
            failed = True
            click.echo(f"ringspec: {error}\n    hint: {error.hint}", err=True)
    if failed and matrix.exit_code == 0:
        return ReportError.exit_code
    return matrix.exit_code
