"""Choices: one fault, and the twins that it can be put into, the telling ones kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from ringspec.spec import Json, Location, at
from ringspec.strategies.faults import Fault
from ringspec.strategies.twins import Twin

Option = tuple[Twin, Fault]

# Arrays of so many items have a first, a middle and a last one.
_LONG = 3


@dataclass(slots=True)
class Choice:
    """One fault that can be put into several twins.

    Attributes:
        sizes: how many items there are around each option, where it matters which one
            it is; 0 where it is not at the end that it is named after.
    """

    name: str
    options: list[Option] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def add(self, twin: Twin, fault: Fault, location: Location, position: str) -> None:
        """Add a twin, with the fault as it is there; position: which item it is in."""
        self.options.append((twin, fault))
        if fault.everywhere and position:
            self.sizes.append(_size(twin.body, location, position))

    def keep_long(self) -> None:
        """Keep what is in an array of three, or of as many as there are.

        An only item is the first and the last one: it tells neither.
        """
        if not self.sizes:
            return
        enough = min(_LONG, max(self.sizes))
        sized = zip(self.options, self.sizes, strict=True)
        long = [option for option, size in sized if size >= enough]
        best = min(map(_rank, self.options))
        # Not at the price of a twin that is less well attested.
        if best < min(map(_rank, long)):
            long += [option for option in self.options if _rank(option) == best]
        self.options = long


def _rank(option: Option) -> int:
    return option[0].level.rank


def _size(body: Json, location: Location, position: str) -> int:
    """Count the items around a place; 0 if it is not at the end that is meant."""
    depth = max(i for i, step in enumerate(location) if isinstance(step, int))
    index, size = location[depth], len(at(body, location[:depth]))
    wanted = {"first": 0, "only": 0, "last": size - 1}.get(position, index)
    return size if index == wanted else 0
