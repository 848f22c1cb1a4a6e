"""Changes of a keyword: what a slip makes of it.

In: a node of a schema and one of its keywords. Out: each first-order change of it, in
words, with the keywords that replace it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from typing import TypeAlias

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


# Kind of a change of a keyword, the change in words, and the keywords that replace it.
KeywordChange: TypeAlias = tuple[MutationKind, str, dict[str, Json]]
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
        yield MutationKind.TYPE, f"without {name}", {"type": _less(types, name)}
    wider = dict.fromkeys(other for name in types for other in _WIDER[name])
    for other in (*wider, "null"):
        if other not in types and not (other == "integer" and "number" in types):
            yield MutationKind.TYPE, f"or {other}", {"type": [*types, other]}


def _less(listed: list[Json], value: Json) -> list[Json]:
    return [each for each in listed if each != value]


def _enum(node: _Node, siblings: tuple[Json, ...]) -> _Changes:
    listed = node["enum"]
    for value in listed if len(listed) > 1 else ():
        yield MutationKind.ENUM, f"without {value}", {"enum": _less(listed, value)}
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
        *((f"{value}", [value]) for value in (*siblings, *near)),
    ]
    for words, found in candidates:
        if more := [each for each in found if each not in listed]:
            yield MutationKind.ENUM, f"or {words}", {"enum": [*listed, *more]}


def _other_case(text: str) -> str:
    return text.upper() if text != text.upper() else text.lower()


def _required(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    names = node["required"]
    for name in names:
        yield MutationKind.DROP, f"without {name}", {"required": _less(names, name)}
    for name in node.get("properties", {}):
        if name not in names:
            yield MutationKind.REQUIRED, f"and {name}", {"required": [*names, name]}


def _dependent(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    dependent = node["dependentRequired"]
    for name, names in dependent.items():
        for needed in names:
            new = {**dependent, name: _less(names, needed)}
            words = f"without {needed} for {name}"
            yield MutationKind.DROP, words, {"dependentRequired": new}


def _condition(node: _Node, _siblings: tuple[Json, ...]) -> _Changes:
    kind, old = MutationKind.BRANCH, unit(node, "if")
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
        if keyword in ASSERTING:
            own = unit(schema, keyword)
            rest = {name: each for name, each in schema.items() if name not in own}
            for kind, words, new in changes(schema, keyword):
                yield kind, f"{keyword} {words}", {**rest, **new}
    members = schema.get("properties", {})
    for name, child in members.items():
        for kind, words, new in _within(child):
            changed = {**schema, "properties": {**members, name: new}}
            yield kind, f"{name}: {words}", changed
    if isinstance(schema.get("items"), dict):
        for kind, words, new in _within(schema["items"]):
            yield kind, f"items: {words}", {**schema, "items": new}
