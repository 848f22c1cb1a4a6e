"""Numbers out of bounds, by one and by far."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

from ringspec.spec import Json
from ringspec.strategies.build import written
from ringspec.strategies.faults.fault import Fault, Spot, put

# Beyond, readers of JSON differ on what a number is.
_GREATEST = 1e300


def above(spot: Spot) -> Iterator[Fault]:
    """Break `maximum` and `exclusiveMaximum`."""
    for name, value in _beyond(spot, spot.assertion.value):
        yield put(name or "far-above", spot.location, value, everywhere=bool(name))


def below(spot: Spot) -> Iterator[Fault]:
    """Break `minimum` and `exclusiveMinimum`."""
    for name, value in _beyond(spot, -spot.assertion.value):
        name = name and str(-value)  # noqa: PLW2901
        yield put(name or "far-below", spot.location, -value, everywhere=bool(name))
    if spot.assertion.value > 1:
        # Often stands for "no limit".
        yield put("zero", spot.location, 0)


def _beyond(spot: Spot, greatest: float) -> Iterator[tuple[str, Json]]:
    """Yield the next number above a bound, by its name, and one far away."""
    if abs(greatest) > _GREATEST:
        return
    bound, step = Fraction(str(greatest)), _step(spot)
    if spot.assertion.keyword.startswith("exclusive"):
        over = ceil(bound / step) * step if step else bound
    else:
        over = (floor(bound / step) + 1) * step if step else bound + 1
    yield str(written(over)), written(over)
    far = _far(spot, bound, step or Fraction(1))
    yield "", written(far // step * step if step else far)


def _far(spot: Spot, bound: Fraction, step: Fraction) -> Fraction:
    if spot.assertion.keyword in {"maximum", "exclusiveMaximum"}:
        return abs(bound) * 10 + 7 * step
    return bound + 1000 * step


def _step(spot: Spot) -> Fraction | None:
    """Return what numbers are multiples of: what is none breaks another rule too."""
    if "multipleOf" in spot.node:
        return Fraction(str(spot.node["multipleOf"]))
    kinds = {shape.kind for shape in spot.bodies.shapes_at(spot.assertion.instance)}
    return Fraction(1) if "integer" in kinds and "number" not in kinds else None


def multiples(spot: Spot) -> Iterator[Fault]:
    """Break `multipleOf`."""
    value = Fraction(str(spot.value))
    between = value + Fraction(str(spot.assertion.value)) / 2
    yield put("between", spot.location, written(between))
    yield put("next", spot.location, written(value + 1))
