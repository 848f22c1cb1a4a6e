"""The invalid bodies of the case list: for each rule, each way to break it.

In: a contract and its accepted cases, the twins. Out: cases, each a twin with one fault
that breaks just its rule. Three steps: list the faults of a rule with the twins they
fit; rank the twins; certify the first suitable one. The first case of a rule has
the twin of the strictest level; the others have twins in contexts that are new to the
rule. A context is a value of another member, or its absence: a rule that is checked
only beside one value is found by a case beside another, and the other way round.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from os.path import commonprefix
from typing import NamedTuple, TypeAlias

from ringspec.spec import (
    Assertion,
    Contract,
    Json,
    Location,
    RuleId,
    at,
    canonical,
    patched,
)
from ringspec.strategies.bodies.certify import Certifier
from ringspec.strategies.case import Case, Expect, Requests, encode
from ringspec.strategies.faults import Fault, faults_in
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.locations import NOTHING, is_conditional, places

# Least number of cases of a rule, and of one that depends on other members.
CASES, CASES_IF = 2, 4
# Most further cases of a rule for new contexts.
MORE, MORE_IF = 2, 8
# Another place of a shared component may add this many contexts less than the best.
SLACK = 2
# Most twins tried for a fault.
_TRIES = 40
# Most places in which a rule is tried in all.
FEW = 4
# Least length of an array with a first, a middle and a last item.
_LONG = 3
# States of a member: absent, present with a value that is not counted, or null.
ABSENT, PRESENT, NULL = "", "+", "null"
# Separates the names of nested members.
INSIDE = "/"
# States that count even after two others.
_PLAIN = frozenset({ABSENT, PRESENT, "true", "false"})

Option: TypeAlias = tuple[Case, Fault]
States: TypeAlias = frozenset[tuple[str, str]]


def invalid_cases(
    bodies: Bodies,
    contract: Contract,
    assertions: Iterable[Assertion],
    twins: list[Case],
    edge_ids: Collection[str],
) -> Iterator[Case]:
    """Yield the invalid bodies, rule by rule in the contract's order.

    Args:
        bodies: of a reading of the contract.
        contract: by which the broken rules are named.
        assertions: those to break.
        twins: its accepted cases, the plainest first.
        edge_ids: ids of those with a text of extreme length or unusual form.
    """
    by_rule: dict[RuleId, list[Assertion]] = {}
    for assertion in assertions:
        by_rule.setdefault(assertion.rule, []).append(assertion)
    maker = _CaseMaker(bodies, contract, twins, edge_ids)
    for rule, owned in by_rule.items():
        yield from maker.cases(rule, owned)


def coupled_cases(bodies: Bodies, twins: list[Case]) -> Iterator[Case]:
    """Yield the catalogue's bodies for rules that only break together."""
    contract = bodies.contract
    alone = contract.catalogue.not_isolated
    for coupling in contract.catalogue.couplings:
        rules = tuple(rule for rule in contract.rules if rule in coupling.rules)
        if len(rules) < len(coupling.rules):
            continue  # a dialect has dropped one of them
        rule = next((each for each in rules if each in alone), rules[0])
        for edit in coupling.edits:
            fitting = [each for each in twins if _matches(each.body, edit.where)]
            for twin in fitting[:1] + fitting[-1:]:
                body = patched(twin.body, edit.patch)
                if contract.prover.broken(body) == coupling.rules:
                    yield Requests(contract).case(
                        rule,
                        edit.name,
                        Expect.REJECT,
                        encode(body),
                        twin=twin.id,
                        fault=edit.patch,
                        broken=rules,
                    )


def _matches(body: Json, where: dict[str, Json]) -> bool:
    return isinstance(body, dict) and all(
        body.get(name) == value for name, value in where.items()
    )


class _Choice(NamedTuple):
    """One fault, with the twins that it fits."""

    name: str
    options: list[Option]


