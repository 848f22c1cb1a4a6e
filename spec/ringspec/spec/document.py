"""An OpenAPI document: its references followed, its schemas inlined and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import unquote, urljoin

import jsonschema_rs

from ringspec.spec.errors import SpecError, did_you_mean, nearest, spec_error
from ringspec.spec.patterns import portable
from ringspec.spec.reading import check_form, mapping, sequence, text
from ringspec.spec.rules import RULES, Catalogue, rows_of
from ringspec.spec.schemas import (
    CHOICES,
    CLOSING,
    FORMATS,
    HOLDS,
    KEYWORDS,
    VOCABULARY,
    Subschema,
    keywords,
    rebuilt,
    subschemas,
    walk,
)
from ringspec.spec.values import (
    FILES,
    Json,
    Path,
    at_path,
    at_pointer,
    enum_key,
    escape,
    pointer,
    steps,
)


def follow(document: Json, place: str, at: str = "") -> Json:
    """Return the node at a JSON pointer into the document (`#/components/…`).

    The name of another file, as `openapi.py` has it, leads the pointer into that one.
    Messages say that the reference stands `at` a place.
    """
    what = f"{at and f'{at}: '}reference {place!r}"
    file, _, fragment = place.partition("#")
    node = document.get(FILES, {}).get(file) if file else document
    if node is None or isinstance(node, str):
        why = f": {node}" if node else " is in no file of the contract"
        raise spec_error("no-file", what=what, why=why)
    if not fragment.startswith("/") and (fragment or not file):
        raise spec_error("no-pointer", what=what)
    for step in steps(place):
        if isinstance(node, dict) and step not in node:
            node, _ = resolve(document, node, place)
        try:
            is_index = step.isascii() and step.isdigit()
            node = node[int(step) if isinstance(node, list) and is_index else step]
        except (KeyError, IndexError, TypeError) as error:
            raise spec_error("no-target", what=what, step=step) from error
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
            raise spec_error("own-reference", place=place)
        seen.add(place)
        node = follow(document, place, at)
    return node, place


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A node of a document, its reference followed."""

    document: Json
    value: Json
    place: str = "#"  # JSON pointer of the referenced node

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
    """A schema without references."""

    schema: Json = field(default_factory=dict)
    # Places in the document of its subschemas, by their paths.
    origins: dict[Path, str] = field(default_factory=dict)
    # What cannot be read, by the paths of schemas that no valid body has a value of;
    # what is left of these asserts less.
    faults: dict[Path, SpecError] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)  # what is odd, and stops nothing

    def around(self, path: Path) -> Path:
        """Return the path of the closest subschema around a path."""
        cut = len(path)
        while cut and path[:cut] not in self.origins:
            cut -= 1
        return path[:cut]

    def place_of(self, path: Path) -> str:
        """Return the pointer of a path, by the closest subschema around it."""
        around = self.around(path)
        # Of a keyword that another one stands for, that one's place.
        return self.origins.get(around, "#") + pointer(path[len(around) :])

    def leave_out(self, path: Path, error: SpecError) -> None:
        """Keep the values of a schema that cannot be read out of valid bodies."""
        self.notices.append(f"{error}; what depends on it is not tested")
        for index, keyword in keywords(path):
            # On what stands in a condition, the schema around it depends.
            if keyword not in _SETTLED:
                path = path[:index]
                break
        with suppress(KeyError, TypeError):  # it is left out already
            at_path(self.schema, path).update(_CLOSED)
        self.faults.setdefault(path, error)

    def unavoidable(self, path: Path = ()) -> SpecError | None:
        """Return a fault that every value of a schema meets; None without one."""
        if path in self.faults:
            return self.faults[path]
        node = at_path(self.schema, path)
        below: dict[str, list[SpecError | None]] = {}
        for each in subschemas(Subschema(node, path)):
            needed = each.keyword in {"allOf", *CHOICES}
            if each.keyword == "properties" and node.get("type", "object") == "object":
                needed = each.path[-1] in node.get("required", ())
            elif each.keyword == "items" and node.get("type") == "array":
                needed = node.get("minItems", 0) > 0
            if needed:
                below.setdefault(each.keyword, []).append(self.unavoidable(each.path))
        for keyword, found in below.items():
            if all(found) if keyword in CHOICES else any(found):
                return next(filter(None, found))
        return None


