"""The invalid bodies of the case list: for each rule, each way to break it, dealt out.

In: a contract and the twins. Out: sketches, each a twin with one fault that breaks just
its rule. The first case of a rule has the best attested twin, so that it is decided at
the strictest level; the others go to twins in contexts that the rule has not met yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ringspec.spec import (
    Assertion,
    Contract,
    Json,
    Level,
    Location,
    RuleId,
    at,
    canonical,
)
from ringspec.strategies.bodies import Bodies
from ringspec.strategies.certify import NOTHING, Certifier, at_path, patched, stem
from ringspec.strategies.conditions import Conditions
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.twins import Twin, places

# How many contexts a rule is tried in at least, and one that depends on other members.
CONTEXTS = 2
CONTEXTS_IF = 4
# How many twins are tried for a fault before it is given up.
_TRIES = 40
# A rule in no more places than this is tried in all of them.
FEW = 4


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


@dataclass(slots=True)
class _Choice:
    """One fault that can be put into several twins."""

    name: str
    options: list[tuple[Twin, Fault]] = field(default_factory=list)


def invalid_sketches(bodies: Bodies, twins: list[Twin]) -> list[Broken]:
    """List the invalid bodies, rule by rule in the contract's order."""
    contract = bodies.contract
    by_rule: dict[RuleId, list[Assertion]] = {}
    for assertion in contract.assertions:
        by_rule.setdefault(assertion.rule, []).append(assertion)
    dealer = _Dealer(bodies, twins)
    found: list[Broken] = []
    for rule, assertions in by_rule.items():
        found += dealer.deal(rule, assertions)
    return [*found, *_couplings(contract, twins)]


class _Dealer:
    """Deals the faults of each rule to twins."""

    def __init__(self, bodies: Bodies, twins: list[Twin]) -> None:
        self._bodies = bodies
        self._contract = bodies.contract
        self._certifier = Certifier(bodies.contract)
        self._conditions = Conditions(bodies.contract)
        self._twins = sorted(
            twins,
            key=lambda each: (
                each.level.rank,
                each.strained,
                each is not twins[0],
                each.size,
            ),
        )
        # Takes the places of a shared component in turn, over all rules.
        self._turn = 0

    def deal(self, rule: RuleId, assertions: list[Assertion]) -> list[Broken]:
        """Return the cases of one rule."""
        seen: set[str] = set()
        found: dict[str, Broken] = {}
        choices = self._of_rule(assertions)
        wanted = CONTEXTS_IF if "then" in assertions[0].path else CONTEXTS
        again = (choices * wanted)[: max(0, wanted - len(choices))]
        for choice in choices + again:
            # Every other twin is as well attested as the rule, the rest may be richer.
            attested = len(found) % 2 == 0
            dealt = self._deal(rule, choice, seen, first=not found, attested=attested)
            if dealt is not None:
                found.setdefault(canonical(dealt.body), dealt)
                seen |= dealt.twin.context
        return list(found.values())

    def _of_rule(self, assertions: list[Assertion]) -> list[_Choice]:
        """List the faults of a rule; in a shared component, a sample of its places."""
        instances = dict.fromkeys(each.instance for each in assertions)
        named: dict[str, _Choice] = {}
        if len(instances) <= FEW:
            for assertion in assertions:
                suffix = f"@{_short(assertion)}" if len(instances) > 1 else ""
                for choice in self._choices(assertion, suffix):
                    named.setdefault(choice.name, choice)
            return list(named.values())
        # Another place for each rule of the component: together they meet them all.
        self._turn += 1
        size = len(assertions)
        main = assertions[self._turn % size]
        other = assertions[(self._turn + size // 2) % size]
        choices = self._choices(main, f"@{_short(main)}")
        choices += self._choices(other, f"@{_short(other)}")[:1]
        return sorted(choices, key=lambda each: each.options[0][0].level.rank)

    def _choices(self, assertion: Assertion, suffix: str) -> list[_Choice]:
        """List the faults of an assertion with all twins they can be put into."""
        found: dict[str, _Choice] = {}
        for twin in self._twins:
            if not self._conditions.hold(assertion, twin.body):
                continue
            for location, position in places(assertion.instance, twin.body):
                for fault in faults(self._spot(assertion, twin, location)):
                    name = fault.name
                    if fault.everywhere and position not in {"", "only"}:
                        name = f"{name}-{position}"
                    choice = found.setdefault(name, _Choice(f"{name}{suffix}"))
                    choice.options.append((twin, fault))
        return list(found.values())

    def _spot(self, assertion: Assertion, twin: Twin, location: Location) -> Spot:
        return Spot(
            bodies=self._bodies,
            assertion=assertion,
            node=at_path(self._contract.request.schema, stem(assertion)),
            location=location,
            value=at(twin.body, location),
        )

    def _deal(
        self,
        rule: RuleId,
        choice: _Choice,
        seen: set[str],
        *,
        first: bool,
        attested: bool,
    ) -> Broken | None:
        own = self._contract.rules[rule].level.rank

        def wanted(option: tuple[Twin, Fault]) -> tuple[bool, bool, int]:
            twin = option[0]
            return (
                self._certifier.is_masked(*option),
                attested and twin.level.rank > own,
                0 if first else -len(twin.context - seen),
            )

        # Stable: among equally new contexts the best attested twin comes first.
        options = sorted(choice.options, key=wanted)
        for twin, fault in options[:_TRIES]:
            body = self._certifier.certified(twin, fault, frozenset({rule}))
            if body is not NOTHING:
                level = self._contract.rules[rule].level
                return Broken(
                    rule=rule,
                    label=choice.name,
                    level=self._certifier.level(level, fault),
                    twin=twin,
                    fault=fault,
                    body=body,
                    rules=(rule,),
                )
        return None


def _short(assertion: Assertion) -> str:
    """Tell places of one rule apart."""
    return ".".join(step for step in assertion.instance if step != "*") or "body"


def _couplings(contract: Contract, twins: list[Twin]) -> Iterator[Broken]:
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
