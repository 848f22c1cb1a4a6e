"""First-order mutations of a contract: every server that is one slip away from it.

In: a contract. Out: its mutations. Each is a change of the file, so that of a shared
component applies wherever the component stands; that one of its places is not checked
at all is a mutation of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, partial
from typing import NamedTuple, TypeAlias

from ringspec.spec import (
    BODY_ACCEPTED,
    KEYWORDS,
    Assertion,
    Contract,
    Json,
    Path,
    RuleId,
    Subschema,
    at_path,
    canonical,
    kind_of,
    subschemas,
)
from ringspec.strategies.faults.enums import sibling

_SCHEMAS = "#/components/schemas/"
_BY_NAME = frozenset({"required", "dependentRequired"})
# Keywords whose schemas apply as they stand, and of which each may be mutated.
_LEADING = frozenset(
    {
        *("properties", "dependentSchemas", "allOf", "prefixItems"),
        *("items", "then", "else"),
    }
)


# Keywords that are read together, by the one that asserts.
TOGETHER = {
    "contains": ("contains", "minContains", "maxContains"),
    "if": ("if", "then", "else"),
}
# Types that a lax reader accepts as well.
_WIDER = {
    "integer": ("number", "string", "boolean"),
    "number": ("string", "boolean"),
    "boolean": ("string", "integer"),
    "string": ("integer", "array"),
    "array": ("object", "string"),
    "object": ("array", "string"),
    "null": ("boolean",),
}
_OTHER_BOUND = {
    "minimum": "exclusiveMinimum",
    "maximum": "exclusiveMaximum",
    "exclusiveMinimum": "minimum",
    "exclusiveMaximum": "maximum",
}
# Bounds that are never negative.
_COUNTS = frozenset(
    {
        *("minLength", "maxLength", "minItems", "maxItems"),
        *("minProperties", "maxProperties", "minContains", "maxContains"),
    }
)
_BOUNDS = _COUNTS | _OTHER_BOUND.keys()
# The other keywords describe, or lead to other nodes.
_ASSERTING = frozenset({"if", *(name for name in KEYWORDS if KEYWORDS[name].word)})
# Nothing inside these fails by itself: a change there is one of the whole keyword.
_INSIDE = frozenset(name for name in _ASSERTING if KEYWORDS[name].holds == "one")


class MutationKind(StrEnum):
    """Kind of a first-order mutation of a contract."""

    DROP = "drop"
    RULE = "rule"
    MEMBER = "member"
    BOUND = "bound"
    ENUM = "enum"
    TYPE = "type"
    REQUIRED = "required"
    BRANCH = "branch"
    ITEMS = "items"
    CONTEXT = "context"


_Node: TypeAlias = dict[str, Json]
# Kind of a change of a keyword, the change in words, and the keywords that replace it.
_Change: TypeAlias = tuple[MutationKind, str, _Node]
_Changes: TypeAlias = Iterator[_Change]


def nodes(schema: Json) -> Iterator[tuple[Path, dict[str, Json]]]:
    """Yield each subschema that applies as it stands, with its path."""
    pending = [Subschema(schema)]
    while pending:
        each = pending.pop()
        if isinstance(each.schema, dict):
            yield each.path, each.schema
            below = [*subschemas(each)]
            pending += (b for b in below[::-1] if b.holds and b.keyword in _LEADING)


def split(path: Path) -> Iterator[Path]:
    """Split the path of a subschema into its keywords, each with its name or index."""
    at = 0
    while at < len(path):
        width = 1 if KEYWORDS[path[at]].holds == "one" else 2
        yield path[at : at + width]
        at += width


def _replaced(schema: Json, path: Path, node: Json) -> Json:
    """Return a copy of a schema with another subschema at a path."""
    if not path:
        return node
    step, rest = path[0], path[1:]
    if isinstance(schema, list):
        index = int(step)
        child = _replaced(schema[index], rest, node)
        return [*schema[:index], child, *schema[index + 1 :]]
    return {**schema, step: _replaced(schema[step], rest, node)}


class Items(StrEnum):
    """Items of an array in which a changed keyword still holds as written."""

    FIRST = "first"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordEdit:
    """One keyword of one subschema, and what a mutation replaces it by.

    Attributes:
        path: of the subschema in the inlined schema; it applies as it stands.
        old: the keyword, with those that are read together with it.
    """

    path: Path
    old: dict[str, Json]
    new: dict[str, Json]

    def applied(self, schema: Json) -> Json:
        """Return the schema with this edit."""
        node = at_path(schema, self.path)
        rest = {name: each for name, each in node.items() if name not in self.old}
        return _replaced(schema, self.path, {**rest, **self.new})

    def owns(self, path: Path) -> bool:
        """Return whether the path of an error in the schema is one of this keyword."""
        size = len(self.path)
        return path[:size] == self.path and not self.old.keys().isdisjoint(
            path[size : size + 1]
        )


class BodyCondition(NamedTuple):
    """A condition on a member at the top of a body."""

    words: str
    schema: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One first-order change of the contract.

    Attributes:
        edits: several where a component is shared, or a rule has several assertions.
        kept: items in which the contract still holds.
        when: bodies for which the contract still holds.
    """

    id: str
    kind: MutationKind
    rules: tuple[RuleId, ...]
    place: str
    change: str
    edits: tuple[KeywordEdit, ...]
    kept: Items | None = None
    when: BodyCondition | None = None

    @property
    def least(self) -> int:
        """How many items the innermost array needs for it to show."""
        return 2 if self.kept == Items.FIRST else 1

    def schema(self, schema: Json) -> Json:
        """Return the mutated form of the contract's schema."""
        changed = schema
        for edit in self.edits:
            if self.kept is None:
                changed = edit.applied(changed)
            else:
                changed = _in_items(changed, schema, edit, self.kept)
        if self.when is None:
            return changed
        return {"if": self.when.schema, "then": schema, "else": changed}


