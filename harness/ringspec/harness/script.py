"""Scripts: the cases that take several steps, played against a target.

In: a case with steps. Out: the exchange of the last step that was taken, with what came
before it. Nothing is judged here; what an early step needs is only looked at.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from ringspec.harness.answering import parse
from ringspec.harness.connection import Connection
from ringspec.harness.exchange import Exchange, Played, Response
from ringspec.harness.wants import capture, unmet
from ringspec.spec import Json, Paging, at_pointer
from ringspec.strategies import Case, Request, Step, What, status_fits

# Between one look and the next: what was written may take a moment to be seen.
_PAUSES_S = (0.05, 0.1, 0.2, 0.3, 0.5)
# More pages of a list are not turned over.
_PAGES = 12


@dataclass
class Patience:
    """How long all scripts of a run together wait in vain for what a target is to show.

    Attributes:
        seconds: at most; whatever comes late restores all of it.
    """

    seconds: float = 2.5
    _waited: float = 0.0

    def allows(self) -> bool:
        """Tell whether it is worth waiting a little more."""
        return self._waited < self.seconds

    async def wait(self, seconds: float) -> None:
        """Wait, and remember it."""
        self._waited += seconds
        await asyncio.sleep(seconds)

    def rewarded(self) -> None:
        """Note that what was waited for has come."""
        self._waited = 0.0


_LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})


async def play(
    connection: Connection, case: Case, patience: Patience | None = None
) -> Exchange:
    """Take the steps of a case, as far as each comes out as the next one needs."""
    return await _Script(connection, patience or Patience()).play(case)


@dataclass
class _Script:
    connection: Connection
    patience: Patience
    captured: dict[str, Json] = field(default_factory=dict)
    earlier: list[Exchange] = field(default_factory=list)
    sent: int = 0
    unsure: bool = False

    async def play(self, case: Case) -> Exchange:
        *before, last = case.steps
        for number, step in enumerate(before):
            exchange, stuck = await self._prepare(step)
            if stuck:
                return self._ended(exchange, Played(stuck=stuck, at=number))
            self.earlier.append(exchange)
        exchange, played = await self._patiently(last)
        return self._ended(exchange, replace(played, at=len(before)))

    def _ended(self, exchange: Exchange, played: Played) -> Exchange:
        played = replace(
            played,
            earlier=tuple(self.earlier),
            captured=dict(self.captured),
            unsure=self.unsure,
        )
        return replace(exchange, sent=self.sent, played=played)

    async def _prepare(self, step: Step) -> tuple[Exchange, str]:
        """Take a step on the way; return why the case cannot go on, if so."""
        exchange, played = await self._patiently(step)
        return exchange, self._stuck(step, exchange, played)

    async def _patiently(self, step: Step) -> tuple[Exchange, Played]:
        """Take a step; if it only looks, look again until there is what is due."""
        exchange, played = await self._take(step)
        for pause in _PAUSES_S:
            if not self.patience.allows() or not self._early(step, exchange, played):
                break
            await self.patience.wait(pause)
            exchange, played = await self._take(step)
            if not self._early(step, exchange, played):
                self.patience.rewarded()
        return exchange, played

    def _early(self, step: Step, exchange: Exchange, played: Played) -> bool:
        """Tell whether what a look shows may be other in a moment."""
        response = exchange.response
        if step.request.method != "GET" or response is None:
            return False  # to do something again is no look
        if status_fits(response.status, step.status) or response.status // 100 == 2:
            return bool(self._stuck(step, exchange, played)) or _differs(step, response)
        # What was created may be found later; a path that is not there, never.
        return response.status == 404 and "{" in step.request.path

    def _stuck(self, step: Step, exchange: Exchange, played: Played) -> str:
        name = f"{step.request.method} {exchange.request.path}"
        if exchange.response is None:
            return f"{name}: {exchange.summary}"
        status = exchange.response.status
        if not status_fits(status, step.status):
            return f"{name} was answered with HTTP {status}"
        data, reason = parse(exchange.response)
        if not step.capture and not step.wants:
            return ""
        if reason:
            return f"{name}: {reason}"
        found, missing = capture(step.capture, data, played.items)
        if missing:
            return f"{name}: its answer has no {missing}"
        self.captured.update(found)
        told = unmet(step.wants, data, replace(played, captured=self.captured))
        return f"{name}: {told[0]}" if told else ""

    async def _take(self, step: Step) -> tuple[Exchange, Played]:
        path = _filled(step.request.path, self.captured)
        request = replace(step.request, path=path)
        if step.paging is None:
            return await self._exchange(request), Played()
        return await self._turn(request, step.paging)

    async def _exchange(self, request: Request) -> Exchange:
        exchange = await self.connection.exchange(request)
        self.sent += exchange.sent
        self.unsure |= exchange.twice and request.method not in _LOOKS
        return exchange

    async def _turn(self, request: Request, paging: Paging) -> tuple[Exchange, Played]:
        """Turn over the pages of a list: the first, then the last ones, then others."""
        first = await self._exchange(_page(request, paging, 1))
        data, items = _items(first.response, paging)
        if not paging.page or not items:
            return first, Played(items=tuple(items), complete=True)
        total = at_pointer(data, paging.total) if paging.total else None
        seen, complete = list(items), False
        for number in _order(total, len(items)):
            if number is None:
                complete = True
                break
            turned = await self._exchange(_page(request, paging, number))
            more = _items(turned.response, paging)[1]
            if more == items or not more:
                complete = True
                break
            seen += more
        else:
            complete = isinstance(total, int) and len(seen) >= total
        return first, Played(items=tuple(seen), complete=complete)


def _differs(step: Step, response: Response) -> bool:
    """Tell whether an answer does not show, to the letter, what it is to show."""
    data, _ = parse(response)
    return any(
        isinstance(data, dict)
        and any(
            name in data and data[name] != sent for name, sent in want.value.items()
        )
        for want in step.wants
        if want.what == What.SHOWS
    )


def _filled(path: str, captured: dict[str, Json]) -> str:
    return re.sub(
        r"\{([^}]*)\}",
        lambda found: _quoted(captured.get(found[1], found[0])),
        path,
    )


def _quoted(value: Json) -> str:
    # A server may call something by half a character, of which UTF-8 knows nothing.
    return quote(str(value), safe="", errors="replace")


def _page(request: Request, paging: Paging, number: int) -> Request:
    query = {
        **({paging.page: number} if paging.page else {}),
        **({paging.size: paging.most} if paging.size and paging.most else {}),
    }
    return (
        replace(request, path=f"{request.path}?{urlencode(query)}")
        if query
        else request
    )


def _items(response: Response | None, paging: Paging) -> tuple[Json, list[Json]]:
    if response is None:
        return None, []
    data, _ = parse(response)
    items = at_pointer(data, paging.items)
    return data, items if isinstance(items, list) else []


def _order(total: Json, size: int) -> Iterator[int | None]:
    """Yield the pages to turn over after the first; None once there are no more."""
    if not isinstance(total, int) or isinstance(total, bool):
        yield from range(2, _PAGES + 1)
        return
    last = math.ceil(total / size)
    if last <= 1:
        yield None
        return
    ends = [
        number
        for pair in zip(range(last, 1, -1), range(2, last + 1), strict=True)
        for number in pair
    ]
    pages = list(dict.fromkeys(ends))
    yield from pages[: _PAGES - 1]
    if len(pages) < _PAGES:
        yield None