def _long(sized: list[tuple[Option, int]]) -> list[Option]:
    """Return options in arrays of three items, or of as many as there are.

    An only item is the first and the last one: it distinguishes neither.
    """
    enough = min(_LONG, max(size for _, size in sized))
    long = [option for option, size in sized if size >= enough]
    best = min(twin.level.rank for (twin, _), _ in sized)
    # A weaker level would be worse.
    if best < min(twin.level.rank for twin, _ in long):
        long += [option for option, _ in sized if option[0].level.rank == best]
    return long


def _size(body: Json, location: Location, position: str) -> int:
    """Count the items around a place; 0 if it is not at the wanted end."""
    depth = max(i for i, step in enumerate(location) if isinstance(step, int))
    index, size = location[depth], len(at(body, location[:depth]))
    wanted = {"first": 0, "only": 0, "last": size - 1}.get(position, index)
    return size if index == wanted else 0


class _Listing:
    """Lists the faults of a rule, each with the twins it fits."""

    def __init__(self, bodies: Bodies, certifier: Certifier, twins: list[Case]) -> None:
        self._bodies = bodies
        self._certifier = certifier
        self._twins = twins
        schema = bodies.contract.whole
        self.states: dict[str, States] = {
            twin.id: frozenset(_states(schema, twin.body, "")) for twin in twins
        }
        # Number of uses of each place of a shared component, by its number of places.
        self._used: dict[int, Counter[int]] = defaultdict(Counter)

    def choices(self, assertions: list[Assertion]) -> list[_Choice]:
        """List the faults of a rule; in a shared component, a sample of its places."""
        instances = dict.fromkeys(each.instance for each in assertions)
        if len(instances) <= FEW:
            return self._everywhere(assertions, many=len(instances) > 1)
        # Each rule of the component takes other places, so that together they cover
        # all. Places have the same order in each rule, so an index identifies them.
        size = len(assertions)
        used = self._used[size]
        main = min(range(size), key=lambda each: (used[each], -each))
        choices = self._choices(assertions[main], _suffix(assertions[main]))
        seen = _SeenContexts(_own(assertions), everywhere=False)
        for twin, _ in (option for choice in choices for option in choice.options):
            seen.add(self.states[twin.id])
        # By place, the number of contexts that twins with it would add.
        adding = [
            max(
                (
                    seen.count_new(self.states[twin.id])
                    for twin in self._twins
                    if any(places(each.instance, twin.body))
                ),
                default=-1,
            )
            for each in assertions
        ]
        rest = [each for each in range(size) if each != main]
        paths = [each.instance for each in assertions]
        # The most distant: a check may be missing in a whole branch.
        far = min(
            rest,
            key=lambda each: (
                len(commonprefix([paths[main], paths[each]])),  # noqa: RUF071 - of steps
                used[each],
                -adding[each],
            ),
        )
        rich = [each for each in rest if adding[each] >= max(adding) - SLACK]
        others = [far]
        if adding[far] < max(adding) - SLACK and rich:
            others.append(min(rich, key=lambda each: used[each]))
        used.update([main, *others])
        for other in others:
            choices += self._choices(assertions[other], _suffix(assertions[other]))[:1]
        return sorted(choices, key=lambda each: each.options[0][0].level.rank)

    def _everywhere(self, assertions: list[Assertion], *, many: bool) -> list[_Choice]:
        """List the faults of assertions, equal ones of one place once."""
        named: dict[str, _Choice] = {}
        for assertion in assertions:
            choices = self._choices(assertion, _suffix(assertion) if many else "")
            fresh = [choice for choice in choices if choice.name not in named]
            # Each `contains` or condition has a value of its own.
            alone = assertion.keyword == "contains" or is_conditional(assertion)
            if choices and not fresh and alone:
                turn = choices[len(named) % len(choices)]
                fresh = [_Choice(f"{turn.name}-{len(named)}", turn.options)]
            named.update((choice.name, choice) for choice in fresh)
        return list(named.values())

    def _choices(self, assertion: Assertion, suffix: str) -> list[_Choice]:
        """List the faults of an assertion with all twins they can be put into."""
        # With the number of items around, where the position matters.
        found: dict[str, list[tuple[Option, int]]] = defaultdict(list)
        for twin in self._twins:
            if self._certifier.applies(assertion, twin.body):
                for location, position, fault in faults_in(
                    self._bodies, assertion, twin.body
                ):
                    name, size = fault.name, 0
                    if fault.everywhere and position:
                        # An only item counts as the first.
                        name = f"{name}-{position.replace('only', 'first')}"
                        size = _size(twin.body, location, position)
                    found[name].append(((twin, fault), size))
        return [_Choice(name + suffix, _long(sized)) for name, sized in found.items()]


