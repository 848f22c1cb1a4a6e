"""Paths into schemas, and the matching locations in bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from ringspec.spec.assertions import Assertion
from ringspec.spec.contract import Contract
from ringspec.spec.proof import Prover
from ringspec.spec.schemas import ITEM, keywords
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
_Value: TypeAlias = tuple[Any, Json, int]


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
        reached = self.by(assertion.path[: max(ends, default=0)])
        return {key for key, *_ in reached}

    def by(self, path: Path) -> list[_Value]:
        """List the values that the subschema at a path applies to."""
        if path not in self._known:
            *_, (cut, _) = keywords(path)
            self._known[path] = list(self._below(path, cut))
        return self._known[path]

    def _below(self, path: Path, cut: int) -> Iterator[_Value]:
        keyword, name, above = path[cut], path[-1], path[:cut]
        taken: Prover | None = None
        if keyword in {"then", "else"}:
            taken = Prover(at_path(self._schema, (*above, "if")), ())
        for key, value, item in self.by(above):
            if keyword == "items":
                listed = value if isinstance(value, list) else []
                yield from ((key, each, at) for at, each in enumerate(listed))
            elif keyword == "properties":
                if isinstance(value, dict) and name in value:
                    yield key, value[name], item
            elif keyword == "prefixItems":
                listed = value[int(name) :][:1] if isinstance(value, list) else []
                yield from ((key, each, int(name)) for each in listed)
            elif keyword in {"additionalProperties", "patternProperties"}:
                named = at_path(self._schema, above).get("properties", {})
                members = value.items() if isinstance(value, dict) else ()
                pattern = name if keyword == "patternProperties" else ""
                found = ((n, v) for n, v in members if re.search(pattern, n))
                yield from (
                    (key, v, item) for n, v in found if pattern or n not in named
                )
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
    if step == ITEM:
        if isinstance(body, list):
            deep = bool(rest) or len(above) > 1
            for index, label in _sampled(body, rest, deep=deep):
                below = (*above, index)
                yield from places(rest, body[index], below, label, in_map=in_map)
        elif isinstance(body, dict):
            name = OTHERS[0]
            if in_map and body and name not in body:
                name = [*body][-1]
            if name in body:
                at_name = (*above, name)
                yield from places(rest, body[name], at_name, position, in_map=in_map)
    elif isinstance(body, dict) and step in body:
        yield from places(rest, body[step], (*above, step), position, in_map=in_map)
    elif isinstance(body, list) and step.isdecimal() and int(step) < len(body):
        index = int(step)
        yield from places(rest, body[index], (*above, index), position, in_map=in_map)


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
