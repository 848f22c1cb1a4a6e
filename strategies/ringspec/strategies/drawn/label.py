"""Exploring: sources of bodies that no list foresees, and what each body is called.

In: a contract. Out: Hypothesis strategies for bodies, and examples: the case of a body
with its label, proven by both validators on the bytes that will be sent. What they do
not agree on is dropped; what is neither valid nor invalid only has to be survived.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import NoReturn, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ringspec.spec import (
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
    is_irregular,
    is_shallow,
    patched,
    pointer,
    same,
    weakest,
)
from ringspec.strategies.bodies.valid import ACCEPTED
from ringspec.strategies.case import Case, Expect, Phase, Requests, Status, encode
from ringspec.strategies.case_list import ACCEPTABLE, REFUSAL, ROBUSTNESS, SURVIVAL
from ringspec.strategies.drawn.breaking import Breaker, breakable
from ringspec.strategies.drawn.sample import Invalid, Label, Labelled
from ringspec.strategies.shapes.draw import compiled
from ringspec.strategies.shapes.locations import NOTHING, instance_path, schema_at

Shows: TypeAlias = Callable[[Json], bool]
Default: TypeAlias = Callable[[Location], Json]

# Of so many differences each two are undone together: some hold each other in place.
_PAIRED = 12


@dataclass(frozen=True, slots=True)
class _Edit:
    """One difference: what stands at a place; NOTHING where nothing does."""

    location: Location
    value: Json

    def apply(self, body: Json) -> Json:
        """Return the body with the edit; it changes the one that it is given."""
        if not self.location:
            return deepcopy(self.value)
        *above, last = self.location
        parent = at(body, tuple(above))
        if self.value is NOTHING:
            del parent[last]
        else:
            parent[last] = deepcopy(self.value)
        return body


def reduced(plain: Json, body: Json, shows: Shows, default: Default) -> Json:
    """Return the plainest body found that still shows what this one does."""

    def some_show(some: list[_Edit]) -> bool:
        return shows(_edited(plain, some))

    edits = _differences(plain, body, ())
    kept = _paired(_fewest(edits, some_show), some_show)
    body = _edited(plain, kept) if len(kept) < len(edits) else body
    changed = True
    while changed:
        changed = False
        for edit in _simpler(plain, body, (), default):
            candidate = _edited(body, [edit])
            if shows(candidate):
                body, changed = candidate, True
                break
    return body


def _differences(plain: Json, body: Json, location: Location) -> list[_Edit]:
    """List what makes one body of another, member by member."""
    if not (isinstance(plain, dict) and isinstance(body, dict)):
        return [] if same(plain, body) else [_Edit(location, body)]
    gone = [_Edit((*location, name), NOTHING) for name in plain if name not in body]
    edits = [
        _differences(plain[name], value, (*location, name))
        if name in plain
        else [_Edit((*location, name), value)]
        for name, value in body.items()
    ]
    return [*gone, *(edit for some in edits for edit in some)]


def _edited(plain: Json, edits: list[_Edit]) -> Json:
    body = deepcopy(plain)
    for edit in edits:
        body = edit.apply(body)
    return body


def _fewest(edits: list[_Edit], shows: Callable[[list[_Edit]], bool]) -> list[_Edit]:
    """Leave out edits: half of them at once, then ever fewer, then each by itself."""
    size = len(edits)
    while edits and size:
        start = 0
        while start < len(edits):
            rest = edits[:start] + edits[start + size :]
            if shows(rest):
                edits = rest
            else:
                start += size
        size //= 2
    return edits


def _paired(edits: list[_Edit], shows: Callable[[list[_Edit]], bool]) -> list[_Edit]:
    """Leave out each two edits."""
    if len(edits) > _PAIRED:
        return edits
    for pair in combinations(edits, 2):
        rest = [each for each in edits if each not in pair]
        if shows(rest):
            return _paired(rest, shows)
    return edits


def _simpler(
    plain: Json, value: Json, location: Location, default: Default
) -> Iterator[_Edit]:
    """Yield edits that leave less; what is as in the plain body is left alone."""
    if plain is not NOTHING and same(plain, value):
        return
    usual = default(location)
    if usual is not NOTHING:
        if not same(usual, value):
            yield _Edit(location, usual)
    elif isinstance(value, str):
        yield from (_Edit(location, each) for each in _shorter(value))
    children = _children(value)
    known = plain if isinstance(plain, dict) and isinstance(value, dict) else {}
    yield from (_Edit((*location, s), NOTHING) for s in children if s not in known)
    for step, child in children.items():
        place = (*location, step)
        yield from _simpler(known.get(step, NOTHING), child, place, default)


def _children(value: Json) -> dict[str | int, Json]:
    if isinstance(value, dict):
        return dict(value)
    # The last one first, so that the first one stays if any will do.
    return dict(reversed(list(enumerate(value)))) if isinstance(value, list) else {}


def _shorter(text: str) -> Iterator[str]:
    """Yield texts that are shorter, or plainer."""
    if len(text) > 1:
        yield from (text[:1], text[: len(text) // 2], text[len(text) // 2 :])
    elif text != "x":
        yield "x"


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
            if is_irregular(body) or self._contract.settled_prover.prove(body):
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
        if is_irregular(body):
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
        node = schema_at(self._contract.request.schema, instance_path(location))
        return node.get("default", NOTHING)

    def _must_stand(self, location: Location) -> bool:
        if not location or isinstance(location[-1], int):
            return True
        instance = instance_path(location)
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
