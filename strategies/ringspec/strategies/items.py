"""Items of an array by kind, as `contains` counts them.

In: an array's shape. Out: classes of items, each with how many there must and may be,
so that an array is filled class by class and never checked afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ringspec.strategies.shape import ANYTHING, Alternatives, Shape, meet


@dataclass(slots=True)
class Class:
    """Items of one kind in an array, and how many there must and may be."""

    shapes: Alternatives
    least: int = 0
    most: int | None = None


_SCALARS = tuple(each for each in ANYTHING if each.kind not in {"object", "array"})
# Splitting is slow and shapes are few; the shape is kept so that its id stays its own.
_SPLIT: dict[int, tuple[Shape, list[Class]]] = {}


def classes(shape: Shape) -> list[Class]:
    """Split an array's items by what `contains` counts; fresh for each array."""
    if id(shape) not in _SPLIT:
        _SPLIT[id(shape)] = shape, _split(shape)
    return [replace(each) for each in _SPLIT[id(shape)][1]]


def _split(shape: Shape) -> list[Class]:
    # Where nothing is said of items, arrays in arrays would have no end.
    anything = ANYTHING if shape.contained else _SCALARS
    found = [Class(anything if shape.items is None else shape.items)]
    for contained in shape.contained:
        split: list[Class] = []
        for each in found:
            if inside := meet(each.shapes, contained.fits):
                bounds = [m for m in (contained.most, each.most) if m is not None]
                most = min(bounds, default=None)
                split.append(Class(inside, max(each.least, contained.least), most))
            if outside := meet(each.shapes, contained.others):
                split.append(Class(outside, each.least, each.most))
        found = split
    return found