def _in_items(changed: Json, schema: Json, edit: KeywordEdit, kept: Items) -> Json:
    """Apply an edit to all items but the first, or to the first alone."""
    cut = len(edit.path) - 1 - edit.path[::-1].index("items")
    array, inside = edit.path[:cut], replace(edit, path=edit.path[cut + 1 :])
    as_written = at_path(schema, (*array, "items"))
    mutated = inside.applied(as_written)
    first, rest = (
        (as_written, mutated) if kept == Items.FIRST else (mutated, as_written)
    )
    node = {**at_path(changed, array), "prefixItems": [first], "items": rest}
    return _replaced(changed, array, node)


def mutations_of(contract: Contract) -> tuple[Mutation, ...]:
    """Derive every first-order mutation of a contract, in its order."""
    seen: Counter[str] = Counter()
    found = []
    for each in _Deriver(contract).mutations():
        seen[each.id] += 1
        number = seen[each.id]
        found.append(each if number == 1 else replace(each, id=f"{each.id} ~{number}"))
    return tuple(found)


class _Deriver:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._schema = contract.request.schema
        self._place_of = contract.request.place_of
        self._by_rule: dict[RuleId, list[Assertion]] = {}
        for assertion in contract.assertions:
            self._by_rule.setdefault(assertion.rule, []).append(assertion)

    def mutations(self) -> Iterator[Mutation]:
        for place, paths in self._places.items():
            yield from self._of_place(place, paths)
        yield from self._members()
        rules = list(self._rules())
        # A rule of one assertion is dropped with it.
        yield from (each for each in rules if len(each.edits) > 1)
        for rule in rules:
            yield from self._contexts(rule)

    @cached_property
    def _places(self) -> dict[str, list[Path]]:
        """Paths at which each subschema of the file stands, by its pointer."""
        found: dict[str, list[Path]] = {}
        for path, _ in nodes(self._schema):
            found.setdefault(self._place_of(path), []).append(path)
        return found

    def _of_place(self, place: str, paths: list[Path]) -> Iterator[Mutation]:
        node = at_path(self._schema, paths[0])
        listed = node.get("enum", (None,))
        is_text = all(isinstance(each, str) for each in listed)
        siblings = sibling(self._schema, paths[0]) if is_text else ()
        for keyword in node:
            if keyword not in _ASSERTING:
                continue
            for change in _changes(node, keyword, siblings):
                yield self._mutation(place, paths, keyword, change)
            for kept in Items if "items" in paths[0] else ():
                change = MutationKind.ITEMS, f"only in {_ITEMS[kept]}", {}
                made = self._mutation(place, paths, keyword, change)
                yield replace(made, kept=kept)

    def _mutation(
        self, place: str, paths: list[Path], keyword: str, change: _Change
    ) -> Mutation:
        kind, words, new = change
        old = _unit(at_path(self._schema, paths[0]), keyword)
        edits = tuple(KeywordEdit(path=each, old=old, new=new) for each in paths)
        pointer = f"{place}/{keyword}"
        # A component is named by its name, anything else by its place in the body.
        name = (
            pointer.removeprefix(_SCHEMAS)
            if pointer.startswith(_SCHEMAS)
            else pointer.replace(self._place_of(()), "body", 1)
        )
        return Mutation(
            id=f"{name} {words}",
            kind=kind,
            rules=self._owners(edits),
            place=pointer,
            change=words,
            edits=edits,
        )

    def _owners(self, edits: tuple[KeywordEdit, ...]) -> tuple[RuleId, ...]:
        """Return the rules of edited keywords; a stricter one is about accepting."""
        found = {
            assertion.rule: None
            for assertion in self._contract.assertions
            for edit in edits
            if edit.owns(assertion.path)
            and not (
                assertion.keyword == "required"
                and assertion.value in edit.new.get("required", ())
            )
        }
        return tuple(found) or (BODY_ACCEPTED,)

    def _members(self) -> Iterator[Mutation]:
        """Leave each member and each list's items unchecked, place by place."""
        for path, node in nodes(self._schema):
            edit = KeywordEdit(path=path, old=node, new={})
            owned = [a for a in self._contract.assertions if edit.owns(a.path)]
            is_member = path[-1:] == ("items",) or path[-2:-1] == ("properties",)
            around = (self._place_of(path[:cut]) for cut in range(len(path)))
            if (
                not owned
                or not is_member
                or {"then", "else"} & set(path)
                # What is inside a shared component is mutated with it.
                or any(len(self._places.get(each, ())) > 1 for each in around)
            ):
                continue
            depth = path.count("properties") + path.count("items")
            yield Mutation(
                id=f"{'.'.join(owned[0].instance[:depth])} unchecked",
                kind=MutationKind.MEMBER,
                rules=tuple(dict.fromkeys(each.rule for each in owned)),
                place=self._place_of(path),
                change="unchecked",
                edits=(edit,),
            )

    def _rules(self) -> Iterator[Mutation]:
        """Drop each rule, all its assertions at once."""
        for rule, owned in self._by_rule.items():
            values: dict[tuple[Path, str], list[Json]] = {}
            for each in owned:
                values.setdefault((each.stem, each.keyword), []).append(each.value)
            edits: list[KeywordEdit] = []
            for (path, keyword), names in values.items():
                old = _unit(at_path(self._schema, path), keyword)
                new = _less(old, keyword, names)
                edits.append(KeywordEdit(path=path, old=old, new=new))
            yield Mutation(
                id=f"{rule} dropped",
                kind=MutationKind.RULE,
                rules=(rule,),
                place=owned[0].place,
                change="dropped",
                edits=tuple(edits),
            )

    def _contexts(self, dropped: Mutation) -> Iterator[Mutation]:
        """Apply a rule only to bodies of one kind, or to all but those."""
        rule, own = dropped.rules[0], set[str]()
        for each in self._by_rule[rule]:
            # The members at the top that the rule is about.
            named = {each.value} if each.keyword in _BY_NAME else set[str]()
            own |= {each.instance[0]} if each.instance else named
        conditional = any("then" in e.path or "else" in e.path for e in dropped.edits)
        for when in self._conditions(own, everywhere=conditional):
            yield replace(
                dropped,
                id=f"{rule} {when.words}",
                kind=MutationKind.CONTEXT,
                change=when.words,
                when=when,
            )

    def _conditions(
        self, own: set[str], *, everywhere: bool
    ) -> Iterator[BodyCondition]:
        """Yield conditions on other members that a rule may wrongly depend on.

        A rule that depends on other members already has to hold beside each value.
        """
        required = set(self._schema.get("required", ()))
        for name, node in self._schema.get("properties", {}).items():
            if name in own:
                continue
            given = {"type": "object", "required": [name]}
            for value in _values(node):
                is_value = {name: {"const": value}}
                there = {"type": "object", "properties": is_value, "required": [name]}
                words = f"where {name} is {canonical(value)}"
                yield BodyCondition(f"only {words}", there)
                if everywhere:
                    yield BodyCondition(f"not {words}", {"not": there})
            if name not in required:
                words = f"only where {name} is"
                yield BodyCondition(f"{words} given", given)
                yield BodyCondition(f"{words} absent", {"not": given})


