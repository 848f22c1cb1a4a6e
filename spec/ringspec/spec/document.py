"""An OpenAPI document: its references followed, its schemas inlined and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import unquote

from ringspec.spec.errors import SpecError, did_you_mean
from ringspec.spec.reading import check_form, mapping, sequence, text
from ringspec.spec.rules import Catalogue
from ringspec.spec.schemas import CHOICES, CLOSING, FORMATS, VOCABULARY, rebuilt, walk
from ringspec.spec.values import (
    FILES,
    Json,
    Path,
    at_pointer,
    enum_key,
    escape,
    pointer,
    steps,
)

# They change the base URI, or cannot be written as pointers.
_UNSUPPORTED = frozenset({"$dynamicRef", "$recursiveRef", "$id"})


def follow(document: Json, place: str, at: str = "") -> Json:
    """Return the node at a JSON pointer into the document (`#/components/…`).

    Args:
        document: with the other files that it refers to, as `openapi.py` has it.
        place: after the name of such a file, if it is there.
        at: where the reference stands, for messages.
    """
    what = f"{at and f'{at}: '}reference {place!r}"
    file, _, fragment = place.partition("#")
    node = document.get(FILES, {}).get(file) if file else document
    if node is None or isinstance(node, str):
        why = f": {node}" if node else " is in no file of the contract"
        hint = (
            "put it beside the contract, and refer to it by a path: nothing is fetched"
        )
        raise SpecError(f"{what}{why}", hint=hint)
    if not fragment.startswith("/") and (fragment or not file):
        raise SpecError(
            f"{what} is no JSON pointer",
            hint="references look like #/components/schemas/Name",
        )
    for step in steps(place):
        if isinstance(node, dict) and step not in node:
            node, _ = resolve(document, node, place)
        try:
            is_index = step.isascii() and step.isdigit()
            node = node[int(step) if isinstance(node, list) and is_index else step]
        except (KeyError, IndexError, TypeError) as error:
            raise SpecError(
                f"{what} points at nothing",
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
        at, place = place, _reference(node, place)
        if place in seen:
            raise SpecError(
                f"reference {place!r} points at itself",
                hint="make one of the references point to the schema",
            )
        seen.add(place)
        node = follow(document, place, at)
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
        while cut and path[:cut] not in self.origins:
            cut -= 1
        # Of a keyword that another one stands for, that one's place.
        return self.origins.get(path[:cut], "#") + pointer(path[cut:])


def inline(document: Json, place: str, *, is_request: bool = False) -> Inlined:
    """Replace every reference of the schema at a place by its target.

    A schema that contains itself is repeated to a depth; what is deeper may be
    anything, and stays absent from valid bodies.

    Args:
        document: the whole document.
        place: JSON pointer of the schema.
        is_request: whether discriminators bind: JSON Schema itself ignores them.
    """
    node = follow(document, place)
    for depth in _DEPTHS:
        inliner = _Inliner(document, is_request, depth)
        try:
            return Inlined(inliner.schema(node, place), inliner.origins)
        except _TooLarge:
            continue
    raise SpecError(
        f"{place} has more than {_LARGE} subschemas",
        hint="leave out what need not be tested, or refer to it less often",
    )


_TYPES = ("null", "boolean", "object", "array", "string", "integer", "number")
_BITS = {"int32": 32, "int64": 64}


# How often a schema is repeated inside itself; less, where that is too large.
_DEPTHS = (2, 1, 0)
_LARGE = 5000


# A schema whose values are absent from valid bodies, and marks where one was cut off.
_CLOSED: dict[str, Json] = {"x-settled": {"not": {}}}
_CUT = "x-cut"


class _TooLarge(Exception):  # noqa: N818 - the next depth is tried
    """A schema has too many subschemas."""


@dataclass(frozen=True, slots=True)
class _Inliner:
    document: Json
    is_request: bool
    depth: int
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
        if isinstance(node, dict) and "x-nullable" in node:
            node = {name: node[name] for name in node if name != "x-nullable"}
            return _or_null(self.schema(node, place, path, inside))
        if isinstance(node, dict) and "$ref" in node:
            return self._referred(node, place, path, inside)
        self.origins[path] = place
        if len(self.origins) > _LARGE:
            raise _TooLarge
        if isinstance(node, bool):
            # jsonschema gives no location for errors of the schema `false`.
            return {} if node else {"not": {}}
        if self.is_request and "discriminator" in node:
            return self._discriminated(node, place, path, inside)
        return self._plain(node, place, path, inside)

    def _plain(
        self, node: dict[str, Json], place: str, path: Path, inside: Path
    ) -> dict[str, Json]:
        for keyword in node:
            if keyword in _UNSUPPORTED:
                raise SpecError(
                    f"{place} has {keyword}, which is not supported",
                    hint="refer by $ref and JSON pointers into this file",
                )

        def below(keyword: str, steps: Path, child: Json) -> Json:
            if keyword in CLOSING and isinstance(child, bool):
                return child
            at, to = place + pointer(steps), (*path, *steps)
            if keyword == "allOf" and isinstance(child, dict) and "$ref" in child:
                # What a schema extends is no choice of the ones that extend it.
                return self._referred(child, at, to, inside, is_part=True)
            made = self.schema(child, at, to, inside)
            is_optional = keyword == "properties" and steps[1] not in required
            is_cut = is_optional and any(_CUT in each.schema for each in walk(made))
            return _CLOSED if is_cut else made

        required = node.get("required", ())
        schema = self._formatted(rebuilt(node, below), place, path)
        # `dependentSchemas` is a condition on a member's presence.
        for name, sub in schema.pop("dependentSchemas", {}).items():
            parts = schema.setdefault("allOf", [])
            to = (*path, "allOf", str(len(parts)))
            at = f"{place}/dependentSchemas/{escape(name)}"
            self.origins[to] = self.origins[*to, "then"] = at
            schema["allOf"] = [*parts, {"if": {"required": [name]}, "then": sub}]
        return schema

    def _formatted(
        self, node: dict[str, Json], place: str, path: Path
    ) -> dict[str, Json]:
        """Return a schema with the formats of OpenAPI as what they assert.

        Source: OpenAPI Format Registry, int32, int64 and byte.
        """
        form = node.get("format")
        if form is None or form in FORMATS:
            return node
        left = {name: value for name, value in node.items() if name != "format"}
        if form == "byte":
            left["contentEncoding"] = "base64"
        if form in _BITS and re.search("integer|number", str(node.get("type"))):
            most = 2 ** (_BITS[form] - 1)
            bounds = ("minimum", -most, max), ("maximum", most - 1, min)
            for keyword, bound, tighter in bounds:
                if tighter(left.get(keyword, bound), bound) == bound:
                    left[keyword] = bound
                    self.origins[*path, keyword] = f"{place}/format"
        return left

    def _discriminated(
        self, node: dict[str, Json], place: str, path: Path, inside: Path
    ) -> Json:
        """Inline a schema whose values name the branch that they keep to.

        Source: OpenAPI 3.1, Discriminator Object.
        """
        stated = mapping(node["discriminator"], f"{place}/discriminator")
        member = text(stated.get("propertyName"), f"{place}/discriminator/propertyName")
        keyword = next((each for each in sorted(CHOICES) if each in node), "")
        if not keyword:
            children = self._children(place, stated)
            if not children:
                return self._plain(node, place, path, inside)
            node = {**node, "oneOf": [self._extension(e, place) for e in children]}
            keyword = "oneOf"
        mapped = mapping(stated.get("mapping", {}), f"{place}/discriminator/mapping")
        schema = self._plain(node, place, path, inside)
        for index, branch in enumerate(node[keyword]):
            written = branch if isinstance(branch, dict) else {}
            target = written.get("$ref", written.get("x-extension"))
            own = schema[keyword][index]
            if target and _is_free(own, member):
                names = [
                    it for it, each in mapped.items() if self._names(each) == target
                ]
                listed = names or [steps(target)[-1]]
                parts = own.get("allOf", ())
                below = (*path, keyword, str(index), "allOf", str(len(parts)))
                self.origins[below] = f"{place}/discriminator"
                named: dict[str, Json] = {"properties": {member: {"enum": listed}}}
                required = (*node.get("required", ()), *own.get("required", ()))
                if member not in required:
                    named["required"] = [member]
                schema[keyword][index] = {**own, "allOf": [*parts, named]}
        return schema

    def _children(self, place: str, stated: dict[str, Json]) -> list[str]:
        """List the schemas that a discriminator's values name, or that extend it."""
        mapped = map(self._names, stated.get("mapping", {}).values())
        file = place.partition("#")[0]
        home = follow(self.document, f"{file}#") if file else self.document
        schemas = at_pointer(home, "/components/schemas") or {}
        extending = [
            f"{file}#/components/schemas/{escape(name)}"
            for name, each in schemas.items()
            if isinstance(each, dict) and {"$ref": place} in each.get("allOf", ())
        ]
        return list(dict.fromkeys((*mapped, *extending)))

    def _extension(self, child: str, parent: str) -> Json:
        """Return what a schema adds to the one that it extends."""
        node = follow(self.document, child)
        parts = node.get("allOf", ()) if isinstance(node, dict) else ()
        added = [each for each in parts if each != {"$ref": parent}]
        if child == parent or len(added) == len(parts):
            return {"$ref": child} if child != parent else {"x-extension": child}
        return {**node, "allOf": added, "x-extension": child}

    def _names(self, reference: Json) -> str:
        """Return the place that a value of a mapping means."""
        known = self.document.get("components", {}).get("schemas", {})
        if reference in known:
            return f"#/components/schemas/{escape(reference)}"
        return str(reference)

    def _referred(
        self,
        node: dict[str, Json],
        place: str,
        path: Path,
        inside: Path,
        *,
        is_part: bool = False,
    ) -> Json:
        target = _reference(node, place)
        if inside.count(target) > self.depth:
            self.origins[path] = target
            return {**_CLOSED, _CUT: True}
        found = follow(self.document, target, place)
        if is_part and isinstance(found, dict) and not CHOICES & found.keys():
            found = {k: value for k, value in found.items() if k != "discriminator"}
        schema = self.schema(found, target, path, (*inside, target))
        beside = {name: value for name, value in node.items() if name != "$ref"}
        # Annotations beside a reference replace the target's. Assertions are refused:
        # they would need an allOf, without a place in the document.
        for keyword in beside:
            if keyword not in VOCABULARY["annotations"] and not keyword.startswith(
                "x-"
            ):
                raise SpecError(
                    f"{place} has {keyword} beside its $ref",
                    hint="put the $ref into an allOf of its own",
                )
        return {**cast("dict[str, Json]", schema), **beside}


