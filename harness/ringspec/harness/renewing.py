"""Renewing: another access token, when the one in use has expired in mid-run.

In: requests. Out: exchanges. A token that was taken before, and then is refused, is
asked for anew, once, and the request sent again: a refusal for want of a token was not
acted on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

from ringspec.harness.exchange import Exchange
from ringspec.harness.filling import Filling
from ringspec.harness.target import Connection
from ringspec.spec import Contract, RingspecError
from ringspec.strategies import TOKEN, Request

# So many new tokens in a row may be of no use: it is not for the token, then.
_VAIN = 2


class Renewer:
    """Asks for another token when the target no longer takes the one in use."""

    def __init__(
        self,
        inner: Connection,
        contract: Contract,
        *,
        filling: Filling,
        renew: Callable[[], str | None],
        adopt: Callable[[Filling], None],
    ) -> None:
        """Take what answers requests.

        Args:
            inner: answers requests.
            contract: says in which header a token goes.
            filling: the credentials in use.
            renew: gives another token; it may take a while, and is called in a thread.
            adopt: is told of the credentials that are used from then on.
        """
        self._inner = inner
        self._filling = filling
        self._renew = renew
        self._adopt = adopt
        self._shown = set(_shown(contract))
        self._worked = False
        self._vain = 0
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Let go of the server."""
        await self._inner.close()

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; again with another token, if this one has expired."""
        used = self._filling.token
        found = await self._inner.exchange(request, repeats=repeats)
        if found.response is None or self._shown.isdisjoint(request.headers):
            return found
        if found.response.status != 401:
            self._worked = True
            return found
        if not self._worked or not await self._has_another(used):
            return found
        again = await self._inner.exchange(request, repeats=repeats)
        if again.response is not None and again.response.status != 401:
            self._vain = 0
        return replace(again, sent=found.sent + again.sent)

    async def _has_another(self, used: str | None) -> bool:
        """Tell whether there is another token than the one that was used."""
        async with self._turn:
            if self._filling.token != used:
                return True
            if self._vain >= _VAIN:
                return False
            self._vain += 1
            try:
                token = await asyncio.to_thread(self._renew)
            except RingspecError:
                return False  # the refusal stands, and says enough
            if token is None or token == used:
                return False
            self._filling = replace(self._filling, token=token)
            self._adopt(self._filling)
            return True


def _shown(contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield the headers in which a token goes as it was given out."""
    guards = [contract.operation.guard, *(each.guard for each in contract.relatives)]
    for guard in guards:
        if guard is not None:
            yield guard.header, guard.value(TOKEN)