class _CaseMaker:
    """Ranks the twins of each fault, and certifies the first suitable one."""

    def __init__(
        self,
        bodies: Bodies,
        contract: Contract,
        twins: list[Case],
        edge_ids: Collection[str],
    ) -> None:
        self._contract = contract
        self._certifier = Certifier(contract)
        self._requests = Requests(contract)
        ordered = sorted(
            twins,
            key=lambda each: (
                each.level.rank,
                each.id in edge_ids,
                each is not twins[0],
                len(each.request.body),
            ),
        )
        self._listing = _Listing(bodies, self._certifier, ordered)
        self._states = self._listing.states

    def cases(self, rule: RuleId, assertions: list[Assertion]) -> list[Case]:
        """Return the cases of one rule."""
        conditional = any(map(is_conditional, assertions))
        seen = _SeenContexts(_own(assertions), everywhere=conditional)
        choices = self._listing.choices(assertions)
        wanted = CASES_IF if conditional else CASES
        again = (choices * wanted)[: max(0, wanted - len(choices))]
        found: dict[str, Case] = {}

        def keep(case: Case) -> None:
            found.setdefault(canonical(case.body), case)
            seen.add(self._states[str(case.twin)])

        for choice in choices + again:
            # Every other twin is as strict as the rule.
            strict = len(found) % 2 == 0
            case = self._best(rule, choice, seen, first=not found, strict=strict)
            if case is not None:
                keep(case)
        for _ in range(MORE_IF if conditional else MORE):
            case = self._richest(rule, choices, seen)
            if case is None:
                break
            keep(case)
        return list(found.values()) or self._inseparable(rule, assertions, choices)

    def _best(
        self,
        rule: RuleId,
        choice: _Choice,
        seen: _SeenContexts,
        *,
        first: bool,
        strict: bool,
    ) -> Case | None:
        """Return the case of a fault in the best twin: masked last, new contexts first.

        A case that breaks just one assertion of its rule distinguishes more.
        """
        own = self._contract.rules[rule].level.rank

        def order(option: Option) -> tuple[bool, bool, int, int]:
            twin, fault = option
            states = self._states[twin.id]
            return (
                self._certifier.is_masked(twin.body, fault),
                strict and twin.level.rank > own,
                0 if first else -seen.count_new(states),
                0 if first else -seen.count_tie_breakers(states),
            )

        found: Case | None = None
        # Stable: among equally new contexts the strictest twin comes first.
        for option in sorted(choice.options, key=order)[:_TRIES]:
            case = self._certified(rule, choice.name, option)
            if case is not None:
                breaches = self._contract.prover.breaches(case.body)
                if len({breach.assertion for breach in breaches}) == 1:
                    return case
            found = found or case
        return found

    def _richest(
        self, rule: RuleId, choices: list[_Choice], seen: _SeenContexts
    ) -> Case | None:
        """Return a case in the twin that adds the most contexts, if any."""
        ranked = []
        for choice in choices:
            for twin, fault in choice.options:
                states = self._states[twin.id]
                if new := seen.count_new(states):
                    masked = self._certifier.is_masked(twin.body, fault)
                    order = (masked, -new, -seen.count_tie_breakers(states))
                    ranked.append((order, choice.name, (twin, fault)))
        for _, name, option in sorted(ranked, key=lambda each: each[0]):
            case = self._certified(rule, name, option)
            if case is not None:
                return case
        return None

    def _inseparable(
        self, rule: RuleId, assertions: list[Assertion], choices: list[_Choice]
    ) -> list[Case]:
        """Return a case of a rule that no body breaks by itself.

        A wrong value may always break a choice or condition too.
        """
        if rule in self._contract.catalogue.not_isolated:
            return []
        around = {
            each.rule
            for each in self._contract.applicable
            for own in assertions
            if each.rule != rule
            and (
                is_conditional(each)
                # A choice may say the same of the value once more.
                or (each.within != own.within and each.instance == own.instance)
                or (
                    each.keyword in {"anyOf", "oneOf"}
                    and each.instance == own.instance[: len(each.instance)]
                )
            )
        }
        for choice in choices if around else ():
            for twin, fault in choice.options[:_TRIES]:
                broken = self._contract.prover.broken(patched(twin.body, fault.patch))
                if rule in broken and broken - {rule} <= around:
                    case = self._certified(rule, choice.name, (twin, fault), broken)
                    if case is not None:
                        return [case]
        return []

    def _certified(
        self,
        rule: RuleId,
        name: str,
        option: Option,
        broken: frozenset[RuleId] = frozenset(),
    ) -> Case | None:
        """Return the case of a twin with a fault, if just those rules break."""
        twin, fault = option
        body = self._certifier.certified(twin.body, fault, broken | {rule})
        if body is NOTHING:
            return None
        level = self._contract.rules[rule].level
        return self._requests.case(
            rule,
            name,
            Expect.REJECT,
            encode(body),
            level=self._certifier.level(level, fault, body),
            twin=twin.id,
            fault=fault.patch,
            broken=(rule, *sorted(broken - {rule})),
        )


