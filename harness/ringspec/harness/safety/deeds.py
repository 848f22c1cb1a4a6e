"""Deeds: what a request does, by the contract's operation and its links.

In: a request as it goes out. Out: its deed. What the contract does not describe, and
does not merely look, is `OTHER`: nobody knows what it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from urllib.parse import quote

from ringspec.spec import Contract, Json, Link, Role, at_pointer
from ringspec.strategies import TOKEN_URL, Case, Request

_LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
_PLACE = re.compile(r"\{([^}]*)\}")
# What may stand in a path that changes something. The rest could lead elsewhere on a
# server that decodes twice, trims, or takes wildcards: `../x`, a blank, `*`.
_PLAIN = re.compile(r"(?=.*[A-Za-z0-9])[!$&'()+,.0-9:=@A-Z_a-z~-]{1,255}")


class Deed(StrEnum):
    """What a request does."""

    LOOK = "look"
    TOKEN = "token"  # noqa: S105 - asks for one
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    COMMAND = "command"
    OTHER = "other"


_ROLES = {
    Role.READ: Deed.LOOK,
    Role.LIST: Deed.LOOK,
    Role.REPLACE: Deed.UPDATE,
    Role.DELETE: Deed.DELETE,
    Role.COMMAND: Deed.COMMAND,
}


def requests_of(case: Case) -> tuple[Request, ...]:
    """List what a case sends, in its order."""
    return tuple(step.request for step in case.steps) or (case.request,)


def captured(relative: Link, answer: Json) -> dict[str, str]:
    """Take from the answer to a create what the path of a relative needs."""
    found = {name: at_pointer(answer, at) for name, at in relative.captures.items()}
    return {
        name: str(value)
        for name, value in found.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value)
    }


def filled(path: str, values: dict[str, str]) -> str | None:
    """Put values into a path; None where one is missing, or may lead elsewhere."""
    names = _PLACE.findall(path)
    if not all(_PLAIN.fullmatch(values.get(name, "")) for name in names):
        return None
    return _PLACE.sub(lambda found: quote(values[found[1]], safe=""), path)


@dataclass(frozen=True)
class Deeds:
    """Tells what the requests of one contract do."""

    contract: Contract

    def of(self, request: Request) -> Deed:
        """Tell what a request does."""
        method = request.method.upper()
        path = request.path.partition("?")[0]
        operation = self.contract.operation
        if request.path == TOKEN_URL:
            return Deed.TOKEN
        if method == operation.method.upper() and path == self._create_path:
            return Deed.CREATE
        for relative, pattern in self._patterns:
            if method == relative.method and pattern.fullmatch(path):
                return _ROLES[relative.role]
        return Deed.LOOK if method in _LOOKING else Deed.OTHER

    def undoing(self) -> Link | None:
        """Return the relative that deletes what was created, if there is one."""
        found = (each for each in self.contract.links if each.role == Role.DELETE)
        return next(found, None)

    def things(self, answer: Json) -> Iterator[tuple[str, str]]:
        """Yield, by method and path, what can be done to what was created."""
        for relative in self.contract.links:
            if relative.captures:
                path = filled(relative.path, captured(relative, answer))
                if path is not None:
                    yield relative.method, path

    @cached_property
    def _create_path(self) -> str:
        return self.contract.operation.path.partition("?")[0]

    @cached_property
    def _patterns(self) -> tuple[tuple[Link, re.Pattern[str]], ...]:
        return tuple(
            (relative, re.compile(_pattern(relative.path)))
            for relative in self.contract.links
        )


def _pattern(path: str) -> str:
    *parts, last = _PLACE.split(path)[::2]
    return "".join(re.escape(part) + "[^/]+" for part in parts) + re.escape(last)
