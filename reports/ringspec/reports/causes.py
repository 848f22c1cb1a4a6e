"""Causes: failures that one defect of the target explains, in groups.

A group shares a sign: an invalid body that is accepted, a scope of rules that nothing
is held to, or what a check of the answer complains of. Failures whose answers are bad
as such are parted by what their requests have in common that others lack.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ringspec.harness import (
    PLAIN_REFUSED,
    TWIN_REFUSED,
    Finding,
    Judged,
    Outcome,
    Result,
    RuleResult,
    plainest,
)
from ringspec.reports.case_text import REFUSED, deciding, first_reason
from ringspec.reports.printable import counted, shown, visible
from ringspec.spec import Json, Level, Rule, RuleId, at_pointer, kind_of
from ringspec.strategies import Case, Expect, Phase, Step, status_fits

# Most unrelated failures that are split by rule alone.
_LONE = 3
# This many operations with the same failure share its cause.
_ALIKE = 3
# Fewer rules of a scope may well be missed one by one.
_MANY = 3
# The share of a scope's rules that is not checked.
_SHARE = 0.9
# Groups of rules on answers, which have places in the contract too.
_ANSWERS = ("answer", "error")
_CONDITIONAL = ("/then/", "/else/", "/dependentRequired", "/dependentSchemas")
_ACCEPTED = "invalid bodies are accepted"
# Types of JSON whose names do not take `a`.
_TYPES = {"null": "null", "array": "an array", "object": "an object"}
# Ids and numbers, which differ from one answer to the next.
_VARYING = re.compile(r"[0-9a-fA-F]+(?:-[0-9a-fA-F]+)+|[0-9a-fA-F]{12,}|\d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_INDEX = re.compile(r"/\d+(?=/|$)")
# The beginning of what a check of answers says of a place.
_PLACE = re.compile(r"(?P<place>/\S*) (?:is|breaks)\b")
_TWIN = re.compile(rf"{TWIN_REFUSED} (.*) was \w+")
# What a check of answers says besides: what is there in place of what is missing.
_BESIDES = re.compile(r"; it (?:has `|is of|is a|tells of) .*")
_MORE = re.compile(r" \(and \d+ more\)$")
# With more suspects than these, no single trait is to blame.
_SUSPECTS = 3
# Requests that are looked at: more would show nothing new.
_ENOUGH = 150
# Fewer that went well show nothing.
_FEW = 10
# Greatest probability that a trait is shared by chance.
_CHANCE = 0.01
_DEPTH = 12
_VALUE = 40
# Headers that depend on how we connect.
_OURS = ("connection", "host", "content-length")
# Kinds of traits in words; of those with the same requests, the first is best.
_WORDS = {
    "is": "{place} = {value}",
    "beyond": "{place} has {value}",
    "lacks": "{place} is left out",
    "length": "{place} has {value} character{s}",
    "items": "{place} has {value} item{s}",
    "sent": "{value}",
    "has": "{place} is there",
    "type": "{place} is of type {value}",
    "head": "{place}: {value}",
}
_ORDER = tuple(_WORDS)
# Kinds that are no accident even where some requests with them went well.
_SALIENT = ("is", "beyond", "lacks", "sent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The failures that one defect explains.

    Attributes:
        rules: that fail by it, that of the first failure before all others; each may
            fail by other defects as well.
        findings: their gating failures, one a request and the plainest first; of a
            warning all its failures.
        weaker: failures below the level by the same defect.
        title: the defect in words; it may cite the target.
        common: what those requests have in common, and hardly any other; or empty.
        known: whether all its failures are known beforehand.
    """

    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    weaker: tuple[Finding, ...] = ()
    title: str = ""
    common: str = ""
    known: bool = False

    @property
    def level(self) -> Level:
        """The strongest level of its failures, that of the first."""
        return self.findings[0].level


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Valid bodies that were refused, and the rules that they leave open.

    Attributes:
        cases: ids of those bodies, the one that leaves most open first.
        finding: what the first was refused with; None if nothing was kept of it.
    """

    title: str
    cases: tuple[str, ...]
    rules: tuple[RuleResult, ...]
    finding: Finding | None


def refusal(result: Result) -> Refusal | None:
    """Return the valid bodies that were refused, if rules are open by that."""
    rules: list[RuleResult] = []
    reasons: dict[str, str] = {}
    opened: Counter[str] = Counter()
    found = [it for each in result.rules for it in (*each.failures, *each.inconclusive)]
    plain = [it.case for it in found if it.reason.startswith(PLAIN_REFUSED)]
    plain.sort(key=lambda case: bool(case.twin))
    for each in result.rules if result.learnt else ():
        reason = first_reason(each)
        if each.outcome is Outcome.INCONCLUSIVE and reason.startswith(REFUSED):
            twin = _TWIN.match(reason)
            case = twin[1] if twin else plain[0].id
            rules.append(each)
            opened[case] += 1
            reasons.setdefault(case, reason.removeprefix("its "))
    if not rules:
        return None
    (first, _), *others = opened.most_common()
    own = {it.case.id: it for it in found if it.rule == it.case.rule}
    stay = f"{counted(len(rules), 'rule')} stay{'s' * (len(rules) == 1)} open by it"
    more = f" and by {len(others):,} others" if others else ""
    return Refusal(
        title=f"{reasons[first]}: {stay}{more}",
        cases=(first, *(case for case, _ in others)),
        rules=tuple(rules),
        finding=own.get(first),
    )


def causes(result: Result, judged: Iterable[Judged] = ()) -> tuple[Cause, ...]:
    """Return the causes of a run's failures."""
    return explained(result, judged)[0]


