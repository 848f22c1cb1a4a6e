"""Units: the parts of a schema that hold or fail by themselves, and where they apply.

In: an inlined schema. Out: its nodes that hold as they stand, each with the keywords
that are read together; the values of a body that a node is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import jsonschema_rs

from ringspec.spec import Json

Path = tuple[str, ...]

# Keywords that are read together, by the one that asserts.
TOGETHER = {
    "contains": ("contains", "minContains", "maxContains"),
    "if": ("if", "then", "else"),
}
# A schema below these holds as it stands, in every value that they lead to.
_NAMED = frozenset({"properties", "dependentSchemas"})
_LISTED = frozenset({"allOf", "prefixItems"})
_WHOLE = frozenset({"items", "then", "else"})


def nodes(schema: Json, path: Path = ()) -> Iterator[tuple[Path, dict[str, Json]]]:
    """Yield each subschema that holds as it stands, with its path."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for keyword, value in schema.items():
        for step, child in _children(keyword, value, schema):
            yield from nodes(child, (*path, *step))


def _children(
    keyword: str, value: Json, node: dict[str, Json]
) -> Iterator[tuple[Path, Json]]:
    if keyword in _NAMED:
        yield from (((keyword, name), child) for name, child in value.items())
    elif keyword in _LISTED:
        yield from (((keyword, str(i)), child) for i, child in enumerate(value))
    elif keyword in _WHOLE and (keyword == "items" or "if" in node):
        yield (keyword,), value


def node_at(schema: Json, path: Path) -> Json:
    """Return the subschema at a path."""
    for step in path:
        schema = schema[int(step)] if isinstance(schema, list) else schema[step]
    return schema


def replaced(schema: Json, path: Path, node: Json) -> Json:
    """Return a copy of a schema with another subschema at a path."""
    if not path:
        return node
    step, rest = path[0], path[1:]
    if isinstance(schema, list):
        index = int(step)
        child = replaced(schema[index], rest, node)
        return [*schema[:index], child, *schema[index + 1 :]]
    return {**schema, step: replaced(schema[step], rest, node)}


@dataclass(frozen=True)
class Finder:
    """Finds the values of a body that a node of a schema is about."""

    schema: Json
    _conditions: dict[Path, jsonschema_rs.Draft202012Validator] = field(
        default_factory=dict
    )

    def values(self, path: Path, body: Json) -> list[tuple[Json, tuple[int, ...]]]:
        """Return the values that a node is about, and the indexes on the way."""
        found: list[tuple[Json, tuple[int, ...]]] = [(body, ())]
        at = 0
        while at < len(path) and found:
            width = 2 if path[at] in _NAMED or path[at] in _LISTED else 1
            found = [
                below
                for value, indexes in found
                for below in self._below(path[: at + width], width, value, indexes)
            ]
            at += width
        return found

    def _below(
        self, path: Path, width: int, value: Json, indexes: tuple[int, ...]
    ) -> Iterator[tuple[Json, tuple[int, ...]]]:
        keyword, name = path[-width], path[-1]
        if keyword in {"items", "prefixItems"}:
            for index in self._indexes(path, keyword, value):
                yield value[index], (*indexes, index)
        elif keyword == "properties":
            if isinstance(value, dict) and name in value:
                yield value[name], indexes
        elif self._applies(path, keyword, value):
            yield value, indexes

    def _indexes(self, path: Path, keyword: str, value: Json) -> range:
        """Return which items of a value a schema of items is about."""
        size = len(value) if isinstance(value, list) else 0
        if keyword == "items":
            return range(self._fixed(path[:-1]), size)
        return range(int(path[-1]), min(int(path[-1]) + 1, size))

    def _applies(self, path: Path, keyword: str, value: Json) -> bool:
        """Tell whether a schema beside others is about the same value."""
        if keyword == "dependentSchemas":
            return isinstance(value, dict) and path[-1] in value
        return keyword == "allOf" or self._taken(path, value)

    def _fixed(self, path: Path) -> int:
        return len(node_at(self.schema, path).get("prefixItems", ()))

    def _taken(self, path: Path, value: Json) -> bool:
        """Tell whether a branch is taken."""
        if path[:-1] not in self._conditions:
            condition = node_at(self.schema, (*path[:-1], "if"))
            self._conditions[path[:-1]] = jsonschema_rs.Draft202012Validator(
                condition, validate_formats=True
            )
        return self._conditions[path[:-1]].is_valid(value) == (path[-1] == "then")
