"""Safety: the one gate that every request passes on its way to a target.

In: a policy, and requests. Out: their exchanges, or that a request was withheld. A
target on this machine gets everything, as long as it is the target; any other one is
live: it is asked one thing at a time, what may ring phones is withheld unless it is
allowed, and what it was made to hold is deleted again. Source: product.md, Safety.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Self

from ringspec.harness.sending.exchange import Connection, Exchange, Failure, Trouble
from ringspec.harness.sending.journal import Entry, Journal, Status
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.policy import (
    Effect,
    Policy,
    Safety,
    captured,
    filled,
)
from ringspec.harness.sending.target import Target
from ringspec.spec import Contract, Json, UsageError
from ringspec.strategies import TOKEN_URL, Request, Requests

# Nobody was connected to. TLS may also fail when all has been sent.
_UNSENT = frozenset({Trouble.UNREACHABLE, Trouble.NAME})
# Statuses of what is not there any more.
_GONE = frozenset({404, 410})
# Statuses that leave open whether something was created: a redirect to what may be the
# new thing, and a request that was given up, perhaps late.
_UNCLEAR = frozenset({302, 303, 408})
_REPEATABLE = frozenset({Effect.LOOK, Effect.TOKEN, Effect.DELETE})


def deletion(entry: Entry) -> Request | None:
    """Return the request that deletes an entry; None if its path is not known."""
    if entry.delete is None:
        return None
    return Request(method="DELETE", path=entry.delete, headers=entry.headers, body=b"")


def status_of(exchange: Exchange) -> Status:
    """Return what became of an entry by the answer to its deletion."""
    status = exchange.response.status if exchange.response else 0
    if status in _GONE:
        return Status.GONE
    return Status.DELETED if status // 100 == 2 else Status.FAILED


class Guard:
    """Passes on what may be sent, and keeps account of what was created.

    Attributes:
        filling: the values of placeholders in requests.
        creates: how many creates have been sent to a live target.
        is_spent: whether more were wanted than the profile allows.
    """

    def __init__(
        self,
        inner: Connection,
        policy: Policy,
        *,
        url: str,
        filling: Filling | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.filling = filling or Filling()
        self.creates = 0
        self.is_spent = False
        self._inner = inner
        self._policy = policy
        self._url = url
        self._hosts = policy.safety.hosts(url)
        self._elsewhere = self._hosts.refusal(url)
        self._holdings = Holdings(policy, url, journal)
        self._turn = asyncio.Lock()
        self._limit: asyncio.Timeout | None = None
        self._under_way: set[asyncio.Task[Exchange]] = set()

    @classmethod
    def before(cls, target: Target, safety: Safety, contract: Contract) -> Self:
        """Return a guard of a target that keeps no journal."""
        policy = Policy(safety, contract, safety.is_live(target.url))
        return cls(target, policy, url=target.url, filling=target.filling)

    async def close(self) -> None:
        """Close the connection."""
        await self._inner.close()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request if it may be sent."""
        why = self._out_of_bounds(request)
        if why:
            return self._withheld(request, why)
        if not self._policy.live:
            return await self._inner.exchange(request, repeats=repeats)
        # What is under way is not cancelled: its answer may have to be undone.
        return await asyncio.shield(self._begun(self._one(request, repeats)))

    def may_repeat(self, request: Request) -> bool:
        """Return whether a request may be sent again though it may have been taken."""
        return not self._policy.live or self._policy.effect_of(request) in _REPEATABLE

    async def clean_up(self, via: Connection, limit_s: float) -> tuple[Entry, ...]:
        """Delete what is left of what was created; return what still may be there."""
        if not self._policy.live:
            return ()
        self._limit = asyncio.timeout(limit_s)
        try:
            async with self._limit:
                while self._under_way:
                    await asyncio.wait(self._under_way)
                await self._holdings.clean(via)
        except TimeoutError:
            pass
        finally:
            self._limit = None
        return self._holdings.left()

    @property
    def holds(self) -> int:
        """How much of what was created still may be there."""
        return len(self._holdings.left())

    def hurry(self, limit_s: float) -> None:
        """Let cleaning up end within some seconds, if it is under way."""
        if self._limit is not None and (when := self._limit.when()) is not None:
            soon = asyncio.get_running_loop().time() + limit_s
            self._limit.reschedule(min(when, soon))

    def _begun(self, work: Coroutine[Any, Any, Exchange]) -> asyncio.Task[Exchange]:
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _one(self, request: Request, repeats: int) -> Exchange:
        """Send a request to a live target, once no other is under way."""
        async with self._turn:
            ours = (request.method.upper(), request.path) in self._holdings.things
            why = self._policy.withholds(request, ours=ours) or self._spent(request)
            if why:
                return self._withheld(request, why)
            effect = self._policy.effect_of(request)
            if effect == Effect.CREATE:
                return await self._create(request)
            again = repeats if self.may_repeat(request) else 0
            exchange = await self._inner.exchange(request, repeats=again)
            if effect == Effect.DELETE:
                self._holdings.deleted(request.path, exchange)
            return exchange

    async def _create(self, request: Request) -> Exchange:
        self.creates += 1
        exchange = await self._inner.exchange(request, repeats=0)
        if exchange.failure is not None and _is_unsent(exchange.failure):
            self.creates -= 1
            return exchange
        entry = self._holdings.created(exchange)
        if entry is not None and not self._is_valid(request):
            undo = deletion(entry)
            if undo is not None:
                self._holdings.deleted(undo.path, await self._inner.exchange(undo))
        return exchange

    def _is_valid(self, request: Request) -> bool:
        try:
            body = json.loads(request.body)
        except ValueError:
            return False
        return self._policy.contract.settled_prover.is_valid(body)

    def _spent(self, request: Request) -> str:
        """Return why there is no further create, or nothing further at all."""
        effect = self._policy.effect_of(request)
        if self._holdings.is_unwritten and effect != Effect.DELETE:
            return "the journal cannot be written"
        if effect != Effect.CREATE:
            return ""
        if self._holdings.is_stuck:
            return "what was created before has no id, so that nobody can delete it"
        most = self._policy.safety.max_creates
        if self.creates >= most:
            self.is_spent = True
            return f"all {most} creates that the profile allows are used up"
        return ""

    def _out_of_bounds(self, request: Request) -> str:
        """Return why a request would leave the hosts that may be sent to."""
        if request.path == TOKEN_URL:
            return self._hosts.refusal(self.filling.token_url)
        # What follows the first slash can no longer name a host.
        if not request.path.startswith("/"):
            return f"{request.path!r} is no path below {self._url}"
        return self._elsewhere

    def _withheld(self, request: Request, why: str) -> Exchange:
        return Exchange(
            url=self.filling.url(self._url, request),
            request=request,
            failure=Failure(trouble=Trouble.WITHHELD, message=f"not sent: {why}"),
            sent=0,
        )


