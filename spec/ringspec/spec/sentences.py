"""Sentences of rules that no catalogue has: keyword, value and place in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ringspec.spec.assertions import Assertion
from ringspec.spec.reading import read, short
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, at_path

# Values of a list that are named, and characters of a description that are quoted.
_NAMED, _QUOTED = 12, 200


@cache
def words() -> dict[str, dict[str, str]]:
    """Return what each keyword says, and what values of each type are called."""
    return dict(read(Path(__file__).with_suffix(".yaml")))


def _said(keyword: str, value: Json) -> str:
    listed = value if isinstance(value, list) else [value]
    named = [
        it if isinstance(it, str) and 0 < len(it) < 80 else short(it) for it in listed
    ]
    left = len(named) - _NAMED
    text = ", ".join(named[:_NAMED]) + (f" and {left} others" if left > 0 else "")
    if keyword == "type":
        text = " or ".join(words()["types"].get(it, it) for it in named)
    elif keyword in {"anyOf", "oneOf"}:
        text = str(len(listed))
    said = words()["keywords"].get(keyword, keyword).format(text)
    return re.sub(r"\b1 (\w+)s$", r"1 \1", said)


def sentence(stated: Sequence[Assertion]) -> str:
    """Write what the assertions of one rule say, in one sentence."""
    first, *_ = stated
    said = dict.fromkeys(_said(each.keyword, each.value) for each in stated)
    is_missing = first.keyword in {"required", "dependentRequired"}
    place = _dotted(first.instance)
    about = str(first.value) if is_missing else place
    inside = [f"in `{place}`"] if is_missing and place else []
    branch = _branch(first, about * is_missing)
    if kind := words()["types"].get(branch):
        inside += [f"where it is {kind}"] if first.keyword != "type" else []
    elif branch:
        inside.append(f"in {branch}")
    if first.is_conditional:
        inside.append("where its condition holds")
    subject = f"`{about}`" if about else "The body"
    return f"{' '.join([subject, ' and '.join(said), *inside])}."


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
