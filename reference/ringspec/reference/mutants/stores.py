"""Stores that keep broadcasts otherwise than they should."""

# ruff: noqa: D102 - a method does what the store's says, wrongly as the class says
from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from ringspec.reference.store import Broadcast, Store

if TYPE_CHECKING:
    from ringspec.reference.values import JsonObject


class Sieve(Store):
    """Keeps nothing."""

    def add(self, body: JsonObject, size: int) -> Broadcast:
        return self.made(body, size)


class OneForAll(Store):
    """Gives every broadcast the same id."""

    def made(self, body: JsonObject, size: int) -> Broadcast:
        made = Store.made(self, body, size)
        return replace(made, broadcast_id="3f2504e0-4f89-41d3-9a0c-0305e82c3301")


class ByName(Store):
    """Makes the id from the name."""

    def made(self, body: JsonObject, size: int) -> Broadcast:
        name = uuid5(NAMESPACE_URL, str(body.get("name")).encode().hex())
        return replace(Store.made(self, body, size), broadcast_id=str(name))


class ByCount(Store):
    """Numbers broadcasts by how many there are."""

    def made(self, body: JsonObject, size: int) -> Broadcast:
        number = f"broadcast-{len(self) + 1}"
        return replace(Store.made(self, body, size), broadcast_id=number)


class ByContent(Store):
    """Makes the id from all that was sent."""

    def made(self, body: JsonObject, size: int) -> Broadcast:
        content = uuid5(NAMESPACE_URL, json.dumps(body, sort_keys=True))
        return replace(Store.made(self, body, size), broadcast_id=str(content))


class Blind(Store):
    """Lists nothing."""

    def slice(self, _start: int, _stop: int) -> list[Broadcast]:
        return []


class Late(Store):
    """Lists a broadcast only when another one came after."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        return Store.slice(self, start, min(stop, len(self) - 1))


class WithoutDrafts(Store):
    """Lists no drafts."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        return [one for one in Store.slice(self, start, stop) if one.state != "draft"]


class FirstPage(Store):
    """Lists the first page, whichever is asked for."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        return Store.slice(self, 0, stop - start)


class ShortPages(Store):
    """Leaves the last item of each page out."""

    def slice(self, start: int, stop: int) -> list[Broadcast]:
        found = Store.slice(self, start, stop)
        return found[:-1] if len(found) > 1 else found


class Stale(Store):
    """Answers an update as if it were done, and does nothing."""

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        kept = self.find(broadcast.broadcast_id)
        changed = Store.change(self, broadcast, body, size)
        if kept is not None:
            self.restore(kept)
        return changed


class Merging(Store):
    """Adds what an update brings to what was there."""

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        return Store.change(self, broadcast, {**broadcast.body, **body}, size)


class Renaming(Store):
    """Takes nothing but the name from an update."""

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        changed = {**broadcast.body, "name": body.get("name")}
        return Store.change(self, broadcast, changed, size)


class Moving(Store):
    """Gives a broadcast another id when it is updated."""

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        self.remove(broadcast.broadcast_id)
        return self.add(body, size)


class Graveyard(Store):
    """Finds what is deleted, though it lists it no more."""

    def __init__(self) -> None:
        super().__init__()
        self._gone: dict[str, Broadcast] = {}

    def remove(self, broadcast_id: str) -> None:
        if broadcast_id in self._kept:
            self._gone[broadcast_id] = self._kept[broadcast_id]
            Store.remove(self, broadcast_id)

    def find(self, broadcast_id: str) -> Broadcast | None:
        return Store.find(self, broadcast_id) or self._gone.get(broadcast_id)


class Shadows(Store):
    """Lists what is deleted, though it finds it no more."""

    def __init__(self) -> None:
        super().__init__()
        self._hidden: set[str] = set()

    def remove(self, broadcast_id: str) -> None:
        if broadcast_id in self._hidden:
            Store.remove(self, broadcast_id)
        self._hidden.add(broadcast_id)

    def find(self, broadcast_id: str) -> Broadcast | None:
        return None if broadcast_id in self._hidden else Store.find(self, broadcast_id)


class OldestGoes(Store):
    """Deletes the oldest, whichever is meant."""

    def remove(self, _broadcast_id: str) -> None:
        Store.remove(self, next(iter(self._kept)))


class AllGo(Store):
    """Deletes all."""

    def remove(self, _broadcast_id: str) -> None:
        for each in [*self._kept]:
            Store.remove(self, each)


class Newest(Store):
    """Finds the newest, whichever is meant."""

    def find(self, broadcast_id: str) -> Broadcast | None:
        known = broadcast_id in self._kept
        return next(reversed(self._kept.values())) if known else None
