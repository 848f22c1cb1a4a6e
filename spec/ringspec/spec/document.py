"""An OpenAPI document: reading it, and following its references.

In: a YAML or JSON file. Out: plain data, and schemas with every `$ref` put in place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from ringspec.spec.errors import SpecError
from ringspec.spec.values import Json, canonical, steps

# libyaml where it is there: ten times quicker.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Keywords whose value is a schema, a list of schemas, or schemas by name.
ONE = frozenset(
    "items additionalProperties contains propertyNames not if then else "
    "unevaluatedProperties unevaluatedItems".split()
)
MANY = frozenset("allOf anyOf oneOf prefixItems".split())
NAMED = frozenset("properties patternProperties dependentSchemas $defs".split())


def read(path: Path) -> Json:
    """Read a YAML or JSON file; SpecError names file and line where it fails."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {path}: {error}") from error
    try:
        # Safe: the loader is yaml's safe one, in C or in Python.
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        line = f" line {place.line + 1}" if place else ""
        what = getattr(error, "problem", None) or str(error)
        raise SpecError(f"{path}{line}: not readable as YAML: {what}") from error


def digest(document: Json) -> str:
    """Return the sha256 of a document's content, whatever its spelling."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def follow(document: Json, reference: str) -> Json:
    """Return what a local reference (`#/components/…`) points at."""
    if not reference.startswith("#"):
        raise SpecError(
            f"reference {reference!r} leaves the file",
            hint="bundle the contract into one file first",
        )
    node = document
    for step in steps(reference):
        try:
            node = node[int(step)] if isinstance(node, list) else node[step]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise SpecError(f"reference {reference!r} points at nothing") from error
    return node


def resolve(document: Json, node: Json, place: str) -> tuple[Json, str]:
    """Follow references until something else stands there; with its own place."""
    seen: set[str] = set()
    while isinstance(node, dict) and "$ref" in node:
        place = str(node["$ref"])
        if place in seen:
            raise SpecError(f"reference {place!r} points at itself")
        seen.add(place)
        node = follow(document, place)
    return node, place


@dataclass(frozen=True, slots=True)
class Inlined:
    """A schema without references, and where each of its subschemas comes from."""

    schema: Json
    origins: dict[tuple[str, ...], str]


def inline(document: Json, place: str) -> Inlined:
    """Put every reference of the schema at a place into place.

    Raises:
        SpecError: a reference dangles, or a schema contains itself.
    """
    origins: dict[tuple[str, ...], str] = {}
    schema = _inline(document, follow(document, place), place, (), origins, ())
    return Inlined(schema, origins)


def _inline(  # noqa: PLR0913 - recursion carries where it stands in both trees
    document: Json,
    node: Json,
    place: str,
    path: tuple[str, ...],
    origins: dict[tuple[str, ...], str],
    inside: tuple[str, ...],
) -> Json:
    if not isinstance(node, (dict, bool)):
        raise SpecError(f"{place} is not a schema")
    if isinstance(node, dict) and "$ref" in node:
        beside = {name: value for name, value in node.items() if name != "$ref"}
        target = str(node["$ref"])
        if target in inside:
            raise SpecError(
                f"schema {target} contains itself",
                hint="recursive schemas are not supported: bound the depth",
            )
        found = _inline(
            document,
            follow(document, target),
            target,
            path,
            origins,
            (*inside, target),
        )
        return _merge(found, beside, place)
    origins[path] = place
    if isinstance(node, bool):
        # jsonschema gives no location for what the schema `false` refuses.
        return {} if node else {"not": {}}
    return {
        keyword: _inline_keyword(
            document,
            keyword,
            value,
            (f"{place}/{keyword}", (*path, keyword), origins, inside),
        )
        for keyword, value in node.items()
    }


_Context = tuple[
    str, tuple[str, ...], dict[tuple[str, ...], str], tuple[str, ...]
]


def _inline_keyword(
    document: Json, keyword: str, value: Json, context: _Context
) -> Json:
    place, path, origins, inside = context

    def step(name: str, child: Json) -> Json:
        escaped = name.replace("~", "~0").replace("/", "~1")
        return _inline(
            document, child, f"{place}/{escaped}", (*path, name), origins, inside
        )

    if keyword in ONE and isinstance(value, dict):
        return _inline(document, value, place, path, origins, inside)
    if keyword in MANY and isinstance(value, list):
        return [step(str(index), child) for index, child in enumerate(value)]
    if keyword in NAMED and isinstance(value, dict):
        return {name: step(str(name), child) for name, child in value.items()}
    return value


def _merge(found: Json, beside: dict[str, Json], place: str) -> Json:
    if not beside:
        return found
    # Annotations beside a reference replace the target's; assertions would need an
    # allOf whose places nobody wrote, so they are refused.
    if any(not _annotates(keyword) for keyword in beside) or isinstance(found, bool):
        raise SpecError(
            f"{place} has assertions beside its $ref",
            hint="put the $ref into an allOf of its own",
        )
    return {**cast("dict[str, Json]", found), **beside}


def _annotates(keyword: str) -> bool:
    known = ("title", "description", "default", "examples", "deprecated", "readOnly")
    return keyword in known or keyword.startswith("x-") or keyword == "$comment"
