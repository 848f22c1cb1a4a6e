"""Reach: which rules a body gives occasion to keep or to break.

In: a schema and a body. Out: the rules of the assertions that apply to a value in it.
An assertion behind a condition applies only where the condition holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ringspec.spec import ABOUT, Assertion, Json, Prover, RuleId, kind_of

_Path = tuple[str, ...]


@dataclass
class Reach:
    """Finds the rules that apply to bodies of one schema."""

    schema: Json
    assertions: Iterable[Assertion]
    _conditions: dict[int, Prover] = field(default_factory=dict)

    def rules(self, body: Json) -> frozenset[RuleId]:
        """Return the rules that apply to a body; it must be shallow."""
        met: dict[_Path, set[str]] = {}
        for path, kind in self._walk(self.schema, body, ()):
            met.setdefault(path, set()).add(kind)
        return frozenset(each.rule for each in self.assertions if _applies(each, met))

    def _walk(
        self, node: Json, value: Json, path: _Path
    ) -> Iterator[tuple[_Path, str]]:
        """Yield the subschemas that hold for a value in the body, with its kind."""
        if not isinstance(node, dict):
            return
        kind = kind_of(value)
        yield path, "number" if kind == "integer" else kind
        for keyword, child, below in self._below(node, value):
            yield from self._walk(child, below, (*path, *keyword))

    def _below(self, node: Json, value: Json) -> Iterator[tuple[_Path, Json, Json]]:
        for number, child in enumerate(node.get("allOf", ())):
            yield ("allOf", str(number)), child, value
        if "if" in node:
            branch = "then" if self._holds(node["if"], value) else "else"
            yield (branch,), node.get(branch), value
        if isinstance(value, dict):
            yield from _members(node, value)
        elif isinstance(value, list):
            yield from _items(node, value)

    def _holds(self, condition: Json, value: Json) -> bool:
        known = self._conditions.setdefault(id(condition), Prover(condition, ()))
        return known.is_valid(value)


def _members(node: Json, value: dict[str, Json]) -> Iterator[tuple[_Path, Json, Json]]:
    named, patterns = node.get("properties", {}), node.get("patternProperties", {})
    for name, child in node.get("dependentSchemas", {}).items():
        if name in value:
            yield ("dependentSchemas", name), child, value
    for name, below in value.items():
        if name in named:
            yield ("properties", name), named[name], below
        fitting = [each for each in patterns if re.search(each, name)]
        for pattern in fitting:
            yield ("patternProperties", pattern), patterns[pattern], below
        if name not in named and not fitting:
            yield ("additionalProperties",), node.get("additionalProperties"), below


def _items(node: Json, value: list[Json]) -> Iterator[tuple[_Path, Json, Json]]:
    first = node.get("prefixItems", ())
    for number, below in enumerate(value):
        if number < len(first):
            yield ("prefixItems", str(number)), first[number], below
        else:
            yield ("items",), node.get("items"), below


def _applies(assertion: Assertion, met: dict[_Path, set[str]]) -> bool:
    named = assertion.keyword in {"required", "dependentRequired"}
    kinds = met.get(assertion.path[: -2 if named else -1], set())
    about = ABOUT.get(assertion.keyword)
    return bool(kinds) if about is None else about in kinds
