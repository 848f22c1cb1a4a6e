"""Rules: the catalogue, the rules about HTTP, and a dialect's changes.

A dialect's `x-rules` change rules by their ids, at the overlay's top:

    retryDelays.items.max: {sentence: A delay is at most a week., level: should}
    retryDelays.count: {drop: true}

A dropped rule loses its keywords in the contract and its cases, and is reported as not
applicable. Valid bodies still keep to it: a body that breaks only it is unspecified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NewType

from ringspec.spec.errors import SpecError, did_you_mean, spec_error
from ringspec.spec.reading import check_form, read
from ringspec.spec.values import Json, pointer, steps

RuleId = NewType("RuleId", str)


class Level(StrEnum):
    """How strongly a rule binds, strongest first. Source: RFC 2119."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"

    @property
    def rank(self) -> int:
        """Return 0 for MUST, 1 for SHOULD, 2 for MAY."""
        return _RANKS[self]

    def gates(self, at: Level) -> bool:
        """Return whether a failure of this level fails a run at that level."""
        return self.rank <= at.rank


_RANKS = {level: rank for rank, level in enumerate(Level)}


def weakest(levels: Iterable[Level]) -> Level:
    """Return the weakest of some levels; MUST without any."""
    return max(levels, key=lambda level: level.rank, default=Level.MUST)


