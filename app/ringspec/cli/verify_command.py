"""`ringspec verify`: whether a run's conclusion follows from its evidence."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

import click

from ringspec.cli.evidence import MANIFEST, REPORTS, not_following, read_evidence
from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import file_type
from ringspec.harness.running.tape import Fired
from ringspec.reports import counted, shown


@click.command("verify", cls=ManualCommand)
@click.argument("path", metavar="FILE|DIR", type=file_type)
def command(path: Path) -> int:
    """Check the sums of an evidence, and judge its exchanges anew, without a network.

    FILE or DIR is what `ringspec run --report evidence=…` wrote. It says whether the
    conclusion follows from what was recorded; not that it was recorded so. For that,
    sign the manifest: its digest is in the last line.
    """
    evidence, troubles = read_evidence(path)
    digest = hashlib.sha256(evidence.files[MANIFEST]).hexdigest()
    if not troubles:
        made, own = evidence.made_by(), version("ringspec")
        troubles = list(not_following(evidence, alike=made == own))
        click.echo(f"sums       {counted(len(evidence.files), 'file')} are as written")
    if troubles:
        click.echo("\n".join(f"    {each}" for each in troubles))
        click.echo(f"it does not hold; manifest sha256 {digest}")
        return 1
    fired = [each for each in evidence.tape.taken if isinstance(each, Fired)]
    known = sum(each.found is not None for each in fired)
    cases = counted(len(evidence.plan.cases), "case")
    listed = f"{cases}, as contract, catalogue and seed give"
    follow = f"{', '.join(REPORTS)} follow, byte for byte"
    if made != own:
        listed = f"not checked: made by ringspec {shown(made, 40)}, not by this version"
        follow = "conclusion, outcomes and failures follow; the wording is not checked"
    as_found = f"; {known} as the run found them: too long, or masked" if known else ""
    click.echo(f"list       {listed}")
    click.echo(f"exchanges  {len(fired) - known:,} judged anew{as_found}")
    click.echo(f"reports    {follow}")
    result, target = evidence.record.result, evidence.record.started.target
    where = f"{shown(target, 300)}, {shown(result.ended, 40)}; manifest sha256 {digest}"
    click.echo(f"it holds: {result.conclusion} at level {result.level}, {where}")
    return 0