@dataclass(frozen=True)
class _SeenContexts:
    """The contexts in which a rule has been broken.

    Attributes:
        own: members that the rule is about.
        everywhere: whether each value of a member counts, or any two and absence.
    """

    own: set[str]
    everywhere: bool
    _states: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, states: States) -> None:
        for name, state in states:
            self._states[name].add(state)

    def count_new(self, states: States) -> int:
        """Count new contexts that justify a further case."""
        return sum(
            self.everywhere or len(self._states[name]) < 2 or state == ABSENT
            for name, state in self._new(states)
            if INSIDE not in name
        )

    def count_tie_breakers(self, states: States) -> int:
        """Count new contexts that only break ties."""
        return sum(
            # Null mostly equals absence: a value distinguishes more.
            PRESENT in self._states[name]
            if state == NULL
            else state in _PLAIN or len(self._states[name]) < 2
            for name, state in self._new(states)
        )

    def _new(self, states: States) -> Iterator[tuple[str, str]]:
        for name, state in states:
            if name not in self.own and state not in self._states[name]:
                yield name, state


def _states(schema: Json, body: Json, above: str) -> Iterator[tuple[str, str]]:
    """Yield the state of each member at the top, and inside objects required there."""
    if not isinstance(body, dict):
        return
    required = schema.get("required", ())
    for name, node in schema.get("properties", {}).items():
        state = ABSENT
        if name in body:
            counted = {"enum", "const"} & node.keys() or node.get("type") == "boolean"
            plain = counted or body[name] is None
            state = canonical(body[name]) if plain else PRESENT
        yield above + name, state
        if name in required and "properties" in node:
            yield from _states(node, body.get(name), f"{above}{name}{INSIDE}")


def _own(assertions: list[Assertion]) -> set[str]:
    """Return the members at the top of a body that assertions are about."""
    found = {each.instance[0] for each in assertions if each.instance}
    named = {"required", "dependentRequired"}
    return found | {
        each.value for each in assertions if not each.instance and each.keyword in named
    }


def _suffix(assertion: Assertion) -> str:
    """Return the part of a case's id that distinguishes places of one rule."""
    return "@" + (
        ".".join(step for step in assertion.instance if step != "*") or "body"
    )
