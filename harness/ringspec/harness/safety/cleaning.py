"""Cleaning: what a live target was made to hold, and how it is taken away again.

In: the answers to creates and deletes. Out: entries of the journal, and the requests
that delete them. What went unanswered, or was answered without an id, cannot be
deleted; it is told of, so that somebody looks.
"""

from __future__ import annotations

import json
from dataclasses import replace

from ringspec.harness.connection import Connection
from ringspec.harness.exchange import Exchange, Response
from ringspec.harness.safety.deeds import Deeds, captured, filled
from ringspec.harness.safety.journal import Entry, Journal, Status
from ringspec.spec import Contract, Json, UsageError
from ringspec.strategies import Request, Requests

# What says that something is not there any more.
_GONE = frozenset({404, 410})
# What says neither that something was created nor that it was not: a redirect to what
# may be the new thing, and a request that was given up, perhaps late.
_UNCLEAR = frozenset({302, 303, 408})


def deletion(entry: Entry) -> Request | None:
    """Return the request that deletes an entry; None where its path is not known."""
    if entry.delete is None:
        return None
    return Request(method="DELETE", path=entry.delete, headers=entry.headers, body=b"")


def status_of(exchange: Exchange) -> Status:
    """Tell what became of an entry by the answer to its deletion."""
    status = exchange.response.status if exchange.response else 0
    if status in _GONE:
        return Status.GONE
    return Status.DELETED if status // 100 == 2 else Status.FAILED


class Ledger:
    """Keeps account of what one target was made to hold.

    Attributes:
        things: by method and path, what can be done to it.
        is_stuck: whether some of it can never be deleted.
        is_unwritten: whether the journal could not be written.
    """

    def __init__(self, contract: Contract, url: str, journal: Journal | None) -> None:
        self.things: set[tuple[str, str]] = set()
        self.is_stuck = self.is_unwritten = False
        self._contract = contract
        self._url = url
        self._journal = journal
        self._deeds = Deeds(contract)
        self._entries: list[Entry] = []

    def created(self, exchange: Exchange) -> Entry | None:
        """Write down what a create has done; return what it made, if anything.

        Raises:
            UsageError: the journal cannot be written.
        """
        response = exchange.response
        if response is None or response.status >= 500 or response.status in _UNCLEAR:
            return self._add(Entry(url=self._url, status=Status.UNKNOWN))
        if response.status // 100 != 2:
            return None
        answer = _data(response)
        self.things.update(self._deeds.things(answer))
        entry = self._add(self._entry(answer))
        self.is_stuck |= entry.delete is None
        return entry

    def deleted(self, path: str, exchange: Exchange) -> None:
        """Write down what a deletion has done.

        Raises:
            UsageError: the journal cannot be written.
        """
        status = status_of(exchange)
        for index, entry in enumerate(self._entries):
            if entry.delete == path and entry.is_open and entry.status != status:
                self._entries[index] = replace(entry, status=status)
                self._note(self._entries[index])

    async def undo(self, entry: Entry, connection: Connection) -> None:
        """Delete one entry."""
        request = deletion(entry)
        if request is not None:
            self.deleted(request.path, await connection.exchange(request))

    async def clean(self, via: Connection) -> None:
        """Delete what is left, by way of what keeps this account."""
        for entry in self.left():
            request = deletion(entry)
            if request is not None:
                await via.exchange(request)

    def left(self) -> tuple[Entry, ...]:
        """Return what still may be there."""
        return tuple(entry for entry in self._entries if entry.is_open)

    def _add(self, entry: Entry) -> Entry:
        # First here: what cannot be written is deleted nevertheless.
        self._entries.append(entry)
        self._note(entry)
        return entry

    def _note(self, entry: Entry) -> None:
        if self._journal is None:
            return
        try:
            self._journal.note(entry)
        except UsageError:
            # Told once: nothing is to keep what is left from being deleted.
            told, self.is_unwritten = self.is_unwritten, True
            if not told:
                raise

    def _entry(self, answer: Json) -> Entry:
        undoing = self._deeds.undoing()
        if undoing is None:
            return Entry(url=self._url)
        values = captured(undoing, answer)
        return Entry(
            url=self._url,
            id=values,
            delete=filled(undoing.path, values),
            headers=Requests(self._contract).relative(undoing).headers,
        )


def _data(response: Response) -> Json:
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        return None