_ITEMS = {Items.FIRST: "the first item", Items.REST: "the items after the first"}


def _less(old: dict[str, Json], keyword: str, names: list[Json]) -> dict[str, Json]:
    """Return a keyword without some names, or nothing."""
    value = old[keyword]
    if keyword == "required":
        return {keyword: _omitting(value, *names)}
    if keyword == "dependentRequired":
        return {keyword: {n: _omitting(each, *names) for n, each in value.items()}}
    return {}


def _values(node: Json) -> list[Json]:
    if "enum" in node:
        return list(node["enum"])
    if "const" in node:
        return [node["const"]]
    return [False, True] if node.get("type") == "boolean" else []


def _unit(node: _Node, keyword: str) -> _Node:
    """Return a keyword of a node with those that are read together with it."""
    names = TOGETHER.get(keyword, (keyword,))
    return {name: node[name] for name in names if name in node}


def _changes(node: _Node, keyword: str, siblings: tuple[Json, ...] = ()) -> _Changes:
    """Yield each first-order change of a keyword of a node.

    `siblings` is a value from another list of the same object, if there is one.
    """
    old = _unit(node, keyword)
    if keyword not in {"required", "dependentRequired"}:
        yield MutationKind.DROP, "dropped", {}
    if keyword in _OWN:
        yield from _OWN[keyword](node, siblings)
    for bound in old:
        if bound in _BOUNDS:
            yield from _moved_bound(node, old, bound)
    for kind, words, new in _inside(node, keyword):
        yield kind, words, {**old, **new}


