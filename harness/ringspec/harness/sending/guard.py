"""Safety: the one gate that every request passes on its way to a target.

A target on this machine gets everything. Any other one is live: it is asked one thing
at a time, what may act outside of it is withheld unless it is allowed, and what it was
made to hold is deleted again. Source: product.md, Safety.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Self

from ringspec.harness.sending.exchange import (
    Connection,
    Exchange,
    Failure,
    Filling,
    Passing,
    Trouble,
    share_of,
)
from ringspec.harness.sending.journal import Entry, Journal, Status
from ringspec.harness.sending.policy import Effect, Policy, Safety, captured, filled
from ringspec.harness.sending.target import Target
from ringspec.spec import Contract, UsageError
from ringspec.strategies import Request, Requests, Slot

# Nobody was connected to. TLS may also fail when all has been sent.
_UNSENT = frozenset({Trouble.UNREACHABLE, Trouble.NAME})
# Statuses of what is not there any more.
_GONE = frozenset({404, 410})
# Statuses that leave open whether something was created: a redirect to what may be the
# new thing, and a request that was given up, perhaps late.
_UNCLEAR = frozenset({302, 303, 408})


def deletion(entry: Entry) -> Request | None:
    """Return the request that deletes an entry; None if its path is not known."""
    if entry.delete is None:
        return None
    return Request(method="DELETE", path=entry.delete, headers=entry.headers, body=b"")


def status_of(exchange: Exchange) -> Status:
    """Return what became of an entry by the answer to its deletion."""
    if exchange.status in _GONE:
        return Status.GONE
    return Status.DELETED if exchange.status // 100 == 2 else Status.FAILED


class Guard(Passing):
    """Passes on what may be sent, and keeps account of what was created.

    What went unanswered, or was answered without an id, cannot be deleted; it is kept
    as left, so that the user is told to look.
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
        super().__init__(inner)
        self.filling = filling or Filling()
        self.creates = 0
        self.is_spent = False  # whether more were wanted than the profile allows
        self._policy = policy
        self._url = url
        self._hosts = policy.safety.hosts(url)
        self._elsewhere = self._hosts.refusal(url)
        self._journal = journal
        self._is_unwritten = False  # the journal could not be written
        self._entries: list[Entry] = []
        # By method and path, what can be done to what was created.
        self._things: set[tuple[str, str]] = set()
        self._turn = asyncio.Lock()
        self._limit: asyncio.Timeout | None = None
        self._under_way: set[asyncio.Task[Exchange]] = set()

    @classmethod
    def before(cls, target: Target, safety: Safety, contract: Contract) -> Self:
        """Return a guard of a target that keeps no journal."""
        policy = Policy(safety, contract, safety.is_live(target.url))
        return cls(target, policy, url=target.url, filling=target.filling)

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request if it may be sent."""
        why = self._elsewhere
        if request.path == Slot.TOKEN_URL:
            why = self._hosts.refusal(self.filling.token_url)
        elif not request.path.startswith("/"):
            # What follows the first slash can no longer name a host.
            why = f"{request.path!r} is no path below {self._url}"
        if why:
            return self._withheld(request, why)
        if not self._policy.live:
            return await self._inner.exchange(request, repeats=repeats)
        # What is under way is not cancelled: its answer may have to be undone.
        task = asyncio.get_running_loop().create_task(self._one(request, repeats))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    def may_repeat(self, request: Request) -> bool:
        """Return whether a request may be sent again though it may have been taken."""
        return self._policy.may_repeat(request)

    async def clean_up(self, via: Connection, limit_s: float) -> tuple[Entry, ...]:
        """Delete what is left of what was created; return what still may be there.

        Each deletion is sent by `via`, which passes this guard.
        """
        if not self._policy.live:
            return ()
        self._limit = asyncio.timeout(limit_s)
        try:
            async with self._limit:
                while self._under_way:
                    await asyncio.wait(self._under_way)
                for request in filter(None, map(deletion, self.left)):
                    await via.exchange(request)
        except TimeoutError:
            pass
        finally:
            self._limit = None
        return self.left

    @property
    def left(self) -> tuple[Entry, ...]:
        """What was created and still may be there."""
        return tuple(entry for entry in self._entries if entry.is_open)

    def hurry(self, limit_s: float) -> None:
        """Let cleaning up end within some seconds, if it is under way."""
        if self._limit is not None and (when := self._limit.when()) is not None:
            soon = asyncio.get_running_loop().time() + limit_s
            self._limit.reschedule(min(when, soon))

    async def _one(self, request: Request, repeats: int) -> Exchange:
        """Send a request to a live target, once no other is under way."""
        async with self._turn:
            path = request.path.partition("?")[0]
            ours = (request.method.upper(), path) in self._things
            why = self._policy.withholds(request, ours=ours) or self._spent(request)
            if why:
                return self._withheld(request, why)
            effect = self._policy.effect_of(request)
            if effect == Effect.CREATE:
                return await self._create(request)
            again = repeats if self.may_repeat(request) else 0
            exchange = await self._inner.exchange(request, repeats=again)
            if effect == Effect.DELETE:
                self._note_deletion(request.path, exchange)
            return exchange

    async def _create(self, request: Request) -> Exchange:
        self.creates += 1
        exchange = await self._inner.exchange(request, repeats=0)
        failure = exchange.failure
        if failure is not None and (
            failure.trouble in _UNSENT
            or (failure.trouble is Trouble.TLS and not failure.went_out)
        ):
            self.creates -= 1
            return exchange
        entry = self._note_create(exchange)
        undo = deletion(entry) if entry is not None else None
        if undo is not None:
            try:
                body = json.loads(request.body)
                valid = self._policy.contract.settled_prover.is_valid(body)
            except ValueError:
                valid = False
            if not valid:
                self._note_deletion(undo.path, await self._inner.exchange(undo))
        return exchange

    def _note_create(self, exchange: Exchange) -> Entry | None:
        """Write down what a create has done; return what it made, if anything."""
        response, entry = exchange.response, Entry(url=self._url)
        status = exchange.status
        if status // 100 == 2 and response is not None:
            try:
                much = share_of(response.body) > 1
                answer = None if much else json.loads(response.body)
            except (ValueError, RecursionError):
                answer = None
            self._things.update(self._policy.things(answer))
            undoing = self._policy.undoing()
            if undoing is not None:
                values = captured(undoing, answer)
                request = Requests(self._policy.contract).relative(undoing)
                entry = replace(
                    entry,
                    id=values,
                    delete=filled(request.path, values),
                    headers=self.filling.dressed(request, self._url).headers,
                )
        elif status == 0 or status >= 500 or status in _UNCLEAR:
            entry = replace(entry, status=Status.UNKNOWN)
        else:
            return None
        # Before the journal: what cannot be written is deleted nevertheless.
        self._entries.append(entry)
        self._write(entry)
        return entry

    def _note_deletion(self, path: str, exchange: Exchange) -> None:
        status = status_of(exchange)
        for index, entry in enumerate(self._entries):
            if entry.delete == path and entry.is_open and entry.status != status:
                self._entries[index] = replace(entry, status=status)
                self._write(self._entries[index])

    def _write(self, entry: Entry) -> None:
        try:
            if self._journal is not None:
                self._journal.note(entry)
        except UsageError:
            # Raised once: nothing is to keep what is left from being deleted.
            before, self._is_unwritten = self._is_unwritten, True
            if not before:
                raise

    def _spent(self, request: Request) -> str:
        """Return why there is no further create, or nothing further at all."""
        effect = self._policy.effect_of(request)
        if self._is_unwritten and effect != Effect.DELETE:
            return "the journal cannot be written"
        if effect != Effect.CREATE:
            return ""
        lost = [each for each in self._entries if each.delete is None]
        if any(each.status is Status.ACCEPTED for each in lost):
            return "what was created before has no id, so that nobody can delete it"
        most = self._policy.safety.max_creates
        if self.creates >= most:
            self.is_spent = True
            return f"all {most} creates that the profile allows are used up"
        return ""

    def _withheld(self, request: Request, why: str) -> Exchange:
        return Exchange(
            url=self.filling.url(self._url, request),
            request=request,
            failure=Failure(trouble=Trouble.WITHHELD, message=f"not sent: {why}"),
            sent=0,
        )
