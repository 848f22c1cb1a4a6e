"""Firing: single requests by a few workers at once, scripts step by step.

A script is a case with steps. Its exchange is that of the last step that was taken.
"""

from __future__ import annotations

import asyncio
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from types import FrameType
from urllib.parse import quote, urlencode

from ringspec.harness.judging.checks import absence, unmet
from ringspec.harness.judging.verdict import Interrupted
from ringspec.harness.sending.exchange import (
    JAR,
    UNREAD,
    Connection,
    Exchange,
    Jar,
    Played,
    Response,
    parse,
    parsed,
    share_of,
)
from ringspec.harness.sending.policy import LOOKING, unfit
from ringspec.spec import Json, Paging, at_pointer, short
from ringspec.strategies import Case, Request, Step, What, status_fits

# A script is played so often, until nothing is repeated on its way.
PLAYS = 8
_UNSURE = "something on the way was sent twice, for want of an answer"
# How long connections may take to close after the last case.
_FAREWELL_S = 2.0
# Between one look and the next: what was written may take a moment to be seen.
_PAUSES_S = (0.05, 0.1, 0.2, 0.3, 0.5)
# No more pages of a list are read.
_PAGES = 12
# Nor for longer. A total above the other is no count of anything.
_PAGING_S, _TOTAL = 5.0, 10**12
# What stands for itself in the query of an address, and how long that may be.
_IN_QUERY, _QUERY = "%=&+-._~:/?@!$'()*,;", 4000
# So many bytes of answers may wait to be judged.
_HELD = 2**25


@contextmanager
def interrupts(
    loop: asyncio.AbstractEventLoop, call: Callable[[], None]
) -> Iterator[None]:
    """Call a function at Ctrl-C and TERM while the block runs.

    A KeyboardInterrupt would strike between any two instructions, even those that hold
    a lock; the loop calls the function between its own steps.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python leaves signals to the main thread
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # Not by the loop's add_signal_handler, which Windows has not.
        loop.call_soon_threadsafe(call)

    taken = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, interrupt) for each in taken}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@dataclass
class Patience:
    """How many seconds all scripts of a run wait in vain for what is to show."""

    seconds: float = 2.5
    waited: float = 0.0


class Volley:
    """Fires cases at a target and hands out the exchanges in their order.

    A script is played up to `plays` times; `absences` tells how often the target was
    away.
    """

    def __init__(
        self,
        target: Connection,
        workers: int,
        patience_s: float = Patience.seconds,
        *,
        plays: int = PLAYS,
        absences: Callable[[], int] = int,
    ) -> None:
        self.target = target
        self._plays = plays
        self._absences = absences
        self._patience = Patience(patience_s)
        self._workers = workers
        # Each worker has its own.
        self._jars = [Jar() for _ in range(workers)]
        self._failing = self._interrupted = False
        self._tasks: dict[int, asyncio.Task[Exchange]] = {}
        # Bytes of answers that are not taken yet, and whose turn it is.
        self._held = self._turn = 0

    def interrupt(self) -> None:
        """End the volley: `take` raises `Interrupted` at once."""
        self._interrupted = True
        for task in self._tasks.values():
            task.cancel()

    async def start(
        self,
        cases: Sequence[Case],
        *,
        at_once: bool = True,
        patient: bool = True,
        repeats: int = 1,
    ) -> None:
        """Begin to fire others, once all before have been taken.

        Args:
            cases: those that are taken next.
            at_once: whether by all workers, or one after the other.
            patient: whether what was written is given a moment to be seen.
            repeats: how often a case of one request is sent again if it fails.
        """
        turns = asyncio.Semaphore(self._workers if at_once else 1)
        patience = self._patience if patient else Patience(0.0)

        async def fire(index: int, case: Case) -> Exchange:
            async with turns:
                while self._held > _HELD and index > self._turn:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(_PAUSES_S[0])
                JAR.set(jar := self._jars.pop())
                try:
                    exchange = await exchanged(case)
                finally:
                    self._jars.append(jar)
                self._held += exchange.weight
                return exchange

        async def exchanged(case: Case) -> Exchange:
            if case.steps:
                return await self._played(case, patience)
            # A repeat tells a hiccup from a fault. Once a repeated case has failed the
            # fault is certain, and repeats would only make a hanging target last.
            again = 0 if self._failing else repeats
            exchange = await self.target.exchange(case.request, repeats=again)
            self._failing = exchange.failure is not None
            return exchange

        self._held = self._turn = 0
        self._tasks = {
            index: asyncio.create_task(fire(index, case))
            for index, case in enumerate(cases)
        }

    async def take(self, index: int) -> Exchange:
        """Return the exchange of a case; raise `Interrupted` if the volley ends."""
        if not self._interrupted:
            self._turn = index
            with suppress(asyncio.CancelledError):
                exchange = await self._tasks[index]
                del self._tasks[index]
                self._held -= exchange.weight
                return exchange
        raise Interrupted

    async def _played(self, case: Case, patience: Patience) -> Exchange:
        """Play a script until no step may have been taken twice.

        What is not there any more may have been deleted by the first of two requests,
        or have gone with a target that was started anew.
        """
        sent = 0
        for _ in range(self._plays):
            before = self._absences()
            exchange = await play(self.target, case, patience)
            sent += exchange.sent
            played = exchange.played
            whole = before == self._absences() and not (played and played.unsure)
            if whole or exchange.response is None or exchange.response.status >= 500:
                break
        else:
            played = replace(played, stuck=_UNSURE) if played else None
        return replace(exchange, sent=sent, played=played)

    async def cancel_open(self) -> None:
        """Cancel what is under way."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            tasks = self._tasks.values()
            ended, _ = await asyncio.wait(tasks, timeout=_FAREWELL_S)
            for task in ended:
                if not task.cancelled():
                    task.exception()  # retrieved, or asyncio logs it

    async def close(self) -> None:
        """Close all connections."""
        async with asyncio.timeout(_FAREWELL_S):
            await self.target.close()


