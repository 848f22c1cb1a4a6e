"""Pacing: when a request goes out, and when it is sent again.

What fails in transport, or at a gateway, counts only if it fails every time. Sources:
RFC 9110, 10.2.3 (Retry-After: seconds or a date); facts.md F (X-RateLimit-Reset: a
date-time; other servers write seconds since the epoch, or seconds from now).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

from ringspec.harness.sending.exchange import (
    HOPELESS,
    Connection,
    Exchange,
    Passing,
    Response,
    Trouble,
)
from ringspec.harness.sending.mistakes import mistake
from ringspec.strategies import Request

# Statuses of what stands before a server, rather than of the server.
GATEWAY = frozenset({502, 503, 504})
# Statuses that do not answer the request.
_BUSY = frozenset({429}) | GATEWAY
# What fails twice fails three times more before it counts, for so many requests in a
# run: chance may strike twice, and a defect is there the fifth time.
_MORE, _DOUBTS = 3, 10
# Where transient failures are frequent, all of some tries fail as rarely as that.
_CHANCE, _MOST = 1e-8, 10
_PAUSE_S = 0.05
_LOOKS_S = 0.2
# Each wait that is longer is reported.
_LONG_S = 5.0
# Seconds from now are fewer than that, those since the epoch are more.
_EPOCH = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How fast to fire, and how long to wait."""

    rate: float | None = None
    # Requests under way at once; by the kind of target without.
    workers: int | None = None
    timeout_s: float = 5.0
    # How long a run waits in vain for a target that asks it to; any success restores
    # all of it.
    wait_s: float = 120.0
    # The first wait if the target does not say how long; each is twice as long as the
    # one before.
    backoff_s: float = 0.25
    resends: int = 5  # how often one request is sent again for that
    return_s: float = 10.0  # how long a target may be away that has answered before


def parse_rate(text: str | None) -> float | None:
    """Read how many requests a second may go out, such as `5/s` or `0.5`."""
    if text is None:
        return None
    with suppress(ValueError):
        rate = float(text.strip().removesuffix("/s"))
        if 0 < rate < math.inf:
            return rate
    raise mistake("rate", text=text)


