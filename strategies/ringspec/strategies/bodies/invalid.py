"""The invalid bodies of the case list: each a twin with one fault that breaks one rule.

The first case of a rule has the twin of the strictest level; the others have twins in
contexts that are new to the rule. A context is a value of another member, or its
absence: a rule that is checked only beside one value is found by a case beside another,
and the other way round.

Both validators prove that a fault breaks just its rule. Filled-in defaults must not
mend the body, and null is a fault only where a value is required.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile
from os.path import commonprefix
from typing import TypeAlias

from ringspec.spec.assertions import Assertion, by_rule, without
from ringspec.spec.contract import Contract
from ringspec.spec.parameters import UNREAD
from ringspec.spec.proof import Prover, rules_of
from ringspec.spec.rules import BODY_ACCEPTED, Level, RuleId, weakest
from ringspec.spec.schemas import CHOICES, HOLDS, ITEM
from ringspec.spec.values import (
    Json,
    Location,
    Path,
    at,
    canonical,
    edit,
    patched,
    same,
)
from ringspec.strategies.bodies.valid import accepted_case
from ringspec.strategies.case import Case, Expect, Requests, encode
from ringspec.strategies.faults import Fault, faults_in
from ringspec.strategies.shapes import build
from ringspec.strategies.shapes.bodies import Bodies, bodies_of, tried
from ringspec.strategies.shapes.build import PRESENT
from ringspec.strategies.shapes.locations import (
    NOTHING,
    Reached,
    default_at,
    instance_path,
    is_of,
    leaves,
    locations_of,
    places,
    present,
    schema_at,
    values_of,
)
from ringspec.strategies.shapes.solve import mended

# A rule is broken beside each plain state of another member; one that binds, or depends
# on other members, also beside each value until it has so many cases.
ENOUGH = 7
# Another place of a shared component may add this many contexts less than the best.
SLACK = 2
# Most states beside which a rule is broken in twins that are made for it.
_STATES = 8
# Most twins tried for a fault.
_TRIES = 40
# Most twins, and faults of each, by which an unbroken rule is explained.
_NEAR = 4
# Most readings in which it is looked for the reason.
_LOOKED = 2
# Of more assertions, each has its share of this many cases, and at least some twins.
_LARGE, _SHARED, _LEAST = 300, 1500, 8
# Most places in which a rule is tried in all.
FEW = 4
# Least length of an array with a first, a middle and a last item.
_LONG = 3
# States of a member: absent, or present with a value that is not counted.
ABSENT, GIVEN = "", "+"
_PLAIN = frozenset({ABSENT, GIVEN, "true", "false"})

_Option: TypeAlias = tuple[Case, Fault]
# The name of a fault, and the twins that it fits.
_Choice: TypeAlias = tuple[str, list[_Option]]
# The cases of a rule, by their bodies.
_Found: TypeAlias = dict[str, Case]
# A member's instance path, and its state.
_State: TypeAlias = tuple[Path, str]


def coupled_cases(bodies: Bodies, twins: list[Case]) -> Iterator[Case]:
    """Yield the catalogue's bodies for rules that only break together."""
    contract = bodies.contract
    alone = contract.catalogue.not_isolated
    for coupling in contract.catalogue.couplings:
        rules = tuple(rule for rule in contract.rules if rule in coupling.rules)
        if len(rules) < len(coupling.rules):
            continue  # a dialect has dropped one of them
        rule = next((each for each in rules if each in alone), rules[0])
        where = coupling.where.items()
        fitting = [
            each
            for each in twins
            if isinstance(each.body, dict)
            and all(each.body.get(name) == value for name, value in where)
        ]
        for twin in fitting[:1] + fitting[-1:]:
            body = patched(twin.body, coupling.patch)
            if contract.prover.broken(body) == coupling.rules:
                more = {"twin": twin.id, "fault": coupling.patch, "broken": rules}
                yield Requests(contract).case(
                    rule, coupling.name, Expect.REJECT, encode(body), **more
                )


