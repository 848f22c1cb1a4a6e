"""Paths into schemas, and the matching locations in bodies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from ringspec.spec.assertions import Assertion
from ringspec.spec.contract import Contract
from ringspec.spec.proof import Prover, inside
from ringspec.spec.schemas import ITEM, KEYWORDS, keywords
from ringspec.spec.values import (
    Json,
    Location,
    Path,
    at,
    at_path,
    edit,
    patched,
    pointer,
)
from ringspec.strategies.shapes.shape import OTHERS

_OF_MAPS = frozenset({"patternProperties", "additionalProperties"})
# No value, where null is one.
NOTHING = object()


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


def values_of(node: Json) -> list[Json]:
    """Return the few values that a subschema has at all; empty if it may have any."""
    values = [False, True] if node.get("type") == "boolean" else []
    values = [node["const"]] if "const" in node else values
    return [*node.get("enum", values)]


def is_of(path: Path, assertions: Iterable[Assertion]) -> bool:
    """Return whether all of some assertions are about a member, or what is in it."""
    return all(
        any(it and path[: len(it)] == it[: len(path)] for it in each.subjects)
        for each in assertions
    )


def default_at(contract: Contract, location: Location) -> Json:
    """Return the default of a member or item, or NOTHING."""
    node = schema_at(contract.request.schema, instance_path(location))
    return node.get("default", node.get("x-default", NOTHING))


def lawful_defaults(contract: Contract, body: Json) -> dict[str, Json]:
    """Return the defaults that mend an invalid body, by pointers into an answer.

    They stand for required members that are absent, or null: a server may take them
    instead. Where a condition asks for a member, no default is meant.
    """
    prover, found = contract.prover, dict[Location, Json]()
    places = {it.location for it in prover.breaches(body)}
    members = {it for it in places if it and isinstance(it[-1], str)}
    empty = {it for it in members if at(body, it) is None}
    bare = patched(body, [edit("remove", it) for it in empty])
    for each in prover.breaches(bare):
        place = (*each.location, each.assertion.value)
        if each.assertion.keyword != "required" or each.assertion.is_conditional:
            return {}
        found[place] = default_at(contract, place)
    edits = [edit("add", it, found[it]) for it in found]
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
    with suppress(KeyError):
        at(body, location)
        return True
    return False


def leaves(value: Json, place: Location = ()) -> Iterator[tuple[Location, Json]]:
    """Yield the locations of all values but objects and arrays, with these values."""
    if isinstance(value, dict | list):
        below = value.items() if isinstance(value, dict) else enumerate(value)
        for step, child in below:
            yield from leaves(child, (*place, step))
    else:
        yield place, value


# Key of a body, a value in it, and the index of the innermost item around that.
_Value: TypeAlias = tuple[Any, Json, Any]


class Reached:
    """The values that subschemas of a schema apply to, in some bodies by their keys."""

    def __init__(self, schema: Json, bodies: Mapping[Any, Json]) -> None:
        self._schema = schema
        self._known: dict[Path, list[_Value]] = {}
        self._known[()] = [(key, body, 0) for key, body in bodies.items()]

    def taking(self, assertion: Assertion) -> set[Any]:
        """Return the keys of the bodies that take each `then` and `else` around one.

        Conditions on items of arrays are assumed to hold: each item has its own.
        """
        steps = () if ITEM in assertion.instance else keywords(assertion.path)
        ends = (at + 1 for at, step in steps if step in {"then", "else"})
        return {key for key, *_ in self.by(assertion.path[: max(ends, default=0)])}

    def by(self, path: Path) -> list[_Value]:
        """List the values that the subschema at a path applies to."""
        if path not in self._known:
            *_, (cut, _) = keywords(path)
            self._known[path] = list(self._below(path, cut))
        return self._known[path]

    def _below(self, path: Path, cut: int) -> Iterator[_Value]:
        keyword, name, node = path[cut], path[-1], at_path(self._schema, path[:cut])
        is_same = KEYWORDS[keyword].speaks_of == "same"
        taken = Prover(node["if"], ()) if keyword in {"then", "else"} else None
        for key, value, item in self.by(path[:cut]):
            if not is_same:
                for place, each in inside(node, keyword, name, value):
                    yield key, each, place[0] if isinstance(value, list) else item
            elif taken is None or taken.is_valid(value) == (keyword == "then"):
                yield key, value, item


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
        named = keywords(assertion.path) if ITEM in assertion.instance else ()
        in_map = any(keyword in _OF_MAPS for _, keyword in named)
        yield from places(assertion.instance, body, in_map=in_map)


def places(
    instance: tuple[str, ...],
    body: Json,
    above: Location = (),
    position: str = "",
    *,
    in_map: bool = False,
) -> Iterator[tuple[Location, str]]:
    """Yield each location of an instance path in a body, with its item.

    Of an array the first, a middle and the last item are taken; `in_map`, of an object
    the last member, as names that are made up follow those that are described.
    """
    if not instance:
        yield above, position
        return
    step, rest = instance[0], instance[1:]
    found: list[tuple[Any, str]] = []
    if isinstance(body, list):
        if step == ITEM:
            found = _sampled(body, rest, deep=bool(rest) or len(above) > 1)
        elif step.isdecimal() and int(step) < len(body):
            found = [(int(step), position)]
    elif isinstance(body, dict):
        if step == ITEM:
            is_last = in_map and body and OTHERS[0] not in body
            step = [*body][-1] if is_last else OTHERS[0]
        found = [(step, position)] if step in body else []
    for each, label in found:
        yield from places(rest, body[each], (*above, each), label, in_map=in_map)


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
