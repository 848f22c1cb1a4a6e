"""Breaking: bodies drawn with one fault, certified to break one rule.

In: a contract, and rules by their assertions. Out: a strategy for a valid body and one
edit of it. Nothing is guessed: what the edit breaks is proven before it is given out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ringspec.spec import (
    ABOUT,
    ITEM,
    Assertion,
    Contract,
    Json,
    Level,
    RuleId,
    UsageError,
    at,
    did_you_mean,
    same,
)
from ringspec.strategies.bodies.certify import Certifier
from ringspec.strategies.bodies.contexts import Twin
from ringspec.strategies.case import encode
from ringspec.strategies.drawn.sample import Invalid
from ringspec.strategies.faults import FAMILIES, Fault, Spot, faults
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import Unfit
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.draw import LENGTH, Reader, Tape, compiled
from ringspec.strategies.shapes.locations import (
    NOTHING,
    at_path,
    keywords,
    places,
    schema_at,
    stem,
)
from ringspec.strategies.shapes.shape import Alternatives, meet

# So many members may hold others in place.
_HOLDING = 2


@dataclass(frozen=True)
class Pruner:
    """Brings bodies of a contract nearer to its plain one."""

    bodies: Bodies
    plain: Json

    def differing(self, body: Json) -> list[str]:
        """Return the members in which a body is not as the plain one."""
        if not (isinstance(body, dict) and isinstance(self.plain, dict)):
            return []
        return [
            name
            for name in {**self.plain, **body}
            if not (
                name in body
                and name in self.plain
                and same(body[name], self.plain[name])
            )
        ]

    def pruned(self, body: Json, names: Sequence[str]) -> Json:
        """Return a body with as many of these members as may be as in the plain one."""
        prover = self.bodies.contract.settled_prover
        for left in _most(names):
            nearer = self._reset(body, left)
            if prover.is_valid(nearer):
                return nearer
        return body

    def _reset(self, body: Json, names: Sequence[str]) -> Json:
        # In the order of the plain body, as a body without its others has it.
        return {
            name: self.plain[name] if name in names else body[name]
            for name in {**self.plain, **body}
            if name in (self.plain if name in names else body)
        }


def _most(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield all of some names, then all but one or two; never none."""
    for without in range(min(_HOLDING + 1, len(names))):
        yield from combinations(names, len(names) - without)


def breakable(contract: Contract) -> dict[RuleId, list[Assertion]]:
    """List the rules that a body can break alone, with their assertions."""
    found: dict[RuleId, list[Assertion]] = {}
    for assertion in contract.assertions:
        vain = assertion.keyword == "minItems" and assertion.value == 0
        if assertion.rule not in contract.catalogue.not_isolated and not vain:
            found.setdefault(assertion.rule, []).append(assertion)
    return found


def chosen(
    contract: Contract, rule: str | None, family: str | None, level: Level
) -> dict[RuleId, list[Assertion]]:
    """Return the rules that are meant, each with what of it is to be broken.

    Args:
        contract: has the rules.
        rule: an id, or how ids begin; all without.
        family: of faults; any without.
        level: rules that bind less are left out.

    Raises:
        UsageError: there is no such rule or family, or nothing is left.
    """
    keywords = None if family is None else _keywords(family)
    known = breakable(contract)
    named = _named(contract, known, rule)
    found: dict[RuleId, list[Assertion]] = {}
    for each in named:
        fitting = [
            one for one in known[each] if keywords is None or one.keyword in keywords
        ]
        if fitting and contract.rules[each].level.gates(level):
            found[each] = fitting
    if not found:
        what = f"rules {rule!r}" if rule else "rules"
        among = f" of the family {family!r}" if family else ""
        raise refused(
            f"no {what}{among} bind at level {level}",
            "`ringspec rules` lists them with their levels",
        )
    return found


def level_of(level: Level | str) -> Level:
    """Read a level; UsageError where it is none."""
    return Level(_nearest("level", str(level).lower(), [str(each) for each in Level]))


def refused(message: str, hint: str) -> UsageError:
    """Return an error that shows its hint wherever its traceback is shown."""
    error = UsageError(message, hint=hint)
    error.add_note(f"hint: {hint}")
    return error


def _keywords(family: str) -> frozenset[str]:
    return FAMILIES[_nearest("family of faults", family, list(FAMILIES))]


def _named(
    contract: Contract, known: Iterable[RuleId], rule: str | None
) -> list[RuleId]:
    if rule is None:
        return list(known)
    exact = [each for each in known if each == rule]
    found = exact or [each for each in known if each.startswith(rule)]
    if found:
        return found
    if any(each.startswith(rule) for each in contract.rules):
        why = contract.catalogue.not_isolated.get(RuleId(rule), "it is not of the body")
        raise refused(
            f"no body breaks {rule!r} alone: {why}",
            "`breakable_rules()` lists those that some body breaks",
        )
    _nearest("rule", rule, list(contract.rules), listed="`ringspec rules` lists them")
    raise AssertionError  # pragma: no cover - it is not among them


def _nearest(what: str, name: str, names: list[str], listed: str = "") -> str:
    """Return a name that is among some; else refuse it, with the nearest."""
    if name in names:
        return name
    listed = listed or f"one of: {', '.join(names)}"
    raise refused(f"no {what} {name!r}", f"{did_you_mean(name, names)}{listed}")


# So many bytes choose a fault, and the members that are to be as in the plain body: one
# of so many. Shrinking puts them all so.
_CHOICES, _FAULTS, _KEPT = 24, 256, 128
_TAPES = st.binary(min_size=_CHOICES + LENGTH, max_size=_CHOICES + LENGTH)