def why_unbroken(
    contract: Contract, cases: Iterable[Case], rules: Collection[RuleId]
) -> dict[RuleId, str]:
    """Say why no case breaks some rules, by the bodies that come closest.

    Left out are those without which the body of a coupled case would be valid.
    """
    # Each reason with its rank: the one that says the most is given.
    found = dict.fromkeys(rules, (0, "no text of a request is known that breaks it"))
    valid = [it.body for it in cases if it.expect == Expect.ACCEPT and not it.steps]
    whole, looked = Bodies(contract), Counter[RuleId]()
    for chosen in contract.readings:
        owned = [
            each
            for each in contract.meant_as(chosen).applicable
            if each.rule in found and looked[each.rule] < _LOOKED
        ]
        if not owned:
            continue
        bodies = tried(contract, chosen, [])
        twins = {
            number: body
            for number, body in enumerate(valid if bodies else ())
            if bodies and bodies.contract.is_settled(body)
        }
        reached = Reached(contract.request.schema, twins)
        for each in owned:
            near = [twins[it] for it in sorted(reached.taking(each))]
            near = [it for it in near if any(locations_of(each, it))][:_NEAR]
            looked[each.rule] += 1
            if bodies and near:
                found[each.rule] = max(found[each.rule], *_reasons(bodies, each, near))
            elif found[each.rule][0] == 0:
                why = f"no valid body reaches it{whole.why_out(each.stem)}"
                found[each.rule] = 1, why
    for case in cases:
        for rule in found.keys() & set(case.broken):
            left = without(contract.request, contract.assertions, frozenset({rule}))
            if Prover(left.schema, ()).is_valid(case.body):
                del found[rule]
    return {rule: why for rule, (_, why) in found.items()}


def check_alike(bodies: Bodies, cases: Collection[Case]) -> None:
    """Check that the evaluators read each expression alike; SpecError if not.

    Those that cases break have been proven.
    """
    held = bodies.contract.held
    broken = {rule for each in cases for rule in each.broken}
    near = [it.body for it in cases if it.expect == Expect.ACCEPT and not it.steps]
    for assertion in held.expressions if held else ():
        for body in near[:_NEAR] if assertion.rule not in broken else ():
            faults = (it for _, _, it in faults_in(bodies, assertion, body))
            for each in (body, *(patched(body, it.patch) for it in faults)):
                if held and (odd := held.odd(each)):
                    raise odd


def _reasons(
    bodies: Bodies, assertion: Assertion, near: list[Json]
) -> Iterator[tuple[int, str]]:
    """Yield why no case breaks an assertion that valid bodies reach, with ranks."""
    prover = bodies.contract.prover
    yield 2, "no value is known that breaks it"
    for body in near:
        for _, _, fault in islice(faults_in(bodies, assertion, body), _NEAR):
            made = patched(body, fault.patch)
            broken = prover.broken(made)
            if others := sorted(broken - {assertion.rule}):
                rank = max(5, 99 - len(others)) * (assertion.rule in broken)
                yield rank, f"what breaks it breaks {others[0]} too"
            elif broken and rules_of(prover.breaches_by(made, quick=False)) != broken:
                yield 4, "two validators differ on what breaks it"
            elif broken:
                yield 3, "no source settles whether what breaks it is invalid"


