"""Schemas: whether an inlined one is a JSON Schema that both validators can use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringspec.spec.assertions import Path
from ringspec.spec.document import MANY, NAMED, ONE, Inlined
from ringspec.spec.errors import SpecError
from ringspec.spec.values import Json


def check(inlined: Inlined) -> None:
    """Check a schema, and what valid bodies keep to, against JSON Schema 2020-12.

    Raises:
        SpecError: a keyword's value is none that it can have.

    """
    _check(inlined.schema, inlined, ())
    for node, path in nodes(inlined.schema):
        if "x-settled" in node:
            _check(node["x-settled"], inlined, (*path, "x-settled"))
        for pattern in (node.get("pattern", ""), *node.get("patternProperties", ())):
            _check_pattern(pattern, inlined.place_of(path))


def nodes(schema: Json, path: Path = ()) -> Iterator[tuple[dict[str, Json], Path]]:
    """Yield every subschema that is an object, with its path."""
    if not isinstance(schema, dict):
        return
    yield schema, path
    for keyword, value in schema.items():
        if keyword in ONE:
            yield from nodes(value, (*path, keyword))
        elif keyword in MANY or keyword in NAMED:
            named = value.items() if isinstance(value, dict) else enumerate(value)
            for name, child in named:
                yield from nodes(child, (*path, keyword, str(name)))


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
