"""JSON values: their one type alias, their kinds, and equality that minds kinds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, TypeAlias

# What json.loads returns: the one place where Any is let in.
Json: TypeAlias = Any
# Where a value stands in a body: member names and indexes.
Location: TypeAlias = tuple[str | int, ...]

# Deeper values are written as bytes: not every JSON reader could follow.
DEPTH = 64

KINDS = ("object", "array", "string", "integer", "number", "boolean", "null")


def kind_of(value: Json) -> str:
    """Name the JSON Schema type of a value; 2.0 is a number here, not an integer."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for python, kind in (
        (dict, "object"),
        (list, "array"),
        (str, "string"),
        (int, "integer"),
    ):
        if isinstance(value, python):
            return kind
    return "number"


def same(left: Json, right: Json) -> bool:
    """Tell whether two values are equal and of the same kind at every depth."""
    if kind_of(left) != kind_of(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(
            same(value, right[name]) for name, value in left.items()
        )
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def is_shallow(value: Json) -> bool:
    """Tell whether any JSON reader can follow a value down to its ground.

    How deep Python itself can follow depends on its version: nothing may be decided by
    whether it did.
    """
    layer, depth = [value], 0
    while layer:
        if depth > DEPTH:
            return False
        layer = [child for each in layer for child in _children(each)]
        depth += 1
    return True


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def canonical(value: Json) -> str:
    """Write a value so that equal values of equal kinds give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def at(value: Json, location: Location) -> Json:
    """Return what stands at a location; KeyError where nothing does."""
    for step in location:
        if isinstance(value, list):
            if not isinstance(step, int) or step >= len(value):
                raise KeyError(step)
            value = value[step]
        elif isinstance(value, dict) and isinstance(step, str):
            value = value[step]
        else:
            raise KeyError(step)
    return value


def at_pointer(value: Json, text: str) -> Json:
    """Return what an RFC 6901 JSON pointer points at; None where that is nothing."""
    for step in steps(text):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return None
    return value


def patched(body: Json, patch: Iterable[Mapping[str, Json]]) -> Json:
    """Return a copy of a body with RFC 6902 operations applied.

    Raises:
        ValueError: an operation does not fit the body, or is no operation.
    """
    import jsonpath  # noqa: PLC0415 - slow to import, and certified cases need no patch

    changed = deepcopy(body)
    try:
        # Applied one by one: `JSONPatch.apply` takes a text for a JSON document.
        for operation in jsonpath.JSONPatch(patch, unicode_escape=False).ops:
            changed = operation.apply(changed)
    except jsonpath.JSONPathError as error:
        raise ValueError(str(error)) from error
    return changed


def pointer(location: Location) -> str:
    """Write a location as an RFC 6901 JSON pointer."""
    return "".join(
        "/" + str(step).replace("~", "~0").replace("/", "~1") for step in location
    )


def steps(text: str) -> tuple[str, ...]:
    """Read an RFC 6901 JSON pointer (with or without a leading #) into its steps."""
    body = text.removeprefix("#")
    return tuple(
        part.replace("~1", "/").replace("~0", "~") for part in body.split("/")[1:]
    )
