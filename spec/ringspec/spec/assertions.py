"""Assertions: each thing in a schema that can fail by itself, and the rule it is of.

In: an inlined schema. Out: a table from the path of a validator's error to the rule.
Assertions inside `anyOf`, `oneOf`, `not`, `if` and `contains` never fail by themselves:
the keyword around them does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ringspec.spec.document import Inlined
from ringspec.spec.rules import RuleId
from ringspec.spec.values import Json

# How a keyword is called in a derived rule id.
WORDS = {
    "type": "type",
    "enum": "enum",
    "const": "enum",
    "required": "required",
    "dependentRequired": "required",
    "minItems": "length",
    "maxItems": "length",
    "minLength": "length",
    "maxLength": "length",
    "minimum": "min",
    "exclusiveMinimum": "min",
    "maximum": "max",
    "exclusiveMaximum": "max",
    "multipleOf": "multiple",
    "format": "format",
    "pattern": "pattern",
    "uniqueItems": "unique",
    "contains": "contains",
    "minProperties": "size",
    "maxProperties": "size",
    "propertyNames": "names",
    "additionalProperties": "unknown",
    "unevaluatedProperties": "unknown",
    "unevaluatedItems": "length",
    "anyOf": "any",
    "oneOf": "one",
    "not": "absent",
}
# Values of another kind keep to such a keyword whatever they are. A number may be an
# integer; keywords that are not here are about any value.
ABOUT = {
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), "number"),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), "number"),
    **dict.fromkeys(("minLength", "maxLength", "format", "pattern"), "string"),
    **dict.fromkeys(("minItems", "maxItems", "uniqueItems"), "array"),
    **dict.fromkeys(("contains", "unevaluatedItems"), "array"),
    **dict.fromkeys(("required", "dependentRequired", "propertyNames"), "object"),
    **dict.fromkeys(("minProperties", "maxProperties"), "object"),
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties"), "object"),
}
# Any item of an array, in an instance path.
ITEM = "*"
# These three fail as one.
CONTAINS = frozenset({"contains", "minContains", "maxContains"})

# Where they admit anything they state nothing.
_CLOSING = frozenset(
    {"additionalProperties", "unevaluatedProperties", "unevaluatedItems"}
)

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assertion:
    """One thing in a schema that can fail by itself.

    Attributes:
        path: steps in the inlined schema, the keyword and, for `required`, the
            member's name included.
        instance: where it applies in a body; `*` stands for any item.
        place: JSON pointer into the contract.
        value: the keyword's value.
    """

    path: Path
    keyword: str
    rule: RuleId
    instance: Path
    place: str
    value: Json


@dataclass(frozen=True, slots=True)
class _Spot:
    path: Path
    instance: Path
    # Prefix of this node's own rule ids, and of its members'.
    own: str
    inner: str
    owner: str | None
    # Members that a dialect spells its own way, with their canonical names.
    names: dict[str, str]

    def member(self, name: str) -> str:
        """Return the dotted canonical path of one of this node's members."""
        canonical = self.names.get(name, name)
        return f"{self.inner}.{canonical}" if self.inner else canonical


def assertions(inlined: Inlined, root: str = "body") -> tuple[Assertion, ...]:
    """List the assertions of a schema, in its order."""
    spot = _Spot((), (), root, "", None, {})
    return tuple(_walk(inlined, inlined.schema, spot))


def _spellings(node: dict[str, Json]) -> dict[str, str]:
    """Map members that a dialect spells its own way to their canonical names.

    A branch may name what only another one describes.
    """
    branches = [*node.get("allOf", ()), node.get("then"), node.get("else")]
    found: dict[str, str] = {}
    for branch in (each for each in branches if isinstance(each, dict)):
        found |= _spellings(branch)
    own = {
        name: child["x-member"]
        for name, child in node.get("properties", {}).items()
        if isinstance(child, dict) and "x-member" in child
    }
    return {**found, **own}


