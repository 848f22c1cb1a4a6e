"""Replicas: what is read from a copy that is a moment behind."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ringspec.reference.answers import refused
from ringspec.reference.store import Broadcast, Store, now_ms

if TYPE_CHECKING:
    from starlette.requests import Request

    from ringspec.reference.answers import Reply
    from ringspec.reference.behaviour import Behaviour, Operation

# Long enough to be met by whoever reads at once.
_BEHIND_S = 0.15


@dataclass(slots=True)
class LateList(Store):
    """Lists what there was a moment ago."""

    _copies: list[tuple[float, list[Broadcast]]] = field(default_factory=list)

    def restore(self, broadcast: Broadcast) -> Broadcast:
        """Keep a broadcast, listed later."""
        restored = Store.restore(self, broadcast)
        self._copied()
        return restored

    def remove(self, broadcast_id: str) -> None:
        """Forget a broadcast, listed a little longer."""
        Store.remove(self, broadcast_id)
        self._copied()

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        """List some broadcasts by their place in the order of a moment ago."""
        due = time.monotonic() - _BEHIND_S
        while len(self._copies) > 1 and self._copies[1][0] <= due:
            del self._copies[0]
        told = self._copies and self._copies[0][0] <= due
        return self._copies[0][1][start:stop] if told else []

    def _copied(self) -> None:
        self._copies.append((time.monotonic(), list(self._kept.values())))


def late_to_read(behaviour: Behaviour) -> Behaviour:
    """Do not find, for a moment, what was just created."""

    def around(operation: Operation, store: Store) -> Operation:
        async def respond(request: Request) -> Reply:
            found = store.find(str(request.path_params["broadcast_id"]))
            if found and now_ms() - found.created_at < 1000 * _BEHIND_S:
                raise refused(404, "There is no such broadcast.")
            return await operation(request)

        return respond

    return replace(behaviour, around=around)
