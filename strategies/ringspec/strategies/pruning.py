"""Pruning: a drawn body brought nearer to the plain one, member by member.

In: a valid body, and which of its members are to be as in the plain one. Out: a valid
body. A shrinker of bytes seldom finds its way from one alternative to another: it lets
go of a member at a time instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ringspec.spec import Json, same
from ringspec.strategies.bodies import Bodies

# So many members may hold others in place.
_HOLDING = 2


@dataclass(frozen=True)
class Pruner:
    """Brings bodies of a contract nearer to its plain one."""

    bodies: Bodies
    plain: Json

    def differing(self, body: Json) -> list[str]:
        """Return the members in which a body is not as the plain one."""
        if not (isinstance(body, dict) and isinstance(self.plain, dict)):
            return []
        return [
            name
            for name in {**self.plain, **body}
            if not (
                name in body
                and name in self.plain
                and same(body[name], self.plain[name])
            )
        ]

    def pruned(self, body: Json, names: Sequence[str]) -> Json:
        """Return a body with as many of these members as may be as in the plain one."""
        prover = self.bodies.contract.settled_prover
        for left in _most(names):
            nearer = self._reset(body, left)
            if prover.is_valid(nearer):
                return nearer
        return body

    def _reset(self, body: Json, names: Sequence[str]) -> Json:
        # In the order of the plain body, as a body without its others has it.
        return {
            name: self.plain[name] if name in names else body[name]
            for name in {**self.plain, **body}
            if name in (self.plain if name in names else body)
        }


def _most(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield all of some names, then all but one or two; never none."""
    for without in range(min(_HOLDING + 1, len(names))):
        yield from combinations(names, len(names) - without)
