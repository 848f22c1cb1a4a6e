"""Bodies to explore with, and their labels.

In: a contract. Out: Hypothesis strategies for bodies, and the case of each body, its
label proven by both validators on the bytes that will be sent. A body on which they
differ is dropped; an unspecified one only has to be survived.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ringspec.spec import (
    BODY_ACCEPTED,
    ROBUSTNESS,
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
from ringspec.strategies.case import (
    STATUS,
    Case,
    Expect,
    Phase,
    Requests,
    encode,
)
from ringspec.strategies.drawn.breaking import Breaker, breakable
from ringspec.strategies.drawn.sample import Label, Labelled
from ringspec.strategies.shapes.draw import compiled
from ringspec.strategies.shapes.locations import NOTHING, default_at, instance_path

_LABELS: dict[Expect, Label] = {
    Expect.ACCEPT: Label.VALID,
    Expect.REJECT: Label.INVALID,
    Expect.SURVIVE: Label.UNSPECIFIED,
}
# The least value of each type.
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
# Keywords that a value with another fault may break too.
_OF_VALUE = frozenset(
    {
        *("type", "enum", "const", "format", "pattern", "multipleOf"),
        *("minLength", "maxLength", "minimum", "maximum"),
        *("exclusiveMinimum", "exclusiveMaximum"),
    }
)
# Up to this number of differences, pairs are undone together: some need each other.
_PAIRED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A body from a source.

    Attributes:
        fault: the edit that made it, if known.
        certified: whether it is valid but for its fault.
    """

    content: bytes
    fault: tuple[Json, ...] | None = None
    certified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of bodies.

    Attributes:
        share: number of bodies in its turn.
        tries: number of smaller bodies drawn once one is found.
    """

    name: str
    share: int
    tries: int
    bodies: SearchStrategy[Drawn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The case of a body.

    Attributes:
        levels: the level of each broken rule; the case has that of the first.
    """

    case: Case
    levels: dict[RuleId, Level]


def own_sources(contract: Contract, rules: Collection[RuleId]) -> list[Source]:
    """Return our own sources: valid bodies, and bodies that break one of some rules."""
    bodies, drawer = compiled(contract)
    strategies = {
        "valid": drawer.drawn(bodies.root).map(
            lambda body: Drawn(content=encode(body), certified=True)
        )
    }
    broken = [each for rule, each in breakable(contract).items() if rule in rules]
    if broken:
        drawn = st.one_of([Breaker(contract).of([each]) for each in broken])
        strategies["invalid"] = drawn.map(
            lambda made: Drawn(
                content=encode(made.body), fault=made.patch, certified=True
            )
        )
    return [
        Source(name=name, share=_SHARE, tries=_TRIES, bodies=strategy)
        for name, strategy in strategies.items()
    ]


class Labeller:
    """Calls bodies valid, invalid or neither, as both validators prove."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._requests = Requests(contract)
        self._order = {rule: number for number, rule in enumerate(contract.rules)}

    def example(self, drawn: Drawn, number: int) -> Example | None:
        """Return the case of a body; None if the validators do not agree.

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
            status=STATUS[expect],
            request=self._requests.create(drawn.content),
            fault=drawn.fault if rejects else None,
            broken=tuple(levels) if rejects else (),
            phase=Phase.EXPLORE,
        )
        return Example(case=case, levels=levels)

    def label(self, body: Json) -> Labelled:
        """Return a body with its label; unspecified if the validators differ."""
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
        """Try plainer bodies, as long as they show the same."""

        def is_shown(body: Json) -> bool:
            fault = fault_if_present(drawn.fault, body)
            return shows(Drawn(content=encode(body), fault=fault))

        body = read_body(drawn.content)
        if body is not NOTHING:
            plain = compiled(self._contract)[0].plain()
            reduced(plain, body, is_shown, lambda at: default_at(self._contract, at))

    def _label(self, drawn: Drawn) -> tuple[Expect, dict[RuleId, Level]]:
        """Return the expectation, and the rules it serves, the strongest first."""
        rules = self._contract.rules
        survive = Expect.SURVIVE, {ROBUSTNESS: rules[ROBUSTNESS].level}
        body = read_body(drawn.content)
        if body is NOTHING:
            return survive
        if not self._contract.prover.proven_broken(body):
            if is_irregular(body) or self._contract.settled_prover.proven_broken(body):
                return survive
            used = self._contract.level_of_use(body)
            return Expect.ACCEPT, {
                BODY_ACCEPTED: weakest((rules[BODY_ACCEPTED].level, used))
            }
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
        """Return whether nothing in an invalid body is merely unspecified."""
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
        """Return whether a value of the wrong type should be absent.

        The wrong type hides all other faults of a value.
        """
        blanks: dict[Location, dict[str, Json]] = {}
        for each in found:
            if each.assertion.keyword == "type" and each.location:
                kinds = each.assertion.value
                blank = _BLANK[kinds if isinstance(kinds, str) else kinds[0]]
                blanks[each.location] = _edit("replace", each.location, blank)
        settled = self._contract.settled_prover
        return bool(blanks) and any(
            breach.assertion.keyword == "not" and breach.location in blanks
            for breach in settled.breaches(patched(body, tuple(blanks.values())))
        )

    def _levels(self, body: Json) -> dict[RuleId, Level]:
        """Return the rules broken, with levels; none if sources do not settle it.

        A server may fill in a default for an absent or null value. The rest has to be
        wrong even then.
        """
        levels: dict[RuleId, Level] = {}
        gaps: list[dict[str, Json]] = []
        mended: set[RuleId] = set()
        for breach in self._contract.prover.breaches(body):
            rule = breach.assertion.rule
            level = self._contract.rules[rule].level
            gap, edit = breach.location, ""
            if breach.assertion.keyword == "required":
                gap, edit = (*gap, breach.assertion.value), "add"
            elif at(body, gap) is None:
                edit = "replace"
                # Null for an optional member. Source: product.md, Levels.
                is_member = bool(gap) and not isinstance(gap[-1], int)
                if is_member and instance_path(gap) not in self._required:
                    return {}
            default = default_at(self._contract, gap) if edit else NOTHING
            if default is not NOTHING:
                gaps.append(_edit(edit, gap, default))
                mended.add(rule)
                if edit == "replace":
                    level = weakest((level, Level.SHOULD))
            known = levels.get(rule, level)
            levels[rule] = min(known, level, key=lambda each: each.rank)
        if gaps:
            still = self._contract.prover.broken(patched(body, tuple(gaps))) | mended
            return {rule: levels[rule] for rule in levels if rule in still}
        return levels

    @cached_property
    def _required(self) -> set[tuple[str, ...]]:
        # Whatever else a body has.
        return {
            (*each.instance, each.value)
            for each in self._contract.assertions
            if each.keyword == "required" and not {"then", "else"} & set(each.path)
        }


