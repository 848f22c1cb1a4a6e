"""Safety: the one gate that every request passes on its way to a target.

In: what a profile allows, and requests. Out: their exchanges, or what says that a
request was withheld. A target on this machine gets everything, as long as it is the
target; any other one is live: it is asked one thing at a time, and what may ring phones
is withheld unless it is allowed. Source: product.md, Safety.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ringspec.harness.cleaning import Ledger
from ringspec.harness.deeds import Deed, Deeds, requests_of
from ringspec.harness.exchange import Exchange, Failure, Trouble
from ringspec.harness.filling import Filling
from ringspec.harness.hosts import Hosts, is_loopback
from ringspec.harness.journal import Entry, Journal
from ringspec.harness.target import Connection
from ringspec.spec import Contract, Json
from ringspec.strategies import TOKEN_URL, Case, Phase, Request

# What changes something, and needs to be allowed.
_CHANGES = frozenset({Deed.CREATE, Deed.UPDATE, Deed.DELETE, Deed.COMMAND})
_OF_THINGS = frozenset({Deed.UPDATE, Deed.DELETE, Deed.COMMAND})
_BODIES = frozenset({Deed.CREATE, Deed.UPDATE})
_UNSENT = frozenset({Trouble.UNREACHABLE, Trouble.NAME, Trouble.TLS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What a profile allows to be done to a target.

    Attributes:
        live: whether the target acts on what it takes. A target that is not on this
            machine always is, whatever is said here.
        max_creates: how many creates may be sent to a live target, whatever becomes
            of them.
        allow_start: whether commands may be sent to it, such as the one that dials.
        allowed_hosts: the only hosts that are sent to besides this machine; without
            any, the target's own.
        journal: where what is accepted is written; a file of the user's state without.
        fixtures_named: what the profile knows of the target, each by its member's name
            or by its `x-fixture`.
    """

    live: bool | None = None
    allow_create: bool = False
    max_creates: int = 0
    allow_start: bool = False
    allowed_hosts: tuple[str, ...] = ()
    journal: Path | None = None
    fixtures_named: frozenset[str] = frozenset()

    def is_live(self, url: str) -> bool:
        """Tell whether a target acts on what it takes, by its URL if need be."""
        return bool(self.live) or not is_loopback(url)

    def hosts(self, url: str) -> Hosts:
        """Return the hosts that may be sent to in a run against a URL."""
        return Hosts(base=url, allowed=self.allowed_hosts)


@dataclass(frozen=True)
class Policy:
    """What may be sent to one target, as far as that is known beforehand.

    Attributes:
        plain: the plainest body, whose fixtures every create needs.
    """

    safety: Safety
    contract: Contract
    live: bool = False
    plain: Json = None

    @cached_property
    def deeds(self) -> Deeds:
        """Tells what requests do."""
        return Deeds(self.contract)

    @cached_property
    def unnamed(self) -> dict[str, str]:
        """What the target has to know, and the profile did not name, by member."""
        named = self.safety.fixtures_named
        return {
            member: name
            for member, name in self.contract.fixtures.items()
            if not {member, name} & named
        }

    @cached_property
    def no_create(self) -> str:
        """Why no create is sent at all; empty if some are."""
        if not self.live:
            return ""
        if not self.safety.allow_create:
            return "the profile does not allow creates"
        if self.safety.max_creates < 1:
            return "the profile allows no number of creates"
        own = self.plain if isinstance(self.plain, dict) else {}
        lacking = [name for member, name in self.unnamed.items() if member in own]
        if lacking:
            return f"the profile does not name its own {' and '.join(lacking)}"
        if self.deeds.undoing() is None:
            return "the contract links no operation that deletes what was created"
        return ""

    def leaves_out(self, case: Case) -> str:
        """Say why a case is not sent at all; empty if it is."""
        if not self.live:
            return ""
        if case.phase == Phase.EXPLORE:
            return "what explore found is not sent to a live target"
        reasons = (self.withholds(request) for request in requests_of(case))
        return next(filter(None, reasons), "")

    def withholds(self, request: Request, *, ours: bool | None = None) -> str:
        """Say why a request is not sent to a live target; empty if it may be.

        Args:
            request: as it goes out, or with `{name}` in its path for what is created.
            ours: whether it is about what this run created.
        """
        deed = self.deeds.of(request)
        if any(name.lower() == "host" for name, _ in request.headers):
            return "a Host header may lead elsewhere"
        if deed == Deed.OTHER:
            return "the contract does not say what it does"
        if deed in _CHANGES and self.no_create:
            return self.no_create
        if deed == Deed.COMMAND and not self.safety.allow_start:
            return "the profile does not allow commands, such as to start"
        if deed in _OF_THINGS and not ("{" in request.path if ours is None else ours):
            return "it is about what this run did not create"
        return self._body(request.body) if deed in _BODIES else ""

    def _body(self, content: bytes) -> str:
        """Say why a body is not sent; empty if it may be."""
        try:
            body = json.loads(
                content, object_pairs_hook=_once, parse_constant=_no_number
            )
        except (ValueError, RecursionError):
            return "its body is no plain JSON, and may be read otherwise"
        breaches = self.contract.live_prover.breaches(body)
        if not breaches:
            return ""
        place = "/".join(map(str, breaches[0].location)) or "its body"
        return f"the contract keeps {place} as it is from live targets"


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member stands there twice")
    return found


def _no_number(name: str) -> Json:
    raise ValueError(name)


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
        self._under_way: set[asyncio.Task[Exchange]] = set()

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
        try:
            async with asyncio.timeout(limit_s):
                while self._under_way:
                    await asyncio.wait(self._under_way)
                await self._ledger.clean(via)
        except TimeoutError:
            pass
        return self._ledger.left()

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
        if exchange.failure is not None and exchange.failure.trouble in _UNSENT:
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
