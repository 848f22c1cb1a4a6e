"""Causes: failures that one defect of the target explains, told once.

In: a result, and all that was judged where there is a record of it. Out: its failures
in groups. One rule may fail by several defects, and one defect break many rules.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ringspec.harness import Exchange, Finding, Judged, Outcome, Result, RuleResult
from ringspec.reports.printable import counted, cut
from ringspec.reports.traits import Sent, Trait, parted
from ringspec.spec import Json, Level, Rule, RuleId, at_pointer
from ringspec.strategies import Case, Expect, Phase, Status, status_fits

# So few that nothing joins may be told apart by their rules alone.
_LONE = 3
# So many operations that err alike do so by what they share.
_ALIKE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What one defect explains.

    Attributes:
        rules: those that fail by it, in order of the catalogue; never empty. A rule
            that fails by several defects is in several causes.
        findings: their gating failures, one for each request, in order of the rules;
            of a warning, which has no such, all its failures.
        weaker: failures below the level by the same defect, in the same order.
        title: what goes wrong, in words; it may cite the target.
        common: what those requests have in common, and hardly any other; or empty.
        known: whether all that fails by it is known beforehand.
    """

    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    weaker: tuple[Finding, ...] = ()
    title: str = ""
    common: str = ""
    known: bool = False

    @property
    def level(self) -> Level:
        """The strongest level of its failures."""
        return min((each.level for each in self.findings), key=lambda it: it.rank)


@dataclass(frozen=True, slots=True)
class _Shot:
    """A failure, with the result of the rule that it is of."""

    result: RuleResult
    finding: Finding
    gates: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """Failures that one defect explains, at whatever level."""

    shots: tuple[_Shot, ...]
    title: str
    common: Trait | None = None

    @property
    def gating(self) -> tuple[_Shot, ...]:
        return tuple(each for each in self.shots if each.gates)


def causes(result: Result, judged: Iterable[Judged] = ()) -> tuple[Cause, ...]:
    """Group what fails in a run by what explains it, the worst first.

    New ones come before known ones, then by level, then the one that more requests
    show; otherwise in order of the catalogue.

    Args:
        result: of the whole run.
        judged: all that was judged. With it, failures whose answers are alike are told
            apart by what their requests have in common that others lack.
    """
    return explained(result, judged)[0]


def explained(
    result: Result, judged: Iterable[Judged] = ()
) -> tuple[tuple[Cause, ...], tuple[Cause, ...]]:
    """Return the causes of what fails, and those of what only warns, in one go."""
    gating: list[Cause] = []
    weak: list[Cause] = []
    for each in _groups(result, tuple(judged)):
        (gating if each.gating else weak).append(_cause(each))
    return _worst_first(gating, result), _worst_first(weak, result)


def warnings(result: Result, judged: Iterable[Judged] = ()) -> tuple[Cause, ...]:
    """Group what fails below the level, but for what the cause of a failure explains.

    The order is that of `causes`, and so are the arguments.
    """
    return explained(result, judged)[1]


def _groups(result: Result, judged: Sequence[Judged]) -> Iterator[_Group]:
    shots = [
        _Shot(each, it, id(it) in gates)
        for each in result.rules
        for gates in [set(map(id, _gates(each, result.level)))]
        for it in each.failures
    ]
    bad = [each for each in shots if is_bad_answer(each.finding)]
    others = [each for each in shots if not is_bad_answer(each.finding)]
    yield from _by_sign(others, result, judged)
    yield from _by_answer(bad, judged)


def _worst_first(found: Iterable[Cause], result: Result) -> tuple[Cause, ...]:
    place = {each.rule.id: number for number, each in enumerate(result.rules)}
    return tuple(
        sorted(
            found,
            key=lambda it: (
                *(it.known, it.level.rank, -len(it.findings)),
                place[it.rules[0].rule.id],
            ),
        )
    )


def _gates(rule: RuleResult, level: Level) -> Sequence[Finding]:
    """Return what makes a rule fail at a level."""
    if rule.outcome is not Outcome.FAIL:
        return ()
    return rule.gating(level) or rule.failures


