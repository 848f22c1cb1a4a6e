"""Rules: the one statement each, with level, evidence, sentence and source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from ringspec.spec.errors import SpecError
from ringspec.spec.reading import mapping, sequence, short, text
from ringspec.spec.values import Json

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
        """Tell whether a failure of this level fails a run at that level."""
        return self.rank <= at.rank


def weakest(levels: Iterable[Level]) -> Level:
    """Return the weakest of some levels; MUST where there are none."""
    return max(levels, key=lambda level: level.rank, default=Level.MUST)


class Evidence(StrEnum):
    """How a statement is attested, best first."""

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
    """A fault that the catalogue spells out, since no keyword alone gives it away.

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
    return Catalogue(
        rules,
        _couplings(data.get("couplings", []), rules, f"{origin}: couplings"),
        _known(
            _reasons(data.get("not_isolated", {}), f"{origin}: not_isolated"),
            rules,
            f"{origin}: not_isolated",
        ),
        _reasons(data.get("unjudged", {}), f"{origin}: unjudged"),
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


def _couplings(
    rows: Json, rules: dict[RuleId, Rule], place: str
) -> tuple[Coupling, ...]:
    return tuple(
        _coupling(mapping(row, f"{place} {index + 1}"), rules, f"{place} {index + 1}")
        for index, row in enumerate(sequence(rows, place))
    )


def _coupling(row: Json, rules: dict[RuleId, Rule], place: str) -> Coupling:
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
    return Edit(
        name=name,
        where=mapping(fault.get("where", {}), f"{place}: {name}: where"),
        patch=tuple(patch),
    )


def _check_patch(step: dict[str, Json], place: str) -> None:
    word(step.get("op"), ("add", "replace", "remove"), f"{place}: op")
    if not text(step.get("path"), f"{place}: path").startswith("/"):
        raise SpecError(
            f"{place}: path {short(step['path'])} is no JSON pointer",
            hint="a pointer begins with /",
        )
    if step["op"] != "remove" and "value" not in step:
        raise SpecError(f"{place}: {step['op']} lacks a value", hint="give it one")


def _reasons(data: Json, place: str) -> dict[str, str]:
    return {
        name: text(reason, f"{place}: {name}")
        for name, reason in mapping(data, place).items()
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
