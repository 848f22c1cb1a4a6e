"""JSON Schema: a table of its keywords, and iteration over subschemas.

Code about schemas looks up keywords in `KEYWORDS` and reaches subschemas by these
functions only: `subschemas` yields those right below a schema, `walk` a schema and all
below it, `branches` lists those about the same value, `rebuilt` replaces those right
below. `pointer(each.path)` is a JSON pointer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as File
from typing import Literal

from ringspec.spec.values import Json, Path

# Any item of an array, and any member without a name, in an instance path: no name.
ITEM = "\0"
# These three fail as one.
CONTAINS = frozenset({"contains", "minContains", "maxContains"})
# An annotation of ours: expressions about a value, by the ids of their rules.
HOLDS = "x-holds"
# Their branches are alternatives.
CHOICES = frozenset({"anyOf", "oneOf"})
# Words of JSON Schema and OpenAPI, and what is known of them.
VOCABULARY: Json = json.loads(File(__file__).with_name("vocabulary.json").read_bytes())
# The formats that validators check, with a plain text of each kind; any other is an
# annotation. What the texts name is reserved by RFC 2606, 3849 and 5737.
FORMATS: dict[str, str | None] = VOCABULARY["formats"]
# `false` is reported at these keywords, and is not turned into an object.
CLOSING = frozenset(
    {"additionalProperties", "unevaluatedProperties", "unevaluatedItems"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """The properties of one keyword."""

    # Last word of the id of a derived rule; empty if nothing fails by it.
    word: str = ""
    # JSON type of the values it is about, `number` for integers too; values of other
    # types keep to it. Empty if it is about any value.
    about: str = ""
    # `one` schema, a `list` of them, or schemas by name (`named`).
    holds: Literal["", "one", "list", "named"] = ""
    # The values its subschemas are about: the `same` as the schema's, its `members` or
    # its `items`.
    speaks_of: Literal["same", "members", "items"] = "same"
    # Whether its subschemas fail by themselves; if not, the keyword.
    fails_inside: bool = False


# `propertyNames` applies to the names of members. `$defs` asserts nothing by itself;
# references to it are inlined. `x-settled` is ours: a further schema of valid bodies.
KEYWORDS = {name: Keyword(**row) for name, row in VOCABULARY["keywords"].items()}
ABOUT = {name: each.about for name, each in KEYWORDS.items() if each.about}
_BRANCHES = frozenset({"allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"})
_NONE = Keyword()


@dataclass(frozen=True, slots=True)
class Subschema:
    """A schema inside another one."""

    schema: Json  # an object, or a boolean
    path: Path = ()  # steps from the outermost schema: keywords, names and indexes
    # The values it applies to: member names, indexes, `*` for any other.
    instance: Path = ()
    keyword: str = ""  # the keyword it stands at; empty for the outermost schema
    # Whether it fails by itself: no choice or condition is around it.
    holds: bool = True


# A step behind these is a name, or a number.
_NAMING = {name for name, each in KEYWORDS.items() if each.holds in {"list", "named"}}
_NAMING |= {"required", "dependentRequired"}


def keywords(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the keywords in a path with their indexes, without names of members."""
    named = False
    for index, step in enumerate(path):
        if not named:
            yield index, step
        named = not named and step in _NAMING


def subschemas(parent: Subschema) -> Iterator[Subschema]:
    """Yield the schemas right below one, in its order, without `$defs`."""
    node = parent.schema
    for keyword in node if isinstance(node, dict) else ():
        known = KEYWORDS.get(keyword, _NONE)
        if not known.holds or keyword == "$defs":
            continue
        # `then` and `else` say nothing without an `if`.
        stands = keyword not in {"then", "else"} or "if" in node
        holds = parent.holds and known.fails_inside and stands
        for steps, child in _held(known, keyword, node[keyword]):
            below: Path = () if known.speaks_of == "same" else (ITEM,)
            if keyword in {"properties", "prefixItems"}:
                below = steps[1:]
            instance = (*parent.instance, *below)
            path = (*parent.path, *steps)
            yield Subschema(child, path, instance, keyword, holds)


def _held(known: Keyword, keyword: str, value: Json) -> Iterator[tuple[Path, Json]]:
    """Yield the schemas of a keyword with their steps; none of a malformed value."""
    if known.holds == "one":
        yield (keyword,), value
    elif known.holds == "list" and isinstance(value, list):
        yield from (((keyword, str(n)), child) for n, child in enumerate(value))
    elif known.holds == "named" and isinstance(value, dict):
        yield from (((keyword, name), child) for name, child in value.items())


def types_of(schema: Json, usual: Iterable[str] = ()) -> list[str]:
    """List the types that a schema states, else the usual ones."""
    stated = schema.get("type", usual)
    return [stated] if isinstance(stated, str) else [*stated]


def walk(schema: Json) -> Iterator[Subschema]:
    """Yield a schema and all below it that are objects, each before its own."""
    pending = [Subschema(schema)]
    while pending:
        each = pending.pop()
        if isinstance(each.schema, dict):
            yield each
            pending += reversed([*subschemas(each)])


def branches(schema: Json) -> list[Json]:
    """List the schemas right below one about the same value, as objects."""
    return [
        each.schema
        for each in subschemas(Subschema(schema))
        if each.keyword in _BRANCHES and isinstance(each.schema, dict)
    ]


def rebuilt(
    schema: dict[str, Json], change: Callable[[str, Path, Json], Json]
) -> dict[str, Json]:
    """Return a schema with each one right below it changed, `$defs` included.

    Args:
        schema: stays unchanged.
        change: gets the keyword, the steps to the subschema and the subschema.
    """
    changed = dict(schema)
    for keyword, value in schema.items():
        known = KEYWORDS.get(keyword, _NONE)
        held = [
            change(keyword, steps, child)
            for steps, child in _held(known, keyword, value)
        ]
        if held and known.holds == "named":
            changed[keyword] = dict(zip(value, held, strict=True))
        elif held:
            changed[keyword] = held if known.holds == "list" else held[0]
    return changed
