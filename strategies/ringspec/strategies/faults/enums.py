"""Values outside a list: unknown ones, and known ones misspelt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ringspec.spec import Json, Level, at_path, canonical, kind_of, same
from ringspec.strategies.faults.fault import Fault, Spot, dealt, put

# In a contract: what is taken for a value of a list, or for a name, by mistake.
MISTAKEN = "x-mistaken"

_Spelt = Iterator[tuple[str, str]]


def misspelt(value: str) -> _Spelt:
    """Yield the misspellings that are tried for every list."""
    if value.upper() != value.lower():
        changed = value.upper() if value != value.upper() else value.lower()
        yield f"{value}-in-other-case", changed
        yield "with-a-tail", f"{value}s"
    else:
        yield "doubled", value + value
    yield "blank-after", f"{value} "
    yield "empty", ""


def rarely_misspelt(value: str, listed: list[str]) -> _Spelt:
    """Yield what is rarer: in full where it matters, else dealt out."""
    yield "blank-before", f" {value}"
    yield "newline-after", f"{value}\n"
    if len(value) > 1:
        yield "capitalised", _capitalised(value)
        yield "shortened", value[:-1]
        yield "something-before", f"x{value}"
    yield from _halves(value, listed)


def mistaken(values: list[str]) -> _Spelt:
    """Yield what the contract says is taken for a value by mistake."""
    yield from ((f"mistaken-{_told(each)}", each) for each in values)


def _told(value: str) -> str:
    """Write a value as a word: signs by their number."""
    if value.isascii() and value.replace("-", "").isalnum():
        return value
    return "-".join(f"u{ord(sign):04x}" for sign in value)


def _capitalised(value: str) -> str:
    changed = value.capitalize()
    return changed if changed not in {value, value.upper()} else value.swapcase()


def _halves(value: str, listed: list[str]) -> _Spelt:
    """Yield what whoever looks at the halves of a value takes for one."""
    head, hyphen, tail = value.partition("-")
    if not hyphen:
        return
    yield "underscored", f"{head}_{tail}"
    yield "first-half", head
    crossed = (f"{head}-{each.partition('-')[2]}" for each in listed)
    found = next((each for each in crossed if each not in listed), None)
    if found is not None:
        yield "crossed", found


FEW = 3
UNKNOWN = "unknown"
OTHER = "of-another-member"
# So many of the rarer misspellings stand for all where they do not matter as much.
_SOME = 3


def enums(spot: Spot) -> Iterator[Fault]:
    """Break `enum` and `const`."""
    keyword = spot.assertion.keyword
    listed = spot.assertion.value if keyword == "enum" else [spot.assertion.value]
    stem = spot.assertion.path[:-1]
    known = sibling(spot.bodies.contract.request.schema, stem)
    for name, value in (
        *_elsewhere(spot, listed),
        *_others(spot.value, listed, known),
        *_rarer(spot, listed),
    ):
        # Of a long list, one value in another case stands for all.
        if len(listed) > FEW:
            name = name.removeprefix(f"{spot.value}-")  # noqa: PLW2901
        if not any(same(value, each) for each in listed):
            everywhere = name in {UNKNOWN, OTHER}
            yield put(name, spot.location, value, everywhere=everywhere)


def _elsewhere(spot: Spot, listed: list[Json]) -> Iterator[tuple[str, Json]]:
    """Yield values that are right at the same place under another condition."""
    shapes = spot.bodies.shapes_at(spot.assertion.instance)
    values = (value for shape in shapes for value in shape.choices() or ())
    others = {
        canonical(value): value
        for value in values
        if not any(same(value, each) for each in listed)
    }
    for value in list(others.values())[:FEW]:
        yield f"{value}-elsewhere", value


def sibling(schema: Json, path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a text from the list of another member of the same object, if any."""
    if len(path) < 2 or path[-2] != "properties":
        return ()
    members = at_path(schema, path[:-1])
    listed = members[path[-1]].get("enum", ())
    if not all(isinstance(each, str) for each in listed):
        return ()
    names = list(members)
    at = names.index(path[-1])
    return next(
        (
            (value,)
            for name in (*names[at + 1 :], *names[:at])
            for value in members[name].get("enum", ())
            if isinstance(value, str) and value not in listed
        ),
        (),
    )


def _rarer(spot: Spot, listed: list[Json]) -> Iterator[tuple[str, Json]]:
    if not isinstance(spot.value, str):
        return
    texts = [each for each in listed if isinstance(each, str)]
    forms = list(rarely_misspelt(spot.value, texts))
    is_short = spot.is_on_top or len(spot.value) == 1
    is_full = is_short and spot.level != Level.MAY
    yield from forms if is_full else dealt(spot, forms, _SOME)
    yield from mistaken(spot.node.get(MISTAKEN, []))


def _others(
    value: Json, listed: list[Json], known: tuple[str, ...]
) -> Iterator[tuple[str, Json]]:
    kind = kind_of(value)
    if kind == "string":
        # What is a value elsewhere stands for an unknown one too.
        yield from ((OTHER, other) for other in known or ())
        if not known:
            yield UNKNOWN, UNKNOWN
        yield from misspelt(value)
    elif kind in {"integer", "number"}:
        yield from _numbers(value, listed)
    else:
        yield from _VALUES[kind](value)


def _numbers(value: float, listed: list[Json]) -> Iterator[tuple[str, Json]]:
    numbers = [each for each in listed if kind_of(each) in {"integer", "number"}]
    # From the nearest value, so that what depends on it is upset the least.
    if value == max(numbers):
        yield str(value + 1), value + 1
    if value == min(numbers):
        yield str(value - 1), value - 1
    if min(numbers) < value < max(numbers):
        yield "far-above", max(numbers) * 10 + 69


_VALUES: dict[str, Callable[[Json], Iterable[tuple[str, Json]]]] = {
    "boolean": lambda value: [("negated", not value), (UNKNOWN, UNKNOWN)],
    "null": lambda _value: [("false", False), (UNKNOWN, UNKNOWN)],
    "array": lambda value: [("item-more", [*value, UNKNOWN]), ("empty", [])],
    "object": lambda value: [
        ("member-more", {**value, UNKNOWN: UNKNOWN}),
        ("empty", {}),
    ],
}