def is_known(rule: RuleResult, finding: Finding) -> bool:
    """Tell whether a failure is known beforehand, by its rule or by its case."""
    return any(each.covers(finding) for each in rule.known)


def _cause(group: _Group) -> Cause:
    shots = group.gating or group.shots
    rules = {each.result.rule.id: each.result for each in shots}
    weaker = [each for each in group.shots if not each.gates] if group.gating else []
    return Cause(
        rules=tuple(rules.values()),
        findings=_once(shots),
        weaker=_once(weaker),
        title=group.title,
        common=str(group.common) if group.common else "",
        known=all(is_known(each.result, each.finding) for each in shots),
    )


def _once(shots: Iterable[_Shot]) -> tuple[Finding, ...]:
    """Return the failures, one for each request."""
    found: dict[str, Finding] = {}
    for each in shots:
        found.setdefault(each.finding.case.id, each.finding)
    return tuple(found.values())


def _by_sign(
    shots: Sequence[_Shot], result: Result, judged: Sequence[Judged]
) -> Iterator[_Group]:
    """Group failures that our checks tell apart well enough."""
    unchecked = [each.finding for each in shots if is_unchecked(each.finding)]
    fallen = coercions(unchecked, judged)
    fallen |= scopes({each.rule for each in unchecked}, result.rules)
    bodies = {each.exchange.request.body for each in unchecked}
    shared = _shared(shots)
    signs = [set(_signs(each.finding, fallen, bodies, shared)) for each in shots]
    for group in _joined(signs):
        members = tuple(shots[number] for number in group)
        yield _Group(members, _title(members, fallen))


def _shared(shots: Sequence[_Shot]) -> set[Hashable]:
    """Return the signs that so many operations show that these share the defect."""
    shown: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    for each in shots:
        shown[sign(each.finding)].add(operation(each.finding))
    return {each for each, operations in shown.items() if len(operations) >= _ALIKE}


def _signs(
    finding: Finding,
    fallen: dict[RuleId, Scope],
    bodies: set[bytes],
    shared: set[Hashable],
) -> Iterator[Hashable]:
    """Yield what two failures of one cause have in common."""
    body = finding.exchange.request.body
    if body in bodies and not is_bad_answer(finding):
        # Whoever accepts a body here accepts it there, and for all that it breaks.
        yield body
    if is_unchecked(finding):
        yield fallen.get(finding.rule, finding.rule)
    elif body not in bodies:
        own = sign(finding)
        yield own if own in shared else (own, operation(finding))


def _title(shots: Sequence[_Shot], fallen: dict[RuleId, Scope]) -> str:
    findings = [each.finding for each in shots if each.gates]
    findings = findings or [each.finding for each in shots]
    rules = list(dict.fromkeys(each.rule for each in findings if is_unchecked(each)))
    if not rules:
        return complaint(findings[0])
    scope = next((fallen[each] for each in rules if each in fallen), None)
    if scope is not None:
        return scope.title
    more = f" and {counted(len(rules) - 1, 'more rule')}" if len(rules) > 1 else ""
    return f"invalid bodies are accepted that break {rules[0]}{more}"


def _by_answer(shots: Sequence[_Shot], judged: Sequence[Judged]) -> Iterator[_Group]:
    """Group failures whose answers are bad as such: what was sent has to tell."""
    for group in by_answer([each.finding for each in shots]):
        members = [shots[number] for number in group]
        for common, part in _parts(members, judged):
            yield _Group(tuple(part), complaint(part[0].finding), common)


