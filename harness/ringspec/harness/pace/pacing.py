"""Pacing: how fast requests go out.

In: requests. Out: exchanges, each request sent in its turn.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace

from ringspec.harness.connection import Connection
from ringspec.harness.exchange import Exchange, Trouble
from ringspec.spec import UsageError
from ringspec.strategies import Request

# Sending again changes nothing here.
_HOPELESS = frozenset({Trouble.NAME, Trouble.TLS, Trouble.WITHHELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How fast to fire, and how long to wait.

    Attributes:
        rate: requests a second at most; no limit without.
        workers: requests under way at once; by the kind of target without.
        timeout_s: how long an answer may take.
        wait_s: how long a run waits in vain for a target that asks it to; whatever
            comes of it restores all of it.
        backoff_s: the first wait where it does not say how long; each is twice as long.
        resends: how often one request is sent again for that.
        return_s: how long a target may be away that has answered before.
    """

    rate: float | None = None
    workers: int | None = None
    timeout_s: float = 5.0
    wait_s: float = 120.0
    backoff_s: float = 0.25
    resends: int = 5
    return_s: float = 10.0


def parse_rate(text: str | None) -> float | None:
    """Read how many requests a second may go out, such as `5/s` or `0.5`.

    Raises:
        UsageError: it is no rate.
    """
    if text is None:
        return None
    number = text.strip().removesuffix("/s")
    try:
        rate = float(number)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise UsageError(
            f"--rate {text!r} is no rate", hint="write it as 5/s, or 0.5/s"
        )
    return rate


class Limited:
    """Lets requests pass at an even rate, each time that they are sent."""

    def __init__(self, inner: Connection, rate: float) -> None:
        self._inner = inner
        self._gap_s = 1 / rate
        self._next = 0.0

    async def close(self) -> None:
        """Let go of the server."""
        await self._inner.close()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request in its turn; again, some times, if the transport fails."""
        sent = 0
        while True:
            await self._turn()
            found = await self._inner.exchange(request, repeats=0)
            sent += found.sent
            failure = found.failure
            if failure is None or failure.trouble in _HOPELESS or sent > repeats:
                return replace(found, sent=sent)

    async def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        mine = max(self._next, now)
        self._next = mine + self._gap_s
        if mine > now:
            await asyncio.sleep(mine - now)
