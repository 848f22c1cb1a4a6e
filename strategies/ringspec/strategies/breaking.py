"""Breaking: bodies drawn with one fault, certified to break one rule.

In: a contract, and rules by their assertions. Out: a strategy for a valid body and one
edit of it. Nothing is guessed: what the edit breaks is proven before it is given out.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ringspec.spec import ABOUT, ITEM, Assertion, Contract, Json, Level, RuleId, at
from ringspec.strategies.bodies import Bodies
from ringspec.strategies.build import Unfit
from ringspec.strategies.case import encode
from ringspec.strategies.certify import (
    NOTHING,
    Certifier,
    at_path,
    keywords,
    schema_at,
    stem,
)
from ringspec.strategies.compile import compile_schema, negate
from ringspec.strategies.draw import Drawer, Reader
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.pruning import Pruner
from ringspec.strategies.samples import Invalid
from ringspec.strategies.shape import Alternatives, meet
from ringspec.strategies.tape import LENGTH, Tape
from ringspec.strategies.twins import Twin, places

# So many bytes choose a fault, and the members that are to be as in the plain body: one
# of so many. Shrinking puts them all so.
_CHOICES, _FAULTS, _KEPT = 24, 256, 128
_TAPES = st.binary(min_size=_CHOICES + LENGTH, max_size=_CHOICES + LENGTH)
# Compiling takes a while; by digest, as a contract cannot be hashed, and by level.
_COMPILED: dict[tuple[str, Level], tuple[Bodies, Drawer]] = {}


def compiled(contract: Contract, level: Level = Level.MAY) -> tuple[Bodies, Drawer]:
    """Return a contract's compiled bodies and what draws them, made once.

    Args:
        contract: says what is valid.
        level: bodies use nothing that is attested less well.
    """
    key = contract.sha256, level
    if key not in _COMPILED:
        narrowed = contract if level is Level.MAY else contract.attested(level)
        _COMPILED[key] = Bodies(narrowed), Drawer()
    return _COMPILED[key]


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