# The keywords whose schemas have settled forms of their own.
_SETTLED = frozenset(
    {"properties", "patternProperties", "items", "allOf", "anyOf", "oneOf"}
)


def inline(document: Json, place: str, *, is_request: bool = False) -> Inlined:
    """Replace every reference of the schema at a place by its target.

    A schema that contains itself is repeated to a depth; what is deeper may be
    anything, and stays absent from valid bodies. So does what cannot be read.
    Discriminators bind in a request: JSON Schema itself ignores them.
    """
    node = follow(document, place)
    for depth, reach in _DEPTHS:
        inliner = _Inliner(document, is_request, depth, reach)
        try:
            schema = inliner.schema(node, place)
        except _TooLarge:
            continue
        found = Inlined(schema, inliner.origins, notices=inliner.notices)
        for path, error in inliner.faults:
            found.leave_out(path, error)
        for path in inliner.cuts:
            what = f"{found.place_of(path)} contains itself, and nothing ends it"
            hint = "make one of the members on the way optional"
            found.faults.setdefault(path, SpecError(what, hint=hint))
        if reach < _FAR:
            found.notices.append(
                f"{place} has more than {_LARGE} subschemas: what is behind"
                f" {reach} references is not tested"
            )
        return found
    raise spec_error("too-large", place=place, most=_LARGE)


_TYPES = ("null", "boolean", "object", "array", "string", "integer", "number")
# Source: OpenAPI Format Registry.
_BITS = re.compile(r"(u?)int(8|16|32|64)")


# How often a schema is repeated inside itself, and the most references on the way to
# one; less, where that is too large.
_FAR = 1000
_DEPTHS = ((2, _FAR), (1, _FAR), (0, _FAR), (0, 5), (0, 3), (0, 2), (0, 1))
_LARGE = 5000


# A schema whose values are absent from valid bodies.
_CLOSED: dict[str, Json] = {"x-settled": {"not": {}}}
# They say what a schema is, not what its values are.
_NAMES = frozenset(
    {"$id", "$schema", "$anchor", "$dynamicAnchor", "$vocabulary", "$defs"}
) | {"definitions"}
_OLD = frozenset(VOCABULARY["old"])


class _TooLarge(Exception):  # noqa: N818 - the next depth is tried
    """A schema has too many subschemas."""


