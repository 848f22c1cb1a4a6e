"""Changes: what a slip of the pen, or of the mind, makes of a keyword.

In: a node of a schema and one of its keywords. Out: each first-order change of it, in
words, with the keywords that stand there afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ringspec.spec import Json, kind_of
from ringspec.strategies.adequacy.units import TOGETHER

# What a lax reader takes a value of a type for as well.
_WIDER = {
    "integer": ("number", "string", "boolean"),
    "number": ("string", "boolean"),
    "boolean": ("string", "integer"),
    "string": ("integer", "array"),
    "array": ("object", "string"),
    "object": ("array", "string"),
    "null": ("boolean",),
}
# Keyword and the step by which its bound is off.
_BOUNDS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("minLength", "maxLength", "minItems", "maxItems"),
        *("minProperties", "maxProperties", "minContains", "maxContains"),
    }
)
_COUNTS = _BOUNDS - {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_OTHER_BOUND = {
    "minimum": "exclusiveMinimum",
    "maximum": "exclusiveMaximum",
    "exclusiveMinimum": "minimum",
    "exclusiveMaximum": "maximum",
}
# What asserts something; the rest describes, or leads to other nodes.
ASSERTING = frozenset(
    {
        *("type", "enum", "const", "required", "dependentRequired", "multipleOf"),
        *("format", "pattern", "uniqueItems", "contains", "propertyNames"),
        *("additionalProperties", "unevaluatedProperties", "unevaluatedItems"),
        *("anyOf", "oneOf", "not", "if"),
        *(_BOUNDS - {"minContains", "maxContains"}),
    }
)
# Inside these nothing fails by itself: a change there is one of the whole keyword.
_INSIDE = frozenset(
    {
        *("contains", "propertyNames", "additionalProperties", "not", "if"),
        *("unevaluatedProperties", "unevaluatedItems"),
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a keyword: its kind, in words, and what stands there then."""

    kind: str
    words: str
    new: dict[str, Json]


def unit(node: dict[str, Json], keyword: str) -> dict[str, Json]:
    """Return a keyword with those that are read together with it."""
    return {
        each: node[each] for each in TOGETHER.get(keyword, (keyword,)) if each in node
    }


def changes(
    node: dict[str, Json], keyword: str, siblings: tuple[Json, ...] = ()
) -> Iterator[Change]:
    """Yield each first-order change of a keyword of a node.

    Args:
        node: where the keyword stands.
        keyword: one that asserts something.
        siblings: a value from another list of the same object, if there is one.

    """
    old = unit(node, keyword)
    if keyword in _DROPPED_BY_NAME:
        yield from _DROPPED_BY_NAME[keyword](node)
    else:
        yield Change("drop", "dropped", {})
    if keyword in _CHANGES:
        yield from _CHANGES[keyword](node, siblings)
    for bound in old:
        if bound in _BOUNDS:
            yield from _moved(node, old, bound)
    for change in _inside(node, keyword):
        yield Change(change.kind, change.words, {**old, **change.new})


def _moved(node: dict[str, Json], old: dict[str, Json], bound: str) -> Iterator[Change]:
    value = old[bound]
    for moved in (value - 1, value + 1):
        if moved >= 0 or bound not in _COUNTS:
            yield Change("bound", f"{bound} {moved}", {**old, bound: moved})
    other = _OTHER_BOUND.get(bound)
    if other is not None and other not in node and "number" in _kinds(node):
        yield Change("bound", f"as {other}", {other: value})


def _kinds(node: dict[str, Json]) -> list[str]:
    stated = node.get("type", [])
    return [stated] if isinstance(stated, str) else list(stated)


def _types(node: dict[str, Json], _siblings: tuple[Json, ...]) -> Iterator[Change]:
    kinds = _kinds(node)
    if len(kinds) > 1:
        for kind in kinds:
            rest = [each for each in kinds if each != kind]
            yield Change("type", f"without {kind}", {"type": rest})
    wider = dict.fromkeys(other for kind in kinds for other in _WIDER[kind])
    for other in (*wider, "null"):
        if other not in kinds and not (other == "integer" and "number" in kinds):
            yield Change("type", f"or {other}", {"type": [*kinds, other]})


def _enums(node: dict[str, Json], siblings: tuple[Json, ...]) -> Iterator[Change]:
    listed = node["enum"]
    for value in listed if len(listed) > 1 else ():
        rest = [each for each in listed if each != value]
        yield Change("enum", f"without {value}", {"enum": rest})
    for words, more in _near(listed, siblings):
        yield Change("enum", f"or {words}", {"enum": [*listed, *more]})


def _const(node: dict[str, Json], siblings: tuple[Json, ...]) -> Iterator[Change]:
    if "enum" in node:
        return
    for words, more in _near([node["const"]], siblings):
        yield Change("enum", f"or {words}", {"enum": [node["const"], *more]})