def _is_unsent(failure: Failure) -> bool:
    """Return whether a request surely has not reached anybody."""
    if failure.trouble is Trouble.TLS:
        return not failure.went_out
    return failure.trouble in _UNSENT


class Holdings:
    """What one target was made to hold.

    What went unanswered, or was answered without an id, cannot be deleted; it is kept
    as left, so that the user is told to look.

    Attributes:
        things: by method and path, what can be done to it.
        is_stuck: whether some of it can never be deleted.
        is_unwritten: whether the journal could not be written.
    """

    def __init__(self, policy: Policy, url: str, journal: Journal | None) -> None:
        self.things: set[tuple[str, str]] = set()
        self.is_stuck = self.is_unwritten = False
        self._policy = policy
        self._url = url
        self._journal = journal
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
        try:
            answer = json.loads(response.body)
        except (ValueError, RecursionError):
            answer = None
        self.things.update(self._policy.things(answer))
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

    async def clean(self, via: Connection) -> None:
        """Delete what is left; `via` passes the guard, which calls `deleted`."""
        for entry in self.left():
            request = deletion(entry)
            if request is not None:
                await via.exchange(request)

    def left(self) -> tuple[Entry, ...]:
        """Return what still may be there."""
        return tuple(entry for entry in self._entries if entry.is_open)

    def _add(self, entry: Entry) -> Entry:
        # Before the journal: what cannot be written is deleted nevertheless.
        self._entries.append(entry)
        self._note(entry)
        return entry

    def _note(self, entry: Entry) -> None:
        if self._journal is None:
            return
        try:
            self._journal.note(entry)
        except UsageError:
            # Raised once: nothing is to keep what is left from being deleted.
            before, self.is_unwritten = self.is_unwritten, True
            if not before:
                raise

    def _entry(self, answer: Json) -> Entry:
        undoing = self._policy.undoing()
        if undoing is None:
            return Entry(url=self._url)
        values = captured(undoing, answer)
        return Entry(
            url=self._url,
            id=values,
            delete=filled(undoing.path, values),
            headers=Requests(self._policy.contract).relative(undoing).headers,
        )
