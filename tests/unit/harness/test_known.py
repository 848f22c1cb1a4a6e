"""What known failures excuse, and which of them are stale."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest

from ringspec.harness import (
    Event,
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
from ringspec.spec import Contract, Level, RuleId
from ringspec.strategies import Case, Phase

RULE = "name.required"
TODAY = date(2026, 5, 4)
NAMES = {"select": ("name.required", "from.required"), "phases": {Phase.CASES}}
Fired = Callable[..., Result]


def known(name: str = RULE, **more: Any) -> Known:
    return Known(id=name, reason="it takes a while", **more)


def listing(*entries: Known, **more: Any) -> KnownList:
    return KnownList(entries=entries, today=TODAY, **more)


def strict(*slips: str, refusal: int = 422) -> Callable[..., httpx.Response]:
    """Refuse a body without a name or without a from, save for some slips."""

    def handle(request: httpx.Request) -> httpx.Response:
        try:
            body = json.loads(request.content)
        except (ValueError, RecursionError):
            body = None
        lacking = {"name", "from"} - set(body if isinstance(body, dict) else ())
        if lacking - set(slips) or body is None:
            error = {"code": "no", "message": "No."}
            return httpx.Response(refusal, json={"error": error})
        media = {"content-type": "application/json"}
        return httpx.Response(201, content=request.content, headers=media)

    return handle


@pytest.fixture
def fired(result: Callable[..., Result]) -> Fired:
    """Run against a server that forgets to check some members."""

    def fire(slips: tuple[str, ...], *entries: Known, **options: Any) -> Result:
        options = {**NAMES, "known": listing(*entries), **options}
        return result(options.pop("handler", strict(*slips)), **options)

    return fire


def rule_of(result: Result, name: str = RULE) -> RuleResult:
    return next(each for each in result.rules if each.rule.id == name)


def stale(result: Result) -> dict[str, str]:
    return {each.known.id: each.why for each in result.stale}


def test_another_case_of_the_rule_still_gates(fired: Fired) -> None:
    ids = [each.case.id for each in rule_of(fired(("name",))).failures]
    assert len(ids) > 1

    one, all_ = fired(("name",), known(ids[0])), fired(("name",), *map(known, ids))

    assert (one.exit_code, rule_of(one).excused) == (1, False)
    assert rule_of(one).known == (known(ids[0]),)
    assert (all_.exit_code, rule_of(all_).excused) == (0, True)


def test_what_no_longer_fails_is_stale_by_rule_and_by_case(fired: Fired) -> None:
    case = rule_of(fired(("name",))).failures[0].case.id

    ended = fired((), known(), known(case))

    assert stale(ended) == dict.fromkeys((RULE, case), "it no longer fails")
    assert (ended.conclusion, ended.exit_code) == ("nonconformant", 1)
    assert rule_of(ended).outcome is Outcome.PASS
    assert "--update-known-failures" in ended.hint


@pytest.mark.parametrize(("day", "excused"), [(3, False), (4, True), (5, True)])
def test_entry_excuses_until_its_last_day(
    fired: Fired, day: int, *, excused: bool
) -> None:
    ended = fired(("name",), known(expires=date(2026, 5, day)))

    assert (rule_of(ended).excused, ended.exit_code) == (excused, not excused)
    assert stale(ended) == ({} if excused else {RULE: "it expired on 2026-05-03"})


@pytest.mark.parametrize(
    "options",
    [
        {"select": ("from.required",)},
        {"phases": {Phase.WIRE}, "select": ()},
        {"quick": frozenset(), "select": ("robustness",)},
        {"handler": lambda _: httpx.Response(422, json={})},
    ],
    ids=["deselected", "other-phase", "quick", "inconclusive"],
)
def test_what_was_not_judged_is_not_stale(
    fired: Fired, options: dict[str, Any]
) -> None:
    assert stale(fired((), known(), known("robustness"), **options)) == {}


def test_what_warns_below_the_level_is_known_all_the_same(fired: Fired) -> None:
    name = "error.status"
    options = {"select": (RULE, name), "handler": strict(refusal=409)}
    must = fired((), known(name), **options)
    should = fired((), known(name), level=Level.SHOULD, **options)

    assert stale(must) == stale(should) == {}
    assert (must.exit_code, should.exit_code) == (0, 0)
    assert rule_of(must, name).outcome is Outcome.PASS
    assert rule_of(must, name).known == (known(name),)
    assert rule_of(should, name).excused


def test_known_failure_does_not_stop_a_run_that_stops_at_the_first(
    fire: Callable[..., list[Event]],
) -> None:
    def failing(*entries: Known) -> set[str]:
        options = {**NAMES, "fail_fast": True, "known": listing(*entries)}
        events = fire(strict("name", "from"), **options)
        judged = (each for each in events if isinstance(each, Judged))
        found = (it for each in judged for it in each.findings)
        return {it.rule for it in found if it.verdict is Verdict.FAIL}

    assert failing() == {"name.required"}
    assert failing(known()) == {"name.required", "from.required"}


# What follows needs no server.


@pytest.fixture
def plan(contract: Contract, cases: tuple[Case, ...]) -> Plan:
    return Plan(contract=contract, cases=cases, url="http://127.0.0.1:1")


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
