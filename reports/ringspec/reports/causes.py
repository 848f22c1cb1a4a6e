"""Causes: failures that one defect of the target explains, in groups.

A group shares a sign: an invalid body that is accepted, a scope of rules that nothing
is held to, what a check of the answer complains of, or an answer that is bad as such.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ringspec.harness import (
    PLAIN_REFUSED,
    TELLS_OF_ERROR,
    TWIN_REFUSED,
    Finding,
    Outcome,
    Result,
    RuleResult,
    plainest,
)
from ringspec.reports.case_text import REFUSED, deciding, first_reason
from ringspec.reports.printable import counted
from ringspec.spec import Level, Rule, RuleId, at_pointer, kind_of
from ringspec.strategies import Case, Phase, Step, status_fits

# Most bad answers that are told apart by the rule of their cases.
_LONE = 3
# Fewer rules of a scope may well be missed one by one.
_MANY = 3
# The share of a scope's rules that is not checked.
_SHARE = 0.9
# Groups of rules on answers, which have places in the contract too.
_ANSWERS = ("answer", "error")
_CONDITIONAL = ("/then/", "/else/", "/dependentRequired", "/dependentSchemas")
_ACCEPTED = "invalid bodies are accepted"
_REQUESTS = "invalid requests are accepted"
_TOLD = "the answers tell of errors, with a status of success"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The failures that one defect explains."""

    # That fail by it, that of the first failure before all others; each may fail by
    # other defects as well.
    rules: tuple[RuleResult, ...]
    # Those failures, one a request and the plainest first.
    findings: tuple[Finding, ...]
    title: str = ""  # the defect in words; it may cite the target
    known: bool = False  # whether all its failures are known beforehand

    @property
    def level(self) -> Level:
        """The strongest level of its failures, that of the first."""
        return self.findings[0].level


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Valid bodies that were refused, and the rules that they leave open."""

    title: str
    cases: tuple[str, ...]  # ids of those bodies, the one that leaves most open first
    rules: tuple[RuleResult, ...]
    finding: Finding | None  # what the first was refused with; None if it was not kept


def refusal(result: Result) -> Refusal | None:
    """Return the valid bodies that were refused, if rules are open by that."""
    rules: list[RuleResult] = []
    reasons: dict[str, str] = {}
    opened: Counter[str] = Counter()
    found = [
        (each.rule.operation, it)
        for each in result.rules
        for it in (*each.failures, *each.inconclusive)
    ]
    refused = [it for it in found if it[1].reason.startswith(PLAIN_REFUSED)]
    # Of each operation the plainest, which has no twin: of a dict the last one counts.
    plainer = sorted(refused, key=lambda it: bool(it[1].case.twin))
    plain = {operation: it.case for operation, it in plainer[::-1]}
    for each in result.rules if result.learnt else ():
        reason = first_reason(each)
        if each.outcome is Outcome.INCONCLUSIVE and reason.startswith(REFUSED):
            twin = _TWIN.match(reason)
            case = twin[1] if twin else plain[each.rule.operation].id
            rules.append(each)
            opened[case] += 1
            lead = f"{each.rule.operation}: " if each.rule.operation else ""
            reasons.setdefault(case, lead + reason.removeprefix("its "))
    if not rules:
        return None
    (first, _), *others = opened.most_common()
    own = {it.case.id: it for _, it in found if it.rule == it.case.rule}
    stay = f"{counted(len(rules), 'rule')} stay{'s' * (len(rules) == 1)} open by it"
    more = f" and by {len(others):,} others" if others else ""
    return Refusal(
        title=f"{reasons[first]}: {stay}{more}",
        cases=(first, *(case for case, _ in others)),
        rules=tuple(rules),
        finding=own.get(first),
    )


def explained(result: Result) -> tuple[tuple[Cause, ...], tuple[Cause, ...]]:
    """Return the causes of failures and those of warnings, the worst first.

    New ones come before known ones, then by level, then the one that more requests
    show; otherwise in order of the catalogue.
    """
    failures = [it for each in result.rules for it in each.failures]
    of = {id(it): each for each in reversed(result.rules) for it in each.failures}
    gates = {
        id(it)
        for each in result.rules
        if each.outcome is Outcome.FAIL
        for it in deciding(each, result.level)
    }
    unchecked = [each for each in failures if _is_unchecked(each)]
    scopes = _coercions(unchecked)
    scopes |= _scopes({each.rule for each in unchecked}, result.rules)

    def cause(members: Sequence[Finding]) -> Cause:
        found, once = plainest(members), dict[str, Finding]()
        for each in found:
            once.setdefault(each.case.id, each)
        rules = {of[id(it)].rule.id: of[id(it)] for it in (*found[:1], *members)}
        fallen = (each.rule for each in members if _is_unchecked(each))
        title = next((scopes[it] for it in fallen if it in scopes), _title(members))
        if any(isinstance(each.case.fault, dict) for each in members):
            title = title.replace(_ACCEPTED, _REQUESTS)
        return Cause(
            rules=tuple(rules.values()),
            findings=tuple(once.values()),
            title=title + (f"; {_TOLD}" if TELLS_OF_ERROR in found[0].reason else ""),
            known=all(
                any(known.covers(each) for known in of[id(each)].known)
                for each in members
            ),
        )

    def rank(cause: Cause) -> tuple[int, ...]:
        first = result.rules.index(cause.rules[0])
        return cause.known, cause.level.rank, -len(cause.findings), first

    found: dict[bool, list[Cause]] = {True: [], False: []}
    for group in _grouped(failures, scopes):
        for is_gating, told in found.items():
            members = [it for it in group if (id(it) in gates) == is_gating]
            told.extend([cause(members)] if members else [])
    gating, weak = (tuple(sorted(each, key=rank)) for each in found.values())
    return gating, weak


def _grouped(
    failures: Sequence[Finding], scopes: dict[RuleId, str]
) -> Iterator[list[Finding]]:
    """Group failures by what our checks say of them, or as bad answers."""
    bad: dict[str, list[Finding]] = {}
    for each in filter(_is_bad_answer, failures):
        trouble = each.exchange.failure.trouble if each.exchange.failure else ""
        bad.setdefault(str(each.exchange.status or trouble), []).append(each)
    for members in bad.values():
        # What the cases are of says more than `robustness`.
        tried = {each.case.rule for each in members}
        if len(tried) == len(members) <= _LONE:
            yield from ([each] for each in members)
        else:
            yield members
    others = [each for each in failures if not _is_bad_answer(each)]
    taken = {_key(each) for each in others if _is_unchecked(each)}
    signs: list[set[Hashable]] = []
    for each in others:
        # A server that accepts a body here accepts it for all that it breaks.
        own: set[Hashable] = {_key(each)} & taken
        if _is_unchecked(each):
            # A success that tells of an error is a defect of its own.
            own.add((scopes.get(each.rule, each.rule), TELLS_OF_ERROR in each.reason))
        elif not own:
            own.add(_sign(each))
        signs.append(own)
    for group in _joined(signs):
        yield [others[number] for number in group]


def _key(finding: Finding) -> Hashable:
    """Return what was sent: the body, or all of a request that has none."""
    request = finding.exchange.request
    return request.body or request


def _title(findings: Sequence[Finding]) -> str:
    rules = list(dict.fromkeys(each.rule for each in findings if _is_unchecked(each)))
    if not rules:
        return _complaint(findings[0])
    more = f" and {counted(len(rules) - 1, 'more rule')}" if len(rules) > 1 else ""
    return f"{_ACCEPTED} that break {rules[0]}{more}"


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

    A server that checks no types has one defect, not sixty. It may check some bodies
    for each of these rules: titles say no more. Scopes are read from ids of rules: all,
    those with the same last word, those below one member. Rules that were not judged
    say nothing.
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
    lead = f"{rule.operation}/" if rule.operation else ""
    words = rule.id.removeprefix(lead).split(".")
    is_conditional = all(any(it in at for it in _CONDITIONAL) for at in rule.places)
    for own, of in {lead: f" of {rule.operation}", "": ""}.items():
        yield f"{own}*", f"{_ACCEPTED} that break nearly any rule{of}"
        yield f"{own}*.{words[-1]}", f"{_ACCEPTED} that break rules {own}*.{words[-1]}"
        if is_conditional:
            yield f"{own}if", f"{_ACCEPTED} that break rules between members{of}"
    # Its own type may well be checked where nothing inside is.
    for end in range(1, len(words) - 1):
        inside = lead + ".".join(words[:end])
        yield f"{inside}.*", f"{_ACCEPTED} that break rules inside {inside}"


def _coercions(unchecked: Iterable[Finding]) -> dict[RuleId, str]:
    """Return the scope of each rule that lets one wrong type pass, as others do.

    A server that reads numbers from words does so wherever it reads any.
    """
    taken: dict[RuleId, set[str]] = {}
    for each in unchecked:
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
    return finding.exchange.status // 100 == 2 and finding.rule in finding.case.broken


def _is_bad_answer(finding: Finding) -> bool:
    """Return whether the answer is bad: something valid refused, or a breakdown."""
    status = finding.exchange.status
    refused = 400 <= status < 500 and status_fits(200, _sent(finding).status)
    return not status or status >= 500 or (refused and _is_misfit(finding))


def _is_misfit(finding: Finding) -> bool:
    fits = status_fits(finding.exchange.status, _sent(finding).status)
    return finding.rule == finding.case.rule and not fits


def _sent(finding: Finding) -> Case | Step:
    """Return the case, or that step of it that the answer is to."""
    case, played = finding.case, finding.exchange.played
    return case.steps[len(played.earlier) if played else -1] if case.steps else case


def _sign(finding: Finding) -> tuple[Hashable, ...]:
    """Return a key of what a check says, whatever values it cites."""
    status = finding.exchange.status
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


def _complaint(finding: Finding) -> str:
    exchange = finding.exchange
    if exchange.response is None:
        return f"no answer: {exchange.summary}"
    status = exchange.response.status
    if status >= 500:
        return f"the server fails with HTTP {status}"
    if _is_misfit(finding) and finding.case.phase in {Phase.AUTH, Phase.LIFECYCLE}:
        sent = _sent(finding)
        called = f"{sent.request.method} {sent.request.path}"
        due = " or ".join(map(str, sent.status))
        return f"{called} is answered with HTTP {status} where {due} is due"
    if _is_bad_answer(finding):
        return f"valid requests are refused with HTTP {status}"
    return finding.reason
