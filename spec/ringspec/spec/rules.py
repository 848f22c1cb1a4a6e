"""Rules: the catalogue, the rules about HTTP, and what a dialect changes about them.

Every rule has a level, evidence, a sentence and a source. A dialect's `x-rules` change
rules by their ids:

    x-rules:
      from.length: {level: must}
      retryDelays.items.max: {sentence: A delay is at most a week., level: should}
      retryDelays.count: {drop: true}

They stand at the overlay's top: the catalogue is no part of the contract that actions
change, and a rule may own keywords in many places. A rule that is dropped loses its
keywords in the contract and its cases, and is reported as not applicable. What only it
refused is neither valid nor invalid then: valid bodies keep to it still, so that no
server is blamed for a rule that is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NewType

from ringspec.spec.errors import SpecError, did_you_mean
from ringspec.spec.reading import mapping, sequence, short, text
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
    """How well a statement is attested, best first."""

    DOCUMENTED = "documented"
    WITNESSED = "witnessed"
    INFERRED = "inferred"
    ASSUMED = "assumed"

    @property
    def level(self) -> Level:
        """Return the strongest level that such evidence supports."""
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
        """Return the first word of the id: the member, `body`, `answer` and so on."""
        return self.id.split(".", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A fault that the catalogue writes out, since no keyword alone yields it.

    Attributes:
        where: members and values that the twin's body must have.
        patch: RFC 6902 operations.
    """

    name: str
    where: dict[str, Json]
    patch: tuple[dict[str, Json], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupling:
    """Two rules that some bodies can only break together."""

    rules: frozenset[RuleId]
    because: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The rules by id, in their order, and what goes with them.

    Attributes:
        not_isolated: rules without a case of their own, each with the reason.
        unjudged: places whose assertions no rule owns, each with the reason.
    """

    rules: dict[RuleId, Rule]
    couplings: tuple[Coupling, ...] = ()
    not_isolated: dict[RuleId, str] = field(default_factory=dict)
    unjudged: dict[str, str] = field(default_factory=dict)


_PARTS = ("rules", "couplings", "not_isolated", "unjudged")


def parse_catalogue(data: Json, origin: str) -> Catalogue:
    """Read a catalogue's data; SpecError names the row at fault."""
    if not isinstance(data, dict) or "rules" not in data:
        raise SpecError(
            f"{origin}: a catalogue has a list `rules`",
            hint="a file of this name beside a contract is taken for its catalogue",
        )
    if unknown := [name for name in data if name not in _PARTS]:
        raise SpecError(
            f"{origin} has {', '.join(unknown)}",
            hint=f"a catalogue has {', '.join(_PARTS)}",
        )
    rules: dict[RuleId, Rule] = {}
    for index, row in enumerate(sequence(data["rules"], f"{origin}: rules")):
        rule = _rule(row, f"{origin}: rule {index + 1}")
        if rule.id in rules:
            raise SpecError(
                f"{origin}: rule {rule.id} stands twice", hint="keep one of the rows"
            )
        rules[rule.id] = rule
    place = f"{origin}: couplings"
    couplings = sequence(data.get("couplings", []), place)
    return Catalogue(
        rules,
        tuple(
            _coupling(row, rules, f"{place} {index + 1}")
            for index, row in enumerate(couplings)
        ),
        _known(
            _reasons(data, "not_isolated", origin), rules, f"{origin}: not_isolated"
        ),
        _reasons(data, "unjudged", origin),
    )


def _rule(row: Json, place: str) -> Rule:
    row = mapping(row, place)
    for name in ("id", "level", "evidence", "sentence", "source"):
        if name not in row:
            raise SpecError(
                f"{place} ({short(row.get('id'))}) lacks {name}",
                hint="a row has id, level, evidence, sentence and source",
            )
        text(row[name], f"{place} ({short(row.get('id'))}): {name}")
    return Rule(
        id=RuleId(row["id"]),
        level=Level(word(row["level"], Level, f"{place} ({row['id']}): level")),
        evidence=Evidence(
            word(row["evidence"], Evidence, f"{place} ({row['id']}): evidence")
        ),
        sentence=row["sentence"],
        source=row["source"],
    )


def word(value: Json, words: Iterable[str], place: str) -> str:
    """Return one of some words; SpecError names the place of any other."""
    known = [str(each) for each in words]
    if isinstance(value, str) and value in known:
        return value
    raise SpecError(
        f"{place} is {short(value)}", hint=f"it is one of {', '.join(known)}"
    )


def _coupling(given: Json, rules: dict[RuleId, Rule], place: str) -> Coupling:
    row = mapping(given, place)
    named = sequence(row.get("rules"), f"{place}: rules")
    ids = {text(name, f"{place}: rules"): "" for name in named}
    faults = sequence(row.get("faults"), f"{place}: faults")
    return Coupling(
        rules=frozenset(_known(ids, rules, place)),
        because=text(row.get("because"), f"{place}: because"),
        edits=tuple(
            _edit(mapping(fault, f"{place}: fault {index + 1}"), place)
            for index, fault in enumerate(faults)
        ),
    )


def _edit(fault: dict[str, Json], place: str) -> Edit:
    name = text(fault.get("name"), f"{place}: the name of a fault")
    patch = sequence(fault.get("patch"), f"{place}: {name}: patch")
    for step in patch:
        _check_patch(mapping(step, f"{place}: {name}: patch"), f"{place}: {name}")
    where = mapping(fault.get("where", {}), f"{place}: {name}: where")
    return Edit(name=name, where=where, patch=tuple(patch))


def _check_patch(step: dict[str, Json], place: str) -> None:
    word(step.get("op"), ("add", "replace", "remove"), f"{place}: op")
    if not text(step.get("path"), f"{place}: path").startswith("/"):
        raise SpecError(
            f"{place}: path {short(step['path'])} is no JSON pointer",
            hint="a pointer begins with /",
        )
    if step["op"] != "remove" and "value" not in step:
        raise SpecError(f"{place}: {step['op']} lacks a value", hint="give it one")


def _reasons(data: dict[str, Json], part: str, origin: str) -> dict[str, str]:
    place = f"{origin}: {part}"
    return {
        name: text(reason, f"{place}: {name}")
        for name, reason in mapping(data.get(part, {}), place).items()
    }


def _known(
    ids: dict[str, str], rules: dict[RuleId, Rule], place: str
) -> dict[RuleId, str]:
    for name in ids:
        if name not in rules:
            raise SpecError(
                f"{place}: {name} is named, but no rule has that id",
                hint="compare the spelling with the catalogue's rows",
            )
    return {RuleId(name): reason for name, reason in ids.items()}


def respelt(catalogue: Catalogue, schema: Json) -> Catalogue:
    """Return a catalogue whose edits fit bodies as a dialect spells them.

    Args:
        catalogue: its edits name members canonically.
        schema: of a body, in which `x-member` keeps canonical names.
    """

    def edit(each: Edit) -> Edit:
        where = {
            _respelt((name,), schema)[0]: value for name, value in each.where.items()
        }
        patch = tuple(
            {**step, "path": pointer(_respelt(steps(step["path"]), schema))}
            for step in each.patch
        )
        return replace(each, where=where, patch=patch)

    couplings = tuple(
        replace(each, edits=tuple(map(edit, each.edits)))
        for each in catalogue.couplings
    )
    return replace(catalogue, couplings=couplings)


def _respelt(path: tuple[str, ...], schema: Json) -> tuple[str, ...]:
    """Spell a canonical path, as far as the schema names its steps."""
    found: list[str] = []
    for step in path:
        node = schema if isinstance(schema, dict) else {}
        members = node.get("properties", {})
        name = next((n for n in members if _canonical(n, members) == step), step)
        found.append(name)
        schema = members.get(name, node.get("items", {}))
    return tuple(found)


def _canonical(name: str, members: dict[str, Json]) -> str:
    child = members[name]
    return str(child.get("x-member", name)) if isinstance(child, dict) else name


RULES = "x-rules"
_CHANGED = ("level", "evidence", "sentence", "source", "drop")
# All others are judged by them.
_NEEDED = frozenset({RuleId("body.accepted"), RuleId("robustness")})


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A dialect's change of one rule.

    Attributes:
        fields: of the rule, by name, with their new values.
        drop: whether the provider has no such rule.
        place: where the dialect says so.
    """

    fields: dict[str, Any]
    drop: bool
    place: str


def read_changes(overlay: dict[str, Json], origin: str) -> dict[RuleId, RuleChange]:
    """Read a dialect's `x-rules`; SpecError names the row at fault."""
    place = f"{origin}: {RULES}"
    return {
        RuleId(name): _change(RuleId(name), given, f"{place}: {name}")
        for name, given in mapping(overlay.get(RULES, {}), place).items()
    }


def _change(rule: RuleId, given: Json, place: str) -> RuleChange:
    row = mapping(given, place)
    unknown = [name for name in row if name not in _CHANGED]
    if unknown or not row:
        raise SpecError(
            f"{place} has {', '.join(unknown) or 'nothing'}",
            hint=f"it changes {', '.join(_CHANGED[:-1])}, or says drop: true",
        )
    drop = row.get("drop", False)
    if not isinstance(drop, bool):
        raise SpecError(f"{place}: drop is neither true nor false", hint="drop: true")
    if drop and len(row) > 1:
        raise SpecError(f"{place} is dropped and changed", hint="do one of the two")
    if drop and rule in _NEEDED:
        raise SpecError(
            f"{place} cannot be dropped: all other rules are judged by it",
            hint="a run leaves it out with --exclude",
        )
    fields: dict[str, Any] = {
        name: text(row[name], f"{place}: {name}")
        for name in ("sentence", "source")
        if name in row
    }
    for name, words in (("level", Level), ("evidence", Evidence)):
        if name in row:
            fields[name] = words(word(row[name], words, f"{place}: {name}"))
    return RuleChange(fields, drop, place)


def amended(
    rules: dict[RuleId, Rule], changes: dict[RuleId, RuleChange]
) -> dict[RuleId, Rule]:
    """Return the rules as a dialect changes them; those it drops are still there.

    Raises:
        SpecError: it changes a rule that does not exist.
    """
    for name, change in changes.items():
        if name not in rules:
            raise SpecError(
                f"{change.place}: there is no such rule",
                hint=f"{did_you_mean(name, rules)}`ringspec rules` lists them",
            )
    return {
        name: replace(rule, **changes[name].fields) if name in changes else rule
        for name, rule in rules.items()
    }


_MUST = (Level.MUST, Evidence.DOCUMENTED)
_SHOULD = (Level.SHOULD, Evidence.WITNESSED)
_MAY = (Level.MAY, Evidence.INFERRED)
# Rules that every contract has, as they read without a catalogue.
_HTTP = {
    "body.accepted": (_MUST, "A body that keeps to every rule is accepted."),
    "answer.json": (_MUST, "What answers an accepted request is JSON, and says so."),
    "answer.members": (_MUST, "The answer has its required members."),
    "answer.types": (_MUST, "Members of the answer are what their schema says."),
    "answer.echo": (_MUST, "The answer gives back what was sent, unchanged."),
    "answer.defaults": (
        _MUST,
        "The answer shows documented defaults for what was left out.",
    ),
    "error.status": (_MUST, "What breaks a rule is refused with 400 or 422."),
    "error.envelope": (_MUST, "A refusal keeps to the contract's schema of errors."),
    "auth.token": (_MUST, "A request without a valid access token is answered 401."),
    "auth.secrecy": (_MAY, "No answer repeats the access token or the secret."),
    "auth.client": (_SHOULD, "Who does not prove to be a client gets no access token."),
    "wire.json": (_MAY, "A body that is no JSON is refused."),
    "wire.media": (_MAY, "A body that is not labelled as JSON is refused with 415."),
    "wire.method": (
        _MAY,
        "A method that a path does not have is answered 405, with Allow.",
    ),
    "wire.path": (_MAY, "A path that does not exist is answered 404."),
    "robustness": (
        _MUST,
        "Whatever is sent, the answer comes in time, whole, and is no 5xx.",
    ),
}
# Rules that links allow to judge: see `links.lifecycle_rules`.
LIFECYCLE = {
    "lifecycle.readable": (_SHOULD, "What was created can be read, as it was sent."),
    "lifecycle.rejected": (_SHOULD, "What was refused was not created."),
    "lifecycle.ids": (_MAY, "Whatever is created has an id of its own."),
    "lifecycle.listed": (_MAY, "What was created stands in the list."),
    "lifecycle.updated": (_SHOULD, "What an update sent is what is read afterwards."),
    "lifecycle.update.refused": (
        _MAY,
        "An update that breaks a rule is refused and changes nothing.",
    ),
    "lifecycle.deleted": (
        _MAY,
        "What was deleted, and nothing else, can no longer be read.",
    ),
    "lifecycle.unknown": (_MAY, "An id that nobody created is refused."),
    "lifecycle.state": (_MAY, "What was just created is in its first state."),
    "lifecycle.transitions": (
        _MAY,
        "A command that a state does not allow is refused.",
    ),
}


def standard_rule(name: str, sentence: str = "") -> Rule:
    """Return a rule about HTTP or a life cycle as it reads without a catalogue.

    Args:
        name: its id.
        sentence: of a command's rule, which is in no table.
    """
    known = {**_HTTP, **LIFECYCLE}
    (level, evidence), text_ = known.get(name, (_MAY, sentence))
    return Rule(
        id=RuleId(name),
        level=level,
        evidence=evidence,
        sentence=text_,
        source="RFC 9110",
    )


def http_rules() -> list[Rule]:
    """List the rules about HTTP, which every contract has."""
    return [standard_rule(name) for name in _HTTP]
