"""`ringspec compare`: several providers, or two runs of one, side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from ringspec.reports import (
    COMPARISON_FORMATS,
    MERGED_FORMATS,
    Comparison,
    Terminal,
    check_comparison,
    check_merged,
    compare_reports,
    merge_reports,
    print_comparison,
    render_comparison,
    send_events,
    write_comparison,
)
from ringspec.spec import ReportError, UsageError


@click.command("compare")
@click.argument(
    "paths", metavar="REPORT.json...", nargs=-1, type=click.Path(path_type=Path)
)
@click.option(
    "--runs",
    is_flag=True,
    help="Two runs of one target, the earlier one first: regressions and fixes.",
)
@click.option(
    "--providers",
    is_flag=True,
    help="Several targets side by side: a matrix, differences first.",
)
@click.option(
    "--merge",
    is_flag=True,
    help="All parts of one list, as `run --shard I/N` fires them: one verdict.",
)
@click.option(
    "--one-deployment",
    is_flag=True,
    help="With --merge: the parts' URLs lead to one target.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Also the rules that are alike."
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "--report",
    "reports",
    metavar="FORMAT=PATH",
    multiple=True,
    help=f"Write the comparison (repeatable): {', '.join(COMPARISON_FORMATS)};"
    f" with --merge {', '.join(MERGED_FORMATS)}.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours in the terminal.",
)
def command(**options: Any) -> int:
    """Set JSON reports side by side, as `run --report json=PATH` writes them.

    Two reports of one target are taken for two runs of it, the earlier one first; any
    others for several providers.

    Exit status: 0; of two runs 1 if some rule fails that did not, or fails by more
    cases, else 3 if some rule is inconclusive that was not; with --merge that of a run.
    """
    return _Command(**options).status()


@dataclass(frozen=True)
class _Command:
    """The options of one call."""

    paths: tuple[Path, ...]
    runs: bool
    providers: bool
    merge: bool
    one_deployment: bool
    everything: bool
    shape: str
    reports: tuple[str, ...]
    color: Any

    def status(self) -> int:
        """Compare, report, and return the exit status."""
        if self.one_deployment and not self.merge:
            raise UsageError("--one-deployment is for --merge", hint="leave it out")
        if self.merge:
            return self._merged()
        wanted = [_wanted(text, check_comparison) for text in self.reports]
        found = compare_reports(self.paths, self._mode())
        if self.shape == "table":
            print_comparison(
                found, sys.stdout, everything=self.everything, color=self.color
            )
        else:
            data = render_comparison(self.shape, found, everything=self.everything)
            click.echo(data.decode(), nl=False)
        put = partial(_put, found, everything=self.everything)
        return _written(wanted, put, found.exit_code)

    def _merged(self) -> int:
        """Join parts, and tell of the whole as a run does of itself."""
        if self.runs or self.providers or self.everything:
            raise UsageError(
                "--merge excludes --runs, --providers and --all",
                hint="join the parts first, then compare what comes of it",
            )
        asked = [_wanted(text, check_merged) for text in self.reports]
        whole = merge_reports(self.paths, one_deployment=self.one_deployment)
        if self.shape == "table":
            send_events(whole.record, Terminal(color=self.color))
        else:
            click.echo(whole.render(self.shape).decode(), nl=False)
        return _written(asked, whole.write, whole.exit_code)

    def _mode(self) -> str:
        """Return what the reports are to be taken for; empty if they say it.

        Raises:
            UsageError: they cannot be both.
        """
        if self.runs and self.providers:
            raise UsageError(
                "--runs and --providers exclude each other",
                hint="leave out one of them, or both",
            )
        return "runs" if self.runs else "providers" if self.providers else ""


def _put(found: Comparison, name: str, path: Path, *, everything: bool) -> None:
    write_comparison(name, path, found, everything=everything)


def _written(
    wanted: list[tuple[str, Path]], put: Callable[[str, Path], None], status: int
) -> int:
    """Write all reports, whichever fail, and return the status of the command."""
    failed = False
    for name, path in wanted:
        try:
            put(name, path)
        except ReportError as error:
            failed = True
            click.echo(f"ringspec: {error}\n    hint: {error.hint}", err=True)
    return ReportError.exit_code if failed and status != 1 else status


def _wanted(text: str, check: Callable[[str, Path], None]) -> tuple[str, Path]:
    """Read which report is wanted where, and make sure of it."""
    name, separator, path = text.partition("=")
    if not separator or not path:
        raise UsageError(
            f"--report {text!r} has no path", hint="write it as html=compare.html"
        )
    check(name, Path(path))
    return name, Path(path)