def explained(
    result: Result, judged: Iterable[Judged] = ()
) -> tuple[tuple[Cause, ...], tuple[Cause, ...]]:
    """Return the causes of failures and those of warnings, the worst first.

    New ones come before known ones, then by level, then the one that more requests
    show; otherwise in order of the catalogue. All that was judged parts failures whose
    answers are alike by what their requests have in common that others lack.
    """
    judged = tuple(judged)
    failures = [it for each in result.rules for it in each.failures]
    bad = [each for each in failures if _is_bad_answer(each)]
    others = [each for each in failures if not _is_bad_answer(each)]
    of = {id(it): each for each in reversed(result.rules) for it in each.failures}
    gates = {
        id(it)
        for each in result.rules
        if each.outcome is Outcome.FAIL
        for it in deciding(each, result.level)
    }
    gating: list[Cause] = []
    weak: list[Cause] = []
    for members, scope, common in (
        *_by_sign(others, result, judged, gates),
        *_by_answer(bad, judged),
    ):
        strong = [each for each in members if id(each) in gates]
        found = strong or members
        told = plainest(found)
        rules = {of[id(it)].rule.id: of[id(it)] for it in (*told[:1], *found)}
        cause = Cause(
            rules=tuple(rules.values()),
            findings=_once(told),
            weaker=_once(it for it in members if id(it) not in gates) if strong else (),
            title=scope or _title(found),
            common=common,
            known=all(
                any(known.covers(each) for known in of[id(each)].known)
                for each in found
            ),
        )
        (gating if strong else weak).append(cause)

    def rank(cause: Cause) -> tuple[int, ...]:
        first = result.rules.index(cause.rules[0])
        return cause.known, cause.level.rank, -len(cause.findings), first

    return tuple(sorted(gating, key=rank)), tuple(sorted(weak, key=rank))


# Failures, the title of the scope of their rules, and what their requests share.
_Groups = Iterator[tuple[Sequence[Finding], str, str]]


def _once(failures: Iterable[Finding]) -> tuple[Finding, ...]:
    found: dict[str, Finding] = {}
    for each in failures:
        found.setdefault(each.case.id, each)
    return tuple(found.values())


def _by_sign(
    failures: Sequence[Finding],
    result: Result,
    judged: Sequence[Judged],
    gates: Collection[int],
) -> _Groups:
    """Group failures that our checks tell apart well enough."""
    unchecked = [each for each in failures if _is_unchecked(each)]
    scopes = _coercions(unchecked, judged)
    scopes |= _scopes({each.rule for each in unchecked}, result.rules)
    bodies = {each.exchange.request.body for each in unchecked}
    # A sign of many operations belongs to their shared code.
    showing: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    for each in failures:
        showing[_sign(each)].add(_operation(each))
    shared = {sign for sign, them in showing.items() if len(them) >= _ALIKE}
    signs: list[set[Hashable]] = []
    for each in failures:
        body = each.exchange.request.body
        # A server that accepts a body here accepts it for all that it breaks.
        own: set[Hashable] = {body} if body in bodies else set()
        if _is_unchecked(each):
            own.add(scopes.get(each.rule, each.rule))
        elif not own:
            sign = _sign(each)
            own.add(sign if sign in shared else (sign, _operation(each)))
        signs.append(own)
    for group in _joined(signs):
        members = [failures[number] for number in group]
        gating = [each for each in members if id(each) in gates]
        fallen = [each.rule for each in gating or members if _is_unchecked(each)]
        scope = next((scopes[rule] for rule in fallen if rule in scopes), "")
        yield members, scope, ""


