"""Where things stand: paths into schemas, and the places that they are about."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec import ITEM, Assertion, Json, Location, at
from ringspec.strategies.shapes.shape import OTHERS

# A step behind these is a name, or a number.
_NAMING = frozenset(
    {
        *("properties", "patternProperties", "dependentSchemas", "prefixItems"),
        *("allOf", "anyOf", "oneOf", "required", "dependentRequired"),
    }
)
_BRANCHES = frozenset({"then", "else"})
# Stands for no value where null is one.
NOTHING = object()


def keywords(path: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield the keywords in a path, each with its index; the names of members aside."""
    named = False
    for index, step in enumerate(path):
        if named:
            named = False
        else:
            yield index, step
            named = step in _NAMING


def is_conditional(assertion: Assertion) -> bool:
    """Tell whether an assertion holds only if something else does."""
    return any(keyword in _BRANCHES for _, keyword in keywords(assertion.path))


def stem(assertion: Assertion) -> tuple[str, ...]:
    """Return the path of the subschema that an assertion stands in."""
    named = assertion.keyword in {"required", "dependentRequired"}
    return assertion.path[: -2 if named else -1]


def at_path(schema: Json, path: tuple[str, ...]) -> dict[str, Json]:
    """Return the subschema at a path of an inlined schema."""
    for step in path:
        schema = schema[int(step)] if isinstance(schema, list) else schema[step]
    return dict(schema)


def schema_at(schema: Json, instance: tuple[str, ...]) -> dict[str, Json]:
    """Return the base subschema of a place; empty where none is named."""
    for step in instance:
        if step == ITEM:
            schema = schema.get("items", {})
        else:
            schema = schema.get("properties", {}).get(step, {})
        if not isinstance(schema, dict):
            return {}
    return dict(schema)


def concrete(instance: tuple[str, ...], index: int = 0) -> Location:
    """Put an index where an instance path says any item."""
    return tuple(index if step == ITEM else step for step in instance)


def instance_path(location: Location) -> tuple[str, ...]:
    """Return the instance path of a location: any item for an index."""
    return tuple(ITEM if isinstance(step, int) else step for step in location)


def places(instance: tuple[str, ...], body: Json) -> Iterator[tuple[Location, str]]:
    """Yield each location of an instance path in a body, and which item it is in.

    Of an array the first, a middle and the last item are taken.
    """
    yield from _places(instance, body, (), "")


def _places(
    instance: tuple[str, ...], value: Json, so_far: Location, position: str
) -> Iterator[tuple[Location, str]]:
    if not instance:
        yield so_far, position
        return
    step, rest = instance[0], instance[1:]
    if step == ITEM:
        if isinstance(value, list):
            deep = bool(rest) or len(so_far) > 1
            for index, label in _sampled(value, rest, deep=deep):
                yield from _places(rest, value[index], (*so_far, index), label)
        elif isinstance(value, dict) and OTHERS[0] in value:
            yield from _places(rest, value[OTHERS[0]], (*so_far, OTHERS[0]), position)
    elif isinstance(value, dict) and step in value:
        yield from _places(rest, value[step], (*so_far, step), position)


def _sampled(
    items: list[Json], rest: tuple[str, ...], *, deep: bool
) -> list[tuple[int, str]]:
    size = len(items)
    if size == 1:
        return [(0, "only")]
    if not deep:
        ends = [(0, "first"), (size - 1, "last")]
        return [*ends, (size // 2, "middle")] if size > 2 else ends[:size]
    # Of those that have the place, the first and the last: items are not all alike.
    having = [
        index
        for index, item in enumerate(items)
        if any(True for _ in _places(rest, item, (), ""))
    ]
    if len(having) < 2:
        return [(index, "only") for index in having]
    return [(having[0], "first"), (having[-1], "last")]


def present(body: Json, location: Location) -> bool:
    """Tell whether something stands at a location."""
    try:
        at(body, location)
    except KeyError:
        return False
    return True
