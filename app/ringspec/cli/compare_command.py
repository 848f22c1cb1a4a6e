"""`ringspec compare`: several providers, or two runs of one, side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from ringspec.cli.options import Given, file_type, report_paths, screen, subcommand
from ringspec.cli.outputs import attempted
from ringspec.harness import Started
from ringspec.reports import (
    COMPARISON_FORMATS,
    Terminal,
    check,
    check_merged,
    compare_reports,
    merge_reports,
    read_history,
    write_data,
)
from ringspec.spec import UsageError


@subcommand("compare")
@click.argument("paths", metavar="REPORT.json|FOLDER...", nargs=-1, type=file_type)
def command(given: Given) -> int:
    """Set JSON reports side by side, as `run --report json=PATH` writes them."""
    compared = partial(check, formats=COMPARISON_FORMATS, what="comparison")
    check_format = check_merged if given.merge else compared
    wanted = report_paths(given.reports, check_format, "html=compare.html")
    render: Callable[[str], bytes]
    is_table, everything = given.shape == "table", given.everything
    if given.merge:
        whole = merge_reports(given.paths, one_deployment=given.one_deployment)
        render, status = whole.render, whole.record.result.exit_code
        terminal = Terminal(screen(wanted), color=given.color)
        for event in whole.record.events if is_table else ():
            # Without the beginning: the run is over.
            if not isinstance(event, Started):
                terminal.handle(event)
    else:
        found = _found(given)
        render, status = partial(found.render, everything=everything), found.exit_code
        if is_table:
            found.show(screen(wanted), everything=everything, color=given.color)
    if not is_table:
        click.echo(render(given.shape), nl=False)

    def write(name: str, path: Path) -> None:
        write_data(name, path, render(name))

    return attempted((partial(write, *each) for each in wanted), status)


def _found(given: Given) -> Any:
    """Return a comparison or a history."""
    if not any(path.is_dir() for path in given.paths):
        mode: Any = "providers" if given.providers else None
        return compare_reports(given.paths, "runs" if given.runs else mode)
    if given.runs or given.providers:
        raise UsageError(
            "--runs and --providers compare files, and a folder has a history",
            hint="leave them out, or name the files",
        )
    return read_history(given.paths)
