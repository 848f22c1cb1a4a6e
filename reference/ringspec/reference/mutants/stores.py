"""Stores that keep broadcasts otherwise: wrongly, or in another lawful way."""

# ruff: noqa: D102 - a method does the same as the store's, but for what the class says
from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from ringspec.reference.store import Broadcast, Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringspec.reference.json_values import JsonObject

# Long enough to be met by a client that reads at once.
BEHIND_S = 0.15


class KeepsNothing(Store):
    """Keeps nothing."""

    def add(self, body: JsonObject, size: int) -> Broadcast:
        return self.made(body, size)


class OneIdForAll(Store):
    """Gives every broadcast the same id."""

    def made(self, body: JsonObject, size: int) -> Broadcast:
        made = Store.made(self, body, size)
        return replace(made, broadcast_id="3f2504e0-4f89-41d3-9a0c-0305e82c3301")


class IdFromName(Store):
    """Makes the id from the name."""

    def made(self, body: JsonObject, size: int) -> Broadcast:
        name = uuid5(NAMESPACE_URL, str(body.get("name")).encode().hex())
        return replace(Store.made(self, body, size), broadcast_id=str(name))


class IdFromCount(Store):
    """Numbers broadcasts by how many there are."""

    def made(self, body: JsonObject, size: int) -> Broadcast:
        number = f"broadcast-{len(self) + 1}"
        return replace(Store.made(self, body, size), broadcast_id=number)


class IdFromContent(Store):
    """Makes the id from the whole body."""

    def made(self, body: JsonObject, size: int) -> Broadcast:
        content = uuid5(NAMESPACE_URL, json.dumps(body, sort_keys=True))
        return replace(Store.made(self, body, size), broadcast_id=str(content))


@dataclass(slots=True)
class NumberedIds(Store):
    """Numbers broadcasts, and gives no number twice."""

    _made: int = 0

    def made(self, body: JsonObject, size: int) -> Broadcast:
        self._made += 1
        return replace(Store.made(self, body, size), broadcast_id=f"b-{self._made:06}")


class ListsNothing(Store):
    """Lists nothing."""

    def slice(self, _start: int, _stop: int) -> list[Broadcast]:
        return []


class ListsAllButNewest(Store):
    """Lists a broadcast only once another one came after it."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        return Store.slice(self, start, min(stop, len(self) - 1))


class ListsNoDrafts(Store):
    """Lists no drafts."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        return [one for one in Store.slice(self, start, stop) if one.state != "draft"]


class ListsFirstPage(Store):
    """Lists the first page instead of any other one."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        return Store.slice(self, 0, stop - start)


class ListsShortPages(Store):
    """Leaves the last item of each page out."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        found = Store.slice(self, start, stop)
        return found[:-1] if len(found) > 1 else found


class ListsNewestFirst(Store):
    """Lists the newest broadcast first."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        return list(reversed(self._kept.values()))[start:stop]


@dataclass(slots=True)
class ListsLate(Store):
    """Lists a copy that is a moment behind."""

    _copies: list[tuple[float, list[Broadcast]]] = field(default_factory=list)

    def restore(self, broadcast: Broadcast) -> Broadcast:
        restored = Store.restore(self, broadcast)
        self._copied()
        return restored

    def remove(self, broadcast_id: str) -> None:
        Store.remove(self, broadcast_id)
        self._copied()

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        due = time.monotonic() - BEHIND_S
        while len(self._copies) > 1 and self._copies[1][0] <= due:
            del self._copies[0]
        is_due = self._copies and self._copies[0][0] <= due
        return self._copies[0][1][start:stop] if is_due else []

    def _copied(self) -> None:
        self._copies.append((time.monotonic(), list(self._kept.values())))


class ForgetsUpdates(Store):
    """Answers an update as if it were done, and does nothing."""

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        kept = self.find(broadcast.broadcast_id)
        changed = Store.change(self, broadcast, body, size)
        if kept is not None:
            self.restore(kept)
        return changed


class MergesUpdates(Store):
    """Adds the members of an update to those before."""

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        return Store.change(self, broadcast, {**broadcast.body, **body}, size)


class UpdatesNameOnly(Store):
    """Takes nothing but the name from an update."""

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        changed = {**broadcast.body, "name": body.get("name")}
        return Store.change(self, broadcast, changed, size)


class UpdatesUnderNewId(Store):
    """Gives a broadcast another id when it is updated."""

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        self.remove(broadcast.broadcast_id)
        return self.add(body, size)


@dataclass(slots=True)
class FindsDeleted(Store):
    """Finds a deleted broadcast, but lists it no more."""

    _gone: dict[str, Broadcast] = field(default_factory=dict)

    def remove(self, broadcast_id: str) -> None:
        if broadcast_id in self._kept:
            self._gone[broadcast_id] = self._kept[broadcast_id]
            Store.remove(self, broadcast_id)

    def find(self, broadcast_id: str) -> Broadcast | None:
        return Store.find(self, broadcast_id) or self._gone.get(broadcast_id)


@dataclass(slots=True)
class ListsDeleted(Store):
    """Lists a deleted broadcast, but finds it no more."""

    _hidden: set[str] = field(default_factory=set)

    def remove(self, broadcast_id: str) -> None:
        if broadcast_id in self._hidden:
            Store.remove(self, broadcast_id)
        self._hidden.add(broadcast_id)

    def find(self, broadcast_id: str) -> Broadcast | None:
        return None if broadcast_id in self._hidden else Store.find(self, broadcast_id)


@dataclass(slots=True)
class RemembersDeleted(Store):
    """Remembers the ids of deleted broadcasts."""

    deleted: set[str] = field(default_factory=set)

    def remove(self, broadcast_id: str) -> None:
        self.deleted.add(broadcast_id)
        Store.remove(self, broadcast_id)


class DeletesOldest(Store):
    """Deletes the oldest broadcast instead of the one asked for."""

    def remove(self, _broadcast_id: str) -> None:
        Store.remove(self, next(iter(self._kept)))


class DeletesAll(Store):
    """Deletes all broadcasts."""

    def remove(self, _broadcast_id: str) -> None:
        for each in [*self._kept]:
            Store.remove(self, each)


class FindsNewest(Store):
    """Finds the newest broadcast instead of the one asked for."""

    def find(self, broadcast_id: str) -> Broadcast | None:
        known = broadcast_id in self._kept
        return next(reversed(self._kept.values())) if known else None


def beginning(states: str | dict[str, str]) -> Callable[[], Store]:
    """Return a store whose new broadcasts are in another state, or by the due one."""

    class Begins(Store):
        """Begins in a state of its own."""

        def made(self, body: JsonObject, size: int) -> Broadcast:
            made = Store.made(self, body, size)
            state = states if isinstance(states, str) else states.get(made.state)
            return replace(made, state=state or made.state)

    return Begins