class Limited(Passing):
    """Passes requests on no faster than at a rate, each time that they are sent.

    A turn counts from when it is taken, however late: to judge answers keeps the loop
    from its work. If `after` is true it counts from the answer, so that the target,
    too, sees requests so far apart; they come one at a time.
    """

    def __init__(self, inner: Connection, rate: float, *, after: bool = False) -> None:
        super().__init__(inner)
        self._gap_s, self._next, self._after = 1 / rate, 0.0, after
        self._turn = asyncio.Lock()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request in its turn, once: it is the pacer that sends it again."""
        del repeats
        async with self._turn:
            if self._after and not self._next:
                # A token may have been asked for a moment ago.
                self._next = _now() + self._gap_s
            if (pause := self._next - _now()) > 0:
                await asyncio.sleep(pause)
            self._next = _now() + self._gap_s
            if self._after:
                found = await self._inner.exchange(request, repeats=0)
                self._next = _now() + self._gap_s
                return found
        return await self._inner.exchange(request, repeats=0)


@dataclass(slots=True)
class _Tries:
    repeats: int
    failed: int = 0
    waits: int = 0
    late: bool = False


class Pacer(Passing):
    """Sends requests as a target can take them."""

    def __init__(
        self,
        inner: Connection,
        pacing: Pacing,
        *,
        seed: int = 0,
        may_repeat: Callable[[Request], bool] = lambda _: True,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.absences = 0  # how often the target has been away
        super().__init__(inner)
        self._pacing = pacing
        self._may_repeat = may_repeat
        self._tell = tell
        self._random = Random(seed)  # noqa: S311 - no secret
        self._answered = self._narrow = self._told = self._deferred = False
        self._sent = self._healed = self._late = self._in_a_row = 0
        self._doubts = _DOUBTS
        self._waited = self._held_until = self._spared = 0.0
        self._away_since: float | None = None
        self._one_at_a_time = asyncio.Lock()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; again, if it is not answered."""
        tries, sent = _Tries(repeats=repeats), 0
        while True:
            found = await self._once(request)
            sent += found.sent
            if found.greeted and self._may_repeat(request):
                # What stands before the target may let in only who has its cookie.
                found = await self._once(request)
                sent += found.sent
            if _is_answer(found):
                if tries.waits or self._deferred:
                    # What was waited for has come.
                    self._deferred, self._waited = False, 0.0
                if tries.failed:
                    # The failure was transient.
                    self._healed += 1
                    self._late += tries.late
                    self._doubts = _DOUBTS
                break
            if not await self._goes_on(request, found, tries):
                self._doubts -= tries.failed > 1
                break
        return replace(found, sent=sent, twice=tries.failed > 0 and sent > 1)

    async def _once(self, request: Request) -> Exchange:
        """Send a request once, when its time has come."""
        # Others may be asked to wait meanwhile, and longer.
        while (pause := self._held_until - _now()) > 0:  # noqa: ASYNC110 - no event
            await asyncio.sleep(pause)
        async with self._one_at_a_time if self._narrow else nullcontext():
            found = await self._inner.exchange(request, repeats=0)
        self._sent += 1
        self._in_a_row = 0 if _is_answer(found) else self._in_a_row + 1
        if found.response is None:
            return found
        self._answered = True
        if self._away_since is not None:
            self.absences += 1
            gone_s = _now() - self._away_since
            self._tell(f"the target is back after {gone_s:.1f} seconds")
            self._away_since = None
        remaining = found.response.header("x-ratelimit-remaining") or ""
        if remaining.strip() == "0" and found.response.status != 429:
            # Rather wait while a limit is used up than be refused; not without end.
            pause = due_s(found.response, time.time()) or 0.0
            ahead = max(self._held_until - _now(), 0.0)
            if pause > ahead and self._spared + pause <= self._pacing.wait_s:
                self._spared += pause - ahead
                self._tell(
                    f"the target's limit is used up: waiting {pause:.1f} seconds"
                )
                self._hold(pause)
        return found

    async def _goes_on(self, request: Request, found: Exchange, tries: _Tries) -> bool:
        """Wait until a request may be sent again; False if it may not."""
        may_repeat = self._may_repeat(request)
        if found.response is not None:
            limited = found.response.status == 429
            asked = due_s(found.response, time.time(), limits=limited)
            if limited or (asked is not None and may_repeat):
                waited = self._held(asked, tries)
                self._deferred |= waited and not may_repeat
                if waited and may_repeat:
                    return True
                if limited:
                    return False
        elif found.failure is not None:
            if found.failure.trouble in HOPELESS:
                return False
            away = found.failure.trouble is Trouble.UNREACHABLE and self._answered
            if away and self._pacing.return_s:
                return await self._returns()
        tries.failed += 1
        if not may_repeat or tries.failed > self._allowed(found, tries):
            return False
        # The first repeat comes at once; the others give the cause time to pass.
        await asyncio.sleep(min(0.02 * (tries.failed - 1), _PAUSE_S))
        return True

    def _allowed(self, found: Exchange, tries: _Tries) -> int:
        """Return how often a request is sent again that has failed."""
        trouble = found.failure.trouble if found.failure is not None else None
        if trouble is Trouble.TIMEOUT:
            # Each takes as long as an answer may.
            tries.late = True
            return tries.repeats + (1 if tries.repeats and self._late else 0)
        if trouble is Trouble.UNREACHABLE:
            return tries.repeats
        needed = 0
        frequent = self._healed / max(self._sent, 1)
        if frequent:
            needed = min(math.ceil(math.log(_CHANCE) / math.log(frequent)), _MOST)
        # Where all requests fail, it is not by chance.
        doubtful = self._doubts > 0 and self._in_a_row <= _MORE + 2
        more = _MORE if tries.repeats and doubtful else 0
        return max(tries.repeats + more, needed)

    def _held(self, asked: float | None, tries: _Tries) -> bool:
        """Let the next requests wait as the target asks; False if it asks too much."""
        pacing = self._pacing
        # A target that asks to slow down may count requests under way at once.
        self._narrow = True
        jitter = self._random.uniform(0.5, 1.5)
        backoff = pacing.backoff_s * 2**tries.waits * jitter
        pause = backoff if asked is None else asked + pacing.backoff_s * (jitter - 0.5)
        tries.waits += 1
        if tries.waits > pacing.resends or self._waited + pause > pacing.wait_s:
            return False
        is_first = self._held_until <= _now()
        self._hold(pause)
        if is_first:
            self._waited += pause
        if not self._told or pause > _LONG_S:
            self._told = True
            self._tell(f"the target asks us to slow down: waiting {pause:.1f} seconds")
        return True

    def _hold(self, pause_s: float) -> None:
        pause = min(pause_s, max(self._pacing.wait_s - self._waited, 0.0))
        self._held_until = max(self._held_until, _now() + pause)

    async def _returns(self) -> bool:
        """Wait a little for a target that has answered and refuses connections now."""
        if self._away_since is None:
            self._away_since = _now()
            within = f"{self._pacing.return_s:g} seconds"
            self._tell(f"the target is away: waiting up to {within} for it")
        if _now() - self._away_since > self._pacing.return_s:
            # Given up: as if it had never answered.
            self._answered, self._away_since = False, None
            return False
        await asyncio.sleep(_LOOKS_S)
        return True


def _is_answer(found: Exchange) -> bool:
    return found.response is not None and found.response.status not in _BUSY


def _now() -> float:
    return asyncio.get_running_loop().time()


def due_s(response: Response, now_s: float, *, limits: bool = True) -> float | None:
    """Return how many seconds an answer asks to wait; None if it does not say.

    A Retry-After that nobody can read asks to wait for ever. The end of a limit counts
    if `limits` is true: answers that are not about the limit may name it as well.
    """
    for name in ("retry-after", "x-ratelimit-reset")[: 2 if limits else 1]:
        text = (response.header(name) or "").strip()
        if text.isascii() and text.replace(".", "", 1).isdigit():
            number = float(text)
            return max(number - now_s if number >= _EPOCH else number, 0.0)
        for read in (datetime.fromisoformat, parsedate_to_datetime):
            # As many kinds of errors as there are of wrong dates.
            with suppress(ValueError, OverflowError, TypeError, IndexError):
                found = read(text)
                known = found if found.tzinfo else found.replace(tzinfo=UTC)
                return max(known.timestamp() - now_s, 0.0)
    return math.inf if response.header("retry-after") else None
