"""Causes: failures that one defect of the target explains, told once.

In: a result. Out: its failing rules in groups. Rules belong together where the target
gave them the same bad answer, or where the very same requests tripped them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from ringspec.harness import Exchange, Finding, Outcome, Result, RuleResult
from ringspec.spec import Level
from ringspec.strategies import Expect

# Of a body, what is compared; and what differs from one answer to the next.
_START = 4096
_VARYING = re.compile(rb"[0-9a-fA-F-]{8,}|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What one defect explains.

    Attributes:
        rules: those that fail by it, in order of the catalogue; never empty.
        findings: their gating failures, one for each request, in order of the rules.
    """

    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The strongest level of its rules."""
        return min((each.rule.level for each in self.rules), key=lambda it: it.rank)

    @property
    def known(self) -> bool:
        """Whether all that fails by it is known beforehand."""
        return all(each.excused for each in self.rules)


def causes(result: Result) -> tuple[Cause, ...]:
    """Group the failing rules of a run by what explains them, the worst first.

    New ones come before known ones, then by level, then the one that more requests
    show; otherwise in order of the catalogue.
    """
    failing = [each for each in result.rules if each.outcome is Outcome.FAIL]
    groups = _joined([set(_signs(each, result.level)) for each in failing])
    found = [_cause([failing[i] for i in group], result.level) for group in groups]
    return tuple(
        sorted(found, key=lambda it: (it.known, it.level.rank, -len(it.findings)))
    )


def _cause(rules: list[RuleResult], level: Level) -> Cause:
    told: dict[str, Finding] = {}
    for rule in rules:
        for finding in gating(rule, level):
            told.setdefault(finding.case.id, finding)
    return Cause(rules=tuple(rules), findings=tuple(told.values()))


def gating(rule: RuleResult, level: Level) -> tuple[Finding, ...]:
    """Return what makes a rule fail at a level."""
    return rule.gating(level) or rule.failures


def _signs(rule: RuleResult, level: Level) -> Iterator[Hashable]:
    """Yield what two rules of one cause have in common."""
    findings = gating(rule, level)
    yield frozenset(each.case.id for each in findings)
    for finding in findings:
        if _is_bad_answer(finding):
            yield _answer(finding.exchange)


def _is_bad_answer(finding: Finding) -> bool:
    """Tell whether the answer is bad as such: a valid body refused, a breakdown."""
    response = finding.exchange.response
    if response is None or response.status >= 500:
        return True
    return finding.case.expect is Expect.ACCEPT and response.status >= 400


def _answer(exchange: Exchange) -> Hashable:
    if exchange.response is None:
        return exchange.failure.trouble if exchange.failure else None
    body = _VARYING.sub(b"#", exchange.response.body[:_START])
    return exchange.response.status, body


def _joined(signs: list[set[Hashable]]) -> list[list[int]]:
    """Put together what shares a sign, directly or through others."""
    holders: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, each in enumerate(signs):
        for sign in each:
            holders[sign].append(number)
    groups: list[list[int]] = []
    seen: set[int] = set()
    for number in range(len(signs)):
        group, waiting = [], [number]
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen.add(at)
                group.append(at)
                waiting += [other for sign in signs[at] for other in holders[sign]]
        if group:
            groups.append(sorted(group))
    return groups
