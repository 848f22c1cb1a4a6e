"""A volley: cases fired by a few workers at once, taken back in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

from ringspec.harness.connection import Connection
from ringspec.harness.exchange import Exchange
from ringspec.harness.script import Patience, play
from ringspec.strategies import Case

# The first case is sent this often more before nobody is believed to be there.
_FIRST_REPEATS = 2


# A case of several steps is played so often, until nothing is repeated on its way.
PLAYS = 8
_UNSURE = "something on the way was sent twice, for want of an answer"


# So long connections may take to close after the last case.
_FAREWELL_S = 2.0


class Interrupted(Exception):  # noqa: N818 - it is news, not an error
    """Somebody wants the volley to end."""


class Volley:
    """Fires cases at a target and hands out the exchanges by number."""

    def __init__(
        self,
        target: Connection,
        workers: int,
        patience_s: float = Patience.seconds,
        *,
        plays: int = PLAYS,
        absences: Callable[[], int] = int,
    ) -> None:
        """Take a target.

        Args:
            target: answers requests.
            workers: how many fire at once.
            patience_s: how long scripts may wait in vain for what is to show.
            plays: how often a case of several steps may be played.
            absences: how often the target has been away.
        """
        self._target = target
        self._plays = plays
        self._absences = absences
        self._patience = Patience(patience_s)
        self._number = workers
        self._patient = True
        self._failing = False
        self._interrupted = False
        self._tasks: list[asyncio.Task[Exchange] | asyncio.Task[None]] = []
        self._results: list[asyncio.Future[Exchange]] = []

    def interrupt(self) -> None:
        """End the volley: whoever waits for an exchange is told at once."""
        self._interrupted = True
        for task in self._tasks:
            task.cancel()
        for result in self._results:
            if not result.done():
                result.set_exception(Interrupted())

    async def first(self, case: Case) -> Exchange:
        """Fire the first case by itself, with some patience.

        Raises:
            Interrupted: the volley is to end.
        """
        fired = self._target.exchange(case.request, repeats=_FIRST_REPEATS)
        task = asyncio.get_running_loop().create_task(fired)
        self._tasks.append(task)
        await asyncio.wait([task])
        if self._interrupted:
            raise Interrupted
        return task.result()

    async def start(
        self, cases: tuple[Case, ...], *, at_once: bool = True, patient: bool = True
    ) -> None:
        """Begin to fire others; at once, or one after the other.

        Where there is patience, what was written is given a moment to be seen.
        """
        loop = asyncio.get_running_loop()
        self._results = [loop.create_future() for _ in cases]
        self._patient = patient
        turns = iter(range(len(cases)))
        for _ in range(self._number if at_once else 1):
            self._tasks.append(loop.create_task(self._work(cases, turns)))

    async def _work(self, cases: tuple[Case, ...], turns: Iterator[int]) -> None:
        for index in turns:
            result = self._results[index]
            try:
                exchange = await self._fire(cases[index])
            except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
                result.set_exception(error)
            else:
                result.set_result(exchange)

    async def _fire(self, case: Case) -> Exchange:
        if case.steps:
            return await self._played(case)
        # A repeat tells a hiccup from a fault. Once a repeated case has failed the
        # fault is certain, and repeats would only make a hanging target last.
        repeats = 0 if self._failing else 1
        exchange = await self._target.exchange(case.request, repeats=repeats)
        self._failing = exchange.failure is not None
        return exchange

    async def _played(self, case: Case) -> Exchange:
        """Play a case of several steps, until no step may have been taken twice.

        What is not there any more may have been deleted by the first of two requests,
        or have gone with a target that was started anew.
        """
        sent = 0
        patience = self._patience if self._patient else Patience(0.0)
        for _ in range(self._plays):
            before = self._absences()
            exchange = await play(self._target, case, patience)
            sent += exchange.sent
            played = exchange.played
            whole = before == self._absences() and not (played and played.unsure)
            if whole or exchange.response is None or exchange.response.status >= 500:
                break
        else:
            played = replace(played, stuck=_UNSURE) if played else None
        return replace(exchange, sent=sent, played=played)

    async def rest(self) -> None:
        """Call off what is under way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_FAREWELL_S)

    async def take(self, index: int) -> Exchange:
        """Return the exchange of a case once it is there.

        Raises:
            Interrupted: the volley is to end.
        """
        if self._interrupted:
            raise Interrupted
        return await self._results[index]

    async def stop(self) -> None:
        """End what is under way and close all connections."""
        await self.rest()
        for result in self._results:
            if result.done() and not result.cancelled():
                result.exception()  # seen, so that nobody complains of it
        async with asyncio.timeout(_FAREWELL_S):
            await self._target.close()
