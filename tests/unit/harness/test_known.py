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
    Conclusion,
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
from ringspec.harness.running.known_failures import (
    UNREASONED,
    KnownAccount,
    KnownAudit,
)
from ringspec.harness.running.plan import Plan
from ringspec.spec import Contract, Json, Level, RuleId
from ringspec.strategies import Case, Phase

Fire = Callable[..., list[Event]]
Results = Callable[..., Result]
Handler = Callable[[httpx.Request], httpx.Response]

RULE = "name.required"
TODAY = date(2026, 5, 4)
JSON = {"content-type": "application/json"}


def ledger(*entries: Known, **more: Any) -> KnownList:
    return KnownList(entries=entries, today=TODAY, **more)


def known(name: str = RULE, **more: Any) -> Known:
    return Known(id=name, reason="it takes a while", **more)


def strict(*, slips: tuple[str, ...]) -> Handler:
    """Refuse a body without a name or without a from, save for some slips."""

    def handle(request: httpx.Request) -> httpx.Response:
        body = read(request.content)
        wanting = {"name", "from"} - set(body if isinstance(body, dict) else ())
        refused = bool(wanting - set(slips)) or body is None
        if refused:
            error = {"code": "no", "message": "No."}
            return httpx.Response(422, json={"error": error})
        return httpx.Response(201, content=request.content, headers=JSON)

    return handle


def read(data: bytes) -> Json:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def rule_of(result: Result, name: str = RULE) -> RuleResult:
    return next(each for each in result.rules if each.rule.id == name)


def stale(result: Result) -> dict[str, str]:
    return {each.known.id: each.why for each in result.stale}


NAMES = {"select": ("name.required", "from.required"), "phases": {Phase.CASES}}


def test_known_failure_does_not_gate_but_another_does(result: Results) -> None:
    entries = ledger(known())
    one = result(strict(slips=("name",)), known=entries, **NAMES)
    two = result(strict(slips=("name", "from")), known=entries, **NAMES)

    found = rule_of(one)
    assert (one.conclusion, one.exit_code) == (Conclusion.CONFORMANT, 0)
    assert (found.outcome, found.excused) == (Outcome.FAIL, True)
    assert found.known == (known(),)
    assert one.stale == ()
    assert two.exit_code == 1
    assert rule_of(two).excused
    assert not rule_of(two, "from.required").excused


def test_another_case_of_the_rule_still_gates(result: Results) -> None:
    everything = result(strict(slips=("name",)), **NAMES)
    first, *others = (each.case.id for each in rule_of(everything).failures)
    assert others

    one = result(strict(slips=("name",)), known=ledger(known(first)), **NAMES)
    listed = ledger(*map(known, (first, *others)))
    all_ = result(strict(slips=("name",)), known=listed, **NAMES)

    assert one.exit_code == 1
    assert not rule_of(one).excused
    assert rule_of(one).known == (known(first),)
    assert all_.exit_code == 0
    assert rule_of(all_).excused


def test_what_no_longer_fails_is_stale_by_rule_and_by_case(result: Results) -> None:
    case = rule_of(result(strict(slips=("name",)), **NAMES)).failures[0].case.id

    ended = result(strict(slips=()), known=ledger(known(), known(case)), **NAMES)

    assert stale(ended) == dict.fromkeys((RULE, case), "it no longer fails")
    assert (ended.conclusion, ended.exit_code) == (Conclusion.NONCONFORMANT, 1)
    assert rule_of(ended).outcome is Outcome.PASS
    assert "--update-known-failures" in ended.hint


@pytest.mark.parametrize(
    ("expires", "excused"),
    [(date(2026, 5, 3), False), (date(2026, 5, 4), True), (date(2026, 5, 5), True)],
)
def test_entry_excuses_until_its_last_day(
    result: Results, expires: date, *, excused: bool
) -> None:
    entry = known(expires=expires)

    ended = result(strict(slips=("name",)), known=ledger(entry), **NAMES)

    assert rule_of(ended).excused is excused
    assert ended.exit_code == (0 if excused else 1)
    assert stale(ended) == ({} if excused else {RULE: "it expired on 2026-05-03"})


@pytest.mark.parametrize(
    "options",
    [
        {"select": ("from.required",)},
        {"phases": {Phase.WIRE}, "select": ()},
        {"quick": frozenset(), "select": ("robustness",)},
    ],
    ids=["deselected", "other-phase", "quick"],
)
def test_what_was_not_executed_is_left_in_peace(
    result: Results, options: dict[str, Any]
) -> None:
    entries = ledger(known(), known("robustness"))

    ended = result(strict(slips=()), known=entries, **{**NAMES, **options})

    assert stale(ended) == {}


def test_inconclusive_rule_is_left_in_peace(result: Results) -> None:
    def refusing(_: httpx.Request) -> httpx.Response:
        return httpx.Response(422, json={})

    ended = result(refusing, known=ledger(known()), **NAMES)

    assert rule_of(ended).outcome is Outcome.INCONCLUSIVE
    assert stale(ended) == {}


def test_what_warns_below_the_level_is_known_all_the_same(result: Results) -> None:
    def odd(request: httpx.Request) -> httpx.Response:
        answer = strict(slips=())(request)
        return httpx.Response(409) if answer.status_code == 422 else answer

    options = {**NAMES, "select": ("name.required", "error.status")}
    entries = ledger(known("error.status"))
    must = result(odd, known=entries, **options)
    should = result(odd, known=entries, level=Level.SHOULD, **options)

    assert stale(must) == stale(should) == {}
    assert rule_of(must, "error.status").outcome is Outcome.PASS
    assert rule_of(must, "error.status").known == (known("error.status"),)
    assert (must.exit_code, should.exit_code) == (0, 0)
    assert rule_of(should, "error.status").excused


