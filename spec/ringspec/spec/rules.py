"""Rules: the one statement each, with level, evidence, sentence and source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from ringspec.spec.errors import SpecError
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
        """Return the first word of the id: the member, or `body`, `answer` …"""
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
        isolated: rules without a case of their own, each with the reason.
        unjudged: places whose assertions no rule owns, each with the reason.
    """

    rules: dict[RuleId, Rule]
    couplings: tuple[Coupling, ...] = ()
    not_isolated: dict[RuleId, str] = field(default_factory=dict)
    unjudged: dict[str, str] = field(default_factory=dict)


def parse_catalogue(data: Json, origin: str) -> Catalogue:
    """Read a catalogue's data; SpecError names the row at fault."""
    if not isinstance(data, dict) or not isinstance(data.get("rules"), list):
        raise SpecError(f"{origin}: a catalogue has a list `rules`")
    rules: dict[RuleId, Rule] = {}
    for row in data["rules"]:
        rule = _rule(row, origin)
        if rule.id in rules:
            raise SpecError(f"{origin}: rule {rule.id} stands twice")
        rules[rule.id] = rule
    return Catalogue(
        rules,
        tuple(_coupling(row, rules, origin) for row in data.get("couplings", ())),
        _known(data.get("not_isolated", {}), rules, origin),
        dict(data.get("unjudged", {})),
    )


def _rule(row: Json, origin: str) -> Rule:
    try:
        return Rule(
            id=RuleId(row["id"]),
            level=Level(row["level"]),
            evidence=Evidence(row["evidence"]),
            sentence=row["sentence"],
            source=row["source"],
        )
    except (KeyError, ValueError, TypeError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        name = row.get("id", row) if isinstance(row, dict) else row
        raise SpecError(
            f"{origin}: rule {name!r}: {what}",
            hint="a row has id, level, evidence, sentence and source",
        ) from error


def _coupling(row: Json, rules: dict[RuleId, Rule], origin: str) -> Coupling:
    try:
        return Coupling(
            rules=frozenset(_known(dict.fromkeys(row["rules"], ""), rules, origin)),
            because=row["because"],
            edits=tuple(
                Edit(
                    name=edit["name"],
                    where=edit["where"],
                    patch=tuple(edit["patch"]),
                )
                for edit in row["faults"]
            ),
        )
    except (KeyError, TypeError) as error:
        raise SpecError(f"{origin}: coupling {row!r} lacks {error}") from error


def _known(
    ids: dict[str, str], rules: dict[RuleId, Rule], origin: str
) -> dict[RuleId, str]:
    for name in ids:
        if name not in rules:
            raise SpecError(f"{origin}: {name} is named, but no rule has that id")
    return {RuleId(name): reason for name, reason in ids.items()}
