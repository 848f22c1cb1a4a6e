"""Changes of a keyword: what a slip makes of it.

In: a node of a schema and one of its keywords. Out: each first-order change of it, in
words, with the keywords that replace it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from ringspec.spec import KEYWORDS, Json, kind_of

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
ASSERTING = frozenset({"if", *(name for name in KEYWORDS if KEYWORDS[name].word)})
# Nothing inside these fails by itself: a change there is one of the whole keyword.
_INSIDE = frozenset(name for name in ASSERTING if KEYWORDS[name].holds == "one")


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


class KeywordChange(NamedTuple):
    """One change of a keyword, in words, and the keywords that replace it."""

    kind: MutationKind
    words: str
    new: dict[str, Json]


_Node: TypeAlias = dict[str, Json]
_Changes: TypeAlias = Iterator[KeywordChange]


def unit(node: _Node, keyword: str) -> _Node:
    """Return a keyword of a node with those that are read together with it."""
    names = TOGETHER.get(keyword, (keyword,))
    return {name: node[name] for name in names if name in node}


def changes(node: _Node, keyword: str, siblings: tuple[Json, ...] = ()) -> _Changes:
    """Yield each first-order change of a keyword of a node.

    Args:
        node: where the keyword stands.
        keyword: one of `ASSERTING`.
        siblings: a value from another list of the same object, if there is one.

    """
    old = unit(node, keyword)
    if keyword not in {"required", "dependentRequired"}:
        yield KeywordChange(MutationKind.DROP, "dropped", {})
    if keyword in _OWN:
        yield from _OWN[keyword](node, siblings)
    for bound in old:
        if bound in _BOUNDS:
            yield from _moved_bound(node, old, bound)
    for change in _inside(node, keyword):
        yield change._replace(new={**old, **change.new})


def _moved_bound(node: _Node, old: _Node, bound: str) -> _Changes:
    value = old[bound]
    for moved in (value - 1, value + 1):
        if moved >= 0 or bound not in _COUNTS:
            words = f"{bound} {moved}"
            yield KeywordChange(MutationKind.BOUND, words, {**old, bound: moved})
    other = _OTHER_BOUND.get(bound)
    if other is not None and other not in node and "number" in _types_of(node):
        yield KeywordChange(MutationKind.BOUND, f"as {other}", {other: value})


def _types_of(node: _Node) -> list[str]:
    stated = node.get("type", [])
    return [stated] if isinstance(stated, str) else list(stated)


def _type(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    types = _types_of(node)
    if len(types) > 1:
        for name in types:
            rest = [each for each in types if each != name]
            yield KeywordChange(MutationKind.TYPE, f"without {name}", {"type": rest})
    wider = dict.fromkeys(other for name in types for other in _WIDER[name])
    for other in (*wider, "null"):
        if other not in types and not (other == "integer" and "number" in types):
            new = {"type": [*types, other]}
            yield KeywordChange(MutationKind.TYPE, f"or {other}", new)


def _enum(node: _Node, siblings: tuple[Json, ...]) -> _Changes:
    listed = node["enum"]
    for value in listed if len(listed) > 1 else ():
        rest = [each for each in listed if each != value]
        yield KeywordChange(MutationKind.ENUM, f"without {value}", {"enum": rest})
    yield from _more_values(listed, siblings)


def _const(node: _Node, siblings: tuple[Json, ...]) -> _Changes:
    if "enum" not in node:
        yield from _more_values([node["const"]], siblings)


def _more_values(listed: list[Json], siblings: tuple[Json, ...]) -> _Changes:
    """Add values that a lax reader takes for listed ones."""
    texts = [each for each in listed if isinstance(each, str)]
    numbers = [each for each in listed if kind_of(each) == "integer"]
    near = [min(numbers) - 1, max(numbers) + 1] if numbers else []
    candidates = [
        ("in another case", [_other_case(each) for each in texts]),
        ("with a blank after", [f"{each} " for each in texts]),
        *((f"{value}", [value]) for value in siblings),
        *((f"{value}", [value]) for value in near),
    ]
    for words, found in candidates:
        if more := [each for each in found if each not in listed]:
            new = {"enum": [*listed, *more]}
            yield KeywordChange(MutationKind.ENUM, f"or {words}", new)


def _other_case(text: str) -> str:
    return text.upper() if text != text.upper() else text.lower()


def _required(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    names = node["required"]
    for name in names:
        new = {"required": [each for each in names if each != name]}
        yield KeywordChange(MutationKind.DROP, f"without {name}", new)
    for name in node.get("properties", {}):
        if name not in names:
            new = {"required": [*names, name]}
            yield KeywordChange(MutationKind.REQUIRED, f"and {name}", new)


def _dependent(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    dependent = node["dependentRequired"]
    for name, names in dependent.items():
        for needed in names:
            rest = [each for each in names if each != needed]
            new = {"dependentRequired": {**dependent, name: rest}}
            words = f"without {needed} for {name}"
            yield KeywordChange(MutationKind.DROP, words, new)


def _condition(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    old = unit(node, "if")
    then, otherwise = node.get("then", {}), node.get("else", {})
    changed = [("always true", {**old, "if": {}})]
    if otherwise:
        changed.append(("always false", {**old, "if": {"not": {}}}))
    turned = {"if": old["if"], "then": otherwise, "else": then}
    changed.append(("turned round", turned))
    for branch in ("then", "else"):
        if branch in old and len(old) > 2:
            rest = {name: each for name, each in old.items() if name != branch}
            changed.append((f"without {branch}", rest))
    for words, new in changed:
        yield KeywordChange(MutationKind.BRANCH, words, new)


def _any_of(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    yield from _fewer_branches("anyOf", node["anyOf"])
    new = {"oneOf": node["anyOf"]}
    yield KeywordChange(MutationKind.BRANCH, "just one of them", new)


def _one_of(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    yield from _fewer_branches("oneOf", node["oneOf"])
    new = {"anyOf": node["oneOf"]}
    yield KeywordChange(MutationKind.BRANCH, "any of them", new)


def _fewer_branches(keyword: str, branches: list[Json]) -> _Changes:
    for index in range(len(branches) if len(branches) > 1 else 0):
        new = {keyword: [*branches[:index], *branches[index + 1 :]]}
        words = f"without {_branch_name(branches[index], index)}"
        yield KeywordChange(MutationKind.BRANCH, words, new)


def _branch_name(branch: Json, index: int) -> str:
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
    "anyOf": _any_of,
    "oneOf": _one_of,
}


def _inside(node: _Node, keyword: str) -> _Changes:
    """Change what is inside a condition, a choice, or what is counted."""
    value = node[keyword]
    if keyword in _INSIDE and isinstance(value, dict):
        for change in _within(value):
            yield change._replace(new={keyword: change.new})
    elif keyword in {"anyOf", "oneOf"}:
        for index, branch in enumerate(value):
            for change in _within(branch):
                listed = [*value[:index], change.new, *value[index + 1 :]]
                words = f"{_branch_name(branch, index)}: {change.words}"
                yield KeywordChange(change.kind, words, {keyword: listed})


def _within(schema: Json) -> _Changes:
    """Yield each change at any depth of a schema; `new` is the whole schema."""
    if not isinstance(schema, dict):
        return
    for keyword in schema:
        if keyword in ASSERTING:
            own = unit(schema, keyword)
            rest = {name: each for name, each in schema.items() if name not in own}
            for change in changes(schema, keyword):
                words = f"{keyword} {change.words}"
                yield KeywordChange(change.kind, words, {**rest, **change.new})
    for name, child in schema.get("properties", {}).items():
        for change in _within(child):
            members = {**schema["properties"], name: change.new}
            words = f"{name}: {change.words}"
            yield KeywordChange(change.kind, words, {**schema, "properties": members})
    if isinstance(schema.get("items"), dict):
        for change in _within(schema["items"]):
            words = f"items: {change.words}"
            yield KeywordChange(change.kind, words, {**schema, "items": change.new})
