"""Strategies for other people's tests: valid bodies, and bodies with one proven fault.

from hypothesis import given
from ringspec.strategies import invalid_bodies, valid_bodies

@given(valid_bodies())
def test_takes_what_is_valid(body): ...
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ringspec.spec import (
    ABOUT,
    ITEM,
    Assertion,
    Contract,
    Json,
    RuleId,
    UsageError,
    at,
    load,
)
from ringspec.strategies.bodies import Bodies
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
from ringspec.strategies.draw import Drawer
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.shape import Alternatives, meet
from ringspec.strategies.twins import Twin, places


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """A body with one fault.

    Attributes:
        body: breaks `rule`, and nothing else.
        twin: the valid body it was made from.
        patch: the RFC 6902 operations between the two.
    """

    rule: RuleId
    fault: str
    body: Json
    twin: Json
    patch: tuple[dict[str, Json], ...]


# Compiling takes a while; by digest, as a contract cannot be hashed.
_COMPILED: dict[str, tuple[Bodies, Drawer]] = {}


@lru_cache(maxsize=1)
def _ours() -> Contract:
    return load()


def compiled(contract: Contract) -> tuple[Bodies, Drawer]:
    """Return the compiled bodies of a contract and what draws them, made once."""
    return _COMPILED.setdefault(contract.sha256, (Bodies(contract), Drawer()))


def valid_bodies(contract: Contract | None = None) -> SearchStrategy[Json]:
    """Return a strategy for valid bodies, of our contract without another."""
    bodies, drawer = compiled(contract or _ours())
    return drawer.drawn(bodies.root)


def invalid_bodies(
    rule: str | None = None, contract: Contract | None = None
) -> SearchStrategy[Invalid]:
    """Return a strategy for bodies that break one rule, any or a given one.

    Raises:
        UsageError: there is no such rule, or no body breaks it alone.
    """
    contract = contract or _ours()
    known = breakable(contract)
    if rule is None:
        chosen = list(known.values())
    elif RuleId(rule) in known:
        chosen = [known[RuleId(rule)]]
    else:
        why = contract.catalogue.not_isolated.get(RuleId(rule), "it is not of the body")
        raise UsageError(f"no body breaks {rule!r} alone: {why}")
    return _Invalids(contract).of(chosen)


def breakable(contract: Contract) -> dict[RuleId, list[Assertion]]:
    """List the rules that a body can break alone, with their assertions."""
    found: dict[RuleId, list[Assertion]] = {}
    for assertion in contract.assertions:
        vain = assertion.keyword == "minItems" and assertion.value == 0
        if assertion.rule not in contract.catalogue.not_isolated and not vain:
            found.setdefault(assertion.rule, []).append(assertion)
    return found


class _Invalids:
    """Draws a twin that has the place of an assertion, then a fault there."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._bodies, self._drawer = compiled(contract)
        self._certifier = Certifier(contract)

    def of(self, rules: list[list[Assertion]]) -> SearchStrategy[Invalid]:
        """Draw a rule by its assertions, then one of them, then a body."""
        strategies: dict[int, SearchStrategy[Invalid]] = {}

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
        missing = assertion.keyword in {"required", "dependentRequired"}
        place = assertion.instance + ((assertion.value,) if missing else ())
        twins = self._drawer.drawn(self._branch(assertion), place)

        @st.composite
        def invalid(draw: DrawFn) -> Invalid:
            body = draw(twins)
            level = self._contract.rules[assertion.rule].level
            twin = Twin("", level, body, len(encode(body)), frozenset())
            broken = frozenset({assertion.rule})
            # Another assertion of the rule may have more to say on this twin.
            for each in (assertion, *siblings):
                found = self._faults(each, body)
                # Which faults break just the rule depends on the twin; few do not.
                for fault in draw(st.permutations(found)) if found else ():
                    made = self._certifier.certified(twin, fault, broken)
                    if made is not NOTHING:
                        return Invalid(
                            rule=assertion.rule,
                            fault=fault.name,
                            body=made,
                            twin=body,
                            patch=fault.patch,
                        )
            return reject()

        return invalid()

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

    def _branch(self, assertion: Assertion) -> Alternatives:
        """Return the alternatives in which the assertion's branch is taken."""
        shapes = self._bodies.root
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
