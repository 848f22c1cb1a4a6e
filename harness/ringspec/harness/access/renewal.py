"""Renewal: an access token is fetched again before it expires, and when it is refused.

In: what fetches a token. Out: the token that requests carry, and exchanges in which a
refusal of it has been answered once by a new one. Requests that carry another token on
purpose, or none, are left alone. Source: RFC 6749, section 5.1 (`expires_in`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from ringspec.harness.connection import Connection
from ringspec.harness.exchange import Exchange
from ringspec.spec import TargetError, UsageError
from ringspec.strategies import TOKEN, Request

# So long before it expires a token is replaced; of a short life, at half of it.
MARGIN_S = 60.0
# So long none is fetched after that was in vain: whoever gives tokens out is not to be
# asked for one by every request.
QUIET_S = 60.0
# A header that carries the token as it was given out.
_PROPER = frozenset({TOKEN, f"Bearer {TOKEN}"})


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as it was given out, and for how many seconds; None if nobody says."""

    token: str
    expires_in: float | None = None


class Renewal:
    """Keeps an access token fresh.

    Args:
        first: what has been given out already.
        fetch: gets another one; TargetError where there is none.
        clock: tells seconds that only go on.

    Attributes:
        tokens: all that have been in use so far, the present one last.
        learners: called with every new token before it is sent.
        trouble: why the last attempt failed; empty if it did not.
    """

    def __init__(
        self,
        first: Grant,
        fetch: Callable[[], Awaitable[Grant]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tokens: tuple[str, ...] = (first.token,)
        self.learners: list[Callable[[str], None]] = []
        self.trouble = ""
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._due = self._due_of(first)
        self._quiet_until = clock()

    @property
    def token(self) -> str:
        """Return the token that requests carry now."""
        return self.tokens[-1]

    async def ahead(self) -> None:
        """Replace a token that expires soon; if that fails, the old one has to do."""
        if self._is_due():
            async with self._lock:
                if self._is_due():  # another worker may have been here meanwhile
                    await self._renew()

    async def after(self, refused: str) -> bool:
        """Tell whether there is another token than one that was refused."""
        async with self._lock:
            if self.token == refused and self._clock() >= self._quiet_until:
                await self._renew()
            return self.token != refused

    def rest(self) -> None:
        """Fetch none for a while: a new one made no difference."""
        self._quiet_until = self._clock() + QUIET_S

    def _is_due(self) -> bool:
        now = self._clock()
        return self._due is not None and now >= max(self._due, self._quiet_until)

    def _due_of(self, grant: Grant) -> float | None:
        if grant.expires_in is None:
            return None
        margin = min(MARGIN_S, grant.expires_in / 2)
        return self._clock() + grant.expires_in - margin

    async def _renew(self) -> None:
        try:
            grant = await self._fetch()
        except (TargetError, UsageError) as error:
            self.trouble = str(error)
            self.rest()
            return
        self.trouble = ""
        self._due = self._due_of(grant)
        if grant.token == self.token:
            # The same one again: asking once more would not change that.
            self.rest()
            return
        for learn in self.learners:
            learn(grant.token)
        self.tokens = (*self.tokens, grant.token)


class Renewing:
    """A connection whose requests carry a fresh token."""

    def __init__(
        self,
        target: Connection,
        renewal: Renewal,
        may_repeat: Callable[[Request], bool] = lambda _: True,
    ) -> None:
        self._target = target
        self._renewal = renewal
        self._may_repeat = may_repeat

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; once more, with another token, if this one is refused."""
        if not is_proper(request):
            return await self._target.exchange(request, repeats=repeats)
        await self._renewal.ahead()
        token = self._renewal.token
        found = await self._target.exchange(request, repeats=repeats)
        if not _is_refused(found) or not await self._renewal.after(token):
            return found
        if not self._may_repeat(request):
            return found  # the next one has the new token
        again = await self._target.exchange(request, repeats=repeats)
        if _is_refused(again):
            self._renewal.rest()
        return replace(again, sent=found.sent + again.sent)

    async def close(self) -> None:
        """Let go of the server."""
        await self._target.close()


def is_proper(request: Request) -> bool:
    """Tell whether a request carries the token as it was given out."""
    return any(value in _PROPER for _, value in request.headers)


def _is_refused(exchange: Exchange) -> bool:
    return exchange.response is not None and exchange.response.status == 401
