"""An OpenAPI document: following its references.

In: plain data. Out: schemas with every `$ref` put in place.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast
from urllib.parse import unquote

from ringspec.spec.errors import SpecError
from ringspec.spec.reading import text
from ringspec.spec.values import Json, steps

# Keywords whose value is a schema, a list of schemas, or schemas by name.
ONE = frozenset(
    {
        *("items", "additionalProperties", "contains", "propertyNames", "not"),
        *("if", "then", "else", "unevaluatedProperties", "unevaluatedItems"),
        "x-settled",
    }
)
MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs"})
# Here `false` is reported at the keyword, and stays as it is.
_CLOSING = frozenset(
    {"additionalProperties", "unevaluatedProperties", "unevaluatedItems"}
)

# They mean another base, or what no pointer can say.
_UNSUPPORTED = frozenset({"$dynamicRef", "$recursiveRef", "$id"})
_ANNOTATIONS = frozenset(
    {
        *("title", "description", "summary", "default", "example", "examples"),
        *("deprecated", "readOnly", "writeOnly", "$comment"),
    }
)


def escape(step: str) -> str:
    """Write a name as one step of an RFC 6901 JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def follow(document: Json, place: str) -> Json:
    """Return what a JSON pointer into the document (`#/components/…`) points at."""
    if not place.startswith("#"):
        raise SpecError(
            f"reference {place!r} leaves the file",
            hint="bundle the contract into one file first",
        )
    if not place.startswith("#/"):
        raise SpecError(
            f"reference {place!r} is no JSON pointer",
            hint="references look like #/components/schemas/Name",
        )
    node = document
    for step in steps(place):
        try:
            node = node[_index(step)] if isinstance(node, list) else node[step]
        except (KeyError, IndexError, TypeError) as error:
            raise SpecError(
                f"reference {place!r} points at nothing",
                hint=f"there is no {step!r} where it leads",
            ) from error
    return node


def _index(step: str) -> int:
    if step.isascii() and step.isdigit():
        return int(step)
    raise KeyError(step)


def _reference(node: dict[str, Json], place: str) -> str:
    # It is a URI's fragment, so `{id}` may be written `%7Bid%7D`.
    return unquote(text(node["$ref"], f"{place}/$ref"))


def resolve(document: Json, node: Json, place: str) -> tuple[Json, str]:
    """Follow references until something else stands there; with its own place."""
    seen: set[str] = set()
    while isinstance(node, dict) and "$ref" in node:
        place = _reference(node, place)
        if place in seen:
            raise SpecError(
                f"reference {place!r} points at itself",
                hint="let one of the references point at what is meant",
            )
        seen.add(place)
        node = follow(document, place)
    return node, place


@dataclass(frozen=True, slots=True)
class Inlined:
    """A schema without references, and where each of its subschemas comes from."""

    schema: Json
    origins: dict[tuple[str, ...], str]

    def place_of(self, path: tuple[str, ...]) -> str:
        """Return the pointer of a path, by the closest subschema around it."""
        cut = len(path)
        while path[:cut] not in self.origins:
            cut -= 1  # the root is always there
        rest = (f"/{escape(step)}" for step in path[cut:])
        return self.origins[path[:cut]] + "".join(rest)


def inline(document: Json, place: str, *, cut: bool = False) -> Inlined:
    """Put every reference of the schema at a place into place.

    Args:
        document: the whole document.
        place: JSON pointer of the schema.
        cut: let a schema that contains itself admit anything the second time,
            instead of refusing it.

    Raises:
        SpecError: a reference dangles, or a schema contains itself.

    """
    inliner = _Inliner(document, cut)
    schema = inliner.schema(follow(document, place), _Spot(place))
    return Inlined(schema, inliner.origins)


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a subschema stands: in the document, in the inlined schema, inside what."""

    place: str
    path: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()

    def below(self, *names: str) -> _Spot:
        below = "".join(f"/{escape(name)}" for name in names)
        return replace(self, place=self.place + below, path=(*self.path, *names))


@dataclass(frozen=True, slots=True)
class _Inliner:
    document: Json
    cut: bool
    origins: dict[tuple[str, ...], str] = field(default_factory=dict)

    def schema(self, node: Json, spot: _Spot) -> Json:
        if not isinstance(node, (dict, bool)):
            raise SpecError(
                f"{spot.place} is not a schema",
                hint="a schema is an object, true or false",
            )
        if isinstance(node, dict) and "$ref" in node:
            return self._referred(node, spot)
        self.origins[spot.path] = spot.place
        if isinstance(node, bool):
            # jsonschema gives no location for what the schema `false` refuses.
            return {} if node else {"not": {}}
        for keyword in node:
            if keyword in _UNSUPPORTED:
                raise SpecError(
                    f"{spot.place} has {keyword}, which is not supported",
                    hint="refer by $ref and JSON pointers into this file",
                )
        return {
            keyword: self._keyword(keyword, value, spot)
            for keyword, value in node.items()
        }

    def _referred(self, node: dict[str, Json], spot: _Spot) -> Json:
        target = _reference(node, spot.place)
        if target in spot.inside:
            if self.cut:
                self.origins[spot.path] = target
                return {}
            raise SpecError(
                f"schema {target} contains itself",
                hint="recursive schemas are not supported: bound the depth",
            )
        inner = replace(spot, place=target, inside=(*spot.inside, target))
        found = self.schema(follow(self.document, target), inner)
        beside = {name: value for name, value in node.items() if name != "$ref"}
        return _merge(found, beside, spot.place)

    def _keyword(self, keyword: str, value: Json, spot: _Spot) -> Json:
        if keyword in ONE and not (keyword in _CLOSING and isinstance(value, bool)):
            return self.schema(value, spot.below(keyword))
        if keyword in MANY and isinstance(value, list):
            return [
                self.schema(child, spot.below(keyword, str(index)))
                for index, child in enumerate(value)
            ]
        if keyword in NAMED and isinstance(value, dict):
            return {
                name: self.schema(child, spot.below(keyword, name))
                for name, child in value.items()
            }
        return value


def _merge(found: Json, beside: dict[str, Json], place: str) -> Json:
    # Annotations beside a reference replace the target's; assertions would need an
    # allOf whose places nobody wrote, so they are refused.
    for keyword in beside:
        if keyword not in _ANNOTATIONS and not keyword.startswith("x-"):
            raise SpecError(
                f"{place} has {keyword} beside its $ref",
                hint="put the $ref into an allOf of its own",
            )
    return {**cast("dict[str, Json]", found), **beside}
