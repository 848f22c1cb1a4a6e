"""Stores that differ from the reference's: defective, or lawful variants."""

# ruff: noqa: D102 - a method does the same as the store's, except as the class says
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from ringspec.reference.json_values import JsonObject
from ringspec.reference.mutants.vocabulary import expression
from ringspec.reference.store import Broadcast, Store

# Long enough to be met by a client that reads at once.
BEHIND_S = 0.15


def _other(**methods: Callable[..., object]) -> type[Store]:
    return type("Other", (Store,), methods)


def with_ids(written: str) -> type[Store]:
    """Return a store with other ids, by an expression of `body`, `number`, `kept`."""
    give, numbers = expression(written), count(1)

    def made(store: Store, body: JsonObject, size: int) -> Broadcast:
        given = give(body=body, number=next(numbers), kept=len(store))
        return replace(Store.made(store, body, size), broadcast_id=given)

    return _other(made=made)


def listing(written: str) -> type[Store]:
    """Return a store that lists others, by an expression of `all`, `start`, `stop`."""
    choose = expression(written)

    def listed(store: Store, start: int, stop: int) -> Any:
        return choose(all=Store.slice(store, 0, len(store)), start=start, stop=stop)

    return _other(slice=listed)


def updating(written: str) -> type[Store]:
    """Return a store that updates otherwise, by an expression of `before`, `body`."""
    merge = expression(written)

    def change(it: Store, before: Broadcast, body: JsonObject, size: int) -> Broadcast:
        return Store.change(it, before, merge(before=before.body, body=body), size)

    return _other(change=change)


class KeepsNothing(Store):
    """Keeps nothing."""

    add = Store.made


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


class UpdatesUnderNewId(Store):
    """Gives a broadcast another id when it is updated."""

    def change(self, broadcast: Broadcast, body: JsonObject, size: int) -> Broadcast:
        self.remove(broadcast.broadcast_id)
        return self.add(body, size)


@dataclass(slots=True)
class ListsDeleted(Store):
    """Lists a deleted broadcast, but does not find it."""

    _hidden: set[str] = field(default_factory=set)

    def remove(self, broadcast_id: str) -> None:
        if broadcast_id in self._hidden:
            Store.remove(self, broadcast_id)
        self._hidden.add(broadcast_id)

    def find(self, broadcast_id: str) -> Broadcast | None:
        return None if broadcast_id in self._hidden else Store.find(self, broadcast_id)


@dataclass(slots=True)
class RemembersDeleted(Store):
    """Remembers deleted broadcasts."""

    deleted: dict[str, Broadcast] = field(default_factory=dict)

    def remove(self, broadcast_id: str) -> None:
        if broadcast_id in self._kept:
            self.deleted[broadcast_id] = self._kept[broadcast_id]
            Store.remove(self, broadcast_id)


class FindsDeleted(RemembersDeleted):
    """Finds a deleted broadcast, but does not list it."""

    def find(self, broadcast_id: str) -> Broadcast | None:
        return Store.find(self, broadcast_id) or self.deleted.get(broadcast_id)


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


def beginning(states: str | dict[str, str]) -> type[Store]:
    """Return a store with another first state, which may depend on the due one."""

    def made(store: Store, body: JsonObject, size: int) -> Broadcast:
        due = Store.made(store, body, size)
        state = states if isinstance(states, str) else states.get(due.state)
        return replace(due, state=state or due.state)

    return _other(made=made)