@dataclass(frozen=True, slots=True)
class _Inliner:
    """Inlines a schema."""

    document: Json
    is_request: bool
    depth: int  # how often a schema is repeated inside itself
    reach: int  # most references on the way to a schema
    origins: dict[Path, str] = field(default_factory=dict)
    # What cannot be read, with the paths of the schemas around.
    faults: list[tuple[Path, SpecError]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    # Paths at which the schema is cut off.
    cuts: list[Path] = field(default_factory=list)
    # Places of schemas that have an `$id`.
    bases: list[str] = field(default_factory=list)

    def schema(
        self, node: Json, place: str, path: Path = (), inside: Path = ()
    ) -> Json:
        """Inline a node at a place and a path, inside of references."""
        self.origins[path] = place
        if len(self.origins) > _LARGE:
            raise _TooLarge
        try:
            return self._read(node, path, inside)
        except SpecError as error:
            self.faults.append((path, error))
            return {}

    def _read(self, node: Json, path: Path, inside: Path) -> Json:
        place = self.origins[path]
        if isinstance(node, bool):
            # jsonschema gives no location for errors of the schema `false`.
            return {} if node else {"not": {}}
        if not isinstance(node, dict):
            raise spec_error("no-schema", place=place)
        if "x-nullable" in node:
            node = {name: node[name] for name in node if name != "x-nullable"}
            return _or_null(self._read(node, path, inside))
        if isinstance(node.get("$id"), str):
            self.bases.append(place)
        if "$ref" in node or "$dynamicRef" in node:
            return self._referred(node, path, inside)
        if self.is_request and isinstance(node.get("discriminator"), dict):
            try:
                return self._discriminated(node, path, inside)
            except SpecError as error:
                self.notices.append(f"{error}; the discriminator is ignored")
        return self._plain(node, path, inside)

    def _holding(self, node: dict[str, Json]) -> dict[str, Json]:
        """Take the expressions out of `x-rules`; of answers they say nothing."""
        named, rows = rows_of(node.get(RULES, {}))
        if not rows:
            return node
        made = {name: it for name, it in node.items() if name != RULES}
        made |= {RULES: named} if named else {}
        return {**made, HOLDS: rows} if self.is_request else made

    def _plain(self, node: dict[str, Json], path: Path, inside: Path) -> Json:
        place = self.origins[path]
        for keyword in _OLD & node.keys():
            fault = f"{place} has {keyword}, which JSON Schema 2020-12 lacks"
            hint = VOCABULARY["instead"].get(keyword, "state it by other keywords")
            self.faults.append((path, SpecError(fault, hint=hint)))
        required = _listed(node, "required")
        gone = _NAMES | _OLD

        def below(keyword: str, steps: Path, child: Json) -> Json:
            if keyword in CLOSING and isinstance(child, bool):
                return child
            at, to = place + pointer(steps), (*path, *steps)
            if keyword == "patternProperties":
                to = (*path, keyword, portable(steps[1]) or "")
            if keyword == "allOf" and isinstance(child, dict) and "$ref" in child:
                # What a schema extends is no choice of the ones that extend it; alone,
                # and without a name, it is not extended.
                self.origins[to] = at
                is_named = re.fullmatch(r".*#/components/schemas/[^/]+", place)
                is_part = bool(is_named) or len(node[keyword]) > 1
                return self._referred(child, to, inside, is_part=is_part)
            known = len(self.cuts)
            made = self.schema(child, at, to, inside)
            is_optional = keyword == "properties" and steps[1] not in required
            if not is_optional or len(self.cuts) == known:
                return made
            del self.cuts[known:]
            return dict(_CLOSED)

        kept = {name: value for name, value in node.items() if name not in gone}
        kept = self._holding(kept)
        kept = self._sent(kept, place)
        schema = self._formatted(self._patterned(rebuilt(kept, below), path), path)
        # `dependentSchemas` is a condition on a member's presence.
        conditions = schema.get("dependentSchemas")
        for name, sub in conditions.items() if isinstance(conditions, dict) else ():
            parts = schema.setdefault("allOf", [])
            to = (*path, "allOf", str(len(parts)))
            at = f"{place}/dependentSchemas/{escape(name)}"
            self.origins[to] = self.origins[*to, "then"] = at
            schema["allOf"] = [*parts, {"if": {"required": [name]}, "then": sub}]
            schema.pop("dependentSchemas", None)
        return schema

    def _sent(self, node: dict[str, Json], place: str) -> dict[str, Json]:
        """Return a schema whose valid values have the members with `required: true`.

        To draft 3 they are required; what this draft demands of them, nothing says.
        """
        given = node.get("properties")
        members = dict(given) if isinstance(given, dict) else {}
        needed = []
        for name, child in members.items():
            if isinstance(child, dict) and isinstance(child.get("required"), bool):
                members[name] = {k: v for k, v in child.items() if k != "required"}
                needed += [name] * child["required"]
                where = f"{place}/properties/{escape(name)}/required"
                self.notices.append(f"{where} is no list: no rule is read from it")
        if not needed:
            return {**node, "properties": members} if members else node
        own = {"allOf": [node["x-settled"]]} if "x-settled" in node else {}
        settled = {"required": needed, **own}
        return {**node, "properties": members, "x-settled": settled}

    def _patterned(self, node: dict[str, Json], path: Path) -> dict[str, Json]:
        """Return a schema with patterns that all engines read alike.

        Of a text, the one written stands beside it.
        """
        given, named = node.get("pattern"), node.get("patternProperties")
        of_names = named if isinstance(named, dict) else {}
        written = [*of_names, *([given] if isinstance(given, str) else [])]
        found = {each: portable(each) for each in written}
        for each in written:
            if found[each] is None:
                where = "pattern" if each == given else "patternProperties"
                fault = f"{self.origins[path]}/{where}: {each!r} is no pattern of"
                hint = "keep to what regular expressions of all languages have"
                error = SpecError(f"{fault} ECMA 262 that is read", hint=hint)
                self.faults.append((path, error))
        if given in found and found[given] != given:
            node = {**node, "pattern": found[given] or "", "x-pattern": given}
        if any(found[each] != each for each in of_names):
            kept = {found[name] or "": sub for name, sub in of_names.items()}
            node = {**node, "patternProperties": kept}
        return node

    def _formatted(self, node: dict[str, Json], path: Path) -> dict[str, Json]:
        """Return a schema with the formats of OpenAPI as what they assert.

        Source: OpenAPI Format Registry; what it does not have is an annotation.
        """
        form = node.get("format")
        if form is None or form in FORMATS or not isinstance(form, str):
            return node
        left = {name: value for name, value in node.items() if name != "format"}
        if form == "byte":
            left["contentEncoding"] = "base64"
        bits = _BITS.fullmatch(form)
        if bits and re.search("integer|number", str(node.get("type"))):
            size = 2 ** int(bits[2])
            least = 0 if bits[1] else -size // 2
            bounds = ("minimum", least, max), ("maximum", least + size - 1, min)
            for keyword, bound, tighter in bounds:
                known = left.get(keyword, bound)
                if isinstance(known, int | float) and tighter(known, bound) == bound:
                    left[keyword] = bound
                    self.origins[*path, keyword] = f"{self.origins[path]}/format"
        return left

    def _discriminated(self, node: dict[str, Json], path: Path, inside: Path) -> Json:
        """Inline a schema whose values name the branch that they keep to.

        Source: OpenAPI 3.1, Discriminator Object.
        """
        place = self.origins[path]
        stated = mapping(node["discriminator"], f"{place}/discriminator")
        member = text(stated.get("propertyName"), f"{place}/discriminator/propertyName")
        keyword = next((each for each in sorted(CHOICES) if each in node), "")
        if not keyword:
            children = self._children(place, stated)
            if not children:
                return self._plain(node, path, inside)
            node = {**node, "oneOf": [self._extension(e, place) for e in children]}
            keyword = "oneOf"
        mapped = mapping(stated.get("mapping", {}), f"{place}/discriminator/mapping")
        schema = self._plain(node, path, inside)
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
                required = (*_listed(node, "required"), *_listed(own, "required"))
                if member not in required:
                    named["required"] = [member]
                schema[keyword][index] = {**own, "allOf": [*parts, named]}
        return schema

    def _children(self, place: str, stated: dict[str, Json]) -> list[str]:
        """List the schemas that a discriminator's values name, or that extend it."""
        mapped = map(self._names, stated.get("mapping", {}).values())
        file = place.partition("#")[0]
        home = self.document.get(FILES, {}).get(file, self.document)
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
        if reference in self.document.get("components", {}).get("schemas", {}):
            return f"#/components/schemas/{escape(reference)}"
        return str(reference)

    def _referred(
        self, node: dict[str, Json], path: Path, inside: Path, *, is_part: bool = False
    ) -> Json:
        place = self.origins[path]
        target = self._target(node, place)
        beside = {k: v for k, v in node.items() if k not in {"$ref", "$dynamicRef"}}
        if any(k in KEYWORDS and k not in _NAMES for k in beside):
            parts = [*_listed(beside, "allOf"), {"$ref": target}]
            return self._read({**beside, "allOf": parts}, path, inside)
        if inside.count(target) > self.depth or len(inside) >= self.reach:
            self.origins[path] = target
            self.cuts.append(path)
            return dict(_CLOSED)
        found = follow(self.document, target, place)
        if is_part and isinstance(found, dict) and not CHOICES & found.keys():
            found = {k: value for k, value in found.items() if k != "discriminator"}
        schema = self.schema(found, target, path, (*inside, target))
        # Annotations beside a reference replace the target's.
        more = {name: value for name, value in beside.items() if name not in _NAMES}
        return {**cast("dict[str, Json]", schema), **more}

    def _target(self, node: dict[str, Json], place: str) -> str:
        """Return the place that a reference names: a pointer, an anchor or an `$id`."""
        dynamic = "$ref" not in node
        given = _reference({"$ref": node["$dynamicRef"]} if dynamic else node, place)
        base, around = "", self.document
        for step in steps(place) if self.bases else ():
            around = at_pointer(around, f"/{escape(step)}")
            if isinstance(around, dict) and isinstance(around.get("$id"), str):
                base = urljoin(base, around["$id"])
        if given.startswith("#/") and not base:
            return given
        whole = base + given if given.startswith("#") else urljoin(base, given)
        uri, _, fragment = whole.partition("#")
        listed = [*_named(self.document)]
        if dynamic and sum(it.endswith(f"#{fragment}") for it, _ in listed) > 1:
            raise spec_error("several-schemas", place=place, given=given)
        if fragment and not fragment.startswith("/"):
            return dict(listed).get(f"{uri}#{fragment}", given)
        found = dict(listed).get(uri)
        return f"{found}{fragment}" if found else given


def _named(node: Json, place: str = "#", base: str = "") -> Iterator[tuple[str, str]]:
    """Yield the schemas that have an `$id` or an anchor: the URI and place of each."""
    if isinstance(node, dict):
        if isinstance(node.get("$id"), str):
            base = urljoin(base, node["$id"]).rstrip("#")
            yield base, place
        for word in ("$anchor", "$dynamicAnchor"):
            if isinstance(node.get(word), str):
                yield f"{base}#{node[word]}", place
    listed = node.items() if isinstance(node, dict) else ()
    for name, child in enumerate(node) if isinstance(node, list) else listed:
        if isinstance(child, dict | list):
            yield from _named(child, f"{place}/{escape(str(name))}", base)


def _listed(node: dict[str, Json], keyword: str) -> list[Json]:
    """Return the list of a keyword; an empty one, if it is malformed."""
    found = node.get(keyword)
    return found if isinstance(found, list) else []


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


def check(
    inlined: Inlined, catalogue: Catalogue, shown: Sequence[Json] | None = None
) -> list[Json]:
    """Check a schema against JSON Schema 2020-12, and our annotations in it.

    What is wrong in it is left out, with a notice. So are examples that break what they
    are examples of, if some are `shown` of the whole: those that fit are returned.
    """
    _mend(inlined)
    fitting = [] if shown is None else _check_examples(inlined, shown)
    for each in walk(inlined.schema):
        node, place = each.schema, inlined.place_of(each.path)
        for name in ("x-settled", "x-live"):
            if name in node:
                _check_schema(node[name], inlined, (*each.path, name))
        for name in (it for it in node.keys() - _KNOWN if not it.startswith("x-")):
            for near in nearest(name, _KNOWN, cutoff=0.75):
                hint = f"did you mean {near}?"
                inlined.notices.append(
                    f"{place} has {name}, which says nothing: {hint}"
                )
        _check_annotations(node, place, catalogue)
    return fitting


_KNOWN = frozenset((*KEYWORDS, *VOCABULARY["annotations"], *VOCABULARY["old"])) | {
    *VOCABULARY["read with others"]
}


def _mend(inlined: Inlined) -> None:
    """Take out the keywords whose values JSON Schema does not admit."""
    draft = jsonschema_rs.Draft202012Validator
    try:
        draft(inlined.schema)
    except jsonschema_rs.ValidationError:
        faults = [*draft({"$ref": _META}).iter_errors(inlined.schema)]
        for error in faults:
            path = tuple(str(step) for step in error.instance_path)
            around = inlined.around(path)
            keyword = path[len(around)]
            at_path(inlined.schema, around).pop(keyword, None)
            fault = f"{inlined.place_of(path)}: {error.message}"
            if keyword in VOCABULARY["annotations"]:
                inlined.notices.append(f"{fault}; it is not used")
            else:
                inlined.leave_out(around, SpecError(fault, hint=_hint(error)))
    except ValueError:
        _check_schema(inlined.schema, inlined, ())


_META = "https://json-schema.org/draft/2020-12/schema"


def _check_examples(inlined: Inlined, shown: Sequence[Json]) -> list[Json]:
    """Leave out the examples and defaults that break what they stand in."""
    whole: dict[str, Json] = {**inlined.schema, "examples": [*shown]}
    listed = [(whole, "examples", "an example of the body", each) for each in shown]
    for each in walk(inlined.schema):
        around = {keyword for _, keyword in keywords(each.path)}
        # An example has to fit only where any value does.
        if around & {"not", "if", "contains"}:
            continue
        node, place = each.schema, inlined.place_of(each.path)
        named = [it for it in ("default", "example") if it in node]
        listed += [(node, name, f"{place}/{name}", node[name]) for name in named]
        for index, value in enumerate(node.get("examples", ())):
            listed.append((node, "examples", f"{place}/examples/{index}", value))
    for node, name, place, value in listed:
        validator = jsonschema_rs.Draft202012Validator(node, validate_formats=True)
        try:
            error = next(validator.iter_errors(value), None)
        except ValueError:  # a lone surrogate
            continue
        if error is not None:
            fault = f"{place} breaks what it stands in, and is not used"
            inlined.notices.append(f"{fault}: {error.message[:120]}")
            if name == "examples":
                node[name] = [it for it in node[name] if it is not value]
            else:
                node[f"x-{name}"] = node.pop(name)
    return list(whole["examples"])


def _check_schema(schema: Json, inlined: Inlined, path: Path) -> None:
    try:
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    except jsonschema_rs.ValidationError as error:
        path = (*path, *map(str, error.instance_path))
        fault = f"{inlined.place_of(path)}: {error.message}"
        raise SpecError(fault, hint=_hint(error)) from error
    except ValueError as error:
        fault = f"{inlined.place_of(path)}: {error}"
        raise SpecError(fault, hint="keep to texts that are Unicode") from error


def _hint(error: jsonschema_rs.ValidationError) -> str:
    near = did_you_mean(str(error.instance), _TYPES)
    return f"{near}schemas are JSON Schema 2020-12, as in OpenAPI 3.1"


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
                fault = f"{place}/{name} names {each!r}, which is not {what}"
                raise SpecError(fault, hint="compare the spelling")
    hint, rules = "compare the spelling with the catalogue's rows", catalogue.rules
    for rule in (node.get("x-rule"), *node.get("x-rules", {}).values()):
        if rules and rule and rule not in rules:
            fault = f"{place} names the rule {rule!r}, which the catalogue lacks"
            raise SpecError(fault, hint=hint)
    prefix = node.get("x-rule-prefix")
    if rules and prefix and not any(it.startswith(f"{prefix}.") for it in rules):
        fault = f"{place}: no rule of the catalogue begins with {prefix!r}"
        raise SpecError(fault, hint=hint)
