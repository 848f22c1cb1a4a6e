"""Causes: failures that one defect of the target explains, told once.

In: a result, and all that was judged where there is a record of it. Out: its failures
in groups. One rule may fail by several defects, and one defect break many rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ringspec.harness import Finding, Judged, Outcome, Result, RuleResult
from ringspec.reports.causes.scopes import Scope, coercions, scopes
from ringspec.reports.causes.signs import (
    by_answer,
    complaint,
    is_bad_answer,
    is_unchecked,
    operation,
    sign,
)
from ringspec.reports.causes.traits import Sent, Trait, parted
from ringspec.reports.text import counted
from ringspec.spec import Level, RuleId
from ringspec.strategies import Expect

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
