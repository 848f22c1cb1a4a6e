"""`ringspec cleanup`: delete what a live run has left, by its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from ringspec.cli.firing import (
    credential_options,
    profile_options,
    stated,
    timeout_option,
)
from ringspec.harness.access.filling import Filling
from ringspec.harness.pace.pacer import Pacer
from ringspec.harness.pace.pacing import Limited, Pacing
from ringspec.harness.plan import LIVE_RATE
from ringspec.harness.profile import Profile, load
from ringspec.harness.safety.cleaning import deletion, status_of
from ringspec.harness.safety.hosts import is_loopback
from ringspec.harness.safety.journal import Entry, Journal, Status, read
from ringspec.harness.target import Connection, Target
from ringspec.reports import counted

_SAID = {
    Status.DELETED: "deleted",
    Status.GONE: "gone already",
}
_LEFT = 3


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
    still = 0
    for url in dict.fromkeys(entry.url for entry in left if entry.delete is not None):
        own = [entry for entry in left if entry.url == url and entry not in lost]
        click.echo(f"{url}: {len(own)} to be deleted")
        connection = _connection(url, given, timeout)
        deleted = asyncio.run(_cleaned(connection, Journal(journal), own))
        still += sum(1 for entry in deleted if entry.is_open)
    for line in _ending(left, lost, still):
        click.echo(line)
    return _LEFT if still or lost else 0


def _connection(url: str, given: Profile, timeout_s: float) -> Connection:
    """Open the way to one target, with a token if there are credentials."""
    route, hosts = given.route, given.safety.hosts(url)
    token = given.credentials.token(timeout_s, route, hosts)
    target = Target(
        url,
        filling=Filling(token=token),
        timeout_s=timeout_s,
        workers=1,
        route=route.to(url),
    )
    return Pacer(_limited(url, target), Pacing())


async def _cleaned(
    connection: Connection, journal: Journal, entries: Iterable[Entry]
) -> list[Entry]:
    """Delete the entries of one target; write down and tell what became of each."""
    try:
        return [await _deleted(connection, journal, entry) for entry in entries]
    finally:
        await connection.close()


def _limited(url: str, target: Target) -> Connection:
    return target if is_loopback(url) else Limited(target, LIVE_RATE)


async def _deleted(connection: Connection, journal: Journal, entry: Entry) -> Entry:
    request = deletion(entry)
    if request is None:
        return entry
    exchange = await connection.exchange(request)
    after = replace(entry, status=status_of(exchange))
    if after.status != entry.status:
        journal.note(after)
    said = _SAID.get(after.status, f"still there: {exchange.summary}")
    click.echo(f"  {entry.name}: {said}")
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
