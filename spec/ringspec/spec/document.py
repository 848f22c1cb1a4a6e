"""An OpenAPI document: its references followed, its schemas inlined and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import unquote

from ringspec.spec.errors import SpecError
from ringspec.spec.reading import check_form, mapping, sequence, text
from ringspec.spec.rules import Catalogue
from ringspec.spec.schemas import CLOSING, rebuilt, walk
from ringspec.spec.values import Json, Path, enum_key, escape, pointer, steps

# They change the base URI, or cannot be written as pointers.
_UNSUPPORTED = frozenset({"$dynamicRef", "$recursiveRef", "$id"})
_ANNOTATIONS = frozenset(
    {
        *("title", "description", "summary", "default", "example", "examples"),
        *("deprecated", "readOnly", "writeOnly", "$comment"),
    }
)


def follow(document: Json, place: str) -> Json:
    """Return the node at a JSON pointer into the document (`#/components/…`)."""
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
            is_index = step.isascii() and step.isdigit()
            node = node[int(step) if isinstance(node, list) and is_index else step]
        except (KeyError, IndexError, TypeError) as error:
            raise SpecError(
                f"reference {place!r} points at nothing",
                hint=f"there is no {step!r} where it leads",
            ) from error
    return node


def _reference(node: dict[str, Json], place: str) -> str:
    # It is a URI's fragment, so `{id}` may be written `%7Bid%7D`.
    return unquote(text(node["$ref"], f"{place}/$ref"))


def resolve(document: Json, node: Json, place: str) -> tuple[Json, str]:
    """Follow the references of a node; return the one they lead to, and its place."""
    seen: set[str] = set()
    while isinstance(node, dict) and "$ref" in node:
        place = _reference(node, place)
        if place in seen:
            raise SpecError(
                f"reference {place!r} points at itself",
                hint="make one of the references point to the schema",
            )
        seen.add(place)
        node = follow(document, place)
    return node, place


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A node of a document, its reference followed.

    Attributes:
        place: JSON pointer of the referenced node.
    """

    document: Json
    value: Json
    place: str = "#"

    def at(self, name: str, default: Json = None) -> Node:
        """Return a member of an object; without it, one of the default value."""
        given = mapping(self.value, self.place).get(name, default)
        place = f"{self.place}/{escape(name)}"
        return Node(self.document, *resolve(self.document, given, place))

    def members(self) -> list[tuple[str, Node]]:
        """List the members of an object."""
        return [(name, self.at(name)) for name in mapping(self.value, self.place)]

    def items(self) -> list[Node]:
        """List the items of a list."""
        places = enumerate(sequence(self.value, self.place))
        found = (resolve(self.document, v, f"{self.place}/{n}") for n, v in places)
        return [Node(self.document, *each) for each in found]

    def text(self) -> str:
        """Return a text that is not empty."""
        return text(self.value, self.place)

    def has(self, name: str) -> bool:
        """Return whether an object has a member."""
        return name in mapping(self.value, self.place)


@dataclass(frozen=True, slots=True)
class Inlined:
    """A schema without references.

    Attributes:
        origins: places in the document of its subschemas, by their paths.
    """

    schema: Json
    origins: dict[Path, str]

    def place_of(self, path: Path) -> str:
        """Return the pointer of a path, by the closest subschema around it."""
        cut = len(path)
        while path[:cut] not in self.origins:
            cut -= 1  # the root is always there
        return self.origins[path[:cut]] + pointer(path[cut:])


def inline(document: Json, place: str, *, cut: bool = False) -> Inlined:
    """Replace every reference of the schema at a place by its target.

    Args:
        document: the whole document.
        place: JSON pointer of the schema.
        cut: let a recursive schema admit anything at its second level, instead of an
            error.
    """
    inliner = _Inliner(document, cut)
    return Inlined(inliner.schema(follow(document, place), place), inliner.origins)


