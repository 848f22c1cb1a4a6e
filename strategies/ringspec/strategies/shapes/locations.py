"""Paths into schemas, and the matching locations in bodies."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import (
    ITEM,
    KEYWORDS,
    Assertion,
    Contract,
    Json,
    Location,
    at,
    patched,
    pointer,
)
from ringspec.strategies.shapes.shape import OTHERS

# A step behind these is a name, or a number.
_NAMING = {name for name, each in KEYWORDS.items() if each.holds in {"list", "named"}}
_NAMING |= {"required", "dependentRequired"}
# No value, where null is one.
NOTHING = object()


def keywords(path: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield the keywords in a path with their indexes, without names of members."""
    named = False
    for index, step in enumerate(path):
        if named:
            named = False
        else:
            yield index, step
            named = step in _NAMING


def is_conditional(assertion: Assertion) -> bool:
    """Return whether an assertion applies only under a condition."""
    return any(keyword in {"then", "else"} for _, keyword in keywords(assertion.path))


def schema_at(schema: Json, instance: tuple[str, ...]) -> dict[str, Json]:
    """Return the base subschema of an instance path; empty without one."""
    for step in instance:
        if step == ITEM:
            schema = schema.get("items", {})
        else:
            schema = schema.get("properties", {}).get(step, {})
        if not isinstance(schema, dict):
            return {}
    return dict(schema)


def default_at(contract: Contract, location: Location) -> Json:
    """Return the default of a member or item, or NOTHING."""
    node = schema_at(contract.request.schema, instance_path(location))
    return node.get("default", NOTHING)


def lawful_defaults(contract: Contract, body: Json) -> dict[str, Json]:
    """Return the defaults that mend an invalid body, by pointers into an answer.

    They stand for required members that are absent, or null: a server may take them
    instead. Where a condition asks for a member, no default is meant.
    """
    prover, found = contract.prover, dict[Location, Json]()
    places = {it.location for it in prover.breaches(body)}
    empty = {it for it in places if it and at(body, it) is None}
    bare = patched(body, [{"op": "remove", "path": pointer(it)} for it in empty])
    for each in prover.breaches(bare):
        place = (*each.location, each.assertion.value)
        if each.assertion.keyword != "required" or is_conditional(each.assertion):
            return {}
        found[place] = default_at(contract, place)
    edits = [{"op": "add", "path": pointer(it), "value": found[it]} for it in found]
    mended = empty <= found.keys() and NOTHING not in found.values()
    if not mended or not prover.is_valid(patched(bare, edits)):
        return {}
    return {f"{contract.answers.at}{pointer(it)}": found[it] for it in found}


def concrete(instance: tuple[str, ...]) -> Location:
    """Return the location of an instance path in first items."""
    return tuple(0 if step == ITEM else step for step in instance)


def instance_path(location: Location) -> tuple[str, ...]:
    """Return the instance path of a location: any item for an index."""
    return tuple(ITEM if isinstance(step, int) else step for step in location)


def present(body: Json, location: Location) -> bool:
    """Return whether a location is present."""
    try:
        at(body, location)
    except KeyError:
        return False
    return True


def leaves(value: Json, place: Location = ()) -> Iterator[tuple[Location, Json]]:
    """Yield the locations of all values but objects and arrays, with these values."""
    if isinstance(value, dict | list):
        below = value.items() if isinstance(value, dict) else enumerate(value)
        for step, child in below:
            yield from leaves(child, (*place, step))
    else:
        yield place, value


def locations_of(assertion: Assertion, body: Json) -> Iterator[tuple[Location, str]]:
    """Yield the locations of an assertion in a body, each with its item of an array.

    For a forbidden member, the object around it.
    """
    if assertion.keyword == "not" and not assertion.value and assertion.instance:
        *around, name = assertion.instance
        for location, position in places(tuple(around), body):
            value = at(body, location)
            if name != ITEM and isinstance(value, dict) and name not in value:
                yield location, position
    else:
        yield from places(assertion.instance, body)


def places(
    instance: tuple[str, ...], body: Json, above: Location = (), position: str = ""
) -> Iterator[tuple[Location, str]]:
    """Yield each location of an instance path in a body, with its item.

    Of an array the first, a middle and the last item are taken.
    """
    if not instance:
        yield above, position
        return
    step, rest = instance[0], instance[1:]
    if step == ITEM:
        if isinstance(body, list):
            deep = bool(rest) or len(above) > 1
            for index, label in _sampled(body, rest, deep=deep):
                yield from places(rest, body[index], (*above, index), label)
        elif isinstance(body, dict) and OTHERS[0] in body:
            yield from places(rest, body[OTHERS[0]], (*above, OTHERS[0]), position)
    elif isinstance(body, dict) and step in body:
        yield from places(rest, body[step], (*above, step), position)


def _sampled(
    items: list[Json], rest: tuple[str, ...], *, deep: bool
) -> list[tuple[int, str]]:
    size = len(items)
    if size == 1:
        return [(0, "only")]
    if not deep:
        ends = [(0, "first"), (size - 1, "last")]
        return [*ends, (size // 2, "middle")] if size > 2 else ends[:size]
    # The first and the last that have the place: items differ.
    having = [i for i, item in enumerate(items) if any(places(rest, item))]
    if len(having) < 2:
        return [(index, "only") for index in having]
    return [(having[0], "first"), (having[-1], "last")]
