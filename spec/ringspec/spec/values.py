"""JSON values: their one type alias, their kinds, and equality that minds kinds."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

# The result of json.loads: the only place where Any is allowed.
Json: TypeAlias = Any
# The place of a value in a body: member names and indexes.
Location: TypeAlias = tuple[str | int, ...]
# A place by texts alone: of a subschema, or of instances (`*` for any item).
Path: TypeAlias = tuple[str, ...]
_Made = TypeVar("_Made")

# Deeper values are written as bytes: not every JSON reader could follow.
DEPTH = 64
# Where a document has the files that it refers to.
FILES = "x-ringspec-files"
_KINDS = (
    (type(None), "null"),
    (bool, "boolean"),
    (dict, "object"),
    (list, "array"),
    (str, "string"),
    (int, "integer"),
)


def kind_of(value: Json) -> str:
    """Name the JSON Schema type of a value; 2.0 is a number here, not an integer."""
    known = (kind for python, kind in _KINDS if isinstance(value, python))
    return next(known, "number")


def same(left: Json, right: Json) -> bool:
    """Return whether two values are equal and of the same kind at every depth."""
    return bool(left == right) and canonical(left) == canonical(right)


def is_shallow(value: Json, depth: int = DEPTH) -> bool:
    """Return whether any JSON reader can follow a value to its innermost part.

    Decided by a fixed depth, since that of Python's own reader depends on its version.
    """
    below = value.values() if isinstance(value, dict) else value
    return depth >= 0 and (
        not isinstance(value, (dict, list))
        or all(is_shallow(child, depth - 1) for child in below)
    )


def canonical(value: Json) -> str:
    """Write a value so that equal values of equal kinds give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


# What is known of the latest document, and that document.
_LATEST: list[Any] = [None, {}]


def known_of(document: Json, key: Hashable, make: Callable[[], _Made]) -> _Made:
    """Return what is worked out of a document, kept while that is the latest one."""
    if _LATEST[0] is not document:
        _LATEST[:] = [document, {}]
    known: dict[Hashable, _Made] = _LATEST[1]
    if key not in known:
        known[key] = make()
    return known[key]


def enum_key(value: Json) -> str:
    """Write an enum's value as a key of `x-enum-evidence`: texts as they are."""
    return value if isinstance(value, str) else canonical(value)


def unshared(value: Json) -> Json:
    """Return a deep copy in which no two places share a value, as YAML aliases do."""
    if isinstance(value, dict):
        return {name: unshared(child) for name, child in value.items()}
    return [unshared(child) for child in value] if isinstance(value, list) else value


def at(value: Json, location: Location) -> Json:
    """Return the value at a location; KeyError without one."""
    for step in location:
        fits = isinstance(value, dict)
        if isinstance(value, list) and isinstance(step, int):
            fits = step < len(value)
        if not fits:
            raise KeyError(step)
        value = value[step]
    return value


def at_path(value: Json, path: Iterable[str]) -> Json:
    """Return the value at a path of texts, indexes included; it has to be there."""
    for step in path:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def at_pointer(value: Json, text: str) -> Json:
    """Return the value at an RFC 6901 JSON pointer; None without one."""
    for step in steps(text):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return None
    return value


def edit(operation: str, place: Location, *value: Json) -> dict[str, Json]:
    """Return the RFC 6902 operation at a place, with a value if it takes one."""
    made = {"op": operation, "path": pointer(place)}
    return {**made, "value": value[0]} if value else made


def patched(body: Json, patch: Iterable[Mapping[str, Json]]) -> Json:
    """Return a body with RFC 6902 operations applied; it shares what they leave.

    Raises:
        ValueError: an operation is malformed or does not fit the body.
    """
    try:
        for each in patch:
            body = _edited(body, each, steps(each["path"]))
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"it does not fit: {error}") from error
    return body


def _edited(value: Json, edit: Mapping[str, Json], place: Path) -> Json:
    """Return a value with one edit; what is not on its way is shared."""
    if not place:
        return edit["value"]
    step, *rest = place
    made: Json = value.copy()
    at: Json = step
    is_new = edit["op"] == "add" and not rest
    if isinstance(value, list):
        room = range(len(value) + is_new)
        at = room[-1 if is_new and step == "-" else int(step)]
        if step not in {"-", str(at)}:
            raise ValueError(step)
    elif not is_new and at not in value:
        raise LookupError(at)
    if rest:
        made[at] = _edited(value[at], edit, tuple(rest))
    elif edit["op"] == "remove":
        del made[at]
    elif edit["op"] not in {"add", "replace"}:
        raise ValueError(edit["op"])
    elif is_new and isinstance(value, list):
        made.insert(at, edit["value"])
    else:
        made[at] = edit["value"]
    return made


def escape(step: str) -> str:
    """Write a name as one step of an RFC 6901 JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def pointer(location: Location) -> str:
    """Write a location as an RFC 6901 JSON pointer."""
    return "".join(f"/{escape(str(step))}" for step in location)


def steps(text: str) -> tuple[str, ...]:
    """Read an RFC 6901 JSON pointer into its steps; a file and a # may lead it."""
    body = text if text.startswith("/") else text.partition("#")[2]
    return tuple(
        part.replace("~1", "/").replace("~0", "~") for part in body.split("/")[1:]
    )