def _or_null(schema: Json) -> Json:
    """Return a schema that null keeps to, but no valid body has, if it did not before.

    To 3.0 `nullable` says nothing beside an enum, a reference or a choice; those who
    write it there mean that null may be sent.
    """
    made = _with_null(schema)
    if made == schema:
        return schema
    return {**made, "x-settled": {"not": {"type": "null"}}}


def _with_null(schema: Json) -> Json:
    """Return a schema with null among what it admits."""
    if not isinstance(schema, dict):
        return schema
    lists = {it: value for it, value in schema.items() if isinstance(value, list)}
    made = dict(schema)
    if isinstance(kind := schema.get("type"), str):
        lists["type"] = [kind]
    for name, null in ("type", "null"), ("enum", None):
        if null not in lists.get(name, [null]):
            made[name] = [*lists[name], null]
    if "allOf" in lists:
        made["allOf"] = [*map(_with_null, lists["allOf"])]
    for choice in CHOICES & lists.keys():
        others = [each for each in lists[choice] if _with_null(each) == each]
        if not others:
            made[choice] = [*map(_with_null, lists[choice][:1]), *lists[choice][1:]]
    return made


def _is_free(branch: Json, member: str) -> bool:
    """Return whether a branch leaves the text of its discriminator open."""
    if not isinstance(branch, dict):
        return False
    own = branch.get("properties", {}).get(member, {})
    parts = branch.get("allOf", ())
    return not {"enum", "const"} & own.keys() and all(
        _is_free(p, member) for p in parts
    )


