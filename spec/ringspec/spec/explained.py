"""Why servers fail a rule, and the fix: by its keywords, or as a catalogue has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ringspec.spec.assertions import Assertion
from ringspec.spec.contract import Contract
from ringspec.spec.reading import read
from ringspec.spec.rules import Rule
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json

_CONDITIONS = frozenset({"then", "else", "dependentSchemas"})


@cache
def _known() -> tuple[dict[str, dict[str, Json]], dict[str, str]]:
    """Return the entries by their names, and why rules of a group have no request."""
    data = read(Path(__file__).with_suffix(".yaml"))
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
