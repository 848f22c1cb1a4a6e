"""What known failures excuse, and which of them are stale."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import reduce
from typing import Any

import pytest
from tests.inprocess import Told, answering, plan_of, reference, suite, told

from ringspec.harness import (
    Exchange,
    Finding,
    Judged,
    Known,
    Outcome,
    Result,
    RuleResult,
    Verdict,
)
from ringspec.harness.judging.verdict import KnownList, KnownUpdate
from ringspec.harness.running.known_failures import UNREASONED, KnownAudit
from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import InProcess
from ringspec.reference import MUTANTS, Behaviour
from ringspec.spec import Level, RuleId
from ringspec.strategies import Case, Phase

RULE = "name.required"
TODAY = date(2026, 5, 4)
NAMES = {"select": ("name.required", "from.required"), "phases": {Phase.CASES}}
NAMELESS = "name-not-required"


def known(name: str = RULE, **more: Any) -> Known:
    return Known(id=name, reason="it takes a while", **more)


def listing(*entries: Known, **more: Any) -> KnownList:
    return KnownList(entries=entries, today=TODAY, **more)


def fired(slips: tuple[str, ...], *entries: Known, **options: Any) -> Told:
    """Run against the reference with some defects."""
    server = options.pop("server", None) or reference(
        reduce(lambda it, slip: MUTANTS[slip].apply(it), slips, Behaviour())
    )
    given = {**NAMES, "known": listing(*entries), "level": Level.MUST, **options}
    return told(plan_of(server, *suite(), **given))


def rule_of(result: Result, name: str = RULE) -> RuleResult:
    return next(each for each in result.rules if each.rule.id == name)


def stale(result: Result) -> dict[str, str]:
    return {each.known.id: each.why for each in result.stale}


def test_another_case_of_the_rule_still_gates() -> None:
    ids = [each.case.id for each in rule_of(fired((NAMELESS,)).result).failures]
    assert len(ids) > 1

    one = fired((NAMELESS,), known(ids[0])).result
    all_ = fired((NAMELESS,), *map(known, ids)).result

    assert (one.exit_code, rule_of(one).excused) == (1, False)
    assert rule_of(one).known == (known(ids[0]),)
    assert (all_.exit_code, rule_of(all_).excused) == (0, True)


def test_what_no_longer_fails_is_stale_by_rule_and_by_case() -> None:
    case = rule_of(fired((NAMELESS,)).result).failures[0].case.id

    ended = fired((), known(), known(case)).result

    assert stale(ended) == dict.fromkeys((RULE, case), "it no longer fails")
    assert (ended.conclusion, ended.exit_code) == ("nonconformant", 1)
    assert rule_of(ended).outcome is Outcome.PASS
    assert "--update-known-failures" in ended.hint


@pytest.mark.parametrize(("day", "excused"), [(3, False), (4, True), (5, True)])
def test_entry_excuses_until_its_last_day(day: int, *, excused: bool) -> None:
    ended = fired((NAMELESS,), known(expires=date(2026, 5, day))).result

    assert (rule_of(ended).excused, ended.exit_code) == (excused, not excused)
    assert stale(ended) == ({} if excused else {RULE: "it expired on 2026-05-03"})


@pytest.mark.parametrize(
    "options",
    [
        {"select": ("from.required",)},
        {"phases": {Phase.WIRE}, "select": ()},
        {"quick": frozenset(), "select": ("robustness",)},
        {"server": InProcess(answering(b"{}", 422), filling=Filling())},
    ],
    ids=["deselected", "other-phase", "quick", "inconclusive"],
)
def test_what_was_not_judged_is_not_stale(options: dict[str, Any]) -> None:
    assert stale(fired((), known(), known("robustness"), **options).result) == {}


def test_what_warns_below_the_level_is_known_all_the_same() -> None:
    name = "error.status"
    slips, options = ("invalid-as-conflict",), {"select": (RULE, name)}
    must = fired(slips, known(name), **options).result
    should = fired(slips, known(name), level=Level.SHOULD, **options).result

    assert stale(must) == stale(should) == {}
    assert (must.exit_code, should.exit_code) == (0, 0)
    assert rule_of(must, name).outcome is Outcome.PASS
    assert rule_of(must, name).known == (known(name),)
    assert rule_of(should, name).excused


def test_known_failure_does_not_stop_a_run_that_stops_at_the_first() -> None:
    def failing(*entries: Known) -> set[str]:
        slips = NAMELESS, "from-not-required"
        events = fired(slips, *entries, fail_fast=True).events
        judged = (each for each in events if isinstance(each, Judged))
        found = (it for each in judged for it in each.findings)
        return {it.rule for it in found if it.verdict is Verdict.FAIL}

    assert failing() == {"name.required"}
    assert failing(known()) == {"name.required", "from.required"}


# What follows needs no server.


@pytest.fixture
def plan() -> Plan:
    return plan_of(reference(), *suite(), level=Level.MUST)


def finding(case: Case) -> Finding:
    return Finding(
        rule=case.rule,
        verdict=Verdict.FAIL,
        reason="no",
        level=Level.MUST,
        gate=Level.MUST,
        case=case,
        exchange=Exchange(url="", request=case.request),
    )


def gone(plan: Plan, *entries: Known, more: tuple[Case, ...] = (), **how: Any) -> Any:
    """Return which entries are stale after a run in which all cases of a rule pass."""
    own = [each for each in plan.cases if each.rule == RULE]
    rule = plan.contract.rules[RuleId(RULE)]
    passed = RuleResult(rule=rule, outcome=Outcome.PASS, cases=len(own))
    plan = replace(plan, known=listing(*entries), cases=(*plan.cases, *more))
    audit = KnownAudit(plan, {each.id: {Verdict.PASS} for each in own}, **how)
    _, stale, *_ = audit.account(lambda _: (passed,))
    return [each.known.id for each in stale]


def test_only_what_had_its_turn_no_longer_fails(plan: Plan) -> None:
    own = next(each for each in plan.cases if each.rule == RULE)
    more = (replace(own, id="name.required/another"),)
    entries = (known(), known("nosuch", expires=TODAY))

    assert gone(plan, *entries) == [RULE, "nosuch"]
    assert gone(plan, *entries, interrupted=True) == ["nosuch"]
    assert gone(plan, known(), more=more) == []


def test_what_explore_found_is_not_missed_by_a_run_without_it(plan: Plan) -> None:
    own = next(each for each in plan.cases if each.rule == RULE)
    explored = finding(replace(own, id="explore/1", phase=Phase.EXPLORE))

    assert gone(plan, known(explored=True)) == []
    assert known(explored=True).covers(explored)
    assert not known(explored=True).covers(finding(own))


@pytest.fixture
def failed(plan: Plan) -> RuleResult:
    found = [finding(each) for each in plan.cases if each.rule == RULE][:2]
    rule = plan.contract.rules[RuleId(RULE)]
    return RuleResult(rule=rule, outcome=Outcome.FAIL, failures=tuple(found))


def updated(
    plan: Plan, result: RuleResult, *entries: Known, **how: Any
) -> KnownUpdate | None:
    plan = replace(plan, known=listing(*entries, renews=True))
    audit = KnownAudit(plan, {}, **how)
    return audit.account(lambda _: (result,))[2]


def test_update_adds_rules_or_cases_where_cases_are_listed(
    plan: Plan, failed: RuleResult
) -> None:
    first, second = failed.failures
    old, new = known(first.case.id), Known(id=second.case.id, reason=UNREASONED)
    explored = replace(first, case=replace(first.case, phase=Phase.EXPLORE))
    alone = replace(failed, failures=(explored,))
    rule = Known(id=RULE, reason=UNREASONED)

    assert updated(plan, failed) == KnownUpdate(kept=(), added=(rule,), dropped=())
    assert updated(plan, failed, old) == KnownUpdate(
        kept=(old,), added=(new,), dropped=()
    )
    assert updated(plan, alone) == KnownUpdate(
        kept=(), added=(replace(rule, explored=True),), dropped=()
    )