def _title(findings: Sequence[Finding]) -> str:
    rules = list(dict.fromkeys(each.rule for each in findings if _is_unchecked(each)))
    if not rules:
        return _complaint(findings[0])
    more = f" and {counted(len(rules) - 1, 'more rule')}" if len(rules) > 1 else ""
    return f"{_ACCEPTED} that break {rules[0]}{more}"


def _by_answer(failures: Sequence[Finding], judged: Sequence[Judged]) -> _Groups:
    """Group failures whose answers are bad as such, and part them by requests."""
    groups: dict[str, list[Finding]] = {}
    for each in failures:
        trouble = each.exchange.failure.trouble if each.exchange.failure else ""
        groups.setdefault(str(_status(each) or trouble), []).append(each)
    for members in groups.values():
        for common, part in _parts(members, judged):
            yield part, _complaint(part[0]), common


def _parts(
    failures: list[Finding], judged: Sequence[Judged]
) -> Iterator[tuple[str, list[Finding]]]:
    """Split failures by traits that successful requests lack."""
    right = [each for each in judged if _went_well(each, failures[0])]
    parts: list[tuple[str, list[Finding]]] = []
    for common, findings in _parted(_once(failures), right):
        chosen = {each.case.id for each in findings}
        part = [each for each in failures if each.case.id in chosen]
        if not common and parts and _tried(part) <= _tried(parts[0][1]):
            parts[0][1].extend(part)  # a trait need not explain all of a defect
        else:
            parts.append((common, part))
    for common, part in parts:
        if not common and right and len(_tried(part)) == len(part) <= _LONE:
            # Each at a boundary of its own, and nothing in common.
            yield from (("", [each]) for each in part)
        else:
            yield common, part


def _tried(failures: Iterable[Finding]) -> set[RuleId]:
    """Return the rules that the cases are of, which says more than `robustness`."""
    return {each.case.rule for each in failures}


def _went_well(judged: Judged, beside: Finding) -> bool:
    response, bad = judged.exchange.response, _status(beside)
    if response is None:
        return False
    if not bad or bad >= 500:
        return response.status < 500
    return judged.case.expect is Expect.ACCEPT and response.status // 100 == 2


def _joined(signs: list[set[Hashable]]) -> list[list[int]]:
    """Join failures that share a sign, directly or through others."""
    groups: list[tuple[set[Hashable], list[int]]] = []
    for number, own in enumerate(signs):
        apart = [each for each in groups if each[0].isdisjoint(own)]
        joined = set(own), [number]
        for found, numbers in groups:
            if not found.isdisjoint(own):
                joined = found | joined[0], [*numbers, *joined[1]]
        groups = [*apart, joined]
    return sorted(sorted(numbers) for _, numbers in groups)


def _scopes(
    unchecked: Collection[RuleId], results: Iterable[RuleResult]
) -> dict[RuleId, str]:
    """Return the title of the widest scope of each unchecked rule that is in one.

    A server that checks no types has one defect, not sixty. Scopes are read from the
    ids of rules: all, those with the same last word, those below one member. Rules
    that were not judged say nothing.
    """
    judged = [
        each.rule
        for each in results
        if each.outcome in {Outcome.PASS, Outcome.FAIL}
        and each.rule.places
        and each.rule.group not in _ANSWERS
    ]
    members: dict[tuple[str, str], set[RuleId]] = {}
    for rule in judged:
        for scope in _scopes_of(rule):
            members.setdefault(scope, set()).add(rule.id)
    sizes = {
        scope: len(rules)
        for scope, rules in members.items()
        if len(rules) >= _MANY and len(rules & set(unchecked)) >= _SHARE * len(rules)
    }
    found: dict[RuleId, str] = {}
    for rule in judged:
        scopes = [scope for scope in _scopes_of(rule) if scope in sizes]
        if rule.id in unchecked and scopes:
            found[rule.id] = max(scopes, key=lambda scope: (sizes[scope], scope))[1]
    return found