def _parts(
    shots: list[_Shot], judged: Sequence[Judged]
) -> Iterator[tuple[Trait | None, list[_Shot]]]:
    """Part failures by what tells their requests from those that went well."""
    first: dict[str, _Shot] = {}
    for each in shots:
        first.setdefault(each.finding.case.id, each)
    wrong = [_sent(each.finding) for each in first.values()]
    right = [_sent(each) for each in judged if _went_well(each, shots[0].finding)]
    ids = list(first)
    parts: list[tuple[Trait | None, list[_Shot]]] = []
    for trait, numbers in parted(wrong, right):
        chosen = {ids[number] for number in numbers}
        part = [each for each in shots if each.finding.case.id in chosen]
        if trait is None and parts and _tried(part) <= _tried(parts[0][1]):
            parts[0][1].extend(part)  # a trait need not tell quite all of a defect
        else:
            parts.append((trait, part))
    for trait, part in parts:
        if trait is None and right and len(_tried(part)) == len(part) <= _LONE:
            # Each at a boundary of its own, and nothing in common.
            yield from ((None, [each]) for each in part)
        else:
            yield trait, part


def _tried(shots: Iterable[_Shot]) -> set[RuleId]:
    """Return the rules that the cases are of, which says more than `robustness`."""
    return {each.finding.case.rule for each in shots}


def _sent(shot: Finding | Judged) -> Sent:
    return shot.case, shot.exchange.request


def _went_well(judged: Judged, beside: Finding) -> bool:
    """Tell whether an exchange came out well where a like one came out badly."""
    response, bad = judged.exchange.response, beside.exchange.response
    if response is None:
        return False
    if bad is None or bad.status >= 500:
        return response.status < 500
    return judged.case.expect is Expect.ACCEPT and response.status // 100 == 2


def _joined(signs: list[set[Hashable]]) -> list[list[int]]:
    """Put together what shares a sign, directly or through others."""
    holders: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, each in enumerate(signs):
        for it in each:
            holders[it].append(number)
    groups: list[list[int]] = []
    seen: set[int] = set()
    for number in range(len(signs)):
        group, waiting = [], [number]
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen.add(at)
                group.append(at)
                for it in signs[at]:
                    # Each sign is followed once, however many hold it.
                    waiting += holders.pop(it, ())
        if group:
            groups.append(sorted(group))
    return groups