def test_known_failure_does_not_stop_a_run_that_stops_at_the_first(
    fire: Fire,
) -> None:
    handler = strict(slips=("name", "from"))
    first = fire(handler, fail_fast=True, **NAMES)
    later = fire(handler, fail_fast=True, known=ledger(known()), **NAMES)

    def failing(events: list[Event]) -> set[str]:
        judged = (each for each in events if isinstance(each, Judged))
        found = (it for each in judged for it in each.findings)
        return {it.rule for it in found if it.verdict is Verdict.FAIL}

    assert failing(first) == {"name.required"}
    assert failing(later) == {"name.required", "from.required"}


# What is below is told without a server.


@pytest.fixture
def plan(contract: Contract, cases: tuple[Case, ...]) -> Plan:
    return Plan(contract=contract, cases=cases, url="http://127.0.0.1:1")


def finding(case: Case, verdict: Verdict = Verdict.FAIL) -> Finding:
    return Finding(
        rule=case.rule,
        verdict=verdict,
        reason="no",
        level=Level.MUST,
        gate=Level.MUST,
        case=case,
        exchange=Exchange(url="", request=case.request),
    )


def passing(plan: Plan) -> tuple[dict[str, set[Verdict]], RuleResult]:
    """Return the verdicts and the result of a run in which the rule passes."""
    own = [each for each in plan.cases if each.rule == RULE]
    rule = plan.contract.rules[RuleId(RULE)]
    passed = RuleResult(rule=rule, outcome=Outcome.PASS, cases=len(own))
    return {each.id: {Verdict.PASS} for each in own}, passed


def test_interrupted_run_says_of_nothing_that_it_no_longer_fails(plan: Plan) -> None:
    verdicts, passed = passing(plan)
    plan = replace(plan, known=ledger(known(), known("nosuch", expires=TODAY)))

    whole = KnownAudit(plan, verdicts).account(lambda _: (passed,))
    part = KnownAudit(plan, verdicts, interrupted=True).account(lambda _: (passed,))

    assert [each.known.id for each in whole.stale] == [RULE, "nosuch"]
    assert [each.known.id for each in part.stale] == ["nosuch"]


def test_rule_with_an_unfired_case_may_still_fail(plan: Plan) -> None:
    verdicts, passed = passing(plan)
    own = next(each for each in plan.cases if each.rule == RULE)
    more = replace(own, id="name.required/another")
    plan = replace(plan, known=ledger(known()), cases=(*plan.cases, more))

    assert KnownAudit(plan, verdicts).account(lambda _: (passed,)).stale == ()


def test_what_explore_found_is_not_missed_by_a_run_without_it(plan: Plan) -> None:
    verdicts, passed = passing(plan)
    plan = replace(plan, known=ledger(known(explored=True)))
    own = next(each for each in plan.cases if each.rule == RULE)
    explored = finding(replace(own, id="explore/1", phase=Phase.EXPLORE))

    assert KnownAudit(plan, verdicts).account(lambda _: (passed,)).stale == ()
    assert known(explored=True).covers(explored)
    assert not known(explored=True).covers(finding(own))


@pytest.fixture
def failed(plan: Plan) -> RuleResult:
    found = [finding(each) for each in plan.cases if each.rule == RULE][:2]
    rule = plan.contract.rules[RuleId(RULE)]
    return RuleResult(rule=rule, outcome=Outcome.FAIL, failures=tuple(found))


def updated(plan: Plan, result: RuleResult, *entries: Known) -> KnownAccount:
    plan = replace(plan, known=ledger(*entries, renews=True))
    return KnownAudit(plan, {}).account(lambda _: (result,))


def test_update_adds_rules_and_cases_where_cases_are_listed(
    plan: Plan, failed: RuleResult
) -> None:
    first, second = (each.case.id for each in failed.failures)

    by_rule = updated(plan, failed).update
    by_case = updated(plan, failed, known(first)).update

    rule = Known(id=RULE, reason=UNREASONED)
    case = Known(id=second, reason=UNREASONED)
    assert by_rule == KnownUpdate(kept=(), added=(rule,), dropped=())
    assert by_case == KnownUpdate(kept=(known(first),), added=(case,), dropped=())


def test_update_adds_what_explore_alone_has_found(
    plan: Plan, failed: RuleResult
) -> None:
    first = failed.failures[0]
    explored = replace(first, case=replace(first.case, phase=Phase.EXPLORE))

    update = updated(plan, replace(failed, failures=(explored,))).update

    assert update is not None
    assert update.added == (Known(id=RULE, reason=UNREASONED, explored=True),)


@pytest.mark.parametrize("how", ["interrupted", "unlearnt", "inconclusive"])
def test_run_that_tells_nothing_updates_nothing(
    plan: Plan, failed: RuleResult, how: str
) -> None:
    plan = replace(plan, known=ledger(renews=True))
    open_ = replace(failed, outcome=Outcome.INCONCLUSIVE, failures=())
    auditor = KnownAudit(plan, {}, interrupted=how == "interrupted")

    account = auditor.account(
        lambda _: (open_ if how == "inconclusive" else failed,),
        learnt=how != "unlearnt",
    )

    assert account.update is None
