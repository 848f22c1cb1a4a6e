"""Broadcasts: their states, the commands between them, and where they are kept.

Source: facts.md D.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ringspec.reference.body_checks import MEMBERS
from ringspec.reference.json_values import FACTS, Json, JsonObject

EDITABLE, RUNNING = map(frozenset, FACTS["states"].values())


@dataclass(frozen=True, slots=True)
class StateChange:
    """A command: the states that allow it, the answered state, the final state."""

    sources: frozenset[str]
    answered: str
    target: str
    stamp: str | None = None  # the member with the time of the last such command


TRANSITIONS = {
    name: StateChange(**{**row, "sources": frozenset(row["sources"])})
    for name, row in FACTS["commands"].items()
}
_SHORT = ("name", "source", "distribution")


def _first_state(body: JsonObject) -> str:
    return "draft" if body.get("scheduledAt") is None else "scheduled"


def now_ms() -> int:
    """Return the time in unix milliseconds, as answers give it."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """A broadcast that was accepted."""

    broadcast_id: str
    body: JsonObject  # as sent, in canonical spelling, without unknown members
    size: int  # estimated memory in bytes
    state: str
    created_at: int
    # Times at which it was last started, paused, canceled.
    stamps: Mapping[str, Json] = field(default_factory=dict)

    def full(self, defaults: Mapping[str, Json]) -> JsonObject:
        """Write all of it, with defaults where nothing was sent."""
        return {
            "broadcastId": self.broadcast_id,
            "state": self.state,
            **self._filled(defaults),
            **self._counted(),
            "modifiedBy": "ringspec",
        }

    def short(self, defaults: Mapping[str, Json]) -> JsonObject:
        """Write the members that a list shows."""
        filled = self._filled(defaults)
        return {
            "broadcastId": self.broadcast_id,
            **{name: filled[name] for name in _SHORT if name in filled},
            "state": self.state,
            **self.stamps,
            **self._counted(),
        }

    def _filled(self, defaults: Mapping[str, Json]) -> JsonObject:
        if self.body.get("source") == "people":
            defaults = {"includeUnsubscribed": False, **defaults}
        absent = [name for name in defaults if self.body.get(name) is None]
        return self.body | {name: defaults[name] for name in absent}

    def _counted(self) -> JsonObject:
        return {"totalCount": 0, "completedCount": 0, "createdAt": self.created_at}


@dataclass(slots=True)
class Store:
    """All broadcasts, oldest first; the oldest fall out when there are too many."""

    max_broadcasts: int = 10_000
    max_bytes: int = 64 * 1024 * 1024
    _kept: dict[str, Broadcast] = field(default_factory=dict)
    _bytes: int = 0

    def __len__(self) -> int:
        """Count the broadcasts."""
        return len(self._kept)

    def add(self, body: JsonObject, size: int) -> Broadcast:
        """Store a new broadcast."""
        return self.restore(self.made(body, size))

    def made(self, body: JsonObject, size: int) -> Broadcast:
        """Make a broadcast with an id of its own, in its first state."""
        return Broadcast(
            broadcast_id=str(uuid.uuid4()),
            body=_known(body),
            size=size,
            state=_first_state(body),
            created_at=now_ms(),
        )

    def find(self, broadcast_id: str) -> Broadcast | None:
        """Find a broadcast by its id."""
        return self._kept.get(broadcast_id)

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        """Replace a broadcast's body."""
        return self.restore(
            replace(broadcast, body=_known(body), size=size, state=_first_state(body))
        )

    def move(self, broadcast: Broadcast, transition: StateChange) -> Broadcast:
        """Set a broadcast's state."""
        stamps = dict(broadcast.stamps)
        if transition.stamp is not None:
            stamps[transition.stamp] = now_ms()
        return self.restore(replace(broadcast, state=transition.target, stamps=stamps))

    def restore(self, broadcast: Broadcast) -> Broadcast:
        """Put a broadcast back."""
        before = self._kept.get(broadcast.broadcast_id)
        self._bytes += broadcast.size - (before.size if before else 0)
        self._kept[broadcast.broadcast_id] = broadcast
        while len(self) > self.max_broadcasts or self._bytes > self.max_bytes:
            # The oldest, but never the newest one.
            oldest = iter(self._kept)
            first = next(oldest)
            same = first == broadcast.broadcast_id
            self.remove(next(oldest, first) if same else first)
        return broadcast

    def remove(self, broadcast_id: str) -> None:
        """Delete a broadcast."""
        self._bytes -= self._kept.pop(broadcast_id).size

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        """List some broadcasts by their place in the order."""
        return list(self._kept.values())[start:stop]


def _known(body: JsonObject) -> JsonObject:
    return {name: value for name, value in body.items() if name in MEMBERS}