# Fewer may well be missed one by one.
_MANY = 3
_SHARE = 0.9
# What is said of answers has places in the contract too, and is not of bodies sent.
_OTHERS = ("answer", "error")
_BETWEEN = "if"
_READ_AS = "as "
_TYPES = {
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_CONDITIONAL = ("/then/", "/else/", "/dependentRequired", "/dependentSchemas")


@dataclass(frozen=True, slots=True)
class Scope:
    """A sort of rules that nothing holds bodies to.

    Attributes:
        key: `*`, `*.type`, `flow.menu.*`, `if` for rules between members, or `as`
            and a type that is taken for others.
    """

    key: str

    @property
    def title(self) -> str:
        """Say what goes wrong."""
        if self.key == "*":
            return "invalid bodies are accepted, whatever rule they break"
        if self.key == _BETWEEN:
            return "invalid bodies are accepted: no rule between members is checked"
        if self.key.endswith(".*"):
            inside = self.key.removesuffix(".*")
            return f"invalid bodies are accepted: nothing inside {inside} is checked"
        if self.key.startswith(_READ_AS):
            what = self.key.removeprefix(_READ_AS)
            return f"invalid bodies are accepted: {what} is taken for another type"
        return f"invalid bodies are accepted: no rule {self.key} is checked"


def scopes(
    unchecked: Collection[RuleId], results: Iterable[RuleResult]
) -> dict[RuleId, Scope]:
    """Return the widest scope of each unchecked rule that is in one.

    Args:
        unchecked: rules that some accepted body breaks.
        results: of all rules; those that were not judged say nothing.
    """
    judged = [
        each.rule
        for each in results
        if each.outcome in {Outcome.PASS, Outcome.FAIL}
        and each.rule.places
        and each.rule.group not in _OTHERS
    ]
    members: dict[str, set[RuleId]] = {}
    for rule in judged:
        for key in _keys(rule):
            members.setdefault(key, set()).add(rule.id)
    fallen = {
        key: len(rules)
        for key, rules in members.items()
        if len(rules) >= _MANY and len(rules & set(unchecked)) >= _SHARE * len(rules)
    }
    found: dict[RuleId, Scope] = {}
    for rule in judged:
        keys = [key for key in _keys(rule) if key in fallen]
        if rule.id in unchecked and keys:
            found[rule.id] = Scope(max(keys, key=lambda key: (fallen[key], key)))
    return found


def _keys(rule: Rule) -> Iterator[str]:
    words = rule.id.split(".")
    yield "*"
    yield f"*.{words[-1]}"
    if all(any(it in place for it in _CONDITIONAL) for place in rule.places):
        yield _BETWEEN
    # Its own type may well be checked where nothing inside is.
    for end in range(1, len(words) - 1):
        yield ".".join((*words[:end], "*"))


def coercions(
    unchecked: Iterable[Finding], judged: Iterable[Judged]
) -> dict[RuleId, Scope]:
    """Return the scope of each rule that lets one wrong type pass, as others do.

    A server that reads numbers from words does so wherever it reads any. A rule that
    lets everything pass is not looked at at all, which is another defect.
    """
    strict = {
        rule
        for each in judged
        for rule in each.case.broken
        if each.exchange.response and 400 <= each.exchange.response.status < 500
    }
    taken: dict[RuleId, set[str]] = {}
    for finding in unchecked:
        if finding.rule in strict:
            taken.setdefault(finding.rule, set()).add(
                _taken(finding.case, finding.twin)
            )
    alike: dict[str, list[RuleId]] = {}
    for rule, types in taken.items():
        if len(types) == 1 and "" not in types:
            alike.setdefault(types.pop(), []).append(rule)
    return {
        rule: Scope(_READ_AS + name)
        for name, rules in alike.items()
        if len(rules) >= _MANY
        for rule in rules
    }


def _taken(case: Case, twin: Case | None) -> str:
    """Name the type that a case has put in place of another; empty if it has not."""
    if twin is None or not isinstance(case.fault, tuple) or len(case.fault) != 1:
        return ""
    operation: Json = case.fault[0]
    if operation["op"] != "replace":
        return ""
    old, new = at_pointer(twin.body, operation["path"]), operation["value"]
    name = _TYPES[type(new)]
    return "" if name == _TYPES[type(old)] else name


# How an exchange ended, and what its answer complains of.
_Answer: TypeAlias = tuple[str, frozenset[str]]
# Of a body, what is compared.
_START = 4096
# Different complaints that may be as many defects; and answers that are looked at.
_COMPLAINTS, _CITING = 8, 300
# What differs from one answer to the next: ids, numbers, and what is quoted.
_VARYING = re.compile(r"[0-9a-fA-F]+(?:-[0-9a-fA-F]+)+|[0-9a-fA-F]{12,}|\d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_INDEX = re.compile(r"/\d+(?=/|$)")
# How a check of answers begins what it says of a place.
_PLACE = re.compile(r"(?P<place>/\S*) (?:is|breaks)\b")
_MORE = re.compile(r" \(and \d+ more\)$")


def is_unchecked(finding: Finding) -> bool:
    """Tell whether an invalid body was accepted that breaks the finding's rule."""
    response = finding.exchange.response
    accepted = response is not None and response.status // 100 == 2
    return accepted and finding.rule in finding.case.broken


def is_bad_answer(finding: Finding) -> bool:
    """Tell whether the answer is bad as such: something valid refused, a breakdown."""
    response = finding.exchange.response
    if response is None or response.status >= 500:
        return True
    refused = response.status >= 400 and status_fits(200, _due(finding))
    return refused and _is_misfit(finding)


def _is_misfit(finding: Finding) -> bool:
    response = finding.exchange.response
    status = response.status if response else 0
    return finding.rule == finding.case.rule and not status_fits(status, _due(finding))


def _due(finding: Finding) -> Status:
    """Return which status the answer was to have."""
    case, played = finding.case, finding.exchange.played
    if not case.steps:
        return case.status
    return case.steps[played.at if played else -1].status


def sign(finding: Finding) -> tuple[Hashable, ...]:
    """Return a key of what a check says, whatever values it cites."""
    response = finding.exchange.response
    status = response.status if response else 0
    if _is_misfit(finding):
        # Which 2xx it is depends on the operation alone.
        came = "2xx" if status // 100 == 2 else str(status)
        return finding.rule, came, _due(finding)
    reason = _MORE.sub("", finding.reason)
    place = _PLACE.match(reason)
    if place is not None:
        # One serialiser writes all members of a name.
        leaf = _INDEX.sub("", place["place"]).rpartition("/")[2]
        return "place", status >= 400, "its default is" in reason, leaf
    reason = reason.replace(finding.exchange.request.method, "#").partition(": ")[0]
    return finding.rule, _VARYING.sub("#", _QUOTED.sub("#", reason))


def operation(finding: Finding) -> tuple[str, str] | None:
    """Return the operation a finding is about, where each may err by itself.

    A status is chosen by the code of one operation, the form of an answer by what all
    of them share.
    """
    case, played = finding.case, finding.exchange.played
    if not _is_misfit(finding) or case.phase not in {Phase.AUTH, Phase.LIFECYCLE}:
        return None
    if not case.steps:
        return case.request.method, case.request.path
    request = case.steps[played.at if played else -1].request
    return request.method, request.path


def complaint(finding: Finding) -> str:
    """Say what is wrong with an answer; it may cite the target."""
    exchange = finding.exchange
    if exchange.response is None:
        return f"no answer: {exchange.summary}"
    status = exchange.response.status
    if status >= 500:
        return f"the server fails with HTTP {status}"
    called = operation(finding)
    if called is not None:
        due = " or ".join(map(str, _due(finding)))
        return f"{' '.join(called)} is answered with HTTP {status} where {due} is due"
    if is_bad_answer(finding):
        return f"valid requests are refused with HTTP {status}"
    return finding.reason


def by_answer(findings: Sequence[Finding]) -> Iterator[list[int]]:
    """Group findings, by number, whose answers say the same.

    An answer that says more than another is taken with it: a server lists as many
    complaints as it has.
    """
    said = [_said(each.exchange) for each in findings]
    least = _least(set(said))
    groups: defaultdict[_Answer, list[int]] = defaultdict(list)
    for number, each in enumerate(said):
        groups[least[each]].append(number)
    yield from groups.values()


def _least(answers: set[_Answer]) -> dict[_Answer, _Answer]:
    """Return, for each answer, the one that says least of what it says.

    Where very many say different things each cites something, and they say nothing.
    """
    found: dict[_Answer, _Answer] = {}
    for how in {how for how, _ in answers}:
        alike = [each for each in answers if each[0] == how]
        found |= dict.fromkeys(alike, (how, frozenset()))
        if len(alike) > _CITING:
            continue
        bare = [it for it in alike if not any(it[1] > other[1] for other in alike)]
        bare.sort(key=lambda it: sorted(it[1]))
        if len(bare) <= _COMPLAINTS:
            for each in alike:
                found[each] = next(it for it in bare if each[1] >= it[1])
    return found


def _said(exchange: Exchange) -> _Answer:
    """Return how an exchange ended, and what its answer complains of."""
    response = exchange.response
    if response is None:
        return str(exchange.failure.trouble if exchange.failure else ""), frozenset()
    text = response.body[:_START].decode("utf-8", "backslashreplace")
    try:
        told = frozenset(_leaves(json.loads(response.body[:_START]), ""))
    except (ValueError, RecursionError):
        told = frozenset({_plain(text)})
    return str(response.status), told


def _leaves(value: Json, place: str) -> Iterator[str]:
    match value:
        case dict():
            for name, child in value.items():
                yield from _leaves(child, f"{place} {_plain(name)}")
        case list():
            for child in value:
                yield from _leaves(child, place)
        case str():
            yield f"{place}: {_plain(value)}"
        case None | bool():
            yield f"{place}: {value}"


def _plain(text: str) -> str:
    return _VARYING.sub("#", _QUOTED.sub("#", cut(text, 400)))