class Breaker:
    """Draws a twin that has the place of an assertion, then a fault there."""

    def __init__(self, contract: Contract, level: Level = Level.MAY) -> None:
        self._contract = contract
        self._level = level
        self._bodies, _ = compiled(contract)
        self._certifier = Certifier(contract)

    @cached_property
    def _pruner(self) -> Pruner:
        bodies, _ = compiled(self._contract, self._level)
        return Pruner(bodies, bodies.plain())

    def of(self, rules: list[list[Assertion]]) -> SearchStrategy[Invalid]:
        """Draw a rule by its assertions, then one of them, then a body."""
        strategies: dict[int, SearchStrategy[Invalid]] = {}
        # It takes a while, and no draw is to be slow.
        _ = self._bodies.root, self._pruner

        def one(assertions: list[Assertion]) -> SearchStrategy[Invalid]:
            key = id(assertions)
            if key not in strategies:
                made = [self._made(each, assertions) for each in assertions]
                strategies[key] = st.one_of(made)
            return strategies[key]

        # By rule, so that one in many places is not drawn more often than others.
        return st.sampled_from(range(len(rules))).flatmap(lambda i: one(rules[i]))

    def _made(
        self, assertion: Assertion, siblings: list[Assertion]
    ) -> SearchStrategy[Invalid]:
        read = self._reader(assertion)
        if read is None:
            return st.nothing()

        def drawn(data: bytes) -> Invalid:
            # What comes first shrinks first: the members that are let go of.
            choices, twin = Tape(data[:_CHOICES]), read(Tape(data[_CHOICES:]))
            number = choices.below(_FAULTS)
            near = [
                name
                for name in self._pruner.differing(twin)
                if not choices.below(_KEPT)
            ]
            for body in (self._pruner.pruned(twin, near), twin) if near else (twin,):
                made = self._broken(body, (assertion, *siblings), number)
                if made is not None:
                    return made
            return reject()

        # One draw of bytes: of many small ones Hypothesis makes many bodies alike.
        return _TAPES.map(drawn)

    def _broken(
        self, twin: Json, assertions: tuple[Assertion, ...], number: int
    ) -> Invalid | None:
        """Return a twin with a fault of the first of some assertions that has one.

        Args:
            twin: a valid body.
            assertions: another one of a rule may have more to say on this twin.
            number: chooses among the faults that there are.
        """
        for each in assertions:
            found = self._faults(each, twin)
            first = number * len(found) // _FAULTS
            # Which faults break just the rule depends on the twin; few do not.
            for fault in (*found[first:], *found[:first]):
                made = self._certified(each.rule, twin, fault)
                if made is not None:
                    return made
        return None

    def _reader(self, assertion: Assertion) -> Reader | None:
        """Return what reads valid bodies that have an assertion's place; None if none.

        A place may be attested less well than a rule that is about it.
        """
        missing = assertion.keyword in {"required", "dependentRequired"}
        place = assertion.instance + ((assertion.value,) if missing else ())
        for level in (self._level, Level.MAY):
            bodies, drawer = compiled(self._contract, level)
            with suppress(Unfit):
                return drawer.reader(self._branch(bodies, assertion), place)
        return None

    def _certified(self, rule: RuleId, twin: Json, fault: Fault) -> Invalid | None:
        """Return the body with a fault; None if not just its rule breaks, or weakly."""
        level = self._contract.rules[rule].level
        known = Twin("", level, twin, len(encode(twin)), frozenset())
        body = self._certifier.certified(known, fault, frozenset({rule}))
        if body is NOTHING:
            return None
        level = self._certifier.level(level, fault, body)
        if not level.gates(self._level):
            return None
        return Invalid(
            body=body,
            level=level,
            broken=(rule,),
            fault=fault.name,
            twin=twin,
            patch=fault.patch,
        )

    def _faults(self, assertion: Assertion, body: Json) -> list[Fault]:
        found: list[Fault] = []
        for location, _ in places(assertion.instance, body):
            spot = Spot(
                bodies=self._bodies,
                assertion=assertion,
                node=at_path(self._contract.request.schema, stem(assertion)),
                location=location,
                value=at(body, location),
                level=self._contract.rules[assertion.rule].level,
            )
            found += faults(spot)
        return found

    def _branch(self, bodies: Bodies, assertion: Assertion) -> Alternatives:
        """Return the alternatives in which the assertion's branch is taken."""
        shapes = bodies.root
        if ITEM in assertion.instance:
            return shapes
        for index, step in keywords(assertion.path):
            if step in {"then", "else"}:
                condition = at_path(
                    self._contract.request.schema, (*assertion.path[:index], "if")
                )
                taken = compile_schema if step == "then" else negate
                shapes = meet(shapes, taken(condition, ("object",)))
        narrower = self._fitting(assertion)
        return meet(shapes, compile_schema(narrower)) if narrower else shapes

    def _fitting(self, assertion: Assertion) -> Json:
        """Return a schema of the twins in which a fault breaks just the rule.

        What is missing may be filled in by its default, which has to fit the rest;
        of a member of several types only one can be out of range.
        """
        instance, fitting = assertion.instance, None
        if assertion.keyword == "required":
            instance = (*instance, assertion.value)
        node = schema_at(self._contract.request.schema, instance)
        if assertion.keyword == "required" and "default" in node:
            fitting = {"const": node["default"]}
        elif assertion.keyword in ABOUT and isinstance(node.get("type"), list):
            fitting = {"type": ABOUT[assertion.keyword]}
        for step in reversed(instance if fitting else ()):
            fitting = {"type": "object", "properties": {step: fitting}}
        return fitting