def _near(
    listed: list[Json], siblings: tuple[Json, ...]
) -> Iterator[tuple[str, list[Json]]]:
    """List values that a lax reader takes for listed ones."""
    texts = [each for each in listed if isinstance(each, str)]
    for words, found in (
        ("in another case", [_other_case(each) for each in texts]),
        ("with a blank after", [f"{each} " for each in texts]),
    ):
        more = [each for each in found if each not in listed]
        if more:
            yield words, more
    for value in siblings:
        if value not in listed:
            yield f"{value}", [value]
    numbers = [each for each in listed if kind_of(each) == "integer"]
    if numbers:
        for value in (min(numbers) - 1, max(numbers) + 1):
            yield f"{value}", [value]


def _other_case(text: str) -> str:
    return text.upper() if text != text.upper() else text.lower()


def _required(node: dict[str, Json]) -> Iterator[Change]:
    names = node["required"]
    for name in names:
        rest = [each for each in names if each != name]
        yield Change("drop", f"without {name}", {"required": rest})


def _more_required(
    node: dict[str, Json], _siblings: tuple[Json, ...]
) -> Iterator[Change]:
    names = node["required"]
    for name in node.get("properties", {}):
        if name not in names:
            yield Change("required", f"and {name}", {"required": [*names, name]})


def _dependent(node: dict[str, Json]) -> Iterator[Change]:
    for name, names in node["dependentRequired"].items():
        for needed in names:
            rest = [each for each in names if each != needed]
            changed = {**node["dependentRequired"], name: rest}
            words = f"without {needed} for {name}"
            yield Change("drop", words, {"dependentRequired": changed})


_DROPPED_BY_NAME: dict[str, Callable[[dict[str, Json]], Iterator[Change]]] = {
    "required": _required,
    "dependentRequired": _dependent,
}


def _conditions(node: dict[str, Json], _siblings: tuple[Json, ...]) -> Iterator[Change]:
    old = unit(node, "if")
    then, otherwise = node.get("then", {}), node.get("else", {})
    yield Change("branch", "always true", {**old, "if": {}})
    if otherwise:
        yield Change("branch", "always false", {**old, "if": {"not": {}}})
    turned = {"if": old["if"], "then": otherwise, "else": then}
    yield Change("branch", "turned round", turned)
    for branch in ("then", "else"):
        if branch in old and len(old) > 2:
            rest = {name: each for name, each in old.items() if name != branch}
            yield Change("branch", f"without {branch}", rest)


def _any_of(node: dict[str, Json], _siblings: tuple[Json, ...]) -> Iterator[Change]:
    yield from _fewer("anyOf", node["anyOf"])
    yield Change("branch", "just one of them", {"oneOf": node["anyOf"]})


def _one_of(node: dict[str, Json], _siblings: tuple[Json, ...]) -> Iterator[Change]:
    yield from _fewer("oneOf", node["oneOf"])
    yield Change("branch", "any of them", {"anyOf": node["oneOf"]})


def _fewer(keyword: str, branches: list[Json]) -> Iterator[Change]:
    for index in range(len(branches) if len(branches) > 1 else 0):
        rest = [*branches[:index], *branches[index + 1 :]]
        words = f"without {_named(branches[index], index)}"
        yield Change("branch", words, {keyword: rest})


def _named(branch: Json, index: int) -> str:
    names = branch.get("required", ()) if isinstance(branch, dict) else ()
    return "-".join(names) or f"branch {index}"


_CHANGES: dict[str, Callable[[dict[str, Json], tuple[Json, ...]], Iterator[Change]]] = {
    "type": _types,
    "enum": _enums,
    "const": _const,
    "required": _more_required,
    "if": _conditions,
    "anyOf": _any_of,
    "oneOf": _one_of,
}


def _inside(node: dict[str, Json], keyword: str) -> Iterator[Change]:
    """Change what is inside a condition, a choice, or what is counted."""
    value = node[keyword]
    if keyword in _INSIDE and isinstance(value, dict):
        for change in within(value):
            yield Change(change.kind, change.words, {keyword: change.new})
    elif keyword in {"anyOf", "oneOf"}:
        for index, branch in enumerate(value):
            for change in within(branch):
                listed = [*value[:index], change.new, *value[index + 1 :]]
                words = f"{_named(branch, index)}: {change.words}"
                yield Change(change.kind, words, {keyword: listed})


def within(schema: Json) -> Iterator[Change]:
    """Yield each change at any depth of a schema; `new` is the whole of it then."""
    if not isinstance(schema, dict):
        return
    for keyword in schema:
        if keyword in ASSERTING:
            own = unit(schema, keyword)
            rest = {name: each for name, each in schema.items() if name not in own}
            for change in changes(schema, keyword):
                words = f"{keyword} {change.words}"
                yield Change(change.kind, words, {**rest, **change.new})
    for name, child in schema.get("properties", {}).items():
        for change in within(child):
            members = {**schema["properties"], name: change.new}
            words = f"{name}: {change.words}"
            yield Change(change.kind, words, {**schema, "properties": members})
    if isinstance(schema.get("items"), dict):
        for change in within(schema["items"]):
            words = f"items: {change.words}"
            yield Change(change.kind, words, {**schema, "items": change.new})