async def play(
    connection: Connection, case: Case, patience: Patience | None = None
) -> Exchange:
    """Take the steps of a script, as far as each comes out as the next one needs."""
    script = _Script(connection, patience or Patience())
    earlier: list[Exchange] = []
    for number, step in enumerate(case.steps, 1):
        exchange, played = await script.take(step)
        if number == len(case.steps):
            break
        if stuck := script.stuck(step, exchange, played):
            played = Played(stuck=stuck, unfit=script.unfit)
            break
        earlier.append(exchange)
    played = replace(
        played,
        earlier=tuple(earlier),
        captured=dict(script.captured),
        unsure=script.unsure,
    )
    return replace(exchange, sent=script.sent, played=played)


@dataclass
class _Script:
    connection: Connection
    patience: Patience
    captured: dict[str, Json] = field(default_factory=dict)
    sent: int = 0
    unsure: bool = False
    unfit: bool = False

    async def take(self, step: Step) -> tuple[Exchange, Played]:
        """Take a step; if it only looks, look again until what is due shows."""
        exchange, played = await self._once(step)
        patience, early = self.patience, self._is_early(step, exchange, played)
        for pause in _PAUSES_S:
            if not early or patience.waited >= patience.seconds:
                break
            patience.waited += pause
            await asyncio.sleep(pause)
            exchange, played = await self._once(step)
            early = self._is_early(step, exchange, played)
            if not early:
                patience.waited = 0.0
        return exchange, played

    def _is_early(self, step: Step, exchange: Exchange, played: Played) -> bool:
        """Return whether a look may show something else in a moment."""
        response = exchange.response
        if step.request.method != "GET" or response is None:
            return False  # to do something again is no look
        if status_fits(response.status, step.status) or response.status // 100 == 2:
            return bool(self.stuck(step, exchange, played)) or _differs(step, response)
        # What was created may be found later; a path that is not there, never.
        return response.status == 404 and "{" in step.request.path

    def stuck(self, step: Step, exchange: Exchange, played: Played) -> str:
        """Return why the next step cannot be taken; capture what it needs otherwise."""
        name = f"{step.request.method} {exchange.request.path}"
        if exchange.response is None:
            return f"{name}: {exchange.summary}"
        status = exchange.response.status
        if not status_fits(status, step.status):
            return f"{name} was answered with HTTP {status}"
        if not step.capture and not step.wants:
            return ""
        data, reason = parse(exchange.response)
        reason = reason or self._capture(step, data, played)
        if not reason:
            played = replace(played, captured=self.captured)
            reason = next(unmet(step.wants, data, played), "")
        return f"{name}: {reason}" if reason else ""

    def _capture(self, step: Step, data: Json, played: Played) -> str:
        """Capture values, of a list in each item; return which is not there, if so."""
        found: dict[str, Json] = {}
        for name, place in step.capture.items():
            if played.items is not None:
                found[name] = [at_pointer(each, place) for each in played.items]
                continue
            found[name] = value = at_pointer(data, place)
            if isinstance(value, bool) or not isinstance(value, str | int):
                sent, _ = parsed(step.request.body)
                return f"its answer has {absence(data, place, sent)}"
            if why := unfit(str(value)):
                self.unfit = True
                return f"its answer has {short(value)} at {place}, {why}"
        self.captured.update(found)
        return ""

    async def _once(self, step: Step) -> tuple[Exchange, Played]:
        def value(place: re.Match[str]) -> str:
            return quote(str(self.captured.get(place[1], place[0])), safe="")

        path, mark, query = step.request.path.partition("?")
        path = f"{re.sub(r'[{]([^}]*)[}]', value, path)}{mark}{query}"
        request, paging = replace(step.request, path=path), step.paging
        if paging is None:
            return await self._exchange(request), Played()
        begin = 0 if paging.next else 1
        first, data, items = await self._page(request, paging, begin)
        if paging.next:
            return first, await self._followed(request, paging, first, data, items)
        if not paging.page or not items:
            complete = items is not None
            return first, Played(items=tuple(items or ()), complete=complete)
        total = at_pointer(data, paging.total) if paging.total else None
        seen, spent = list(items), _spent(first)
        for number in _order(total, len(items)):
            more: list[Json] | None = []
            if number and spent > 1:
                more = None  # neither bytes nor time are without end
            elif number:
                page, _, more = await self._page(request, paging, number)
                spent += _spent(page)
            complete = more is not None and (more == items or not more)
            if complete or more is None:
                break
            seen += more
        else:
            complete = isinstance(total, int) and len(seen) >= total
        return first, Played(items=tuple(seen), complete=complete)

    async def _followed(
        self,
        request: Request,
        paging: Paging,
        page: Exchange,
        data: Json,
        items: list[Json] | None,
    ) -> Played:
        """Read the pages after the first by what each says of the next one.

        Of an address the query alone: where it is, is not for an answer to say.
        """
        seen, spent, met = list[Json](), 0.0, set[str]()
        while items is not None:
            seen, spent = seen + items, spent + _spent(page)
            if not (named := at_pointer(data, paging.next)):
                break
            text = str(named) if isinstance(named, str | int) else ""
            _, is_address, query = text.partition("?")
            if text and not is_address and paging.page:
                query = f"{paging.page}={quote(text, safe='', errors='replace')}"
            query = quote(query, safe=_IN_QUERY, errors="replace")[:_QUERY]
            if not query or query in met or len(met) >= _PAGES or spent > 1:
                items = None
                break
            met.add(query)
            one, plain = _asking(request, query), replace(paging, size="")
            page, data, items = await self._page(one, plain, 0)
        return Played(items=tuple(seen), complete=items is not None)

    async def _page(
        self, request: Request, paging: Paging, number: int
    ) -> tuple[Exchange, Json, list[Json] | None]:
        """Read one page of a list: its exchange, data and items, None if unread."""
        names = ((paging.page, number), (paging.size, paging.most))
        query = {name: value for name, value in names if name and value}
        if query:
            request = _asking(request, urlencode(query))
        exchange = await self._exchange(request)
        if exchange.response is None:
            return exchange, None, None
        data, reason = parse(exchange.response)
        if reason.startswith(UNREAD):
            return exchange, None, None
        items = at_pointer(data, paging.items)
        return exchange, data, items if isinstance(items, list) else []

    async def _exchange(self, request: Request) -> Exchange:
        exchange = await self.connection.exchange(request)
        self.sent += exchange.sent
        self.unsure |= exchange.twice and request.method not in LOOKING
        return exchange


