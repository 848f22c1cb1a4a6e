"""Schemas: whether an inlined one can be used, and what it says in each direction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ringspec.spec.assertions import Path
from ringspec.spec.document import MANY, NAMED, ONE, Inlined
from ringspec.spec.errors import SpecError
from ringspec.spec.values import Json

# Branches of one value, and schemas of what is inside it.
_CHOICES = ("allOf", "anyOf", "oneOf")
_SAME = ("then", "else", "x-settled")
_OTHER = ("items", "additionalProperties")


def check(inlined: Inlined) -> None:
    """Check a schema, and what valid bodies keep to, against JSON Schema 2020-12.

    Raises:
        SpecError: a keyword's value is none that it can have.

    """
    _check(inlined.schema, inlined, ())
    for node, path in nodes(inlined.schema):
        for name in ("x-settled", "x-live"):
            if name in node:
                _check(node[name], inlined, (*path, name))
        for pattern in (node.get("pattern", ""), *node.get("patternProperties", ())):
            _check_pattern(pattern, inlined.place_of(path))


def nodes(schema: Json, path: Path = ()) -> Iterator[tuple[dict[str, Json], Path]]:
    """Yield every subschema that is an object, with its path."""
    if not isinstance(schema, dict):
        return
    yield schema, path
    for _, steps, child in subschemas(schema):
        yield from nodes(child, (*path, *steps))


def subschemas(schema: dict[str, Json]) -> Iterator[tuple[str, Path, Json]]:
    """Yield the schemas right below one: the keyword, the steps to it, and itself.

    What `$defs` holds says nothing where it stands: references are in place already.
    """
    for keyword, value in schema.items():
        if keyword in ONE:
            yield keyword, (keyword,), value
        elif keyword in MANY or (keyword in NAMED and keyword != "$defs"):
            named = value.items() if isinstance(value, dict) else enumerate(value)
            for name, child in named:
                yield keyword, (keyword, str(name)), child


def for_request(inlined: Inlined) -> Inlined:
    """Return what a request keeps to: it has no members that are only read.

    Source: OpenAPI 3.0.3, Schema Object, `readOnly`: such a member SHOULD NOT be sent,
    and `required` takes effect on the response only.
    """
    schema = _without(inlined.schema, "readOnly", frozenset({"properties"}))
    return replace(inlined, schema=schema)


def for_answer(inlined: Inlined) -> Inlined:
    """Return what an answer keeps to: members that are only written need not be there.

    Source: as above, `writeOnly`.
    """
    return replace(inlined, schema=_without(inlined.schema, "writeOnly", frozenset()))


def _without(
    schema: Json, mark: str, gone: frozenset[str], names: frozenset[str] | None = None
) -> Json:
    """Return a schema that asks for no members of a mark.

    Args:
        schema: as inlined.
        mark: the keyword that such a member has.
        gone: `properties`, if the members are not to be named either.
        names: the members, where a schema around it speaks of the same value.

    """
    if not isinstance(schema, dict):
        return schema
    marked = _marked(schema, mark) if names is None else names
    changed = dict(schema)
    for keyword, value in schema.items():
        if keyword == "properties":
            changed[keyword] = {
                name: _without(child, mark, gone)
                for name, child in value.items()
                if name not in marked or keyword not in gone
            }
        elif keyword == "required":
            changed[keyword] = [name for name in value if name not in marked]
        elif keyword == "dependentRequired":
            changed[keyword] = {
                name: [each for each in needed if each not in marked]
                for name, needed in value.items()
            }
        elif keyword in _CHOICES:
            changed[keyword] = [_without(each, mark, gone, marked) for each in value]
        elif keyword in _SAME:
            changed[keyword] = _without(value, mark, gone, marked)
        elif keyword in _OTHER:
            changed[keyword] = _without(value, mark, gone)
    return changed


def _marked(schema: Json, mark: str) -> frozenset[str]:
    """List the members of a mark that a schema and its branches name."""
    if not isinstance(schema, dict):
        return frozenset()
    branches = [
        *(child for keyword in _CHOICES for child in schema.get(keyword, ())),
        *(schema[keyword] for keyword in _SAME if keyword in schema),
    ]
    own = {
        name
        for name, child in schema.get("properties", {}).items()
        if any(node.get(mark) is True for node in _parts(child))
    }
    return frozenset(own).union(*(_marked(branch, mark) for branch in branches))


def _parts(schema: Json) -> Iterator[dict[str, Json]]:
    """Yield a schema, and those that all hold beside it."""
    if isinstance(schema, dict):
        yield schema
        for part in schema.get("allOf", ()):
            yield from _parts(part)


def _check(schema: Json, inlined: Inlined, path: Path) -> None:
    import jsonschema_rs  # noqa: PLC0415 - slow to import

    try:
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    except jsonschema_rs.ValidationError as error:
        below = tuple(str(step) for step in error.instance_path)
        raise SpecError(
            f"{inlined.place_of((*path, *below))}: {error.message}",
            hint="schemas are JSON Schema 2020-12, as in OpenAPI 3.1",
        ) from error
    except ValueError as error:
        raise SpecError(
            f"{inlined.place_of(path)}: {error}", hint="keep to texts that are Unicode"
        ) from error


def _check_pattern(pattern: str, place: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise SpecError(
            f"{place}: {pattern!r} is no pattern to Python: {error}",
            hint="keep to what regular expressions of all languages have",
        ) from error
