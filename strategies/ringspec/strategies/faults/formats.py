"""Texts that miss their format or pattern, some by one character."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.strategies.faults.fault import Fault, Spot, dealt, put

# Nearly any text of one word is one.
_LAX = frozenset(
    {
        *("uri", "uri-reference", "iri", "iri-reference", "uri-template"),
        *("hostname", "idn-hostname", "duration"),
    }
)


def formats(spot: Spot) -> Iterator[Fault]:
    """Break `format` and `pattern`."""
    value, form = spot.value, ""
    if spot.assertion.keyword == "format":
        form = spot.assertion.value
    yield put("text", spot.location, "not-right", everywhere=True)
    for name, text in (
        ("one-short", value[:-1]),
        ("one-long", f"{value}0"),
        ("something-before", f"{0 if form == 'uuid' else 'x'}{value}"),
        ("other-character", f"{value[:-1]}g"),
        ("blank-after", f"{value} "),
        ("newline-after", f"{value}\n"),
        ("empty", ""),
    ):
        yield put(name, spot.location, text)
    if spot.assertion.value == "regex":
        yield put("open", spot.location, "(")
    elif form in _LAX:
        yield put("open", spot.location, "http://[a b")
    elif form == "uuid":
        yield from _uuids(spot)


def _uuids(spot: Spot) -> Iterator[Fault]:
    """Break `format: uuid` by texts that are nearly one, and by other spellings.

    RFC 9562, section 4, has one form: 8, 4, 4, 4 and 12 hexadecimal digits with hyphens
    between. Many readers know other spellings of the same number, so that refusing
    them binds the least.
    """
    value: str = spot.value
    groups = value.split("-")
    forms: list[tuple[str, str]] = []
    if len(groups) == 5:  # else an example of another form
        for index in range(4):
            changed = [*groups]
            changed[index] = f"{groups[index][:-1]}g"
            forms.append((f"other-character-{index + 1}", "-".join(changed)))
        forms += [("short-before", value[1:]), ("blank-before", f" {value}")]
    spellings = [
        ("moved-hyphen", f"{value[:8]}{value[9:10]}-{value[10:]}"),
        ("without-hyphens", value.replace("-", "")),
        ("braces", f"{{{value}}}"),
        ("urn", f"urn:uuid:{value}"),
    ]
    if not spot.is_on_top:
        forms, spellings = dealt(spot, forms, 3), dealt(spot, spellings)
    yield from (put(name, spot.location, text) for name, text in forms)
    for name, text in spellings:
        yield put(name, spot.location, text, is_lax=True)
