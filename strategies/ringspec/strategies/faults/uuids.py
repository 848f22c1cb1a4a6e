"""Texts that are nearly a uuid: in what they are written with, how long, how divided.

RFC 9562, section 4, has one form: 8, 4, 4, 4 and 12 hexadecimal digits with hyphens
between. Other spellings of the same number are known to many readers, so that refusing
them binds the least.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.strategies.faults.fault import Fault, Spot, dealt, put

_GROUPS = 5


def uuids(spot: Spot) -> Iterator[Fault]:
    """Break `format: uuid`, beyond what breaks any format."""
    forms = list(_forms(spot.value))
    for name, text in forms if spot.is_on_top else dealt(spot, forms, 3):
        yield put(name, spot.location, text)
    spellings = list(_spellings(spot.value))
    for name, text in spellings if spot.is_on_top else dealt(spot, spellings):
        yield put(name, spot.location, text, is_lax=True)


def _forms(value: str) -> Iterator[tuple[str, str]]:
    groups = value.split("-")
    if len(groups) != _GROUPS:
        return  # an example of its own making
    for index in range(_GROUPS - 1):
        changed = [*groups]
        changed[index] = f"{groups[index][:-1]}g"
        yield f"other-character-{index + 1}", "-".join(changed)
    yield "short-before", value[1:]
    yield "blank-before", f" {value}"


def _spellings(value: str) -> Iterator[tuple[str, str]]:
    yield "moved-hyphen", f"{value[:8]}{value[9:10]}-{value[10:]}"
    yield "without-hyphens", value.replace("-", "")
    yield "braces", f"{{{value}}}"
    yield "urn", f"urn:uuid:{value}"
