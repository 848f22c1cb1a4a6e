"""Bodies of one contract: its settled schema compiled, its places, its plainest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ringspec.spec import ITEM, Contract, Json, Location, SpecError
from ringspec.strategies.build import Builder, Unfit, Wish
from ringspec.strategies.case import encode
from ringspec.strategies.compile import compile_schema
from ringspec.strategies.shape import Alternatives, Shape, interned


@dataclass(frozen=True)
class Bodies:
    """Builds valid bodies of a contract."""

    contract: Contract
    _shapes: dict[tuple[str, ...], list[Shape]] = field(default_factory=dict)

    @cached_property
    def root(self) -> Alternatives:
        """The alternatives of a whole body, the best attested and plainest first."""
        shapes = compile_schema(self.contract.settled)
        ranked = []
        for index, shape in enumerate(shapes):
            try:
                body = Builder().build((shape,))
            except Unfit:
                continue
            use = self.contract.level_of_use(body)
            ranked.append((use.rank, len(encode(body)), index, shape))
        if not ranked:
            raise SpecError(
                "no valid body can be built from the contract",
                hint="give `examples` of texts with a pattern or a rare format",
            )
        ordered = sorted(ranked, key=lambda each: each[:3])
        return interned(tuple(shape for *_, shape in ordered))

    def build(self, builder: Builder) -> Json:
        """Return a valid body as a builder wishes it, or None."""
        try:
            return builder.build(self.root)
        except Unfit:
            return None

    def plain(self, wishes: Mapping[Location, Wish] | None = None) -> Json:
        """Return the plainest valid body with something wished, or None."""
        return self.build(Builder(wishes or {}))

    def shapes_at(self, instance: tuple[str, ...]) -> list[Shape]:
        """List the shapes of what may stand at a place, over all alternatives."""
        if instance not in self._shapes:
            self._shapes[instance] = self._find(instance)
        return self._shapes[instance]

    def _find(self, instance: tuple[str, ...]) -> list[Shape]:
        found = list(self.root)
        for step in instance:
            below: list[Shape] = []
            for shape in found:
                if step == ITEM:
                    children = shape.items or ()
                else:
                    children = shape.members.get(step, ())
                below += [child for child in children if child not in below]
            found = below
        return found


def concrete(instance: tuple[str, ...], index: int = 0) -> Location:
    """Put an index where an instance path says any item."""
    return tuple(index if step == ITEM else step for step in instance)
