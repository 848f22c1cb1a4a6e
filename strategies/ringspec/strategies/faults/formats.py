"""Texts that miss their format or pattern, some by one character."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.strategies.faults.fault import Fault, Spot, put
from ringspec.strategies.faults.uuids import uuids

# Nearly any text of one word is one.
_LAX = frozenset(
    {
        *("uri", "uri-reference", "iri", "iri-reference", "uri-template"),
        *("hostname", "idn-hostname", "duration"),
    }
)


def formats(spot: Spot) -> Iterator[Fault]:
    """Break `format` and `pattern`."""
    value = spot.value
    is_uuid = (spot.assertion.keyword, spot.assertion.value) == ("format", "uuid")
    yield put("text", spot.location, "not-right", everywhere=True)
    yield put("one-short", spot.location, value[:-1])
    yield put("one-long", spot.location, f"{value}0")
    yield put("something-before", spot.location, f"{0 if is_uuid else 'x'}{value}")
    yield put("other-character", spot.location, f"{value[:-1]}g")
    yield put("blank-after", spot.location, f"{value} ")
    yield put("newline-after", spot.location, f"{value}\n")
    yield put("empty", spot.location, "")
    if spot.assertion.value == "regex":
        yield put("open", spot.location, "(")
    elif spot.assertion.keyword == "format" and spot.assertion.value in _LAX:
        yield put("open", spot.location, "http://[a b")
    elif is_uuid:
        yield from uuids(spot)
