"""Numbers out of bounds, by one and by far."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.strategies.faults.fault import Fault, Spot, put


def above(spot: Spot) -> Iterator[Fault]:
    """Break `maximum` and `exclusiveMaximum`."""
    bound = spot.assertion.value
    over = bound if spot.assertion.keyword == "exclusiveMaximum" else bound + 1
    yield put(str(over), spot.location, over, everywhere=True)
    yield put("far-above", spot.location, abs(bound) * 10 + 7)


def below(spot: Spot) -> Iterator[Fault]:
    """Break `minimum` and `exclusiveMinimum`."""
    bound = spot.assertion.value
    under = bound if spot.assertion.keyword == "exclusiveMinimum" else bound - 1
    yield put(str(under), spot.location, under, everywhere=True)
    yield put("far-below", spot.location, bound - 1000)


def multiples(spot: Spot) -> Iterator[Fault]:
    """Break `multipleOf`."""
    yield put("between", spot.location, spot.value + spot.assertion.value / 2)
    yield put("next", spot.location, spot.value + 1)
