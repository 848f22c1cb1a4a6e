"""Bodies with their labels, as both validators prove them on the bytes to be sent.

A body on which they differ gets no case; an unspecified one only has to be survived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING

from ringspec.spec.contract import Contract
from ringspec.spec.proof import Disagreement, is_irregular
from ringspec.spec.reading import short
from ringspec.spec.rules import BODY_ACCEPTED, ROBUSTNESS, Level, RuleId, weakest
from ringspec.spec.schemas import ABOUT, VOCABULARY
from ringspec.spec.values import (
    Json,
    Location,
    at,
    at_pointer,
    edit,
    patched,
    same,
)
from ringspec.strategies.case import Case, Expect, Phase, Requests, encode, read_body
from ringspec.strategies.shapes.bodies import bodies_of
from ringspec.strategies.shapes.locations import (
    NOTHING,
    default_at,
    instance_path,
    lawful_defaults,
)

if TYPE_CHECKING:
    from hypothesis.vendor.pretty import RepresentationPrinter

# Keywords that a value with another fault may break too.
_OF_VALUE = {"type", "enum", "const"} | {
    name for name, about in ABOUT.items() if about in {"string", "number"}
}
# Up to this number of differences, pairs are undone together: some need each other.
_PAIRED = 12


class Label(StrEnum):
    """The class of a body by the contract."""

    VALID = "valid"
    INVALID = "invalid"
    UNSPECIFIED = "unspecified"  # no source settles it: a server need only survive it


# By label, the status codes that an answer may have.
_STATUSES = {
    Label.VALID: range(200, 300),
    Label.INVALID: range(400, 500),
    Label.UNSPECIFIED: range(100, 500),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Labelled:
    """A body with its label by the contract."""

    body: Json
    label: Label
    level: Level = Level.MUST  # how strongly the label binds a server
    # The rules that the body breaks; none unless it is invalid.
    broken: tuple[RuleId, ...] = ()
    fault: str = ""  # name of its fault, or of the unspecified part; may be empty
    twin: Json = None  # the valid body that it was made from, if any
    patch: tuple[dict[str, Json], ...] = ()  # the RFC 6902 operations between the two

    def allows(self, status: int) -> bool:
        """Return whether a server may answer this body with an HTTP status."""
        return status in _STATUSES[self.label]

    @property
    def content(self) -> bytes:
        """The body as it is sent; not every JSON writer can write all of them."""
        return encode(self.body)

    @property
    def is_valid(self) -> bool:
        """Whether a server has to accept it."""
        return self.label is Label.VALID

    @property
    def is_invalid(self) -> bool:
        """Whether a server has to reject it."""
        return self.label is Label.INVALID

    def __repr__(self) -> str:
        words = "".join(f"{each}, " for each in self._words())
        return f"{type(self).__name__}({words}body={self.body!r})"

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: bool) -> None:  # noqa: FBT001 - printers call it so
        """Print it for Hypothesis, which breaks long bodies into lines."""
        with printer.group(4, f"{type(self).__name__}(", ")"):
            for each in self._words():
                printer.text(f"{each},")
                printer.breakable()
            printer.text("body=")
            printer.pretty(self.body)

    def _words(self) -> list[str]:
        """Return its rules or label, and its edits or fault."""
        what = " and ".join(self.broken) or str(self.label)
        edits = "; ".join(map(_described, self.patch)) or self.fault
        return [repr(each) for each in (what, edits) if each]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Invalid(Labelled):
    """A body with one fault: it breaks one rule, and nothing else."""

    label: Label = Label.INVALID

    @property
    def rule(self) -> RuleId:
        """The rule that it breaks."""
        return self.broken[0]


def _described(operation: dict[str, Json]) -> str:
    """Describe an edit: `replace /retries by 4`."""
    what = f"{operation['op']} {operation['path'] or 'the body'}"
    if "value" not in operation:
        return what
    by = " by" if operation["op"] == "replace" else ":"
    return f"{what}{by} {short(operation['value'])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A body from a source."""

    content: bytes
    fault: tuple[Json, ...] | None = None  # the edit that made it, if known
    certified: bool = False  # whether it is valid but for its fault


