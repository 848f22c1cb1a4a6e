"""Unsettling: bodies drawn that no source settles, neither valid nor invalid.

In: a contract. Out: a strategy for a valid body and one edit of it, such as a member
that nobody names, or null where nobody says what that means. What comes of it is
labelled by proof, like any body.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ringspec.spec import Contract, Json, Level, patched
from ringspec.strategies.breaking import compiled
from ringspec.strategies.case import encode
from ringspec.strategies.exploring import Labeller
from ringspec.strategies.robust import unsettled_edits
from ringspec.strategies.samples import Label, Labelled
from ringspec.strategies.tape import LENGTH, Tape
from ringspec.strategies.twins import Twin

Patch: TypeAlias = tuple[dict[str, Json], ...]

# Edits of a body that are looked at, until one leaves it open what the body is; a byte
# chooses each.
_TRIES = 8


@dataclass(frozen=True)
class Unsettler:
    """Draws a twin, then an edit that leaves it open what the body is."""

    contract: Contract
    level: Level

    @cached_property
    def _labeller(self) -> Labeller:
        return Labeller(self.contract)

    @cached_property
    def drawn(self) -> SearchStrategy[Labelled]:
        """The strategy."""
        bodies, drawer = compiled(self.contract, self.level)
        whole, _ = compiled(self.contract)
        read = drawer.reader(bodies.root)

        def unspecified(data: bytes) -> Labelled:
            choices, twin = Tape(data[:_TRIES]), read(Tape(data[_TRIES:]))
            known = Twin("", self.level, twin, len(encode(twin)), frozenset())
            edits = list(unsettled_edits(whole, known))
            for _ in range(_TRIES if edits else 0):
                made = self._labelled(twin, *edits[choices.below(len(edits))])
                if made is not None:
                    return made
            return reject()

        # One draw of bytes: of many small ones Hypothesis makes many bodies alike.
        size = _TRIES + LENGTH
        return st.binary(min_size=size, max_size=size).map(unspecified)

    def _labelled(self, twin: Json, name: str, patch: Patch) -> Labelled | None:
        body = patched(twin, patch)
        if self._labeller.label(body).label is not Label.UNSPECIFIED:
            return None
        return Labelled(
            body=body, label=Label.UNSPECIFIED, fault=name, twin=twin, patch=patch
        )
