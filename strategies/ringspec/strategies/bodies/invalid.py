"""The invalid bodies of the case list: for each rule, each way to break it, dealt out.

In: a contract and the twins. Out: sketches, each a twin with one fault that breaks just
its rule. The first case of a rule has the best attested twin, so that it is decided at
the strictest level; the others go to twins in contexts that the rule has not met yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from ringspec.spec import (
    ITEM,
    Assertion,
    Contract,
    Json,
    Level,
    Location,
    RuleId,
    at,
    canonical,
    patched,
)
from ringspec.strategies.bodies.certify import Certifier, Conditions
from ringspec.strategies.bodies.contexts import Members, Met, Twin
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.locations import (
    NOTHING,
    at_path,
    is_conditional,
    places,
    stem,
)

Option = tuple[Twin, Fault]

# Arrays of so many items have a first, a middle and a last one.
_LONG = 3


@dataclass(slots=True)
class Choice:
    """One fault that can be put into several twins.

    Attributes:
        sizes: how many items there are around each option, where it matters which one
            it is; 0 where it is not at the end that it is named after.
    """

    name: str
    options: list[Option] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def add(self, twin: Twin, fault: Fault, location: Location, position: str) -> None:
        """Add a twin, with the fault as it is there; position: which item it is in."""
        self.options.append((twin, fault))
        if fault.everywhere and position:
            self.sizes.append(_size(twin.body, location, position))

    def keep_long(self) -> None:
        """Keep what is in an array of three, or of as many as there are.

        An only item is the first and the last one: it tells neither.
        """
        if not self.sizes:
            return
        enough = min(_LONG, max(self.sizes))
        sized = zip(self.options, self.sizes, strict=True)
        long = [option for option, size in sized if size >= enough]
        best = min(map(_rank, self.options))
        # Not at the price of a twin that is less well attested.
        if best < min(map(_rank, long)):
            long += [option for option in self.options if _rank(option) == best]
        self.options = long


def _rank(option: Option) -> int:
    return option[0].level.rank


def _size(body: Json, location: Location, position: str) -> int:
    """Count the items around a place; 0 if it is not at the end that is meant."""
    depth = max(i for i, step in enumerate(location) if isinstance(step, int))
    index, size = location[depth], len(at(body, location[:depth]))
    wanted = {"first": 0, "only": 0, "last": size - 1}.get(position, index)
    return size if index == wanted else 0


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


# How many cases a rule has at least, and one that depends on other members.
CASES = 2
CASES_IF = 4
# How many cases more a rule may get for contexts that the others have not met.
MORE = 2
MORE_IF = 8
# How many contexts fewer another place of a shared component may add than the best.
SLACK = 2
# How many twins are tried for a fault before it is given up.
_TRIES = 40
# A rule in no more places than this is tried in all of them.
FEW = 4


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
    return [*found, *couplings(contract, twins)]


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
        self._members = Members(bodies.contract)
        # How often each place of a shared component was taken, by how many it has.
        self._used: dict[int, Counter[int]] = {}

    def deal(self, rule: RuleId, assertions: list[Assertion]) -> list[Broken]:
        """Return the cases of one rule."""
        conditional = any(map(is_conditional, assertions))
        met = Met(_own(assertions), everywhere=conditional)
        found: dict[str, Broken] = {}
        choices = self._of_rule(assertions)
        wanted = CASES_IF if conditional else CASES
        again = (choices * wanted)[: max(0, wanted - len(choices))]
        for choice in choices + again:
            # Every other twin is as well attested as the rule, the rest may be richer.
            attested = len(found) % 2 == 0
            dealt = self._deal(rule, choice, met, first=not found, attested=attested)
            if dealt is not None:
                found.setdefault(canonical(dealt.body), dealt)
                met.add(self._members.of(dealt.twin.body))
        for _ in range(MORE_IF if conditional else MORE):
            dealt = self._more(rule, choices, met)
            if dealt is None:
                break
            found.setdefault(canonical(dealt.body), dealt)
            met.add(self._members.of(dealt.twin.body))
        return list(found.values()) or self._coupled(rule, assertions, choices)

    def _coupled(
        self, rule: RuleId, assertions: list[Assertion], choices: list[Choice]
    ) -> list[Broken]:
        """Return a case of a rule that no body breaks by itself.

        A value that a choice or a condition looks at may be wrong only together with
        them.
        """
        if rule in self._contract.catalogue.not_isolated:
            return []
        around = self._around(rule, assertions)
        for choice in choices if around else ():
            for twin, fault in choice.options[:_TRIES]:
                body = patched(twin.body, fault.patch)
                broken = self._contract.prover.broken(body)
                if rule in broken and broken - {rule} <= around:
                    made = self._made(rule, choice.name, twin, fault, broken)
                    if made is not None:
                        return [made]
        return []

    def _around(self, rule: RuleId, assertions: list[Assertion]) -> set[RuleId]:
        """List the rules of choices around a rule's places, and of conditions."""
        return {
            each.rule
            for each in self._contract.assertions
            for own in assertions
            if each.rule != rule
            and (is_conditional(each) or _is_choice_around(each, own))
        }

    def _more(self, rule: RuleId, choices: list[Choice], met: Met) -> Broken | None:
        """Return a case in the context that adds the most, if one adds anything."""
        options = [
            (
                (
                    self._certifier.is_masked(twin, fault),
                    -gain,
                    -met.spare(self._members.of(twin.body)),
                ),
                choice.name,
                twin,
                fault,
            )
            for choice in choices
            for twin, fault in choice.options
            if (gain := self._gain(met, twin))
        ]
        for _, name, twin, fault in sorted(options, key=lambda each: each[0]):
            made = self._made(rule, name, twin, fault)
            if made is not None:
                return made
        return None

    def _gain(self, met: Met, twin: Twin) -> int:
        return met.gain(self._members.of(twin.body))

    def _of_rule(self, assertions: list[Assertion]) -> list[Choice]:
        """List the faults of a rule; in a shared component, a sample of its places."""
        instances = dict.fromkeys(each.instance for each in assertions)
        if len(instances) <= FEW:
            return self._everywhere(assertions, many=len(instances) > 1)
        # Other places for each rule of the component: together they meet them all.
        # What is shared stands in the same order in each rule, so its number is a name.
        size = len(assertions)
        used = self._used.setdefault(size, Counter())
        main = min(range(size), key=lambda each: (used[each], -each))
        choices = self._choices(assertions[main], f"@{_short(assertions[main])}")
        met = Met(_own(assertions), everywhere=False)
        for choice in choices:
            for twin, _ in choice.options:
                met.add(self._members.of(twin.body))
        adding = [self._adding(met, each) for each in assertions]
        rest = [each for each in range(size) if each != main]
        # The further away the better: a check may be missing in a whole branch.
        far = min(
            rest,
            key=lambda each: (
                _shared(assertions[main], assertions[each]),
                used[each],
                -adding[each],
            ),
        )
        poor = adding[far] < max(adding) - SLACK
        rich = [each for each in rest if adding[each] >= max(adding) - SLACK]
        others = (
            [far, min(rich, key=lambda each: used[each])] if poor and rich else [far]
        )
        used.update([main, *others])
        for other in others:
            suffix = f"@{_short(assertions[other])}"
            choices += self._choices(assertions[other], suffix)[:1]
        return sorted(choices, key=lambda each: each.options[0][0].level.rank)

    def _adding(self, met: Met, assertion: Assertion) -> int:
        """Count the contexts that the twins with a place would add."""
        return max(
            (
                self._gain(met, twin)
                for twin in self._twins
                if any(places(assertion.instance, twin.body))
            ),
            default=-1,
        )

    def _everywhere(self, assertions: list[Assertion], *, many: bool) -> list[Choice]:
        """List the faults of assertions, alike ones of one place once."""
        named: dict[str, Choice] = {}
        for assertion in assertions:
            choices = self._choices(assertion, f"@{_short(assertion)}" if many else "")
            fresh = [choice for choice in choices if choice.name not in named]
            if choices and not fresh and _stands_alone(assertion):
                # Each has a value or a condition of its own: none stands for another.
                turn = choices[len(named) % len(choices) :][:1]
                fresh = [
                    Choice(f"{each.name}-{len(named)}", each.options) for each in turn
                ]
            named.update((choice.name, choice) for choice in fresh)
        return list(named.values())

    def _choices(self, assertion: Assertion, suffix: str) -> list[Choice]:
        """List the faults of an assertion with all twins they can be put into."""
        found: dict[str, Choice] = {}
        for twin in self._twins:
            if not self._conditions.hold(assertion, twin.body):
                continue
            for location, position in _places(assertion, twin.body):
                for fault in faults(self._spot(assertion, twin, location)):
                    name = fault.name
                    if fault.everywhere and position:
                        # An only item is a first one.
                        name = f"{name}-{position.replace('only', 'first')}"
                    choice = found.setdefault(name, Choice(f"{name}{suffix}"))
                    choice.add(twin, fault, location, position)
        for choice in found.values():
            choice.keep_long()
        return list(found.values())

    def _spot(self, assertion: Assertion, twin: Twin, location: Location) -> Spot:
        return Spot(
            bodies=self._bodies,
            assertion=assertion,
            node=at_path(self._contract.request.schema, stem(assertion)),
            location=location,
            value=at(twin.body, location),
            level=self._contract.rules[assertion.rule].level,
        )

    def _deal(
        self,
        rule: RuleId,
        choice: Choice,
        met: Met,
        *,
        first: bool,
        attested: bool,
    ) -> Broken | None:
        own = self._contract.rules[rule].level.rank

        def wanted(option: tuple[Twin, Fault]) -> tuple[bool, bool, int, int]:
            twin = option[0]
            spare = met.spare(self._members.of(twin.body))
            return (
                self._certifier.is_masked(*option),
                attested and twin.level.rank > own,
                0 if first else -self._gain(met, twin),
                0 if first else -spare,
            )

        # Stable: among equally new contexts the best attested twin comes first.
        options = sorted(choice.options, key=wanted)
        found: Broken | None = None
        for twin, fault in options[:_TRIES]:
            made = self._made(rule, choice.name, twin, fault)
            if made is not None and self._breaks_once(made):
                return made
            found = found or made
        return found

    def _breaks_once(self, broken: Broken) -> bool:
        """Tell whether just one assertion of the rule is broken, as it tells more."""
        breaches = self._contract.prover.breaches(broken.body)
        return len({breach.assertion for breach in breaches}) == 1

    def _made(
        self,
        rule: RuleId,
        name: str,
        twin: Twin,
        fault: Fault,
        broken: frozenset[RuleId] = frozenset(),
    ) -> Broken | None:
        broken |= {rule}
        body = self._certifier.certified(twin, fault, broken)
        if body is NOTHING:
            return None
        level = self._contract.rules[rule].level
        return Broken(
            rule=rule,
            label=name,
            level=self._certifier.level(level, fault, body),
            twin=twin,
            fault=fault,
            body=body,
            rules=(rule, *sorted(broken - {rule})),
        )


