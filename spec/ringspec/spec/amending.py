"""Amending: `x-rules` of a dialect, what it changes about rules, by their ids.

    x-rules:
      from.length: {level: must}
      retryDelays.items.max: {sentence: A delay is at most a week., level: should}
      retryDelays.count: {drop: true}

It stands at the overlay's top: the catalogue is no part of the contract that actions
change, and a rule may own keywords in many places. A rule that is dropped loses its
keywords in the contract and its cases, and is reported as not applicable. What only it
refused is neither valid nor invalid then: valid bodies keep to it still, lest a server
be blamed for a rule that nobody is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ringspec.spec.actions import RULES
from ringspec.spec.assertions import CONTAINS, Assertion
from ringspec.spec.document import Inlined
from ringspec.spec.errors import SpecError, did_you_mean
from ringspec.spec.merging import unshared
from ringspec.spec.reading import mapping, text
from ringspec.spec.rules import Evidence, Level, Rule, RuleId, word
from ringspec.spec.values import Json

_NAMES = ("level", "evidence", "sentence", "source", "drop")
# Everything else is judged by them: what is accepted, and that anything is answered.
_NEEDED = frozenset({RuleId("body.accepted"), RuleId("robustness")})


@dataclass(frozen=True, slots=True)
class Change:
    """What a dialect says about one rule.

    Attributes:
        fields: of the rule, by name, with their new values.
        drop: whether the provider has no such rule.
        place: where the dialect says so.
    """

    fields: dict[str, Any]
    drop: bool
    place: str


def read_changes(overlay: dict[str, Json], origin: str) -> dict[RuleId, Change]:
    """Read a dialect's `x-rules`; SpecError names the row at fault."""
    place = f"{origin}: {RULES}"
    return {
        RuleId(name): _change(RuleId(name), given, f"{place}: {name}")
        for name, given in mapping(overlay.get(RULES, {}), place).items()
    }


def _change(rule: RuleId, given: Json, place: str) -> Change:
    row = mapping(given, place)
    unknown = [name for name in row if name not in _NAMES]
    if unknown or not row:
        raise SpecError(
            f"{place} has {', '.join(unknown) or 'nothing'}",
            hint=f"it changes {', '.join(_NAMES[:-1])}, or says drop: true",
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
    return Change(_fields(row, place), drop, place)


def _fields(row: dict[str, Json], place: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: text(row[name], f"{place}: {name}")
        for name in ("sentence", "source")
        if name in row
    }
    if "level" in row:
        found["level"] = Level(word(row["level"], Level, f"{place}: level"))
    if "evidence" in row:
        found["evidence"] = Evidence(
            word(row["evidence"], Evidence, f"{place}: evidence")
        )
    return found


def amended(
    rules: dict[RuleId, Rule], changes: dict[RuleId, Change]
) -> dict[RuleId, Rule]:
    """Return the rules as a dialect changes them, what it drops among them still.

    Raises:
        SpecError: it changes a rule that is not there.
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


def dropped(changes: dict[RuleId, Change]) -> frozenset[RuleId]:
    """Return the rules that a dialect drops."""
    return frozenset(name for name, change in changes.items() if change.drop)


def without(
    inlined: Inlined, stated: Iterable[Assertion], gone: frozenset[RuleId]
) -> Inlined:
    """Return a schema without the keywords that some rules own."""
    taken = [each for each in stated if each.rule in gone]
    if not taken:
        return inlined
    schema = unshared(inlined.schema)
    for assertion in taken:
        _take(schema, assertion)
    return replace(inlined, schema=schema)


def _take(schema: Json, assertion: Assertion) -> None:
    """Take one assertion out of a schema, where it stands."""
    named = assertion.keyword in {"required", "dependentRequired"}
    for step in assertion.path[: -2 if named else -1]:
        schema = schema[int(step) if isinstance(schema, list) else step]
    keyword, value = assertion.keyword, schema[assertion.keyword]
    if keyword == "required":
        left: Json = [name for name in value if name != assertion.value]
    elif keyword == "dependentRequired":
        left = _freed(value, assertion.value)
    else:
        left = None
    if left:
        schema[keyword] = left
        return
    for name in CONTAINS if keyword in CONTAINS else {keyword}:
        schema.pop(name, None)
    schema.get("x-rules", {}).pop(keyword, None)


def _freed(needs: dict[str, list[str]], name: str) -> dict[str, list[str]]:
    """Let nothing need a member any more."""
    kept = {
        member: [each for each in needed if each != name]
        for member, needed in needs.items()
    }
    return {member: needed for member, needed in kept.items() if needed}
