"""`ringspec compare`: several providers, or two runs of one, side by side."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import (
    color_option,
    completer,
    report_paths,
    report_values,
    reports_option,
)
from ringspec.cli.outputs import attempted
from ringspec.reports import (
    COMPARISON_FORMATS,
    MERGED_FORMATS,
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
from ringspec.spec import UsageError

_EXAMPLE = "html=compare.html"


@click.command(
    "compare",
    cls=ManualCommand,
    examples=(
        ("ringspec compare old.json new.json", "what is better or worse"),
        (
            "ringspec compare a.json b.json --report html=compare.html",
            "several providers",
        ),
    ),
)
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
@reports_option(
    shell_complete=completer(
        lambda: report_values(dict.fromkeys((*COMPARISON_FORMATS, *MERGED_FORMATS)))
    ),
    help=f"Write the comparison (repeatable): {', '.join(COMPARISON_FORMATS)};"
    f" with --merge {', '.join(MERGED_FORMATS)}.",
)
@color_option
def command(**options: Any) -> int:
    """Set JSON reports side by side, as `run --report json=PATH` writes them.

    Two reports of one target are taken for two runs of it, the earlier one first; any
    others for several providers.

    Exit status: 0; of two runs 1 if some rule fails that did not, or fails by more
    cases, else 3 if some rule is inconclusive that was not; with --merge that of a run.
    """
    return CompareOptions(**options).status()


@dataclass(frozen=True)
class CompareOptions:
    """The options of `ringspec compare`."""

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
        wanted = report_paths(self.reports, check_comparison, _EXAMPLE)
        if self.runs and self.providers:
            raise UsageError(
                "--runs and --providers exclude each other",
                hint="leave out one of them, or both",
            )
        mode = "runs" if self.runs else "providers" if self.providers else ""
        found = compare_reports(self.paths, mode)
        if self.shape == "table":
            print_comparison(
                found, sys.stdout, everything=self.everything, color=self.color
            )
        else:
            data = render_comparison(self.shape, found, everything=self.everything)
            click.echo(data.decode(), nl=False)
        writes = [
            partial(write_comparison, name, path, found, everything=self.everything)
            for name, path in wanted
        ]
        return attempted(writes, found.exit_code)

    def _merged(self) -> int:
        """Merge the parts of a list, and report the whole as a run."""
        if self.runs or self.providers or self.everything:
            raise UsageError(
                "--merge excludes --runs, --providers and --all",
                hint="join the parts first, then compare what comes of it",
            )
        wanted = report_paths(self.reports, check_merged, _EXAMPLE)
        whole = merge_reports(self.paths, one_deployment=self.one_deployment)
        if self.shape == "table":
            send_events(whole.record, Terminal(color=self.color))
        else:
            click.echo(whole.render(self.shape).decode(), nl=False)
        writes = [partial(whole.write, name, path) for name, path in wanted]
        return attempted(writes, whole.exit_code)
