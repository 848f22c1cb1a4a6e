"""Rules in plain words: their sentences, and why servers fail them, and the fix.

A rule that no catalogue has is said by its keyword, value and place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ringspec.spec.assertions import Assertion
from ringspec.spec.reading import read, short
from ringspec.spec.rules import Rule
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, at_path

if TYPE_CHECKING:
    from ringspec.spec.contract import Contract

# Values of a list that are named, and characters of a description that are quoted.
_NAMED, _QUOTED = 12, 200

_CONDITIONS = frozenset({"then", "else", "dependentSchemas"})


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
    return ".".join(instance).replace(f".{ITEM}", "[]").replace(ITEM, "[]")


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


@cache
def _known() -> tuple[dict[str, dict[str, Json]], dict[str, str]]:
    """Return the entries by their names, and why rules of a group have no request."""
    data = read(Path(__file__).with_name("explained.yaml"))
    return {name: it for it in data["families"] for name in it["for"]}, data["judged"]


def judged_with_others(rule: Rule) -> str:
    """Return on what a rule without requests of its own is judged; empty if unknown."""
    plain = rule.id.rpartition("/")[2]
    judged = _known()[1]
    return judged.get(plain) or judged.get(plain.partition(".")[0], "")


def places_of(contract: Contract, rule: Rule) -> list[Assertion]:
    """Return where a contract states a rule, the keywords with their values."""
    stated = (*contract.assertions, *contract.answers.assertions)
    return [each for each in stated if each.rule == rule.id]


def explanation(contract: Contract, rule: Rule) -> tuple[list[str], str]:
    """Return the commonest causes in servers of a rule's failures, and the fix."""
    known, stated = _known()[0], places_of(contract, rule)
    plain = re.sub(r"~\d+$", "", rule.id.rpartition("/")[2])
    valued = (
        f"{each.keyword}:{value}"
        for each in stated
        for value in (each.value if isinstance(each.value, list) else [each.value])
    )
    words = [*valued, plain.rpartition(".")[2], *(each.keyword for each in stated)]
    names = [it for it in ([plain] if plain in known else words) if it in known]
    group = plain.partition(".")[0]
    own = contract.catalogue.explained.get(rule.id, {})
    names = names or [group if group in known else "any"]
    found = [own, *(known[it] for it in (*names, *_traits(stated)))]
    causes = dict.fromkeys(cause for it in found for cause in it.get("causes", ()))
    return list(causes), next(it["fix"] for it in found if "fix" in it)


def _traits(stated: list[Assertion]) -> Iterator[str]:
    for each in stated:
        if ITEM in each.instance:
            yield "+items"
        if _CONDITIONS & {*each.path}:
            yield "+conditional"
        if each.within:
            yield "+choice"
