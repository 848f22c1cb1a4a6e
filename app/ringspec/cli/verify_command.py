"""`ringspec verify`: whether a run's conclusion follows from its evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click

from ringspec.cli.evidence import (
    MANIFEST,
    REPORTS,
    Evidence,
    not_following,
    read_evidence,
)
from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import file_type
from ringspec.harness.running.tape import Fired
from ringspec.reports import counted, shown

_CHANGED = 1


@click.command("verify", cls=ManualCommand)
@click.argument("path", metavar="FILE|DIR", type=file_type)
def command(path: Path) -> int:
    """Check the sums of an evidence, and judge its exchanges anew, without a network.

    FILE or DIR is what `ringspec run --report evidence=…` wrote. It says whether the
    conclusion follows from what was recorded; not that it was recorded so. For that,
    sign the manifest: its digest is in the last line.
    """
    reading = read_evidence(path)
    troubles, evidence = list(reading.troubles), Evidence(reading.files)
    if not troubles:
        click.echo(f"sums       {counted(len(reading.files), 'file')} are as written")
        made, own = evidence.made_by(), version("ringspec")
        troubles = list(not_following(evidence, alike=made == own))
    if not troubles:
        for name, what in _shown(evidence, "" if made == own else made):
            click.echo(f"{name:<11}{what}")
    for each in troubles:
        click.echo(f"    {each}")
    ended = "it does not hold" if troubles else f"it holds: {_conclusion(evidence)}"
    digest = hashlib.sha256(reading.files[MANIFEST]).hexdigest()
    click.echo(f"{ended}; manifest sha256 {digest}")
    return _CHANGED if troubles else 0


def _shown(evidence: Evidence, made: str) -> Iterator[tuple[str, str]]:
    """Yield what was checked, and what was not, as another version has made it."""
    plan, tape = evidence.plan, evidence.tape
    not_checked = (
        f"not checked: made by ringspec {shown(made, 40)}, not by this version"
    )
    listed = f"{counted(len(plan.cases), 'case')}, as contract, catalogue and seed give"
    yield "list", not_checked if made else listed
    fired = [each for each in tape.taken if isinstance(each, Fired)]
    known = sum(each.found is not None for each in fired)
    as_found = f"; {known} as the run found them: too long, or masked" if known else ""
    yield "exchanges", f"{len(fired) - known:,} judged anew{as_found}"
    follow = "conclusion, outcomes and failures follow; the wording is not checked"
    yield "reports", follow if made else f"{', '.join(REPORTS)} follow, byte for byte"


def _conclusion(evidence: Evidence) -> str:
    record = evidence.record
    result = record.result
    when = f", {result.ended}" if result.ended else ""
    return f"{result.conclusion} at level {result.level}, {record.started.target}{when}"
