"""Failures, as schemathesis reports them: by rule, with what one needs to act on it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ringspec.harness import Finding, RuleResult
from ringspec.spec import Contract, Level
from ringspec.strategies import Phase
from schemathesis.core.failures import Failure, Severity

# Rules that are written out; more are only counted.
_LISTED = 10
_SHORT = 80


class BrokenRule(Failure):
    """The server breaks a rule: one failure a rule, however many cases show it."""

    code = "ST901"
    kind_title = "Rule broken"

    __slots__ = ("rule",)

    def __init__(self, contract: Contract, finding: Finding, operation: str) -> None:
        rule = contract.rules[finding.rule]
        super().__init__(
            operation=operation,
            title=f"{rule.id} ({finding.level.upper()}, {rule.evidence})",
            message="\n".join(_account(contract, finding)),
            severity=Severity.HIGH if finding.level is Level.MUST else Severity.MEDIUM,
        )
        self.rule = rule.id

    @property
    def _unique_key(self) -> str:
        return self.rule


class OpenRules(Failure):
    """Rules stay open: nothing shows that they hold, or that they do not."""

    code = "ST901"
    kind_title = "ringspec: inconclusive"

    def __init__(self, results: Iterable[RuleResult], reason: str, hint: str) -> None:
        listed = [f"{each.rule.id}: {_why(each)}" for each in results]
        more = [f"and {len(listed) - _LISTED} more"] if len(listed) > _LISTED else []
        said = [reason] if reason else []
        hints = [f"hint: {hint}"] if hint else []
        super().__init__(
            operation=None,
            message="\n".join([*said, *listed[:_LISTED], *more, *hints]),
            severity=Severity.MEDIUM,
        )


def _why(result: RuleResult) -> str:
    return result.why or result.inconclusive[0].reason


def _account(contract: Contract, finding: Finding) -> Iterable[str]:
    rule, case = contract.rules[finding.rule], finding.case
    yield rule.sentence
    yield f"Source: {rule.source}"
    ours = case.phase is not Phase.EXPLORE
    yield f"Case: {case.id if ours else 'a body that schemathesis made'}"
    if case.fault is not None:
        yield f"Fault: {_short(case.fault)}"
    if finding.twin is not None:
        yield f"Twin: {finding.twin.id}, the valid body that it was made from"
    yield f"Why: {finding.reason}"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
