"""A run as tests, one for each rule, for people who live in pytest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from ringspec.harness import Finding, Outcome, Result, RuleResult
from ringspec.reports import curl
from ringspec.spec import RuleId
from ringspec.strategies import Case

pytestmark = pytest.mark.socket

# Cases of one rule that are written out.
LIMIT = 3


def test_rule(
    rule_id: RuleId,
    results: dict[RuleId, RuleResult],
    result: Result,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    judged = results[rule_id]

    record_property("level", str(judged.rule.level))
    warnings = judged.warnings(result.level)
    if warnings:
        said = [f"{each.case.id}: {each.reason}" for each in warnings]
        record_property("warnings", "\n".join(said))
        request.node.add_report_section("call", "warnings", "\n".join(said))

    match judged.outcome:
        case Outcome.FAIL:
            pytest.fail(failure(judged, result), pytrace=False)
        case Outcome.INCONCLUSIVE:
            why = judged.why or judged.inconclusive[0].reason
            pytest.fail(f"inconclusive: {why}\n{result.hint}".rstrip(), pytrace=False)
        case Outcome.SKIPPED | Outcome.NOT_APPLICABLE:
            pytest.skip(judged.why or str(judged.outcome))


def failure(judged: RuleResult, result: Result) -> str:
    """Write what one needs to know of a failing rule to act on it."""
    rule = judged.rule
    findings = judged.gating(result.level)
    lines = [
        f"{rule.id} ({rule.level.upper()}, {rule.evidence}): {rule.sentence}",
        f"source: {rule.source}",
    ]
    for finding in findings[:LIMIT]:
        lines += ["", *_account(finding)]
    if len(findings) > LIMIT:
        lines += ["", f"and {len(findings) - LIMIT} more"]
    return "\n".join(lines)


def _account(finding: Finding) -> Iterator[str]:
    yield f"case:   {finding.case.id}"
    yield f"reason: {finding.reason}"
    yield from _fault(finding.case)
    yield f"answer: {finding.exchange.summary}"
    yield curl(finding.exchange)


def _fault(case: Case) -> Iterator[str]:
    if case.fault is not None:
        twin = f" of {case.twin}" if case.twin else ""
        yield f"fault:  {json.dumps(case.fault, ensure_ascii=False)}{twin}"