@dataclass(frozen=True, slots=True)
class Certifier:
    """Applies faults and proves by both validators which rules break."""

    contract: Contract

    def certified(self, valid: Json, fault: Fault, broken: frozenset[RuleId]) -> Json:
        """Return a valid body with a fault, or NOTHING if other rules break.

        A format on which the two validators differ proves nothing.
        """
        body, prover = patched(valid, fault.patch), self.contract.prover
        read = self.contract.as_read(body)
        if (
            read is not UNREAD
            and prover.broken(read) == broken
            and self._is_settled(body, fault, broken)
            and rules_of(prover.breaches_by(read, quick=False)) == broken
        ):
            return body
        return NOTHING

    def breaking(
        self, bodies: Bodies, assertion: Assertion, valid: Json
    ) -> Iterator[tuple[Fault, Json]]:
        """Yield the faults in a valid body that break just an assertion's rule."""
        for _, _, fault in faults_in(bodies, assertion, valid):
            body = self.certified(valid, fault, frozenset({assertion.rule}))
            if body is not NOTHING:
                yield fault, body

    def level(self, rule: RuleId, fault: Fault, body: Json) -> Level:
        """Return the level of a case of a rule.

        Null where a default may be filled in binds less. Elsewhere null equals absence
        and binds like `required`. Lax faults bind the least.
        """
        if fault.is_lax:
            return Level.MAY
        levels = [self.contract.rules[rule].level]
        if fault.gap is not None and fault.is_null:
            missed = self._missed(body, fault.gap)
            levels += [self.contract.rules[each].level for each in missed]
            if default_at(self.contract, fault.gap) is not NOTHING:
                levels.append(Level.SHOULD)
        return weakest(levels)

    def is_masked(self, valid: Json, fault: Fault) -> bool:
        """Return whether a server that reads a missing array as `[]` refuses anyway.

        Such a server may lack the fault's rule, and refuse the body for another one.
        """
        if fault.gap is None or default_at(self.contract, fault.gap) is not NOTHING:
            return False
        node = schema_at(self.contract.request.schema, instance_path(fault.gap))
        if node.get("type") != "array":
            return False
        empty = patched(valid, (edit("replace", fault.gap, []),))
        return not self.contract.prover.is_valid(empty)

    def _is_settled(self, body: Json, fault: Fault, broken: frozenset[RuleId]) -> bool:
        held = self.contract.held
        if held and (full := held.filled(body)) is not body:
            # A server may fill in what expressions read: they are to be false anyway.
            said = broken & {each.rule for each in held.expressions}
            if not said <= self.contract.prover.broken(full):
                return False
        if fault.gap is None:
            return True
        is_member = bool(fault.gap) and isinstance(fault.gap[-1], str)
        if fault.is_null and is_member and not self._missed(body, fault.gap):
            return False
        default = default_at(self.contract, fault.gap)
        if default is NOTHING:
            return True
        # With the default filled in, the body must be valid or break the same rule.
        filled = patched(body, (edit("add", fault.gap, default),))
        if self.contract.is_settled(filled):
            return True
        return not fault.is_null and self.contract.prover.broken(filled) == broken

    def _missed(self, body: Json, location: Location) -> set[RuleId]:
        """Return the rules that require the member at a location."""
        if not location or isinstance(location[-1], int):
            return set()
        without = patched(body, (edit("remove", location),))
        return {
            breach.assertion.rule
            for breach in self.contract.prover.breaches(without)
            if breach.assertion.keyword == "required"
            and (*breach.location, breach.assertion.value) == location
        }


