"""Exploring: sources of bodies that no list foresees, and what each body is called.

In: a contract. Out: Hypothesis strategies for bodies, and examples: the case of a body
with its label, proven by both validators on the bytes that will be sent. What they do
not agree on is dropped; what is neither valid nor invalid only has to be survived.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ringspec.spec import (
    ITEM,
    Assertion,
    Breach,
    Contract,
    Disagreement,
    Json,
    Level,
    Location,
    RuleId,
    at,
    at_pointer,
    is_shallow,
    odd,
    patched,
    pointer,
    same,
    weakest,
)
from ringspec.strategies.breaking import Breaker, compiled
from ringspec.strategies.case import Case, Expect, Phase, Status, encode
from ringspec.strategies.certify import NOTHING, schema_at
from ringspec.strategies.choosing import breakable
from ringspec.strategies.reducing import reduced
from ringspec.strategies.requests import Requests
from ringspec.strategies.samples import Invalid, Label, Labelled
from ringspec.strategies.suite import ACCEPTABLE, REFUSAL, ROBUSTNESS, SURVIVAL
from ringspec.strategies.valid import ACCEPTED

_STATUS: dict[Expect, Status] = {
    Expect.ACCEPT: ACCEPTABLE,
    Expect.REJECT: REFUSAL,
    Expect.SURVIVE: SURVIVAL,
}
_LABELS: dict[Expect, Label] = {
    Expect.ACCEPT: Label.VALID,
    Expect.REJECT: Label.INVALID,
    Expect.SURVIVE: Label.UNSPECIFIED,
}
_BLANK: dict[str, Json] = {
    "object": {},
    "array": [],
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "null": None,
}
_SHARE, _TRIES = 16, 400
# Keywords about a value by itself: what is wrong with it anyway may break them too.
_OF_VALUE = frozenset(
    {
        *("type", "enum", "const", "format", "pattern", "multipleOf"),
        *("minLength", "maxLength", "minimum", "maximum"),
        *("exclusiveMinimum", "exclusiveMaximum"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A body as it came from its source.

    Attributes:
        fault: the edit that it was made by, where it is known.
        certified: whether it is valid but for its fault.
    """

    content: bytes
    fault: tuple[Json, ...] | None = None
    certified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where bodies come from.

    Attributes:
        share: how many bodies it gives in its turn.
        tries: how many smaller ones it is asked for where one is found.
    """

    name: str
    share: int
    tries: int
    bodies: SearchStrategy[Drawn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The case of a body.

    Attributes:
        levels: how strongly each rule that the body breaks binds; that of the case is
            the level of its first one.
    """

    case: Case
    levels: dict[RuleId, Level]


def own_sources(contract: Contract, rules: Collection[RuleId]) -> list[Source]:
    """Return our own sources: valid bodies, and bodies that break one of some rules."""
    bodies, drawer = compiled(contract)
    valid = drawer.drawn(bodies.root).map(_valid)
    drawn = [Source(name="valid", share=_SHARE, tries=_TRIES, bodies=valid)]
    broken = [each for rule, each in breakable(contract).items() if rule in rules]
    if broken:
        invalid = st.one_of([Breaker(contract).of([each]) for each in broken])
        drawn.append(
            Source(
                name="invalid",
                share=_SHARE,
                tries=_TRIES,
                bodies=invalid.map(_invalid),
            )
        )
    return drawn


def _valid(body: Json) -> Drawn:
    return Drawn(content=encode(body), certified=True)


def _invalid(made: Invalid) -> Drawn:
    return Drawn(content=encode(made.body), fault=made.patch, certified=True)