def check(inlined: Inlined, catalogue: Catalogue) -> None:
    """Check a schema against JSON Schema 2020-12, and our annotations in it."""
    _check_schema(inlined.schema, inlined, ())
    for each in walk(inlined.schema):
        node, place = each.schema, inlined.place_of(each.path)
        for name in ("x-settled", "x-live"):
            if name in node:
                _check_schema(node[name], inlined, (*each.path, name))
        for pattern in (node.get("pattern", ""), *node.get("patternProperties", ())):
            try:
                re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise SpecError(
                    f"{place}: {pattern!r} is no pattern to Python: {error}",
                    hint="keep to what regular expressions of all languages have",
                ) from error
        _check_annotations(node, place, catalogue)


def _check_schema(schema: Json, inlined: Inlined, path: Path) -> None:
    import jsonschema_rs  # noqa: PLC0415 - slow to import

    try:
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    except jsonschema_rs.ValidationError as error:
        below = tuple(str(step) for step in error.instance_path)
        raise SpecError(
            f"{inlined.place_of((*path, *below))}: {error.message}",
            hint=f"{did_you_mean(str(error.instance), _TYPES)}schemas are JSON Schema"
            " 2020-12, as in OpenAPI 3.1",
        ) from error
    except ValueError as error:
        raise SpecError(
            f"{inlined.place_of(path)}: {error}", hint="keep to texts that are Unicode"
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
    named = [node["x-rule"]] if "x-rule" in node else []
    named += node.get("x-rules", {}).values()
    faults = [
        f"{place} names the rule {rule!r}, which the catalogue lacks"
        for rule in named
        if rule not in catalogue.rules
    ]
    prefix = node.get("x-rule-prefix")
    if prefix and not any(it.startswith(f"{prefix}.") for it in catalogue.rules):
        faults.append(f"{place}: no rule of the catalogue begins with {prefix!r}")
    if catalogue.rules and faults:
        hint = "compare the spelling with the catalogue's rows"
        raise SpecError(faults[0], hint=hint)
