"""Sentences of rules that no catalogue has: keyword, value and place in plain words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ringspec.spec.assertions import Assertion
from ringspec.spec.reading import short
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, at_path

# Values of a list that are named, and characters of a description that are quoted.
_NAMED, _QUOTED = 12, 200
_CONDITIONS = frozenset({"if", "then", "else", "dependentSchemas"})
_TYPES = {"null": "null", "boolean": "true or false"}
_KINDS = frozenset({"string", "integer", "number", "object", "array", *_TYPES})


def _counted(most: str, noun: str) -> Callable[[Json], str]:
    return lambda number: f"has at {most} {number} {noun}{'s' * (number != 1)}"


def _types(value: Json) -> str:
    listed = value if isinstance(value, list) else [value]
    vowels = ("a", "e", "i", "o", "u")
    article = ["an" if str(it).startswith(vowels) else "a" for it in listed]
    named = (_TYPES.get(it, f"{a} {it}") for a, it in zip(article, listed, strict=True))
    return f"is {' or '.join(named)}"


def _listed(values: Json) -> str:
    named = [it if isinstance(it, str) and it else short(it) for it in values]
    if len(named) == 1:
        return f"is {named[0]}"
    left = len(named) - _NAMED
    more = f" and {left} others" if left > 0 else ""
    return f"is one of {', '.join(named[:_NAMED])}{more}"


# What a keyword says of the value that it applies to.
SAYS: dict[str, Callable[[Json], str]] = {
    "type": _types,
    "enum": _listed,
    "const": lambda value: _listed([value]),
    "minimum": lambda bound: f"is at least {bound}",
    "exclusiveMinimum": lambda bound: f"is more than {bound}",
    "maximum": lambda bound: f"is at most {bound}",
    "exclusiveMaximum": lambda bound: f"is less than {bound}",
    "multipleOf": lambda of: f"is a multiple of {of}",
    "minLength": _counted("least", "character"),
    "maxLength": _counted("most", "character"),
    "format": lambda name: f"has the format {name}",
    "pattern": lambda pattern: f"matches {short(pattern)}",
    "minItems": _counted("least", "item"),
    "maxItems": _counted("most", "item"),
    "uniqueItems": lambda _: "has no two equal items",
    "contains": lambda _: "has as many items of a kind as it has to",
    "minContains": lambda _: "has as many items of a kind as it has to",
    "maxContains": lambda _: "has as many items of a kind as it has to",
    "unevaluatedItems": lambda _: "has no items but those described",
    "required": lambda _: "is required",
    "dependentRequired": lambda _: "is required beside another member",
    "minProperties": _counted("least", "member"),
    "maxProperties": _counted("most", "member"),
    "propertyNames": lambda _: "has no members with other names than described",
    "additionalProperties": lambda _: "has no members but those described",
    "unevaluatedProperties": lambda _: "has no members but those described",
    "anyOf": lambda listed: f"keeps to one of {len(listed)} descriptions",
    "oneOf": lambda listed: f"keeps to just one of {len(listed)} descriptions",
    "not": lambda ruled_out: "is not what is ruled out" if ruled_out else "is absent",
}


def sentence(stated: Sequence[Assertion]) -> str:
    """Write what the assertions of one rule say, in one sentence."""
    first, *_ = stated
    said = (SAYS.get(each.keyword, short)(each.value) for each in stated)
    what = " and ".join(dict.fromkeys(said))
    is_missing = first.keyword in {"required", "dependentRequired"}
    place = _dotted(first.instance)
    about = str(first.value) if is_missing else place
    inside = [f"in `{place}`"] if is_missing and place else []
    branch = _branch(first, about * is_missing)
    if branch in _KINDS and first.keyword != "type":
        inside.append(f"where it {_types(branch)}")
    elif branch and branch not in _KINDS:
        inside.append(f"in {branch}")
    if _CONDITIONS & {*first.stem}:
        inside.append("where its condition holds")
    return f"{f'`{about}`' if about else 'The body'} {' '.join([what, *inside])}."


def _branch(stated: Assertion, member: str) -> str:
    """Return the branches of choices around, which the rule's id names."""
    left, words = list[str](), stated.rule.rpartition(".")[0].split(".")
    names = ".".join(it for it in (*stated.instance, member) if it not in {ITEM, ""})
    known = names.split(".")
    for word in reversed(words):
        if known[-1:] == [word]:
            known.pop()
        elif word not in {"body", "items", "values"}:
            left.insert(0, word)
    return ".".join(left)


def _dotted(instance: Sequence[str]) -> str:
    text = ".".join(instance)
    return text.replace(f".{ITEM}", "[]").replace(ITEM, "[]")


def quotation(schema: Json, stated: Sequence[Assertion]) -> str:
    """Return what the schema of a rule says in prose, as a quotation; empty if none."""
    first = stated[0]
    node = at_path(schema, first.stem)
    if first.keyword == "required":
        node = node.get("properties", {}).get(first.value, {})
    said = node.get("description") if isinstance(node, dict) else None
    text = " ".join(said.split()) if isinstance(said, str) else ""
    cut = text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
    return f', "{cut}"' if cut else ""