def _asking(request: Request, query: str) -> Request:
    """Return a request with more in its query, where credentials may be."""
    mark = "&" if "?" in request.path else "?"
    return replace(request, path=f"{request.path}{mark}{query}")


def _differs(step: Step, response: Response) -> bool:
    """Return whether an answer does not show, to the letter, what it is to show."""
    data, _ = parse(response)
    return any(
        isinstance(shown, dict) and name in shown and shown[name] != sent
        for want in step.wants
        if want.what == What.SHOWS
        for shown in (at_pointer(data, want.at),)
        for name, sent in want.value.items()
    )


def _spent(page: Exchange) -> float:
    """Return what part a page takes of what a whole list may take."""
    body = page.response.body if page.response is not None else b""
    return share_of(body) + page.elapsed_s / _PAGING_S


def _order(total: Json, size: int) -> Iterator[int | None]:
    """Yield the pages to read after the first; None once there are no more."""
    if not isinstance(total, int) or isinstance(total, bool) or total > _TOTAL:
        yield from range(2, _PAGES + 1)
        return
    last = -(-total // size)
    if last <= 1:
        yield None
        return
    # The last, the second, the last but one, the third, and so on.
    ends = chain.from_iterable(zip(range(last, 1, -1), range(2, last + 1), strict=True))
    pages = list(dict.fromkeys(islice(ends, 2 * _PAGES)))
    yield from pages[: _PAGES - 1]
    if len(pages) < _PAGES:
        yield None
