"""`ringspec verify`: whether a run's conclusion follows from its evidence."""

from __future__ import annotations

import hashlib
import sys
from importlib.metadata import version
from pathlib import Path

import click

from ringspec.cli.evidence import MANIFEST, REPORTS, not_following, read_evidence
from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import file_type
from ringspec.harness.running.tape import Fired
from ringspec.reports import console, print_template


@click.command("verify", cls=ManualCommand)
@click.argument("path", metavar="FILE|DIR", type=file_type)
def command(path: Path) -> int:
    """Check the sums of an evidence; judge its exchanges anew, without a network."""
    evidence, troubles = read_evidence(path)
    whole, made, fired = not troubles, "", list[Fired]()
    if whole:
        made = evidence.made_by()
        troubles = list(not_following(evidence, alike=made == version("ringspec")))
    if not troubles:
        fired = [each for each in evidence.tape.taken if isinstance(each, Fired)]
    print_template(
        console(sys.stdout),
        "verify.txt",
        evidence=evidence,
        whole=whole,
        made=made if made != version("ringspec") else "",
        troubles=troubles,
        fired=len(fired),
        known=sum(each.found is not None for each in fired),
        reports=REPORTS,
        digest=hashlib.sha256(evidence.files[MANIFEST]).hexdigest(),
    )
    return int(bool(troubles))