class Evidence(StrEnum):
    """The kinds of sources of a statement, best first."""

    DOCUMENTED = "documented"
    WITNESSED = "witnessed"
    INFERRED = "inferred"
    ASSUMED = "assumed"

    @property
    def level(self) -> Level:
        """Return the strongest level that the evidence supports."""
        return {
            Evidence.DOCUMENTED: Level.MUST,
            Evidence.WITNESSED: Level.SHOULD,
        }.get(self, Level.MAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One checkable requirement."""

    id: RuleId
    level: Level
    evidence: Evidence
    sentence: str
    source: str
    # JSON pointers into the contract; empty for a rule that no schema states.
    places: tuple[str, ...] = ()
    operation: str = ""  # that leads the id, in a run of several
    holds: str = ""  # an expression that says it
    # `status` and `code` of refusals.
    answer: dict[str, Json] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """Return the first word of the id: a member, `body`, `answer` ..."""
        return self.id.removeprefix(f"{self.operation}/").split(".", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupling:
    """A fault that breaks several rules, given by the catalogue, not by a keyword."""

    rules: frozenset[RuleId]  # they break only together
    name: str
    where: dict[str, Json]  # members and values that the twin's body must have
    patch: tuple[dict[str, Json], ...]  # RFC 6902 operations


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The rules by id, in order, with couplings and exceptions."""

    rules: dict[RuleId, Rule]
    couplings: tuple[Coupling, ...] = ()
    # Rules without a case of their own, each with the reason.
    not_isolated: dict[RuleId, str] = field(default_factory=dict)
    # Of rules, `causes` in servers and the `fix`.
    explained: dict[RuleId, dict[str, Any]] = field(default_factory=dict)


# The fields of a rule as rows and changes give them.
_FIELDS = ("id", "level", "evidence", "sentence", "source", "holds", "answer")
_KINDS: dict[str, Callable[..., Any]] = {
    "level": Level,
    "evidence": Evidence,
    "answer": dict,
}


def fields_of(row: dict[str, Json]) -> dict[str, Any]:
    """Return the fields of a rule that a row gives."""
    return {it: _KINDS.get(it, str)(row[it]) for it in _FIELDS if it in row}


def rows_of(stated: Json) -> tuple[dict[str, str], dict[str, Json]]:
    """Split what `x-rules` says beside a schema, a list of rows or a mapping.

    It names the rules of keywords, and states others by expressions: rows by their ids.
    """
    if isinstance(stated, list):
        ids = (row.get("id") if isinstance(row, dict) else None for row in stated)
        return {}, {
            str(name or number): row
            for number, (name, row) in enumerate(zip(ids, stated, strict=True))
        }
    pairs = stated.items() if isinstance(stated, dict) else ()
    rows = {name: {"id": name, **row} for name, row in pairs if isinstance(row, dict)}
    return {name: it for name, it in pairs if name not in rows}, rows


def expressed(row: dict[str, Json], source: str) -> Rule:
    """Return the rule of a row that an expression says, documented by default."""
    usual = {"level": Level.MUST, "evidence": Evidence.DOCUMENTED, "source": source}
    return Rule(**usual | fields_of(row))


def parse_catalogue(data: Json, origin: str) -> Catalogue:
    """Read a catalogue's data; SpecError names the place at fault."""
    check_form(data, "catalogue", f"{origin}: #")
    rules: dict[RuleId, Rule] = {}
    for row in data["rules"]:
        rule = expressed(row, origin) if "holds" in row else Rule(**fields_of(row))
        if rule.id in rules:
            raise spec_error("rule-twice", origin=origin, name=rule.id)
        rules[rule.id] = rule
    couplings = data.get("couplings", [])
    not_isolated = data.get("not_isolated", {})
    explained = data.get("explained", {})
    coupled = (name for row in couplings for name in row["rules"])
    for name in (*not_isolated, *explained, *coupled):
        if name not in rules:
            raise spec_error("no-such-rule", origin=origin, name=name)
    found = [
        {**fault, "patch": tuple(fault["patch"]), "rules": frozenset(row["rules"])}
        for row in couplings
        for fault in row["faults"]
    ]
    listed = (Coupling(**{"where": {}, **each}) for each in found)
    return Catalogue(rules, tuple(listed), not_isolated, explained)


def respelt(catalogue: Catalogue, schema: Json) -> Catalogue:
    """Return a catalogue whose couplings have a dialect's spelling.

    In the schema of a body, `x-member` keeps the canonical names, as they have them.
    """

    def spelt(each: Coupling) -> Coupling:
        where = {_respelt((name,), schema)[0]: each.where[name] for name in each.where}
        patch = (
            {**step, "path": pointer(_respelt(steps(step["path"]), schema))}
            for step in each.patch
        )
        return replace(each, where=where, patch=tuple(patch))

    return replace(catalogue, couplings=tuple(map(spelt, catalogue.couplings)))


def _respelt(path: tuple[str, ...], schema: Json) -> tuple[str, ...]:
    """Convert a canonical path, as far as the schema names its steps."""
    found: list[str] = []
    for step in path:
        node = schema if isinstance(schema, dict) else {}
        members = node.get("properties", {})
        spellings = {
            child.get("x-member", name): name
            for name, child in reversed(members.items())
            if isinstance(child, dict)
        }
        found.append(spellings.get(step, step))
        schema = members.get(found[-1], node.get("items", {}))
    return tuple(found)


# All other rules are judged by these two.
# First words of the ids of rules that are about no member.
GROUPS = frozenset({"answer", "auth", "error", "lifecycle", "robustness", "wire"})
BODY_ACCEPTED, ROBUSTNESS = RuleId("body.accepted"), RuleId("robustness")
SCOPE = RuleId("auth.scope")
RULES = "x-rules"


def read_changes(changes: dict[str, Json], origin: str) -> dict[RuleId, dict[str, Any]]:
    """Read a dialect's `x-rules`: new values of a rule's fields, or `drop: true`."""
    check_form(changes, "changes", f"{origin}: #/{RULES}")
    return {
        RuleId(name): {"drop": True} if row.get("drop") else fields_of(row)
        for name, row in changes.items()
    }


def amended(
    rules: dict[RuleId, Rule], changes: dict[RuleId, dict[str, Any]], origin: str
) -> dict[RuleId, Rule]:
    """Return the rules with a dialect's changes; dropped ones stay."""
    found = dict(rules)
    for name, change in changes.items():
        if name not in rules:
            fault = f"{origin}: #/{RULES}/{name}: there is no such rule"
            hint = f"{did_you_mean(name, rules)}`ringspec rules` lists them"
            raise SpecError(fault, hint=hint)
        if "drop" not in change:
            found[name] = replace(rules[name], **change)
    return found


@cache
def http_rules() -> dict[RuleId, Rule]:
    """Return the default rules about HTTP and life cycles."""
    file = Path(__file__).with_name("http_rules.yaml")
    return parse_catalogue(read(file), file.name).rules
