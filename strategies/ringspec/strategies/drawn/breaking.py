"""Bodies drawn with one fault, and the sources that `explore` draws from.

Each is a valid body with one edit; the broken rules are proven before it is returned.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
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
    at_path,
    same,
)
from ringspec.strategies.bodies.certify import Certifier
from ringspec.strategies.case import encode
from ringspec.strategies.drawn.label import Drawn, Invalid
from ringspec.strategies.faults import faults_in
from ringspec.strategies.shapes.bodies import Bodies, bodies_of
from ringspec.strategies.shapes.build import Unfit
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.draw import (
    CHOICE_BYTES,
    ByteChoices,
    Reader,
    compiled,
)
from ringspec.strategies.shapes.locations import NOTHING, keywords, schema_at
from ringspec.strategies.shapes.shape import Alternatives, meet

# The first bytes choose a fault, and the members taken from the plain body, one in this
# many. Shrinking takes them all.
_CHOICES, _FAULTS, _RESET = 24, 256, 128
# Most members that may prevent the reset of others.
_HOLDING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of bodies.

    Attributes:
        share: number of bodies in its turn.
        tries: number of smaller bodies drawn once one is found.
    """

    name: str
    bodies: SearchStrategy[Drawn]
    share: int = 16
    tries: int = 400


def own_sources(contract: Contract, rules: Collection[RuleId]) -> list[Source]:
    """Return our own sources: valid bodies, and bodies that break one of some rules."""
    bodies, drawer = compiled(contract)
    valid = drawer.drawn(bodies.root).map(
        lambda body: Drawn(content=encode(body), certified=True)
    )
    sources = [Source(name="valid", bodies=valid)]
    broken = [each for rule, each in breakable(contract).items() if rule in rules]
    if broken:
        invalid = st.one_of([Breaker(contract).of([each]) for each in broken]).map(
            lambda made: Drawn(content=made.content, fault=made.patch, certified=True)
        )
        sources.append(Source(name="invalid", bodies=invalid))
    return sources


def breakable(contract: Contract) -> dict[RuleId, list[Assertion]]:
    """List the rules that a body can break alone, with their assertions."""
    found: dict[RuleId, list[Assertion]] = {}
    for assertion in contract.assertions:
        vain = assertion.keyword == "minItems" and assertion.value == 0
        if assertion.rule not in contract.catalogue.not_isolated and not vain:
            found.setdefault(assertion.rule, []).append(assertion)
    return found


class Breaker:
    """Draws a valid body that has the place of an assertion, then a fault there."""

    def __init__(self, contract: Contract, level: Level = Level.MAY) -> None:
        self._contract = contract
        self._level = level
        self._bodies = bodies_of(contract)
        self._certifier = Certifier(contract)
        # Slow, so done before the first draw.
        _ = self._bodies.root
        self._plain = bodies_of(contract, level).plain()

    def of(self, rules: list[list[Assertion]]) -> SearchStrategy[Invalid]:
        """Draw a rule by its assertions, then one of them, then a body."""

        @cache
        def one(index: int) -> SearchStrategy[Invalid]:
            return st.one_of([self._drawn(each, rules[index]) for each in rules[index]])

        # By rule, so that one in many places is not drawn more often.
        return st.sampled_from(range(len(rules))).flatmap(one)

    def _drawn(
        self, assertion: Assertion, siblings: list[Assertion]
    ) -> SearchStrategy[Invalid]:
        read = self._reader(assertion)
        if read is None:
            return st.nothing()

        def drawn(data: bytes) -> Invalid:
            # The first bytes shrink first: they choose the members to reset.
            choices = ByteChoices(data[:_CHOICES])
            valid = read(ByteChoices(data[_CHOICES:]))
            number = choices.below(_FAULTS)
            both = {}
            if isinstance(valid, dict) and isinstance(self._plain, dict):
                both = {**self._plain, **valid}
            reset = [
                name
                for name in both
                if not (
                    name in valid
                    and name in self._plain
                    and same(valid[name], self._plain[name])
                )
                and not choices.below(_RESET)
            ]
            # Other assertions of the rule may have more faults in this body.
            for body in (self._reset(valid, reset), valid) if reset else (valid,):
                for each in (assertion, *siblings):
                    made = self._broken(body, each, number)
                    if made is not None:
                        return made
            return reject()

        # One draw of bytes: with many small ones Hypothesis repeats bodies.
        size = _CHOICES + CHOICE_BYTES
        return st.binary(min_size=size, max_size=size).map(drawn)

    def _reset(self, body: Json, names: Sequence[str]) -> Json:
        """Return a body with as many of some members as possible from the plain one.

        A byte shrinker seldom gets from one alternative to another: this resets single
        members instead.
        """
        for without in range(min(_HOLDING + 1, len(names))):
            for left in combinations(names, len(names) - without):
                # In the order of the plain body.
                nearer = {
                    name: self._plain[name] if name in left else body[name]
                    for name in {**self._plain, **body}
                    if name in (self._plain if name in left else body)
                }
                if self._contract.settled_prover.is_valid(nearer):
                    return nearer
        return body

    def _broken(self, valid: Json, assertion: Assertion, number: int) -> Invalid | None:
        """Return a body with a fault chosen by a number, or None.

        Which faults break just the rule depends on the body; few do not.
        """
        rule = assertion.rule
        found = [fault for _, _, fault in faults_in(self._bodies, assertion, valid)]
        first = number * len(found) // _FAULTS
        for fault in (*found[first:], *found[:first]):
            body = self._certifier.certified(valid, fault, frozenset({rule}))
            if body is not NOTHING:
                rule_level = self._contract.rules[rule].level
                level = self._certifier.level(rule_level, fault, body)
                if level.gates(self._level):
                    return Invalid(
                        body=body,
                        level=level,
                        broken=(rule,),
                        fault=fault.name,
                        twin=valid,
                        patch=fault.patch,
                    )
        return None

    def _reader(self, assertion: Assertion) -> Reader | None:
        """Return a reader of valid bodies that have an assertion's place; None if none.

        A place may be of a weaker level than its rule.
        """
        missing = assertion.keyword in {"required", "dependentRequired"}
        place = assertion.instance + ((assertion.value,) if missing else ())
        for level in (self._level, Level.MAY):
            bodies, drawer = compiled(self._contract, level)
            with suppress(Unfit):
                return drawer.reader(self._branch(bodies, assertion), place)
        return None

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
        """Return a schema of the bodies in which a fault breaks just the rule.

        A missing member may be filled in by its default, which has to fit the rest; of
        a member of several types only one can be out of range.
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
