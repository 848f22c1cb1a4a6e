"""`ringspec cleanup`: delete what a live run has left, by its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from ringspec.cli.firing import (
    credential_options,
    profile_options,
    stated,
    timeout_option,
)
from ringspec.harness.profile import Profile, load
from ringspec.harness.running.plan import LIVE_RATE
from ringspec.harness.sending.exchange import Connection
from ringspec.harness.sending.guard import deletion, status_of
from ringspec.harness.sending.hosts import checked_url
from ringspec.harness.sending.journal import (
    Entry,
    Journal,
    Status,
    read,
)
from ringspec.harness.sending.pacer import Limited, Pacer, Pacing
from ringspec.harness.sending.target import Target
from ringspec.reports import Redactor, counted, shown
from ringspec.spec import UsageError

_SAID = {
    Status.DELETED: "deleted",
    Status.GONE: "gone already",
}
_LEFT = 3
_WIDTH = 300


@click.command("cleanup")
@click.argument("journal", type=click.Path(path_type=Path))
@profile_options
@credential_options
@timeout_option
def command(
    *, journal: Path, profile: str | None, timeout: float, **credentials: str | None
) -> int:
    """Delete what the run that wrote JOURNAL created and could not delete itself.

    It may be called again and again. Exit status 3 says that something is left.
    """
    given = load(profile, stated({"credentials": credentials}))
    left = [entry for entry in read(journal) if entry.is_open]
    lost = [entry for entry in left if entry.delete is None]
    urls = dict.fromkeys(entry.url for entry in left if entry.delete is not None)
    for url in urls:
        _check(url, journal, given)
    still = 0
    for url in urls:
        own = [entry for entry in left if entry.url == url and entry not in lost]
        click.echo(f"{url}: {len(own)} to be deleted")
        cleaning = _cleaning(url, journal, given, timeout)
        deleted = asyncio.run(cleaning.deleted(own))
        still += sum(1 for entry in deleted if entry.is_open)
    for line in _ending(left, lost, still):
        click.echo(line)
    return _LEFT if still or lost else 0


def _check(url: str, journal: Path, given: Profile) -> None:
    """Make sure that a target may be sent to, and be shown the credentials.

    Raises:
        UsageError: the journal is of another target than the profile.
    """
    checked_url(url)
    hosts, live = given.safety.hosts(url), given.safety.is_live(url)
    why = hosts.refusal(url) or (hosts.stranger() if live else "") or given.misses(url)
    if why:
        raise UsageError(
            f"{journal}: {why}; nothing was sent",
            hint="give the profile that the run had, which wrote the journal",
        )


def _cleaning(url: str, journal: Path, given: Profile, timeout_s: float) -> _Cleaning:
    """Open the way to one target, with a token if there are credentials."""
    route, hosts = given.route, given.safety.hosts(url)
    filling, own = given.credentials.filling(timeout_s, route, hosts), route.to(url)
    target = Target(url, filling=filling, timeout_s=timeout_s, workers=1, route=own)
    secrets = (*given.credentials.secrets(), *filling.secrets(), *own.secrets)
    rate = min(given.pacing.rate or LIVE_RATE, LIVE_RATE)
    limited = Limited(target, rate) if given.safety.is_live(url) else target
    return _Cleaning(Pacer(limited, Pacing()), Journal(journal), Redactor(secrets))


@dataclass(frozen=True)
class _Cleaning:
    """Deletes what one target holds; writes down and tells what became of each."""

    connection: Connection
    journal: Journal
    redactor: Redactor

    async def deleted(self, entries: Iterable[Entry]) -> list[Entry]:
        """Delete the entries; return them as they are now."""
        try:
            return [await self._deleted(entry) for entry in entries]
        finally:
            await self.connection.close()

    async def _deleted(self, entry: Entry) -> Entry:
        request = deletion(entry)
        if request is None:
            return entry
        exchange = await self.connection.exchange(request)
        after = replace(entry, status=status_of(exchange))
        if after.status != entry.status:
            self.journal.note(after)
        said = _SAID.get(after.status, f"still there: {exchange.summary}")
        line = self.redactor.url(f"{entry.name}: {said}")
        click.echo(f"  {shown(line, _WIDTH)}")
        return after


def _ending(left: list[Entry], lost: list[Entry], still: int) -> Iterator[str]:
    if not left:
        yield "nothing is left: all of it was deleted"
    if still:
        yield f"{still} could not be deleted: are the credentials right? Call it again"
    if lost:
        yield (
            f"{counted(len(lost), 'create')} went unanswered or came without an id:"
            " look by hand what the target holds"
        )