@dataclass(frozen=True, slots=True)
class _Inliner:
    document: Json
    cut: bool
    origins: dict[Path, str] = field(default_factory=dict)

    def schema(
        self, node: Json, place: str, path: Path = (), inside: Path = ()
    ) -> Json:
        """Inline a node at a place and a path, inside of references."""
        if not isinstance(node, (dict, bool)):
            raise SpecError(
                f"{place} is not a schema",
                hint="a schema is an object, true or false",
            )
        if isinstance(node, dict) and "$ref" in node:
            return self._referred(node, place, path, inside)
        self.origins[path] = place
        if isinstance(node, bool):
            # jsonschema gives no location for errors of the schema `false`.
            return {} if node else {"not": {}}
        for keyword in node:
            if keyword in _UNSUPPORTED:
                raise SpecError(
                    f"{place} has {keyword}, which is not supported",
                    hint="refer by $ref and JSON pointers into this file",
                )

        def below(keyword: str, steps: Path, child: Json) -> Json:
            if keyword in CLOSING and isinstance(child, bool):
                return child
            return self.schema(child, place + pointer(steps), (*path, *steps), inside)

        return rebuilt(node, below)

    def _referred(
        self, node: dict[str, Json], place: str, path: Path, inside: Path
    ) -> Json:
        target = _reference(node, place)
        if target in inside:
            if self.cut:
                self.origins[path] = target
                return {}
            raise SpecError(
                f"schema {target} contains itself",
                hint="recursive schemas are not supported: bound the depth",
            )
        found = follow(self.document, target)
        schema = self.schema(found, target, path, (*inside, target))
        beside = {name: value for name, value in node.items() if name != "$ref"}
        # Annotations beside a reference replace the target's. Assertions are refused:
        # they would need an allOf, without a place in the document.
        for keyword in beside:
            if keyword not in _ANNOTATIONS and not keyword.startswith("x-"):
                raise SpecError(
                    f"{place} has {keyword} beside its $ref",
                    hint="put the $ref into an allOf of its own",
                )
        return {**cast("dict[str, Json]", schema), **beside}


def check(inlined: Inlined, catalogue: Catalogue) -> None:
    """Check a schema against JSON Schema 2020-12, and our annotations in it."""
    _check_schema(inlined.schema, inlined, ())
    for each in walk(inlined.schema):
        node, place = each.schema, inlined.place_of(each.path)
        for name in ("x-settled", "x-live"):
            if name in node:
                _check_schema(node[name], inlined, (*each.path, name))
        for pattern in (node.get("pattern", ""), *node.get("patternProperties", ())):
            _check_pattern(pattern, place)
        _check_annotations(node, place, catalogue)


def _check_schema(schema: Json, inlined: Inlined, path: Path) -> None:
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


def _check_annotations(node: dict[str, Json], place: str, catalogue: Catalogue) -> None:
    stated = {name: node[name] for name in node if name.startswith("x-")}
    if not stated:
        return
    check_form(stated, "annotations", place)
    values = [enum_key(value) for value in node.get("enum", ())]
    for name, known, what in (
        ("x-enum-evidence", values, "in the enum"),
        ("x-rules", node, "beside it"),
    ):
        for each in node.get(name, ()):
            if each not in known:
                raise SpecError(
                    f"{place}/{name} names {each!r}, which is not {what}",
                    hint="compare the spelling",
                )
    if catalogue.rules:
        _check_rules(node, place, catalogue)


def _check_rules(node: dict[str, Json], place: str, catalogue: Catalogue) -> None:
    hint = "compare the spelling with the catalogue's rows"
    named = [node["x-rule"]] if "x-rule" in node else []
    for rule in [*named, *node.get("x-rules", {}).values()]:
        if rule not in catalogue.rules:
            raise SpecError(
                f"{place} names the rule {rule!r}, which the catalogue lacks", hint=hint
            )
    prefix = node.get("x-rule-prefix")
    if prefix and not any(id_.startswith(f"{prefix}.") for id_ in catalogue.rules):
        raise SpecError(
            f"{place}: no rule of the catalogue begins with {prefix!r}", hint=hint
        )
