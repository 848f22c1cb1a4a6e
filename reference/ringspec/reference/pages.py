"""Pages of a listing. Source: facts.md D."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringspec.reference.answers import problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringspec.reference.values import JsonObject

DEFAULT_SIZE = 25
LARGEST_SIZE = 100
_LARGEST_PAGE = 10**9


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its number, from 1, and how many items it has room for."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """Tell how many items stand on the pages before."""
        return (self.number - 1) * self.size

    @property
    def stop(self) -> int:
        """Tell how many items stand up to the end of this page."""
        return self.start + self.size

    def describe(self, total: int, path: str) -> JsonObject:
        """Write where this page stands among all items, with links to others."""
        last = max(1, -(-total // self.size))
        returned = max(0, min(total, self.stop) - self.start)
        return {
            "page": self.number,
            "pageSize": self.size,
            "totalRecord": total,
            "returnedRecord": returned,
            "remainingRecord": max(0, total - self.stop),
            "first": self._link(path, 1),
            "previous": self._link(path, self.number - 1) if self.number > 1 else None,
            "next": self._link(path, self.number + 1) if self.number < last else None,
            "last": self._link(path, last),
        }

    def _link(self, path: str, number: int) -> str:
        return f"{path}?page={number}&pageSize={self.size}"


def read_page(query: Mapping[str, str]) -> Page:
    """Read which page is asked for, or raise what refuses it."""
    return Page(
        _between(query, "page", 1, _LARGEST_PAGE),
        _between(query, "pageSize", DEFAULT_SIZE, LARGEST_SIZE),
    )


def _between(query: Mapping[str, str], name: str, default: int, high: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch("-?[0-9]{1,12}", text):
        raise problem((name,), "type", "must be an integer")
    value = int(text)
    if value < 1:
        raise problem((name,), "min", "must be at least 1")
    if value > high:
        raise problem((name,), "max", f"must be at most {high}")
    return value