@dataclass
class _Broken:
    """What a body breaks, by rule, and what its defaults would mend of it."""

    levels: dict[RuleId, Level] = field(default_factory=dict)
    gaps: list[dict[str, Json]] = field(default_factory=list)
    mended: set[RuleId] = field(default_factory=set)

    def add(self, rule: RuleId, level: Level) -> None:
        """Take in a breach; of two of one rule the stronger one counts."""
        known = self.levels.get(rule, level)
        self.levels[rule] = min(known, level, key=lambda each: each.rank)

    def mend(self, rule: RuleId, gap: dict[str, Json]) -> None:
        """Take in what a server may fill in."""
        self.mended.add(rule)
        self.gaps.append(gap)


class Labeller:
    """Calls bodies valid, invalid or neither, as both validators prove."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._requests = Requests(contract)
        self._order = {rule: number for number, rule in enumerate(contract.rules)}

    def example(self, drawn: Drawn, number: int) -> Example | None:
        """Return the case of a body; None where the validators do not agree.

        Args:
            drawn: the body.
            number: makes the id of the case.
        """
        try:
            expect, levels = self._label(drawn)
        except Disagreement:
            return None
        rule = next(iter(levels))
        rejects = expect == Expect.REJECT
        case = Case(
            id=f"explore/{rule}-{number}",
            rule=rule,
            level=levels[rule],
            expect=expect,
            status=_STATUS[expect],
            request=self._requests.create(drawn.content),
            fault=drawn.fault if rejects else None,
            broken=tuple(levels) if rejects else (),
            coupled=rejects and len(levels) > 1,
            phase=Phase.EXPLORE,
        )
        return Example(case=case, levels=levels)

    def label(self, body: Json) -> Labelled:
        """Return a body with its label; what validators differ on is unspecified."""
        try:
            expect, levels = self._label(Drawn(content=encode(body)))
        except Disagreement:
            expect, levels = Expect.SURVIVE, {ROBUSTNESS: Level.MUST}
        return Labelled(
            body=body,
            label=_LABELS[expect],
            level=next(iter(levels.values())),
            broken=tuple(levels) if expect is Expect.REJECT else (),
        )

    def reduce(self, drawn: Drawn, shows: Callable[[Drawn], bool]) -> None:
        """Try plainer bodies, as long as there are any that show the same."""

        def is_shown(body: Json) -> bool:
            fault = standing(drawn.fault, body)
            return shows(Drawn(content=encode(body), fault=fault))

        body = read_body(drawn.content)
        if body is not NOTHING:
            plain = compiled(self._contract)[0].plain()
            reduced(plain, body, is_shown, self._default)

    def _label(self, drawn: Drawn) -> tuple[Expect, dict[RuleId, Level]]:
        """Return what is expected, and the rules it serves, the strongest first."""
        rules = self._contract.rules
        survive = Expect.SURVIVE, {ROBUSTNESS: rules[ROBUSTNESS].level}
        body = read_body(drawn.content)
        if body is NOTHING:
            return survive
        if not self._contract.prover.prove(body):
            if odd(body) or self._contract.settled_prover.prove(body):
                return survive
            used = self._contract.level_of_use(body)
            return Expect.ACCEPT, {ACCEPTED: weakest((rules[ACCEPTED].level, used))}
        if not drawn.certified and not self._is_settled_but_for(body):
            return survive
        levels = self._levels(body)
        if not levels:
            return survive
        strongest = sorted(
            levels, key=lambda rule: (levels[rule].rank, self._order[rule])
        )
        return Expect.REJECT, {rule: levels[rule] for rule in strongest}

    def _is_settled_but_for(self, body: Json) -> bool:
        """Tell whether nothing in an invalid body is merely unspecified."""
        if odd(body):
            return False
        found = self._contract.prover.breaches(body)
        places = {breach.location for breach in found}
        # Both schemas state these, at the same path.
        stated = {breach.assertion.path for breach in found}
        return not self._is_banned(body, found) and all(
            breach.assertion.path in stated
            or (breach.location in places and breach.assertion.keyword in _OF_VALUE)
            for breach in self._contract.settled_prover.breaches(body)
        )

    def _is_banned(self, body: Json, found: list[Breach]) -> bool:
        """Tell whether something of the wrong type would better not be there at all.

        The wrong type hides whatever else is wrong with a value.
        """
        typed = {
            breach.location: _edit("replace", breach.location, _blank(breach.assertion))
            for breach in found
            if breach.assertion.keyword == "type" and breach.location
        }
        if not typed:
            return False
        blank = patched(body, tuple(typed.values()))
        return any(
            breach.assertion.keyword == "not" and breach.location in typed
            for breach in self._contract.settled_prover.breaches(blank)
        )

    def _levels(self, body: Json) -> dict[RuleId, Level]:
        """Return the rules broken as sent and with defaults filled in, with levels.

        A server may fill in a default for what is absent or null. What stands
        elsewhere has to be wrong even then.
        """
        broken = _Broken()
        for breach in self._contract.prover.breaches(body):
            if not self._take(broken, body, breach):
                return {}
        if broken.gaps:
            still = self._contract.prover.broken(patched(body, tuple(broken.gaps)))
            keeps = still | broken.mended
            return {
                rule: broken.levels[rule] for rule in broken.levels if rule in keeps
            }
        return broken.levels

    def _take(self, broken: _Broken, body: Json, breach: Breach) -> bool:
        """Take in a breach; False if it is none that sources settle."""
        assertion, location = breach.assertion, breach.location
        level = self._contract.rules[assertion.rule].level
        if assertion.keyword == "required":
            gap = (*location, assertion.value)
            default = self._default(gap)
            if default is not NOTHING:
                broken.mend(assertion.rule, _edit("add", gap, default))
        elif at(body, location) is None:
            # Null for what may be absent is not settled. Source: product.md, Levels.
            if not self._must_stand(location):
                return False
            default = self._default(location)
            if default is not NOTHING:
                level = weakest((level, Level.SHOULD))
                broken.mend(assertion.rule, _edit("replace", location, default))
        broken.add(assertion.rule, level)
        return True

    def _default(self, location: Location) -> Json:
        node = schema_at(self._contract.request.schema, _instance(location))
        return node.get("default", NOTHING)

    def _must_stand(self, location: Location) -> bool:
        if not location or isinstance(location[-1], int):
            return True
        instance = _instance(location)
        return (instance[:-1], instance[-1]) in self._required

    @cached_property
    def _required(self) -> set[tuple[tuple[str, ...], str]]:
        """Members required whatever the rest of the body says."""
        return {
            (each.instance, each.value)
            for each in self._contract.assertions
            if each.keyword == "required" and not {"then", "else"} & set(each.path)
        }


def standing(fault: tuple[Json, ...] | None, body: Json) -> tuple[Json, ...] | None:
    """Return a fault, if a body still shows each of its edits."""
    shown = all(
        same(at_pointer(body, edit["path"]), edit.get("value")) for edit in fault or ()
    )
    return fault if shown else None


def _blank(assertion: Assertion) -> Json:
    """Return the least value of the type that an assertion asks for."""
    kinds = assertion.value
    return _BLANK[kinds if isinstance(kinds, str) else kinds[0]]


def _instance(location: Location) -> tuple[str, ...]:
    return tuple(ITEM if isinstance(step, int) else step for step in location)


def _edit(operation: str, location: Location, value: Json) -> dict[str, Json]:
    return {"op": operation, "path": pointer(location), "value": value}


def read_body(content: bytes) -> Json:
    """Read bytes as any reader of JSON would; NOTHING where they are none."""
    try:
        body = json.loads(
            content.decode(), parse_constant=_no_json, parse_float=_finite
        )
    except (ValueError, RecursionError):
        return NOTHING
    return body if is_shallow(body) else NOTHING


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_json(text)


def _no_json(name: str) -> NoReturn:
    raise ValueError(name)  # Python reads NaN and Infinity, which JSON has not