def _moved_bound(node: _Node, old: _Node, bound: str) -> _Changes:
    value = old[bound]
    for moved in (value - 1, value + 1):
        if moved >= 0 or bound not in _COUNTS:
            yield MutationKind.BOUND, f"{bound} {moved}", {**old, bound: moved}
    other = _OTHER_BOUND.get(bound)
    if other is not None and other not in node and "number" in _types_of(node):
        yield MutationKind.BOUND, f"as {other}", {other: value}


def _types_of(node: _Node) -> list[str]:
    stated = node.get("type", [])
    return [stated] if isinstance(stated, str) else list(stated)


def _type(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    types = _types_of(node)
    for name in types if len(types) > 1 else ():
        yield MutationKind.TYPE, f"without {name}", {"type": _omitting(types, name)}
    wider = dict.fromkeys(other for name in types for other in _WIDER[name])
    for other in (*wider, "null"):
        if other not in types and not (other == "integer" and "number" in types):
            yield MutationKind.TYPE, f"or {other}", {"type": [*types, other]}


def _omitting(listed: list[Json], *values: Json) -> list[Json]:
    return [each for each in listed if each not in values]


def _const(node: _Node, siblings: tuple[Json, ...]) -> _Changes:
    if "enum" not in node:
        yield from _enum({"enum": [node["const"]]}, siblings)


def _enum(node: _Node, siblings: tuple[Json, ...]) -> _Changes:
    """Leave out each value, and add such as a lax reader takes for listed ones."""
    listed = node["enum"]
    for value in listed if len(listed) > 1 else ():
        yield MutationKind.ENUM, f"without {value}", {"enum": _omitting(listed, value)}
    texts = [each for each in listed if isinstance(each, str)]
    numbers, upper = [e for e in listed if kind_of(e) == "integer"], str.upper
    near = [min(numbers) - 1, max(numbers) + 1] if numbers else []
    candidates = [
        ("in another case", [upper(e) if e != upper(e) else e.lower() for e in texts]),
        ("with a blank after", [f"{each} " for each in texts]),
        *((f"{value}", [value]) for value in (*siblings, *near)),
    ]
    for words, found in candidates:
        if more := [each for each in found if each not in listed]:
            yield MutationKind.ENUM, f"or {words}", {"enum": [*listed, *more]}


def _required(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    names = node["required"]
    for name in names:
        yield MutationKind.DROP, f"without {name}", {"required": _omitting(names, name)}
    for name in node.get("properties", {}):
        if name not in names:
            yield MutationKind.REQUIRED, f"and {name}", {"required": [*names, name]}


def _dependent(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    dependent = node["dependentRequired"]
    for name, names in dependent.items():
        for needed in names:
            new = {**dependent, name: _omitting(names, needed)}
            words = f"without {needed} for {name}"
            yield MutationKind.DROP, words, {"dependentRequired": new}


def _condition(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    kind, old = MutationKind.BRANCH, _unit(node, "if")
    then, otherwise = node.get("then", {}), node.get("else", {})
    yield kind, "always true", {**old, "if": {}}
    if otherwise:
        yield kind, "always false", {**old, "if": {"not": {}}}
    yield kind, "turned round", {"if": old["if"], "then": otherwise, "else": then}
    for branch in ("then", "else"):
        if branch in old and len(old) > 2:
            rest = {name: each for name, each in old.items() if name != branch}
            yield kind, f"without {branch}", rest


def _choice(
    keyword: str, other: str, words: str, node: _Node, _siblings: tuple[Json, ...]
) -> _Changes:
    branches = node[keyword]
    for index in range(len(branches) if len(branches) > 1 else 0):
        new = {keyword: [*branches[:index], *branches[index + 1 :]]}
        yield MutationKind.BRANCH, f"without {_branch_name(branches, index)}", new
    yield MutationKind.BRANCH, words, {other: branches}


def _branch_name(branches: list[Json], index: int) -> str:
    branch = branches[index]
    names = branch.get("required", ()) if isinstance(branch, dict) else ()
    return "-".join(names) or f"branch {index}"


# Changes of a keyword that are its own, beside dropping it and moving bounds.
_OWN: dict[str, Callable[[_Node, tuple[Json, ...]], _Changes]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "dependentRequired": _dependent,
    "if": _condition,
    "anyOf": partial(_choice, "anyOf", "oneOf", "just one of them"),
    "oneOf": partial(_choice, "oneOf", "anyOf", "any of them"),
}


def _inside(node: _Node, keyword: str) -> _Changes:
    """Change what is inside a condition, a choice, or what is counted."""
    value = node[keyword]
    if keyword in _INSIDE and isinstance(value, dict):
        for kind, words, new in _within(value):
            yield kind, words, {keyword: new}
    elif keyword in {"anyOf", "oneOf"}:
        for index, branch in enumerate(value):
            for kind, words, new in _within(branch):
                listed = [*value[:index], new, *value[index + 1 :]]
                yield kind, f"{_branch_name(value, index)}: {words}", {keyword: listed}


def _within(schema: Json) -> _Changes:
    """Yield each change at any depth of a schema, each with the whole new schema."""
    if not isinstance(schema, dict):
        return
    for keyword in schema:
        if keyword in _ASSERTING:
            own = _unit(schema, keyword)
            rest = {name: each for name, each in schema.items() if name not in own}
            for kind, words, new in _changes(schema, keyword):
                yield kind, f"{keyword} {words}", {**rest, **new}
    members = schema.get("properties", {})
    for name, child in members.items():
        for kind, words, new in _within(child):
            changed = {**schema, "properties": {**members, name: new}}
            yield kind, f"{name}: {words}", changed
    if isinstance(schema.get("items"), dict):
        for kind, words, new in _within(schema["items"]):
            yield kind, f"items: {words}", {**schema, "items": new}