def _walk(inlined: Inlined, node: Json, spot: _Spot) -> Iterator[Assertion]:
    place = inlined.origins.get(spot.path, "#")
    if isinstance(node, bool):
        return
    owner = node.get("x-rule", spot.owner)
    prefix = node.get("x-rule-prefix")
    spot = replace(
        spot,
        own=prefix or spot.own,
        inner=prefix or spot.inner,
        owner=owner,
        names={**spot.names, **_spellings(node)},
    )
    for keyword, value in node.items():
        if keyword in {"required", "dependentRequired"}:
            yield from _required(spot, place, keyword, node)
        elif keyword in WORDS and not _is_open(keyword, value):
            yield _assertion(spot, place, keyword, value, node.get("x-rules", {}))
        if keyword in {"then", "else"} and "if" not in node:
            continue  # it says nothing then
        for child, below in _children(keyword, value, spot):
            yield from _walk(inlined, child, below)


def _is_open(keyword: str, value: Json) -> bool:
    if keyword == "additionalProperties":
        return value is not False  # a schema speaks for itself
    return keyword in _CLOSING and value in (True, {})


def _required(spot: _Spot, place: str, keyword: str, node: Json) -> Iterator[Assertion]:
    names = node[keyword]
    if keyword == "dependentRequired":
        names = sorted({name for listed in names.values() for name in listed})
    given = node.get("x-rules", {}).get(keyword)
    for name in names:
        yield Assertion(
            path=(*spot.path, keyword, name),
            keyword=keyword,
            rule=RuleId(spot.owner or given or f"{spot.member(name)}.required"),
            instance=spot.instance,
            place=f"{place}/{keyword}",
            value=name,
        )


def _assertion(
    spot: _Spot, place: str, keyword: str, value: Json, named: dict[str, str]
) -> Assertion:
    derived = f"{spot.own}.{WORDS[keyword]}"
    return Assertion(
        path=(*spot.path, keyword),
        keyword=keyword,
        rule=RuleId(named.get(keyword) or spot.owner or derived),
        instance=spot.instance,
        place=f"{place}/{keyword}",
        value=value,
    )


def _children(keyword: str, value: Json, spot: _Spot) -> Iterator[tuple[Json, _Spot]]:
    """Yield the subschemas that hold as they stand, each with where it applies."""
    path = (*spot.path, keyword)
    if keyword in {"then", "else"}:
        yield value, replace(spot, path=path)
    elif keyword in {"allOf", "dependentSchemas"}:
        for name, child in _named(value):
            yield child, replace(spot, path=(*path, name))
    elif keyword in {"properties", "patternProperties"}:
        for name, child in _named(value):
            yield child, _member(spot, path, name)
    elif keyword == "prefixItems":
        for name, child in _named(value):
            yield child, _item(spot, (*path, name), name)
    elif keyword == "items":
        yield value, _item(spot, path, ITEM)
    elif keyword == "additionalProperties":
        yield value, _other(spot, path)


def _named(value: Json) -> list[tuple[str, Json]]:
    if isinstance(value, dict):
        return list(value.items())
    return [(str(index), child) for index, child in enumerate(value)]


def _member(spot: _Spot, path: Path, name: str) -> _Spot:
    if path[-1] != "properties":
        return _other(spot, (*path, name))
    member = spot.member(name)
    return replace(
        spot,
        path=(*path, name),
        instance=(*spot.instance, name),
        own=member,
        inner=member,
        names={},
    )


def _other(spot: _Spot, path: Path) -> _Spot:
    """Go to any member that only a pattern, or nothing, names."""
    own = f"{spot.own}.values"
    instance = (*spot.instance, ITEM)
    return replace(spot, path=path, instance=instance, own=own, inner=own, names={})


def _item(spot: _Spot, path: Path, step: str) -> _Spot:
    return replace(
        spot,
        path=path,
        instance=(*spot.instance, step),
        own=f"{spot.own}.items",
        names={},
    )