def fault_if_present(
    fault: tuple[Json, ...] | None, body: Json
) -> tuple[Json, ...] | None:
    """Return a fault, if each of its edits is still in a body."""
    shown = all(
        same(at_pointer(body, edit["path"]), edit.get("value")) for edit in fault or ()
    )
    return fault if shown else None


def _edit(operation: str, location: Location, value: Json) -> dict[str, Json]:
    return {"op": operation, "path": pointer(location), "value": value}


def read_body(content: bytes) -> Json:
    """Read JSON; NOTHING if a usual reader would not."""

    def finite(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise ValueError(text)  # Python reads NaN and Infinity, which are no JSON
        return value

    try:
        body = json.loads(content.decode(), parse_constant=finite, parse_float=finite)
    except (ValueError, RecursionError):
        return NOTHING
    return body if is_shallow(body) else NOTHING


# A location and its value; NOTHING if absent.
_Difference: TypeAlias = tuple[Location, Json]


def reduced(
    plain: Json,
    body: Json,
    shows: Callable[[Json], bool],
    default: Callable[[Location], Json],
) -> Json:
    """Return the plainest body found that still shows what this one does.

    A byte shrinker cannot leave out any member. This undoes differences from the plain
    body, many at a time, one by one, then in pairs if few; then it simplifies the
    remaining values.

    Args:
        plain: the plain body.
        body: another one.
        shows: whether a body shows the same.
        default: of a location, or NOTHING.
    """
    differences = list(_differences(plain, body, ()))
    kept = differences
    size = len(kept)
    while kept and size:
        start = 0
        while start < len(kept):
            rest = kept[:start] + kept[start + size :]
            if shows(_edited(plain, rest)):
                kept = rest
            else:
                start += size
        size //= 2
    kept = _without_pairs(plain, kept, shows)
    body = _edited(plain, kept) if len(kept) < len(differences) else body
    changed = True
    while changed:
        changed = False
        for simpler in _simpler(plain, body, (), default):
            candidate = _edited(body, [simpler])
            if shows(candidate):
                body, changed = candidate, True
                break
    return body


def _differences(plain: Json, body: Json, above: Location) -> Iterator[_Difference]:
    """Yield the differences of two bodies, member by member."""
    if isinstance(plain, dict) and isinstance(body, dict):
        yield from (((*above, name), NOTHING) for name in plain if name not in body)
        for name, value in body.items():
            if name in plain:
                yield from _differences(plain[name], value, (*above, name))
            else:
                yield (*above, name), value
    elif not same(plain, body):
        yield above, body


def _edited(plain: Json, differences: list[_Difference]) -> Json:
    body = deepcopy(plain)
    for location, value in differences:
        if not location:
            body = deepcopy(value)
        elif value is NOTHING:
            del at(body, location[:-1])[location[-1]]
        else:
            at(body, location[:-1])[location[-1]] = deepcopy(value)
    return body


def _without_pairs(
    plain: Json, differences: list[_Difference], shows: Callable[[Json], bool]
) -> list[_Difference]:
    """Leave out each pair of differences, if there are few."""
    if len(differences) <= _PAIRED:
        for pair in combinations(differences, 2):
            rest = [each for each in differences if each not in pair]
            if shows(_edited(plain, rest)):
                return _without_pairs(plain, rest, shows)
    return differences


def _simpler(
    plain: Json, value: Json, above: Location, default: Callable[[Location], Json]
) -> Iterator[_Difference]:
    """Yield edits that remove or shorten values that differ from the plain body."""
    if plain is not NOTHING and same(plain, value):
        return
    usual = default(above)
    if usual is not NOTHING:
        if not same(usual, value):
            yield above, usual
    elif isinstance(value, str):
        half = len(value) // 2
        shorter = (value[:1], value[:half], value[half:]) if half else ("x",)
        yield from ((above, each) for each in shorter if value != "x")
    children: dict[str | int, Json] = {}
    if isinstance(value, dict):
        children = dict(value)
    elif isinstance(value, list):
        # The last one first, so that the first one is kept if any will do.
        children = dict(reversed(list(enumerate(value))))
    known = plain if isinstance(plain, dict) and isinstance(value, dict) else {}
    yield from (((*above, each), NOTHING) for each in children if each not in known)
    for step, child in children.items():
        place = (*above, step)
        yield from _simpler(known.get(step, NOTHING), child, place, default)
