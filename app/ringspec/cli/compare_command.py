"""`ringspec compare`: several providers, or two runs of one, side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from ringspec.cli.options import (
    file_type,
    report_option,
    report_paths,
    screen,
    subcommand,
)
from ringspec.cli.outputs import attempted
from ringspec.harness import Started
from ringspec.reports import (
    COMPARISON_FORMATS,
    MERGED_FORMATS,
    Terminal,
    check,
    check_merged,
    compare_reports,
    merge_reports,
    read_history,
    write_data,
)
from ringspec.spec import UsageError


@subcommand(
    "compare",
    reports=report_option(
        f"Write the comparison (repeatable): {', '.join(COMPARISON_FORMATS)};"
        f" with --merge {', '.join(MERGED_FORMATS)}.",
        lambda: dict.fromkeys((*COMPARISON_FORMATS, *MERGED_FORMATS)),
    ),
)
@click.argument("paths", metavar="REPORT.json|FOLDER...", nargs=-1, type=file_type)
def command(  # noqa: PLR0913 - its options
    *,
    paths: tuple[Path, ...],
    runs: bool,
    providers: bool,
    merge: bool,
    one_deployment: bool,
    everything: bool,
    shape: str,
    reports: tuple[str, ...],
    color: Any,
) -> int:
    """Set JSON reports side by side, as `run --report json=PATH` writes them."""
    if one_deployment and not merge:
        raise UsageError("--one-deployment is for --merge", hint="leave it out")
    if merge and (runs or providers or everything):
        raise UsageError(
            "--merge excludes --runs, --providers and --all",
            hint="join the parts first, then compare what comes of it",
        )
    if runs and providers:
        raise UsageError(
            "--runs and --providers exclude each other",
            hint="leave out one of them, or both",
        )
    check_format = check_merged if merge else _check_format
    wanted = report_paths(reports, check_format, "html=compare.html")
    render: Callable[[str], bytes]
    if merge:
        whole = merge_reports(paths, one_deployment=one_deployment)
        render, status = whole.render, whole.record.result.exit_code
        terminal = Terminal(screen(wanted), color=color)
        for event in whole.record.events if shape == "table" else ():
            # Without the beginning: the run is over.
            if not isinstance(event, Started):
                terminal.handle(event)
    else:
        found = _found(paths, runs=runs, providers=providers)
        render, status = partial(found.render, everything=everything), found.exit_code
        if shape == "table":
            found.show(screen(wanted), everything=everything, color=color)
    if shape != "table":
        click.echo(render(shape), nl=False)

    def write(name: str, path: Path) -> None:
        write_data(name, path, render(name))

    return attempted((partial(write, *each) for each in wanted), status)


def _check_format(name: str, path: Path) -> None:
    check(path, name, COMPARISON_FORMATS, "comparison")


def _found(paths: tuple[Path, ...], *, runs: bool, providers: bool) -> Any:
    """Return a comparison or a history."""
    if not any(path.is_dir() for path in paths):
        mode: Any = "runs" if runs else "providers" if providers else None
        return compare_reports(paths, mode)
    if runs or providers:
        raise UsageError(
            "--runs and --providers compare files, and a folder has a history",
            hint="leave them out, or name the files",
        )
    return read_history(paths)
