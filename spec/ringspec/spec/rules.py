"""Rules: the catalogue, the rules about HTTP, and a dialect's changes.

A dialect's `x-rules` change rules by their ids, at the overlay's top:

    retryDelays.items.max: {sentence: A delay is at most a week., level: should}
    retryDelays.count: {drop: true}

A dropped rule loses its keywords in the contract and its cases, and is reported as not
applicable. Valid bodies still keep to it: a body that breaks only it is unspecified.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NewType

from ringspec.spec.errors import SpecError, did_you_mean
from ringspec.spec.reading import mapping, only, read, sequence, short, text, word
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
        return list(Level).index(self)

    def gates(self, at: Level) -> bool:
        """Return whether a failure of this level fails a run at that level."""
        return self.rank <= at.rank


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
    """One checkable requirement.

    Attributes:
        places: JSON pointers into the contract; empty for a rule that no schema states.
    """

    id: RuleId
    level: Level
    evidence: Evidence
    sentence: str
    source: str
    places: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Return the first word of the id: a member, `body`, `answer` ..."""
        return self.id.split(".", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A fault given by the catalogue, since no keyword yields it.

    Attributes:
        where: members and values that the twin's body must have.
        patch: RFC 6902 operations.
    """

    name: str
    where: dict[str, Json]
    patch: tuple[dict[str, Json], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupling:
    """Rules that break only together, with the edits that do so."""

    rules: frozenset[RuleId]
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The rules by id, in order, with couplings and exceptions.

    Attributes:
        not_isolated: rules without a case of their own, each with the reason.
    """

    rules: dict[RuleId, Rule]
    couplings: tuple[Coupling, ...] = ()
    not_isolated: dict[RuleId, str] = field(default_factory=dict)


# `unjudged`: places whose assertions no rule owns, each with the reason.
_PARTS = ("rules", "couplings", "not_isolated", "unjudged")


def parse_catalogue(data: Json, origin: str) -> Catalogue:
    """Read a catalogue's data; SpecError names the row at fault."""
    if not isinstance(data, dict) or "rules" not in data:
        raise SpecError(
            f"{origin}: a catalogue has a list `rules`",
            hint="a file of this name beside a contract is taken for its catalogue",
        )
    only(data, _PARTS, origin, f"a catalogue has {', '.join(_PARTS)}")
    rules: dict[RuleId, Rule] = {}
    for index, row in enumerate(sequence(data["rules"], f"{origin}: rules")):
        rule = _rule(row, f"{origin}: rule {index + 1}")
        if rule.id in rules:
            raise SpecError(
                f"{origin}: rule {rule.id} stands twice", hint="keep one of the rows"
            )
        rules[rule.id] = rule
    place = f"{origin}: couplings"
    couplings = tuple(
        _coupling(mapping(row, f"{place} {index + 1}"), rules, f"{place} {index + 1}")
        for index, row in enumerate(sequence(data.get("couplings", []), place))
    )
    reasons = mapping(data.get("not_isolated", {}), f"{origin}: not_isolated")
    for name, reason in reasons.items():
        text(reason, f"{origin}: not_isolated: {name}")
    _check_known(reasons, rules, f"{origin}: not_isolated")
    return Catalogue(rules, couplings, {RuleId(n): why for n, why in reasons.items()})


def _rule(row: Json, place: str) -> Rule:
    row = mapping(row, place)
    for name in ("id", "level", "evidence", "sentence", "source"):
        if name not in row:
            raise SpecError(
                f"{place} ({short(row.get('id'))}) lacks {name}",
                hint="a row has id, level, evidence, sentence and source",
            )
        text(row[name], f"{place} ({short(row.get('id'))}): {name}")
    place = f"{place} ({row['id']})"
    return Rule(
        id=RuleId(row["id"]),
        level=Level(word(row["level"], Level, f"{place}: level")),
        evidence=Evidence(word(row["evidence"], Evidence, f"{place}: evidence")),
        sentence=row["sentence"],
        source=row["source"],
    )


def _coupling(row: dict[str, Json], rules: dict[RuleId, Rule], place: str) -> Coupling:
    named = sequence(row.get("rules"), f"{place}: rules")
    ids = [text(name, f"{place}: rules") for name in named]
    _check_known(ids, rules, place)
    faults = sequence(row.get("faults"), f"{place}: faults")
    edits = [
        _edit(mapping(fault, f"{place}: fault {index + 1}"), place)
        for index, fault in enumerate(faults)
    ]
    return Coupling(rules=frozenset(map(RuleId, ids)), edits=tuple(edits))


def _edit(fault: dict[str, Json], place: str) -> Edit:
    name = text(fault.get("name"), f"{place}: the name of a fault")
    place = f"{place}: {name}"
    patch = sequence(fault.get("patch"), f"{place}: patch")
    for given in patch:
        step = mapping(given, f"{place}: patch")
        word(step.get("op"), ("add", "replace", "remove"), f"{place}: op")
        if not text(step.get("path"), f"{place}: path").startswith("/"):
            raise SpecError(
                f"{place}: path {short(step['path'])} is no JSON pointer",
                hint="a pointer begins with /",
            )
        if step["op"] != "remove" and "value" not in step:
            raise SpecError(f"{place}: {step['op']} lacks a value", hint="give it one")
    where = mapping(fault.get("where", {}), f"{place}: where")
    return Edit(name=name, where=where, patch=tuple(patch))


def _check_known(ids: Iterable[str], rules: dict[RuleId, Rule], place: str) -> None:
    for name in ids:
        if name not in rules:
            raise SpecError(
                f"{place}: {name} is named, but no rule has that id",
                hint="compare the spelling with the catalogue's rows",
            )


def respelt(catalogue: Catalogue, schema: Json) -> Catalogue:
    """Return a catalogue whose edits have a dialect's spelling.

    Args:
        catalogue: its edits name members canonically.
        schema: of a body, in which `x-member` keeps canonical names.
    """

    def edit(each: Edit) -> Edit:
        where = {_respelt((name,), schema)[0]: each.where[name] for name in each.where}
        patch = tuple(
            {**step, "path": pointer(_respelt(steps(step["path"]), schema))}
            for step in each.patch
        )
        return replace(each, where=where, patch=patch)

    couplings = (
        replace(each, edits=tuple(map(edit, each.edits)))
        for each in catalogue.couplings
    )
    return replace(catalogue, couplings=tuple(couplings))


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
BODY_ACCEPTED, ROBUSTNESS = RuleId("body.accepted"), RuleId("robustness")
RULES = "x-rules"
_CHANGED = ("level", "evidence", "sentence", "source", "drop")


def read_changes(overlay: dict[str, Json], origin: str) -> dict[RuleId, dict[str, Any]]:
    """Read a dialect's `x-rules`: new values of a rule's fields, or `drop: true`."""
    place = f"{origin}: {RULES}"
    return {
        RuleId(name): _change(RuleId(name), given, f"{place}: {name}")
        for name, given in mapping(overlay.get(RULES, {}), place).items()
    }


def _change(rule: RuleId, given: Json, place: str) -> dict[str, Any]:
    row = mapping(given, place)
    hint = f"it changes {', '.join(_CHANGED[:-1])}, or says drop: true"
    only(row, _CHANGED, place, hint)
    if not row:
        raise SpecError(f"{place} has nothing", hint=hint)
    drop = row.get("drop", False)
    if not isinstance(drop, bool):
        raise SpecError(f"{place}: drop is neither true nor false", hint="drop: true")
    if drop and len(row) > 1:
        raise SpecError(f"{place} is dropped and changed", hint="do one of the two")
    if drop and rule in (BODY_ACCEPTED, ROBUSTNESS):
        raise SpecError(
            f"{place} cannot be dropped: all other rules are judged by it",
            hint="a run leaves it out with --exclude",
        )
    found: dict[str, Any] = {"drop": True} if drop else {}
    for name in ("sentence", "source"):
        if name in row:
            found[name] = text(row[name], f"{place}: {name}")
    for name, words in (("level", Level), ("evidence", Evidence)):
        if name in row:
            found[name] = words(word(row[name], words, f"{place}: {name}"))
    return found


def amended(
    rules: dict[RuleId, Rule], changes: dict[RuleId, dict[str, Any]], origin: str
) -> dict[RuleId, Rule]:
    """Return the rules with a dialect's changes; dropped ones stay."""
    found = dict(rules)
    for name, change in changes.items():
        if name not in rules:
            raise SpecError(
                f"{origin}: {RULES}: {name}: there is no such rule",
                hint=f"{did_you_mean(name, rules)}`ringspec rules` lists them",
            )
        if not change.get("drop"):
            found[name] = replace(rules[name], **change)
    return found


@cache
def http_rules() -> dict[RuleId, Rule]:
    """Return the default rules about HTTP and life cycles."""
    file = Path(__file__).with_name("http_rules.yaml")
    return parse_catalogue(read(file), file.name).rules
