"""The pacer: when a request goes out, and when it is sent again.

In: requests. Out: exchanges, of which what was merely transient has been left out. A
target that asks us to wait is waited for, one that is away for a moment too. What fails
in transport, or at a gateway, is sent again, and counts only if it fails every time.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from ringspec.harness.connection import Connection
from ringspec.harness.exchange import Exchange, Trouble
from ringspec.harness.pace.pacing import Pacing
from ringspec.harness.pace.waiting import due_s, is_used_up
from ringspec.strategies import Request

# Statuses of whatever stands before a server, rather than of the server.
GATEWAY = frozenset({502, 503, 504})
# And those that are no answer to what was asked.
_BUSY = frozenset({429}) | GATEWAY
# Sending again changes nothing here.
_HOPELESS = frozenset({Trouble.NAME, Trouble.TLS, Trouble.WITHHELD})
# What fails twice fails three times more before it counts, for so many requests in a
# run: chance may strike twice, and a defect is there the fifth time.
_MORE, _DOUBTS = 3, 10
# Where transient failures are frequent, all of some tries fail as rarely as that.
_CHANCE, _MOST = 1e-8, 10
_PAUSE_S = 0.05
_LOOKS_S = 0.2
# A wait of which one is told each time.
_LONG_S = 5.0


class Pacer:
    """Sends requests as a target can take them.

    Attributes:
        absences: how often the target was away and has come back.
    """

    def __init__(
        self,
        inner: Connection,
        pacing: Pacing,
        *,
        seed: int = 0,
        may_repeat: Callable[[Request], bool] = lambda _: True,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.absences = 0
        self._inner = inner
        self._pacing = pacing
        self._may_repeat = may_repeat
        self._tell = tell
        self._random = Random(seed)  # noqa: S311 - no secret
        self._answered = self._lost = self._narrow = self._told = False
        self._deferred = False
        self._sent = self._healed = self._late = self._in_a_row = 0
        self._doubts = _DOUBTS
        self._waited = self._held_until = self._spared = 0.0
        self._away_since: float | None = None
        self._one_at_a_time = asyncio.Lock()

    async def close(self) -> None:
        """Let go of the server."""
        await self._inner.close()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; again, if what comes back is no answer to it."""
        found = await self._once(request)
        if _is_answer(found):
            self._has_paid()
            return found
        tries = _Tries(repeats=repeats)
        sent = found.sent
        while await self._goes_on(request, found, tries):
            found = await self._once(request)
            sent += found.sent
            if _is_answer(found):
                self._is_healed(tries)
                break
        else:
            self._doubts -= tries.failed > 1
        return replace(found, sent=sent, twice=tries.failed > 0 and sent > 1)

    async def _once(self, request: Request) -> Exchange:
        """Send a request once, when its time has come."""
        if self._held_until:
            await self._until_free()
        if self._narrow:
            async with self._one_at_a_time:
                found = await self._inner.exchange(request, repeats=0)
        else:
            found = await self._inner.exchange(request, repeats=0)
        self._sent += 1
        self._in_a_row = 0 if _is_answer(found) else self._in_a_row + 1
        if found.response is not None:
            self._has_answered()
            if is_used_up(found.response) and found.response.status != 429:
                self._spare(due_s(found.response, time.time()) or 0.0)
        return found

    async def _until_free(self) -> None:
        # Others may be asked to wait meanwhile, and longer.
        while (pause := self._held_until - _now()) > 0:  # noqa: ASYNC110 - no event
            await asyncio.sleep(pause)

    def _has_answered(self) -> None:
        self._answered, self._lost = True, False
        if self._away_since is not None:
            self.absences += 1
            gone_s = _now() - self._away_since
            self._tell(f"the target is back after {gone_s:.1f} seconds")
            self._away_since = None

    async def _goes_on(self, request: Request, found: Exchange, tries: _Tries) -> bool:
        """Wait until a request may be sent again; False if it is not."""
        if found.response is not None:
            status = found.response.status
            asked = due_s(found.response, time.time(), limits=status == 429)
            if status == 429:
                again = self._may_repeat(request)
                return (
                    await self._is_awaited(asked, tries)
                    if again
                    else self._defers(asked)
                )
            waits = asked is not None and self._may_repeat(request)
            if waits and await self._is_awaited(asked, tries):
                return True
        elif found.failure is not None:
            if found.failure.trouble in _HOPELESS:
                return False
            away = found.failure.trouble is Trouble.UNREACHABLE and self._answered
            if away and not self._lost and self._pacing.return_s:
                return await self._returns()
        tries.failed += 1
        if not self._may_repeat(request) or tries.failed > self._allowed(found, tries):
            return False
        # The first repeat comes at once, others give what ails it time to pass.
        await asyncio.sleep(min(0.02 * (tries.failed - 1), _PAUSE_S))
        return True

    def _allowed(self, found: Exchange, tries: _Tries) -> int:
        """Return how often a request is sent again that has failed."""
        frequent = self._healed / max(self._sent, 1)
        if found.failure is not None and found.failure.trouble is Trouble.TIMEOUT:
            # Each takes as long as an answer may.
            tries.late = True
            return tries.repeats + (1 if tries.repeats and self._late else 0)
        if found.failure is not None and found.failure.trouble is Trouble.UNREACHABLE:
            return tries.repeats
        needed = 0
        if frequent:
            needed = min(math.ceil(math.log(_CHANCE) / math.log(frequent)), _MOST)
        # Where all requests fail, it is not for chance.
        doubtful = self._doubts > 0 and self._in_a_row <= _MORE + 2
        more = _MORE if tries.repeats and doubtful else 0
        return max(tries.repeats + more, needed)

    def _is_healed(self, tries: _Tries) -> None:
        """Note that what failed was transient, or what was waited for has come."""
        if tries.waits:
            self._waited = 0.0
        if tries.failed:
            self._healed += 1
            self._late += tries.late
            self._doubts = _DOUBTS

    async def _is_awaited(self, asked: float | None, tries: _Tries) -> bool:
        """Wait as long as the target asks for; False if that is too long in all."""
        pacing = self._pacing
        # Whoever asks us to slow down may count what is under way at once.
        self._narrow = True
        jitter = self._random.uniform(0.5, 1.5)
        backoff = pacing.backoff_s * 2**tries.waits * jitter
        pause = backoff if asked is None else asked + pacing.backoff_s * (jitter - 0.5)
        tries.waits += 1
        if tries.waits > pacing.resends or self._waited + pause > pacing.wait_s:
            return False
        if self._held_until <= _now():
            self._waited += pause
        if not self._told or pause > _LONG_S:
            self._told = True
            self._tell(f"the target asks us to slow down: waiting {pause:.1f} seconds")
        self._hold(pause)
        await asyncio.sleep(pause)
        return True

    def _defers(self, asked: float | None) -> bool:
        """Let whatever comes next wait as the target asks for, and nothing go again."""
        self._narrow = True
        pause = self._pacing.backoff_s if asked is None else asked
        if self._waited + pause <= self._pacing.wait_s:
            self._tell(f"the target asks us to slow down: waiting {pause:.1f} seconds")
            self._hold(pause)
            self._waited += pause
            self._deferred = True
        return False

    def _has_paid(self) -> None:
        """Note that what waited for others was answered."""
        if self._deferred:
            self._deferred, self._waited = False, 0.0

    def _hold(self, pause_s: float) -> None:
        """Let nothing go out for a while."""
        pause = min(pause_s, max(self._pacing.wait_s - self._waited, 0.0))
        self._held_until = max(self._held_until, _now() + pause)

    def _spare(self, pause_s: float) -> None:
        """Wait for what is used up, rather than to be told so; not without end."""
        ahead = max(self._held_until - _now(), 0.0)
        if pause_s > ahead and self._spared + pause_s <= self._pacing.wait_s:
            self._spared += pause_s - ahead
            self._tell(f"the target's limit is used up: waiting {pause_s:.1f} seconds")
            self._hold(pause_s)

    async def _returns(self) -> bool:
        """Wait a little for a target that has answered and refuses connections now."""
        if self._away_since is None:
            self._away_since = _now()
            within = f"{self._pacing.return_s:g} seconds"
            self._tell(f"the target is away: waiting up to {within} for it")
        if _now() - self._away_since > self._pacing.return_s:
            self._lost, self._away_since = True, None
            return False
        await asyncio.sleep(_LOOKS_S)
        return True


@dataclass(slots=True)
class _Tries:
    """How often one request was sent again, and why.

    Attributes:
        repeats: how often it may be at least.
        failed: how often it failed.
        waits: how often the target asked us to wait.
        late: whether it ever took too long.
    """

    repeats: int
    failed: int = 0
    waits: int = 0
    late: bool = False


def _is_answer(found: Exchange) -> bool:
    return found.response is not None and found.response.status not in _BUSY


def _now() -> float:
    return asyncio.get_running_loop().time()
