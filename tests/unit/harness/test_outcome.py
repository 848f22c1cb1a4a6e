"""The outcome of a rule at a level, and the conclusion of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringspec.harness import (
    Conclusion,
    Exchange,
    Finding,
    Known,
    Outcome,
    RuleResult,
    Verdict,
    conclude,
)
from ringspec.harness.judging.outcome import Tally
from ringspec.spec import Contract, Level, RuleId
from ringspec.strategies import Case

RULE = RuleId("name.required")
PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
MUST, SHOULD, MAY = Level


def finding(
    case: Case, verdict: Verdict, level: Level, gate: Level | None = None
) -> Finding:
    return Finding(
        rule=RULE,
        verdict=verdict,
        reason=f"{verdict} at {level}",
        level=level,
        gate=gate or level,
        case=case,
        exchange=Exchange(url="", request=case.request),
    )


def judged(tally: Tally, *more: object) -> RuleResult:
    results = tally.results(*more)  # type: ignore[arg-type] # as given by the test
    return next(each for each in results if each.rule.id == RULE)


@pytest.mark.parametrize(
    ("level", "found", "outcome"),
    [
        (MUST, [(PASS, MUST, MUST)], "pass"),
        (MUST, [(PASS, MUST, MUST), (FAIL, MUST, MUST)], "fail"),
        (MUST, [(FAIL, MUST, MAY)], "fail"),
        (MUST, [(PASS, MUST, MUST), (FAIL, SHOULD, SHOULD)], "pass"),
        (SHOULD, [(PASS, MUST, MUST), (FAIL, SHOULD, SHOULD)], "fail"),
        (MAY, [(PASS, MUST, MUST), (FAIL, MAY, MAY)], "fail"),
        (MUST, [(PASS, MUST, MUST), (OPEN, MUST, MUST)], "inconclusive"),
        (MUST, [(OPEN, MUST, MUST), (FAIL, MUST, MUST)], "fail"),
        (MUST, [(PASS, MUST, MUST), (OPEN, MUST, MAY)], "pass"),
        (MAY, [(PASS, MUST, MUST), (OPEN, MUST, MAY)], "inconclusive"),
        (MUST, [(OPEN, MUST, MAY)], "not-applicable"),
        (MUST, [], "not-applicable"),
    ],
)
def test_outcome_of_a_rule(
    contract: Contract,
    cases: tuple[Case, ...],
    level: Level,
    found: list[tuple[Verdict, Level, Level]],
    outcome: str,
) -> None:
    tally = Tally(contract, level)
    for each in found:
        tally.add((finding(cases[0], *each),))

    result = judged(tally)
    weak = [it for verdict, it, _ in found if verdict == FAIL and not it.gates(level)]
    assert result.outcome == outcome
    assert [each.level for each in result.warnings(level)] == weak


@pytest.mark.parametrize(
    ("verdict", "broken", "known", "outcome", "otherwise"),
    [
        (None, (), (), "untested", None),
        (PASS, (), (), "untested", None),
        (PASS, (RULE, RuleId("name.type")), (), "untested", None),
        (PASS, (RULE,), (), "pass", None),
        (FAIL, (), (), "fail", None),
        (FAIL, (), (Known(id=RULE, reason=""),), "fail", "untested"),
        (OPEN, (), (), "inconclusive", None),
    ],
)
def test_a_rule_that_no_case_breaks_does_not_pass(
    contract: Contract,
    cases: tuple[Case, ...],
    verdict: Verdict | None,
    broken: tuple[RuleId, ...],
    known: tuple[Known, ...],
    outcome: str,
    otherwise: str | None,
) -> None:
    tally = Tally(contract, MUST, untested={RULE: "why"})
    case = replace(cases[0], broken=broken)
    if verdict is not None:
        tally.add((finding(case, verdict, MUST),))

    result = judged(tally, "", (), known)

    assert (result.outcome, result.otherwise) == (outcome, otherwise)
    assert (result.why == "why") == (outcome == "untested")
    gated = conclude((result,), executed=True, fail_untested=True)
    assert gated != Conclusion.CONFORMANT or outcome == "pass"


@pytest.mark.parametrize(
    ("verdict", "outcome", "why"),
    [(PASS, Outcome.INCONCLUSIVE, "given up"), (FAIL, Outcome.FAIL, "")],
)
def test_rule_with_cases_left_is_not_green(
    contract: Contract,
    cases: tuple[Case, ...],
    verdict: Verdict,
    outcome: Outcome,
    why: str,
) -> None:
    tally = Tally(contract, MUST)
    tally.add((finding(cases[0], verdict, MUST),))

    result = judged(tally, "given up", frozenset({RULE}))

    assert (result.outcome, result.why) == (outcome, why)
