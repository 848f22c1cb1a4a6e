"""Safety: the one gate that every request passes on its way to a target.

In: a policy, and requests. Out: their exchanges, or what says that a request was
withheld. A target on this machine gets everything, as long as it is the target; any
other one is live: it is asked one thing at a time, and what may ring phones is withheld
unless it is allowed. Source: product.md, Safety.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, Self

from ringspec.harness.access.filling import Filling
from ringspec.harness.connection import Connection
from ringspec.harness.exchange import Exchange, Failure, Trouble
from ringspec.harness.safety.cleaning import Ledger
from ringspec.harness.safety.deeds import Deed
from ringspec.harness.safety.journal import Entry, Journal
from ringspec.harness.safety.policy import Policy, Safety
from ringspec.harness.target import Target
from ringspec.spec import Contract
from ringspec.strategies import TOKEN_URL, Request

# Nobody was connected to. TLS may also fail when all has been sent.
_UNSENT = frozenset({Trouble.UNREACHABLE, Trouble.NAME})


class Guard:
    """Passes on what may be sent, and keeps account of what was created.

    Attributes:
        filling: the credentials that requests leave a place for.
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
        self._ledger = Ledger(policy.contract, url, journal)
        self._turn = asyncio.Lock()
        self._limit: asyncio.Timeout | None = None
        self._under_way: set[asyncio.Task[Exchange]] = set()

    @classmethod
    def before(cls, target: Target, safety: Safety, contract: Contract) -> Self:
        """Return one that stands before a target, and keeps no journal."""
        policy = Policy(safety, contract, safety.is_live(target.url))
        return cls(target, policy, url=target.url, filling=target.filling)

    async def close(self) -> None:
        """Let go of the server."""
        await self._inner.close()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request if it may be sent."""
        why = self._out_of_bounds(request)
        if why:
            return self._withheld(request, why)
        if not self._policy.live:
            return await self._inner.exchange(request, repeats=repeats)
        # What is under way is not called off: its answer may have to be undone.
        return await asyncio.shield(self._begun(self._one(request, repeats)))

    def may_repeat(self, request: Request) -> bool:
        """Tell whether a request may be sent again though it may have been taken."""
        return not self._policy.live or self._policy.deeds.of(request) in {
            Deed.LOOK,
            Deed.TOKEN,
            Deed.DELETE,
        }

    async def clean_up(self, via: Connection, limit_s: float) -> tuple[Entry, ...]:
        """Delete what is left of what was created; return what still may be there.

        Args:
            via: sends the requests, by way of this guard.
            limit_s: so long it may take.
        """
        if not self._policy.live:
            return ()
        self._limit = asyncio.timeout(limit_s)
        try:
            async with self._limit:
                while self._under_way:
                    await asyncio.wait(self._under_way)
                await self._ledger.clean(via)
        except TimeoutError:
            pass
        finally:
            self._limit = None
        return self._ledger.left()

    @property
    def holds(self) -> int:
        """How much of what was created still may be there."""
        return len(self._ledger.left())

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
            ours = (request.method.upper(), request.path) in self._ledger.things
            why = self._policy.withholds(request, ours=ours) or self._spent(request)
            if why:
                return self._withheld(request, why)
            deed = self._policy.deeds.of(request)
            if deed == Deed.CREATE:
                return await self._create(request)
            again = repeats if self.may_repeat(request) else 0
            exchange = await self._inner.exchange(request, repeats=again)
            if deed == Deed.DELETE:
                self._ledger.deleted(request.path, exchange)
            return exchange

    async def _create(self, request: Request) -> Exchange:
        self.creates += 1
        exchange = await self._inner.exchange(request, repeats=0)
        if exchange.failure is not None and _is_unsent(exchange.failure):
            self.creates -= 1
            return exchange
        entry = self._ledger.created(exchange)
        if entry is not None and not self._is_valid(request):
            await self._ledger.undo(entry, self._inner)
        return exchange

    def _is_valid(self, request: Request) -> bool:
        try:
            body = json.loads(request.body)
        except ValueError:
            return False
        return self._policy.contract.settled_prover.is_valid(body)

    def _spent(self, request: Request) -> str:
        """Say why there is no further create, or nothing further at all."""
        deed = self._policy.deeds.of(request)
        if self._ledger.is_unwritten and deed != Deed.DELETE:
            return "the journal cannot be written"
        if deed != Deed.CREATE:
            return ""
        if self._ledger.is_stuck:
            return "what was created before has no id, so that nobody can delete it"
        most = self._policy.safety.max_creates
        if self.creates >= most:
            self.is_spent = True
            return f"all {most} creates that the profile allows are used up"
        return ""

    def _out_of_bounds(self, request: Request) -> str:
        """Say why a request would leave the hosts that may be sent to."""
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
    """Tell whether a request surely has not reached anybody."""
    if failure.trouble is Trouble.TLS:
        return not failure.went_out
    return failure.trouble in _UNSENT
