"""`ringspec cleanup`: delete what a live run has left, by its journal."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import click

from ringspec.cli.options import Given, file_type, subcommand
from ringspec.cli.run_setup import RunSetup, access_flags
from ringspec.harness.profile import Profile, load
from ringspec.harness.running.plan import LIVE_RATE
from ringspec.harness.sending.guard import deletion, status_of
from ringspec.harness.sending.journal import Entry, Journal, Status, read
from ringspec.harness.sending.pacer import Limited, Pacer, Pacing
from ringspec.harness.sending.policy import checked_url
from ringspec.harness.sending.target import Target
from ringspec.reports import console, print_template, shown
from ringspec.spec import UsageError

_LABELS = {Status.DELETED: "deleted", Status.GONE: "gone already"}
_LEFT = 3
_WIDTH = 300


@subcommand("cleanup")
@click.argument("journal", type=file_type)
def command(options: Given) -> int:
    """Delete what the run that wrote JOURNAL created and could not delete itself."""
    flags = {**access_flags(vars(options)), "pacing": {"timeout": options.timeout}}
    loaded, journal = load(options.profile, flags), options.journal
    entries = [entry for entry in read(journal) if entry.is_open]
    known = [entry for entry in entries if entry.delete is not None]
    lost = len(entries) - len(known)
    urls = dict.fromkeys(entry.url for entry in known)
    for url in urls:
        checked_url(url)
        hosts, live = loaded.safety.hosts(url), loaded.safety.is_live(url)
        why = hosts.refusal(url) or (hosts.stranger() if live else "")
        if why := why or loaded.misses(url):
            raise UsageError(
                f"{journal}: {why}; nothing was sent",
                hint="give the profile that the run had, which wrote the journal",
            )
    still = 0
    for url in urls:
        own = [entry for entry in known if entry.url == url]
        click.echo(f"{url}: {len(own)} to be deleted")
        still += _clean(url, own, journal, loaded)
    told = {"entries": entries, "still": still, "lost": lost}
    print_template(console(sys.stdout), "cleanup.txt", **told)
    return _LEFT if still or lost else 0


def _clean(url: str, entries: list[Entry], path: Path, profile: Profile) -> int:
    """Delete entries of one target; return how many are still there."""
    filling, redactor = RunSetup(profile=profile).access(url)
    if warning := profile.route.warning(url, filling.token_url):
        click.echo(warning, err=True)
    target = Target(
        url,
        filling=filling,
        timeout_s=profile.pacing.timeout_s,
        route=profile.route.to(url),
    )
    rate = min(profile.pacing.rate or LIVE_RATE, LIVE_RATE)
    live = profile.safety.is_live(url)
    limited = Limited(target, rate, after=True) if live else target
    connection, journal = Pacer(limited, Pacing()), Journal(path)

    async def clean() -> int:
        left = 0
        try:
            for entry in entries:
                request = deletion(entry)
                if request is not None:
                    exchange = await connection.exchange(request)
                    after = replace(entry, status=status_of(exchange))
                    if after.status != entry.status:
                        journal.note(after)
                    label = _LABELS.get(
                        after.status, f"still there: {exchange.summary}"
                    )
                    line = redactor.url(f"{entry.name}: {label}")
                    click.echo(f"  {shown(line, _WIDTH)}")
                    left += after.is_open
        finally:
            await connection.close()
        return left

    return asyncio.run(clean())