class InvalidCases:
    """Ranks the twins of each fault, and certifies the first suitable one."""

    def __init__(
        self,
        bodies: Bodies,  # of a reading of the contract
        contract: Contract,  # by which the broken rules are named
        twins: list[Case],  # its accepted cases, the plainest first
        edge_ids: Collection[str],  # of those with a text of extreme length or form
        further: Callable[[Case], Case],  # takes a further accepted case
        *,
        thorough: bool = False,  # whether each rule is broken in every context
    ) -> None:
        self._bodies = bodies
        self._contract = contract
        self._certifier = Certifier(contract)
        self._requests = Requests(contract)
        self.failed: set[RuleId] = set()  # those of which every fault was in vain
        bodies_by_id = {each.id: each.body for each in twins}
        self._reached = Reached(contract.request.schema, bodies_by_id)
        self._twins = sorted(
            twins,
            key=lambda each: (
                each.level.rank,
                each.id in edge_ids,
                each is not twins[0],
                len(each.request.body),
            ),
        )
        self._further = further
        self._further_twins: dict[str, Case] = {}
        schema = bodies.contract.whole
        self._contexts = _Contexts(schema, twins)
        self._all = _Contexts(schema, twins, deep=True) if thorough else None
        # Most faults of a rule that are shown, and twins of each.
        size = len(contract.assertions)
        self._most = max(1, _SHARED // size) if size > _LARGE else _SHARED
        held = contract.held
        self._said = {each.rule for each in held.expressions} if held else set[RuleId]()
        self._varieties: dict[str, int] = {}
        # The twins that have a place.
        self._having: dict[Path, list[Case]] = {}
        # Number of uses of each place of a shared component, by its number of places.
        self._used: dict[int, Counter[int]] = defaultdict(Counter)

    def breaking(self, assertions: Iterable[Assertion]) -> Iterator[Case]:
        """Yield the cases that break some assertions, rule by rule in their order."""
        for rule, owned in by_rule(assertions).items():
            # An expression is checked in each of its places by itself.
            apart = [[each] for each in owned] if owned[0].keyword == HOLDS else [owned]
            for each in apart:
                yield from self._of_rule(rule, each)

    def _of_rule(self, rule: RuleId, assertions: list[Assertion]) -> list[Case]:
        if len({each.instance for each in assertions}) <= FEW:
            choices = self._everywhere(assertions)
        else:
            choices = self._sampled(assertions)
        new = self._contexts.beside(assertions)
        found: _Found = {}
        for choice in choices[: self._most]:
            case = self._best(rule, choice, new if found else 0, len(found))
            if case is not None:
                found.setdefault(canonical(case.body), case)
                new &= ~self._contexts.of[str(case.twin)]
        if found:
            self._beside_more(rule, assertions, new, found)
        if found and self._all:
            due = self._all.beside(assertions)
            self._beside_each(rule, assertions, found, self._all, due)
        made = list(found.values()) or self._inseparable(rule, assertions, choices)
        if choices and not made:
            self.failed.add(rule)
        return made

    def _everywhere(self, assertions: list[Assertion]) -> list[_Choice]:
        """List the faults of assertions, equal ones of one place once."""
        many = len({each.instance for each in assertions}) > 1
        named: dict[str, list[_Option]] = {}
        for assertion in assertions:
            choices = self._choices(assertion, _suffix(assertion) if many else "")
            fresh = [choice for choice in choices if choice[0] not in named]
            # Each `contains` or condition has a value of its own.
            alone = assertion.keyword == "contains" or assertion.is_conditional
            if choices and not fresh and alone:
                name, options = choices[len(named) % len(choices)]
                fresh = [(f"{name}-{len(named)}", options)]
            named.update(fresh)
        return list(named.items())

    def _sampled(self, assertions: list[Assertion]) -> list[_Choice]:
        """List the faults of a shared component, in a sample of its places.

        Each rule of the component takes other places, so that together they cover all.
        Places have the same order in each rule, so an index identifies them.
        """
        size = len(assertions)
        used = self._used[size]
        main = min(range(size), key=lambda each: (used[each], -each))
        choices = self._choices(assertions[main], _suffix(assertions[main]))
        new = self._contexts.beside(assertions)
        for _, options in choices:
            for twin, _ in options:
                new &= ~self._contexts.of[twin.id]
        # By place, the number of contexts that twins with it would add.
        adding = [
            max(
                (
                    (self._contexts.of[twin.id] & new).bit_count()
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
        return sorted(choices, key=lambda it: min(twin.level.rank for twin, _ in it[1]))

    def _near(self, instance: Path) -> list[Case]:
        """List the twins that have a value at the part of a path before any item."""
        place = (*takewhile(ITEM.__ne__, instance),)
        if place not in self._having:
            having = [each for each in self._twins if present(each.body, place)]
            self._having[place] = having
        return self._having[place]

    def _choices(self, assertion: Assertion, suffix: str) -> list[_Choice]:
        """List the faults of an assertion with all twins they can be put into."""
        # With the number of items around, where the position matters.
        found: dict[str, list[tuple[_Option, int]]] = defaultdict(list)
        taking = self._reached.taking(assertion)
        left = max(_LEAST, self._most)
        for twin in self._near(assertion.instance[:-1]):
            if left and twin.id in taking:
                left -= any(locations_of(assertion, twin.body))
                for location, position, fault in faults_in(
                    self._bodies, assertion, twin.body
                ):
                    name, size = fault.name, 0
                    if fault.everywhere and position:
                        # An only item counts as the first.
                        name = f"{name}-{position.replace('only', 'first')}"
                        size = _size(twin.body, location, position)
                    found[name].append(((twin, fault), size))
        return [(name + suffix, _long(sized)) for name, sized in found.items()]

    def _best(
        self, rule: RuleId, choice: _Choice, new: int, number: int
    ) -> Case | None:
        """Return the case of a fault in the best twin: masked last, new contexts first.

        A case that breaks just one assertion of its rule distinguishes more. Every
        other twin is as strict as the rule.
        """
        own = self._contract.rules[rule].level.rank

        def order(option: _Option) -> tuple[bool, bool, int, int]:
            twin, fault = option
            masked = self._certifier.is_masked(twin.body, fault)
            weak = number % 2 == 0 and twin.level.rank > own
            count = (self._contexts.of[twin.id] & new).bit_count()
            # Turn by turn in the plainest, and where the most values differ.
            variety = self._variety(rule, twin) * (1 - 2 * (number % 2))
            return masked, weak, -count, variety

        name, options = choice
        found: Case | None = None
        # Stable: among equally new contexts the strictest twin comes first.
        for option in sorted(options, key=order)[:_TRIES]:
            case = self._certified(rule, name, option)
            if case is not None:
                breaches = self._contract.prover.breaches(case.body)
                if len({breach.assertion for breach in breaches}) == 1:
                    return case
            found = found or case
        return found

    def _variety(self, rule: RuleId, twin: Case) -> int:
        """Count the values of a twin: in many, more readings of a rule differ."""
        if rule not in self._said:
            return 0
        if twin.id not in self._varieties:
            values = {canonical(value) for _, value in leaves(twin.body)}
            self._varieties[twin.id] = len(values)
        return self._varieties[twin.id]

    def _beside_more(
        self, rule: RuleId, assertions: list[Assertion], new: int, found: _Found
    ) -> None:
        """Add cases in the twins that have the most new contexts."""
        level = self._contract.rules[rule].level
        conditional = any(each.is_conditional for each in assertions)
        binds = level is Level.MUST or conditional
        contexts, lacking = self._contexts.of, self._contexts.lacking(new)

        def worth(twin: Case) -> tuple[bool, int]:
            states = contexts[twin.id]
            return bool(states & lacking), (states & new).bit_count()

        left, duds = list(self._twins), set[str]()
        while left and len(found) < self._most:
            best = max(left, key=worth)
            is_needed, count = worth(best)
            if not is_needed and not (count and binds and len(found) < ENOUGH):
                break
            left.remove(best)
            if case := self._simple(rule, assertions, best, found):
                found.setdefault(canonical(case.body), case)
                new &= ~contexts[best.id]
                lacking = self._contexts.lacking(new)
            else:
                duds.add(best.id)
        if self._most == _SHARED:  # the contract is no large one
            due = new if conditional else lacking
            some = self._contexts, due, _STATES
            self._beside_each(rule, assertions, found, *some, duds)

    def _beside_each(
        self,
        rule: RuleId,
        assertions: list[Assertion],
        found: _Found,
        contexts: _Contexts,
        new: int,  # the states that are wanted
        most: int | None = None,
        duds: Collection[str] = (),  # twins in which no fault shows the rule
    ) -> None:
        """Add a case beside each of some states, in a twin made for it if need be."""
        for each in found.values():
            new &= ~self._states_of(contexts, str(each.twin))
        duds = {*duds}
        wanted = ((it, bit) for it, bit in [*contexts.bits.items()] if new >> bit & 1)
        for state, bit in islice(wanted, most):
            known = [*self._twins, *self._further_twins.values()]
            known = [it for it in known if self._states_of(contexts, it.id) >> bit & 1]
            known = [it for it in known if it.id not in duds]
            for twin in chain(known, self._made(assertions, *state)):
                states = contexts.states(twin)
                made = self._simple(rule, assertions, twin, found)
                if made and states >> bit & 1:
                    taken = self._further(twin)
                    if taken.id not in self._contexts.of:
                        self._further_twins[taken.id] = taken
                    made = replace(made, twin=taken.id)
                    found.setdefault(canonical(made.body), made)
                    new &= ~states
                    break
            else:
                duds.update(it.id for it in known)

    def _states_of(self, contexts: _Contexts, name: str) -> int:
        if name not in contexts.of:
            contexts.of[name] = contexts.states(self._further_twins[name])
        return contexts.of[name]

    def _made(
        self, assertions: list[Assertion], path: Path, state: str
    ) -> Iterator[Case]:
        """Yield valid bodies in which a member has a state and an assertion holds."""
        wish = {ABSENT: build.ABSENT, GIVEN: PRESENT}.get(state)
        wish = wish or build.Wish(json.loads(state))
        name = f"beside-{'.'.join(path)}-{state.strip(chr(34)) or 'absent'}"
        for each in assertions:
            place, subject = map(self._bodies.place, (path, each.subject))
            body = self._bodies.plain({subject: PRESENT, place: wish})
            if body is not None and self._bodies.is_settled(body):
                yield accepted_case(self._bodies.contract, BODY_ACCEPTED, name, body)

    def _simple(
        self, rule: RuleId, assertions: list[Assertion], twin: Case, found: _Found
    ) -> Case | None:
        """Return the case of a twin with the first fault, of those not yet shown."""
        many = len({each.instance for each in assertions}) > 1
        faults = [
            replace(fault, name=fault.name + (_suffix(assertion) if many else ""))
            for assertion in assertions
            for _, _, fault in faults_in(self._bodies, assertion, twin.body)
            if not fault.is_lax
        ]
        # Stable. One that is masked comes last.
        shown = {case.id for case in found.values()}
        mask = self._certifier.is_masked
        faults.sort(key=lambda it: (mask(twin.body, it), f"{rule}/{it.name}" in shown))
        made = (self._certified(rule, it.name, (twin, it)) for it in faults)
        level = self._contract.rules[rule].level
        return next((it for it in made if it and it.level == level), None)

    def _inseparable(
        self, rule: RuleId, assertions: list[Assertion], choices: list[_Choice]
    ) -> list[Case]:
        """Return a case of a rule that no body breaks by itself.

        A wrong value may always break a choice or condition too.
        """
        if not choices or rule in self._contract.catalogue.not_isolated:
            return []
        around = {
            each.rule
            for each in self._contract.applicable
            if each.rule != rule
            and (
                each.is_conditional
                or each.keyword == HOLDS
                or any(
                    # A choice may say the same of the value once more.
                    (each.within != own.within and each.instance == own.instance)
                    or (
                        each.keyword in CHOICES
                        and each.instance == own.instance[: len(each.instance)]
                    )
                    for own in assertions
                )
            )
        }
        for name, options in choices if around else ():
            for twin, fault in options[:_TRIES]:
                broken = self._contract.prover.broken(patched(twin.body, fault.patch))
                if rule in broken and broken - {rule} <= around:
                    case = self._certified(rule, name, (twin, fault), broken)
                    if case is not None:
                        return [case]
        return []

    def _isolated(self, rule: RuleId, valid: Json, fault: Fault) -> Fault:
        """Return a fault with edits by which the expressions of other rules hold."""
        held, prover = self._contract.held, self._contract.prover
        if held is None:
            return fault
        said = {each.rule for each in held.expressions} | {rule}

        def fits(body: Json) -> bool:
            broken = prover.broken(body)
            return rule in broken and broken <= said

        body = patched(valid, fault.patch)
        others = {it: e for it, e in held.expressions.items() if it.rule != rule}
        held = replace(held, expressions=others)
        more = mended(held, body, self._bodies.shapes_at, fits) if fits(body) else ()
        return replace(fault, patch=(*fault.patch, *more)) if more else fault

    def _certified(
        self,
        rule: RuleId,
        name: str,
        option: _Option,
        broken: frozenset[RuleId] = frozenset(),
    ) -> Case | None:
        """Return the case of a twin with a fault, if just those rules break."""
        twin, fault = option
        body = self._certifier.certified(twin.body, fault, broken | {rule})
        if body is NOTHING and not broken:
            fault = self._isolated(rule, twin.body, fault)
            body = self._certifier.certified(twin.body, fault, frozenset({rule}))
        if body is NOTHING:
            return None
        return self._requests.case(
            rule,
            name,
            Expect.REJECT,
            encode(body),
            level=self._certifier.level(rule, fault, body),
            twin=twin.id,
            fault=fault.patch,
            broken=(rule, *sorted(broken - {rule})),
        )


class _Contexts:
    """The states of members beside which a twin breaks a rule, each by its bit.

    They are those of members at the top, and inside objects required there; of `deep`
    ones, of members inside other objects, too.
    """

    def __init__(
        self, schema: Json, twins: Iterable[Case], *, deep: bool = False
    ) -> None:
        self._schema, self._deep = schema, deep
        self.bits: dict[_State, int] = {}
        self.of: dict[str, int] = {}  # by the id of a twin
        self._of_member: dict[Path, int] = defaultdict(int)
        if deep:
            self._mask(_described(schema))
        for twin in twins:
            self.of[twin.id] = self.states(twin)

    def lacking(self, new: int) -> int:
        """Return of new states the plain ones, and those of members with one shown."""
        few = sum(1 << bit for (_, it), bit in self.bits.items() if it in _PLAIN)
        for mask in self._of_member.values():
            if (mask & ~new).bit_count() < 2:
                few |= mask
        return few & new

    def states(self, twin: Case) -> int:
        """Return the states that a twin has."""
        return self._mask(_states(self._schema, twin.body, deep=self._deep))

    def beside(self, assertions: list[Assertion]) -> int:
        """Return the states of members that some assertions are not about.

        What an expression says may differ for each value of a member that it reads.
        """
        said = all(each.keyword == HOLDS for each in assertions)
        return sum(
            1 << bit
            for (path, state), bit in self.bits.items()
            if not is_of(path, assertions) or (said and state not in {ABSENT, GIVEN})
        )

    def _mask(self, states: Iterable[_State]) -> int:
        mask = 0
        for state in states:
            bit = self.bits.setdefault(state, len(self.bits))
            self._of_member[state[0]] |= 1 << bit
            mask |= 1 << bit
        return mask


def _states(
    schema: Json, body: Json, above: Path = (), *, deep: bool = False
) -> Iterator[_State]:
    """Yield the state of each member at the top, and inside objects required there.

    If `deep`, also inside others.
    """
    if not isinstance(body, dict):
        return
    required = schema.get("required", ())
    for name, node in schema.get("properties", {}).items():
        state, place = ABSENT, (*above, name)
        if name in body:
            counted = values_of(node) or body[name] is None
            state = canonical(body[name]) if counted else GIVEN
        yield place, state
        if "properties" in node and (name in required or (deep and name in body)):
            yield from _states(node, body.get(name), place, deep=deep)


def _described(schema: Json, above: Path = ()) -> Iterator[_State]:
    """Yield the states that members may have at all."""
    for name, node in schema.get("properties", {}).items():
        place = (*above, name)
        values = values_of(node)
        yield from ((place, canonical(it)) for it in values)
        if name not in schema.get("required", ()):
            yield place, ABSENT
            if not values:
                yield place, GIVEN
        yield from _described(node, place)


def _long(sized: list[tuple[_Option, int]]) -> list[_Option]:
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


def _suffix(assertion: Assertion) -> str:
    """Return the part of a case's id that distinguishes places of one rule."""
    names = [step for step in assertion.instance if step != ITEM]
    return "@" + (".".join(names) or "body")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBodies:
    """A valid and an invalid body that show whether a target enforces a rule."""

    valid: Json  # the plainest body that has the rule's place
    invalid: Json  # the same body with the rule broken there
    place: Location  # where that is
    # Whether the value there is the default, which a server may fill in anyway.
    by_default: bool


def probe_bodies(contract: Contract, rule: RuleId) -> ProbeBodies | None:
    """Return the bodies that show a rule; None if impossible.

    Raises:
        SpecError: the contract has something that cannot be compiled.
    """
    bodies = bodies_of(contract)
    certifier = Certifier(contract)
    for assertion in contract.assertions:
        if assertion.rule != rule:
            continue
        place = bodies.place(assertion.subject)
        body = bodies.plain({place: PRESENT} if place else None)
        if body is None or not bodies.is_settled(body):
            continue
        if made := [fault for fault, _ in certifier.breaking(bodies, assertion, body)]:
            # The last one is the grossest: no reader accepts it, except null, which may
            # equal absence.
            fault = ([each for each in made if each.gap is None] or made)[-1]
            default = default_at(contract, place)
            return ProbeBodies(
                valid=body,
                invalid=patched(body, fault.patch),
                place=place,
                by_default=default is not NOTHING and same(default, at(body, place)),
            )
    return None