def _scopes_of(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield a key and the title of each scope of a rule."""
    words = rule.id.split(".")
    yield "*", f"{_ACCEPTED}, whatever rule they break"
    yield f"*.{words[-1]}", f"{_ACCEPTED}: no rule *.{words[-1]} is checked"
    if all(any(it in place for it in _CONDITIONAL) for place in rule.places):
        yield "if", f"{_ACCEPTED}: no rule between members is checked"
    # Its own type may well be checked where nothing inside is.
    for end in range(1, len(words) - 1):
        inside = ".".join(words[:end])
        yield f"{inside}.*", f"{_ACCEPTED}: nothing inside {inside} is checked"


def _coercions(
    unchecked: Iterable[Finding], judged: Iterable[Judged]
) -> dict[RuleId, str]:
    """Return the scope of each rule that lets one wrong type pass, as others do.

    A server that reads numbers from words does so wherever it reads any. A rule that
    lets everything pass is not checked at all, which is another defect.
    """
    strict = {
        rule
        for each in judged
        for rule in each.case.broken
        if each.exchange.response and 400 <= each.exchange.response.status < 500
    }
    taken: dict[RuleId, set[str]] = {}
    for each in unchecked:
        if each.rule in strict:
            taken.setdefault(each.rule, set()).add(_taken(each.case, each.twin))
    alike: dict[str, list[RuleId]] = {}
    for rule, types in taken.items():
        if len(types) == 1 and "" not in types:
            alike.setdefault(types.pop(), []).append(rule)
    return {
        rule: f"{_ACCEPTED}: {name} is taken for another type"
        for name, rules in alike.items()
        if len(rules) >= _MANY
        for rule in rules
    }


def _taken(case: Case, twin: Case | None) -> str:
    """Return the type that a case has put in place of another; empty if it has not."""
    if twin is None or len(case.edits) != 1:
        return ""
    operation = case.edits[0]
    if operation["op"] != "replace":
        return ""
    kind = kind_of(operation["value"])
    was = kind_of(at_pointer(twin.body, operation["path"]))
    return "" if kind == was else _TYPES.get(kind, f"a {kind}")


def _is_unchecked(finding: Finding) -> bool:
    """Return whether an invalid body was accepted that breaks the finding's rule."""
    return _status(finding) // 100 == 2 and finding.rule in finding.case.broken


def _is_bad_answer(finding: Finding) -> bool:
    """Return whether the answer is bad: something valid refused, or a breakdown."""
    status = _status(finding)
    if not status or status >= 500:
        return True
    return (
        status >= 400
        and status_fits(200, _sent(finding).status)
        and _is_misfit(finding)
    )


def _is_misfit(finding: Finding) -> bool:
    fits = status_fits(_status(finding), _sent(finding).status)
    return finding.rule == finding.case.rule and not fits


def _status(finding: Finding) -> int:
    response = finding.exchange.response
    return response.status if response else 0


def _sent(finding: Finding) -> Case | Step:
    """Return the case, or that step of it that the answer is to."""
    case, played = finding.case, finding.exchange.played
    return case.steps[len(played.earlier) if played else -1] if case.steps else case


def _sign(finding: Finding) -> tuple[Hashable, ...]:
    """Return a key of what a check says, whatever values it cites."""
    status = _status(finding)
    if _is_misfit(finding):
        # Which 2xx it is depends on the operation alone.
        came = "2xx" if status // 100 == 2 else str(status)
        return finding.rule, came, _sent(finding).status
    reason = _BESIDES.sub("", _MORE.sub("", finding.reason))
    place = _PLACE.match(reason)
    if place is not None:
        # One serialiser writes all members of a name.
        leaf = _INDEX.sub("", place["place"]).rpartition("/")[2]
        return "place", status >= 400, "its default is" in reason, leaf
    reason = reason.replace(finding.exchange.request.method, "#").partition(": ")[0]
    return finding.rule, _VARYING.sub("#", _QUOTED.sub("#", reason))


def _operation(finding: Finding) -> tuple[str, str] | None:
    """Return the operation that chose a wrong status; of other faults None."""
    request = _sent(finding).request
    by_itself = finding.case.phase in {Phase.AUTH, Phase.LIFECYCLE}
    return (request.method, request.path) if _is_misfit(finding) and by_itself else None


def _complaint(finding: Finding) -> str:
    exchange = finding.exchange
    if exchange.response is None:
        return f"no answer: {exchange.summary}"
    status = exchange.response.status
    if status >= 500:
        return f"the server fails with HTTP {status}"
    called = _operation(finding)
    if called is not None:
        due = " or ".join(map(str, _sent(finding).status))
        return f"{' '.join(called)} is answered with HTTP {status} where {due} is due"
    if _is_bad_answer(finding):
        return f"valid requests are refused with HTTP {status}"
    return finding.reason


class _Trait(NamedTuple):
    """A property of a request: a kind of `_WORDS`, where, and which.

    The place is a JSON pointer into the body, `#` for any index; or a header's name.
    """

    kind: str
    place: str = ""
    value: str = ""

    def __str__(self) -> str:
        """Say it in words."""
        place = shown(self.place, 120) or "the body"
        many = "" if self.value == "1" else "s"
        words = _WORDS[self.kind]
        return words.format(place=place, value=visible(self.value), s=many)


def _parted(
    wrong: Sequence[Finding], right: Sequence[Judged]
) -> list[tuple[str, Sequence[Finding]]]:
    """Part failures by the traits of requests that explain them, each in words.

    One part, with a trait or without, unless several traits explain most of them by
    more than chance.
    """
    whole: list[tuple[str, Sequence[Finding]]] = [("", wrong)]
    if len(right) < _FEW:
        return whole
    bad = [_traits(each) for each in wrong[:_ENOUGH]]
    good = [_traits(each) for each in right[:_ENOUGH]]
    _add_lacks([*bad, *good])
    innocent = Counter(trait for traits in good for trait in traits)
    # A trait that all share, and few others have.
    shared = [
        each
        for each in set.intersection(*bad)
        if not innocent[each]
        or (each.kind in _SALIENT and innocent[each] <= min(len(bad), len(good) / 2))
    ]
    if shared:
        one = min(shared, key=lambda it: (innocent[it], *_rank(it)))
        return [(str(one), wrong)]
    if len(wrong) > len(bad):
        return whole
    parts = _several(bad, innocent, len(good))
    return [(it, [wrong[at] for at in ats]) for it, ats in parts] or whole


def _several(
    bad: list[set[_Trait]], innocent: Counter[_Trait], good: int
) -> list[tuple[str, list[int]]]:
    """Return the few traits that no successful request has, and that explain most."""
    rate = len(bad) / (len(bad) + good)
    left = dict(enumerate(bad))
    parts: list[tuple[str, list[int]]] = []
    while left and len(parts) < _SUSPECTS:
        held = Counter(
            trait for traits in left.values() for trait in traits if not innocent[trait]
        )
        best = min(held, key=lambda it: (-held[it], *_rank(it)), default=None)
        if best is None or len(held) * rate ** held[best] > _CHANCE:
            break
        part = [number for number, traits in left.items() if best in traits]
        parts.append((str(best), part))
        left = {number: it for number, it in left.items() if best not in it}
    if not parts or len(left) * 2 > len(bad):
        return []  # no trait explains the greater part
    if left:
        shared = set.intersection(*left.values()) if len(left) > 1 else set()
        pure = [each for each in shared if not innocent[each]]
        parts.append((str(min(pure, key=_rank, default="")), list(left)))
    return parts


def _rank(trait: _Trait) -> tuple[int, int, str, str]:
    return _ORDER.index(trait.kind), len(trait.place), trait.place, trait.value


def _traits(fired: Finding | Judged) -> set[_Trait]:
    request = fired.exchange.request
    heads = ((name.lower(), value) for name, value in request.headers)
    found = {_Trait("head", *each) for each in heads if each[0] not in _OURS}
    if fired.case.broken:
        found.add(_Trait("sent", value="a body that is invalid"))
    try:
        found.update(_walk(json.loads(request.body), "", 0))
    except (ValueError, RecursionError):
        if request.body:
            found.add(_Trait("sent", value="a body that is no JSON"))
    return found


def _walk(value: Json, place: str, depth: int) -> Iterator[_Trait]:
    if depth > _DEPTH:
        return
    yield _Trait("type", place, type(value).__name__)
    match value:
        case dict():
            for name, child in value.items():
                below = f"{place}/{name}"
                yield _Trait("has", below)
                yield from _walk(child, below, depth + 1)
        case list():
            yield _Trait("items", place, str(len(value)))
            for child in value:
                yield from _walk(child, f"{place}/#", depth + 1)
        case _:
            text = shown(json.dumps(value, ensure_ascii=False), _VALUE)
            yield _Trait("is", place, text)
    if isinstance(value, str):
        yield _Trait("length", place, str(len(value)))
        if not value.isascii():
            yield _Trait("beyond", place, "text beyond ASCII")
        if any(ord(each) > 0xFFFF for each in value):
            yield _Trait("beyond", place, "text beyond 16 bits")


def _add_lacks(everything: list[set[_Trait]]) -> None:
    """Add to each request the members that it leaves out and others have."""
    children: dict[str, set[str]] = {}
    for place in {it.place for traits in everything for it in traits if it[0] == "has"}:
        children.setdefault(place.rpartition("/")[0], set()).add(place)
    for traits in everything:
        had = {it.place for it in traits if it.kind == "has"}
        objects = [it.place for it in traits if it[::2] == ("type", "dict")]
        for parent in objects:
            lacking = children.get(parent, set()) - had
            traits.update(_Trait("lacks", place) for place in lacking)
