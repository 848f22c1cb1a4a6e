"""Broken twins, and those that break two rules at once, as the catalogue spells out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringspec.spec import Contract, Json, Level, RuleId, patched
from ringspec.strategies.faults import Fault
from ringspec.strategies.twins import Twin


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A twin with one fault, and what it breaks."""

    rule: RuleId
    label: str
    level: Level
    twin: Twin
    fault: Fault
    body: Json
    rules: tuple[RuleId, ...]


def couplings(contract: Contract, twins: list[Twin]) -> Iterator[Broken]:
    """Yield the bodies that the catalogue spells out for rules that fall together."""
    alone = contract.catalogue.not_isolated
    for coupling in contract.catalogue.couplings:
        rules = tuple(rule for rule in contract.rules if rule in coupling.rules)
        if len(rules) < len(coupling.rules):
            continue  # a dialect has dropped one of them
        rule = next((each for each in rules if each in alone), rules[0])
        for edit in coupling.edits:
            fault = Fault(name=edit.name, patch=edit.patch)
            fitting = [each for each in twins if _matches(each.body, edit.where)]
            for twin in fitting[:1] + fitting[-1:]:
                body = patched(twin.body, fault.patch)
                if contract.prover.broken(body) == coupling.rules:
                    yield Broken(
                        rule=rule,
                        label=edit.name,
                        level=contract.rules[rule].level,
                        twin=twin,
                        fault=fault,
                        body=body,
                        rules=rules,
                    )


def _matches(body: Json, where: dict[str, Json]) -> bool:
    return isinstance(body, dict) and all(
        body.get(name) == value for name, value in where.items()
    )
