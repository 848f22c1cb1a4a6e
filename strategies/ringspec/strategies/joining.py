"""Joining: what is left where several alternatives hold at once, kept to a number.

In: alternatives of each keyword of a schema. Out: those of all of them together. Each
condition may double them, so that of very many only a sample is worked out in which
any two meet: fewer values than there are, never wrong ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, product

from ringspec.spec import SpecError
from ringspec.strategies.shape import Alternatives, Shape, meet

# So many are worked out, every one; of more, a sample.
FEW = 256
# A sample of pairs takes no more steps than these, and one of singles neither.
_STEPS = 40_000


class TooMany(SpecError):  # noqa: N818 - it says what there is
    """A schema has more conditions than can be sampled."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} choices side by side are too many to work out",
            hint="state fewer conditions beside each other, or join some by `oneOf`",
        )


def joined(parts: Iterable[Alternatives], kind: str) -> Alternatives:
    """Return what fits all of some alternatives at once.

    Raises:
        TooMany: not even a sample can be worked out.

    """
    listed = list(parts)
    found: Alternatives = (Shape(kind=kind),)
    for part in listed:
        found = meet(found, part)
        if len(found) > FEW:
            return _sampled(listed, kind)
    return found


def _sampled(parts: list[Alternatives], kind: str) -> Alternatives:
    base: Alternatives = (Shape(kind=kind),)
    for part in parts:
        base = meet(base, part) if len(part) == 1 else base
    choices = [part for part in parts if len(part) > 1]
    found: dict[int, Shape] = {}
    for chosen, fill in _chosen(choices):
        for shape in _completed(base, choices, chosen, fill):
            if shape not in found.values():
                found[len(found)] = shape
    return tuple(found.values())


_Chosen = dict[int, int]


def _chosen(choices: list[Alternatives]) -> Iterator[tuple[_Chosen, int]]:
    """Yield alternatives to begin with, and from which end the others are tried."""
    singles = [
        {index: each} for index, part in enumerate(choices) for each in range(len(part))
    ]
    if 2 * len(singles) * len(choices) > _STEPS:
        raise TooMany(len(choices))
    for fill in (-1, 1):
        yield from ((single, fill) for single in singles)
    pairs = [
        {i: a, j: b}
        for (i, one), (j, other) in combinations(enumerate(choices), 2)
        for a, b in product(range(len(one)), range(len(other)))
    ]
    if len(pairs) * len(choices) <= _STEPS:
        # The last alternative of a condition mostly is that it does not apply.
        yield from ((pair, -1) for pair in pairs)


def _completed(
    base: Alternatives, choices: list[Alternatives], chosen: _Chosen, fill: int
) -> Alternatives:
    """Take what is chosen, and of the other choices the first that still fits."""
    found = base
    for index, each in chosen.items():
        found = meet(found, (choices[index][each],))
    for index, part in enumerate(choices):
        if index not in chosen:
            ways = (meet(found, (each,)) for each in part[::fill])
            found = next((way for way in ways if way), ())
    return found[:1]