def _shared(left: Assertion, right: Assertion) -> int:
    """Count the steps that the places of two assertions begin with alike."""
    pairs = zip(left.instance, right.instance, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _is_choice_around(one: Assertion, other: Assertion) -> bool:
    around = other.instance[: len(one.instance)]
    return one.keyword in {"anyOf", "oneOf"} and one.instance == around


def _places(assertion: Assertion, body: Json) -> Iterator[tuple[Location, str]]:
    """Yield where an assertion applies; of a member that may not be, what is around."""
    if assertion.keyword == "not" and not assertion.value and assertion.instance:
        *around, name = assertion.instance
        for location, position in places(tuple(around), body):
            value = at(body, location)
            if name != ITEM and isinstance(value, dict) and name not in value:
                yield location, position
    else:
        yield from places(assertion.instance, body)


def _stands_alone(assertion: Assertion) -> bool:
    """Tell whether an assertion of a rule needs a case of its own."""
    return assertion.keyword == "contains" or is_conditional(assertion)


def _own(assertions: list[Assertion]) -> set[str]:
    """Return the members at the top of a body that assertions are about."""
    found = {each.instance[0] for each in assertions if each.instance}
    named = {"required", "dependentRequired"}
    return found | {
        each.value for each in assertions if not each.instance and each.keyword in named
    }


def _short(assertion: Assertion) -> str:
    """Tell places of one rule apart."""
    return ".".join(step for step in assertion.instance if step != "*") or "body"