class Labeller:
    """Calls bodies valid, invalid or neither, as both validators prove."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._requests = Requests(contract)
        self._order = {rule: number for number, rule in enumerate(contract.rules)}

    def case(self, drawn: Drawn, number: int) -> Case | None:
        """Return the case of a body, numbered; None if the validators do not agree."""
        try:
            expect, levels = self._label(drawn)
        except Disagreement:
            return None
        rule = next(iter(levels))
        rejects = expect == Expect.REJECT
        return Case(
            id=f"explore/{rule}-{number}",
            rule=rule,
            level=levels[rule],
            expect=expect,
            status=self._requests.status(expect),
            request=self._requests.create(drawn.content),
            fault=drawn.fault if rejects else None,
            broken=tuple(levels) if rejects else (),
            or_default=lawful_defaults(self._contract, read_body(drawn.content))
            if rejects
            else {},
            levels=levels,
            phase=Phase.EXPLORE,
        )

    def label(self, body: Json) -> Labelled:
        """Return a body with its label; unspecified if the validators differ."""
        case = self.case(Drawn(content=encode(body)), 0)
        if case is None:
            return Labelled(body=body, label=Label.UNSPECIFIED)
        # Both enums have the same order.
        label = dict(zip(Expect, Label, strict=True))[case.expect]
        return Labelled(body=body, label=label, level=case.level, broken=case.broken)

    def reduce(self, drawn: Drawn, shows: Callable[[Drawn], bool]) -> None:
        """Try plainer bodies, as long as they show the same."""

        def is_shown(body: Json) -> bool:
            is_faulty = all(
                same(at_pointer(body, each["path"]), each.get("value"))
                for each in drawn.fault or ()
            )
            fault = drawn.fault if is_faulty else None
            return shows(Drawn(content=encode(body), fault=fault))

        body = read_body(drawn.content)
        if body is not NOTHING:
            plain = bodies_of(self._contract).plain()
            reduced(plain, body, is_shown, lambda at: default_at(self._contract, at))

    def _label(self, drawn: Drawn) -> tuple[Expect, dict[RuleId, Level]]:
        """Return the expectation, and the rules it serves, the strongest first."""
        contract, rules = self._contract, self._contract.rules
        survive = Expect.SURVIVE, {ROBUSTNESS: rules[ROBUSTNESS].level}
        body = read_body(drawn.content)
        if body is NOTHING:
            return survive
        if not contract.prover.proven_broken(body):
            if is_irregular(body) or contract.settled_prover.proven_broken(body):
                return survive
            level = weakest((rules[BODY_ACCEPTED].level, contract.level_of_use(body)))
            return Expect.ACCEPT, {BODY_ACCEPTED: level}
        if drawn.certified or self._is_settled_but_for(body):
            levels = self._levels(body)
            if levels:
                order = sorted(levels, key=lambda r: (levels[r].rank, self._order[r]))
                return Expect.REJECT, {rule: levels[rule] for rule in order}
        return survive

    def _is_settled_but_for(self, body: Json) -> bool:
        """Return whether nothing in an invalid body is merely unspecified."""
        if is_irregular(body):
            return False
        found = self._contract.prover.breaches(body)
        settled = self._contract.settled_prover
        # The wrong type hides all other faults of a value: that it should be absent.
        blanks: dict[Location, dict[str, Json]] = {}
        for each in found:
            if each.assertion.keyword == "type" and each.location:
                kinds = each.assertion.value
                blank = VOCABULARY["least values"][
                    kinds if isinstance(kinds, str) else kinds[0]
                ]
                blanks[each.location] = edit("replace", each.location, blank)
        hidden = settled.breaches(patched(body, blanks.values())) if blanks else ()
        unwanted = (it.location for it in hidden if it.assertion.keyword == "not")
        places = {each.location for each in found}
        # Both schemas state these, at the same path.
        stated = {each.assertion.path for each in found}
        return blanks.keys().isdisjoint(unwanted) and all(
            each.assertion.path in stated
            or (each.location in places and each.assertion.keyword in _OF_VALUE)
            for each in settled.breaches(body)
        )

    def _levels(self, body: Json) -> dict[RuleId, Level]:
        """Return the rules broken, with levels; none if sources do not settle it.

        A server may fill in a default for an absent or null value. The rest has to be
        wrong even then.
        """
        levels: dict[RuleId, Level] = {}
        gaps: list[dict[str, Json]] = []
        mended: set[RuleId] = set()
        contract = self._contract
        for breach in contract.prover.breaches(body):
            rule = breach.assertion.rule
            level = contract.rules[rule].level
            gap, way = breach.location, ""
            if breach.assertion.keyword == "required":
                gap, way = (*gap, breach.assertion.value), "add"
            elif at(body, gap) is None:
                way = "replace"
                # Null for an optional member. Source: product.md, Levels.
                is_member = bool(gap) and not isinstance(gap[-1], int)
                if is_member and instance_path(gap) not in contract.always_required:
                    return {}
            default = default_at(contract, gap) if way else NOTHING
            if default is not NOTHING:
                gaps.append(edit(way, gap, default))
                mended.add(rule)
                if way == "replace":
                    level = weakest((level, Level.SHOULD))
            known = levels.get(rule, level)
            levels[rule] = min(known, level, key=lambda each: each.rank)
        if gaps:
            still = contract.prover.broken(patched(body, tuple(gaps))) | mended
            return {rule: levels[rule] for rule in levels if rule in still}
        return levels


def reduced(
    plain: Json,
    body: Json,
    shows: Callable[[Json], bool],
    default: Callable[[Location], Json],
) -> Json:
    """Return the plainest body found that still shows what this one does.

    A byte shrinker cannot leave out any member. This undoes differences from the plain
    body, many at a time, one by one, then in pairs if few; then it simplifies the
    remaining values, or takes the default of their location unless that is NOTHING.
    """
    differences = kept = [*_differences(plain, body, ())]
    size = len(kept)
    while size:
        start = 0
        while start < len(kept):
            rest = kept[:start] + kept[start + size :]
            if shows(patched(plain, rest)):
                kept = rest
            else:
                start += size
        size //= 2
    pairs = combinations(kept, 2) if len(kept) <= _PAIRED else iter(())
    while (pair := next(pairs, None)) is not None:
        rest = [each for each in kept if each not in pair]
        if shows(patched(plain, rest)):
            kept, pairs = rest, combinations(rest, 2)
    body = patched(plain, kept) if len(kept) < len(differences) else body
    simpler = _simpler(plain, body, (), default)
    while (made := next(simpler, None)) is not None:
        candidate = patched(body, [made])
        if shows(candidate):
            body, simpler = candidate, _simpler(plain, candidate, (), default)
    return body


def _differences(plain: Json, body: Json, above: Location) -> Iterator[dict[str, Json]]:
    """Yield the edits that make one body of another, member by member."""
    if isinstance(plain, dict) and isinstance(body, dict):
        yield from (edit("remove", (*above, it)) for it in plain if it not in body)
        for name, value in body.items():
            if name in plain:
                yield from _differences(plain[name], value, (*above, name))
            else:
                yield edit("add", (*above, name), value)
    elif not same(plain, body):
        yield edit("replace", above, body)


def _simpler(
    plain: Json, value: Json, above: Location, default: Callable[[Location], Json]
) -> Iterator[dict[str, Json]]:
    """Yield edits that remove or shorten values that differ from the plain body."""
    if plain is not NOTHING and same(plain, value):
        return
    usual = default(above)
    if usual is not NOTHING:
        if not same(usual, value):
            yield edit("replace", above, usual)
    elif isinstance(value, str):
        half = len(value) // 2
        shorter = (value[:1], value[:half], value[half:]) if half else ("x",)
        yield from (edit("replace", above, it) for it in shorter if value != "x")
    children: dict[str | int, Json] = {}
    if isinstance(value, dict):
        children = dict(value)
    elif isinstance(value, list):
        # The last one first, so that the first one is kept if any will do.
        children = dict(reversed(list(enumerate(value))))
    known = plain if isinstance(plain, dict) and isinstance(value, dict) else {}
    yield from (edit("remove", (*above, it)) for it in children if it not in known)
    for step, child in children.items():
        place = (*above, step)
        yield from _simpler(known.get(step, NOTHING), child, place, default)
