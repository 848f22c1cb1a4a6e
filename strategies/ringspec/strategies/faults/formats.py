"""Texts that miss their format or pattern, some by one character."""

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
