"""A run from its first request to its result, and the outcome of each rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.inprocess import Told
from tests.unit.harness.guarded import AnsweringWire

from ringspec.harness import (
    Conclusion,
    Exchange,
    Finding,
    Judged,
    Known,
    Outcome,
    RuleResult,
    Started,
    Verdict,
    conclude,
)
from ringspec.harness.judging.outcome import Tally
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.pacer import Pacing
from ringspec.harness.sending.target import Route
from ringspec.spec import Contract, Level, RuleId
from ringspec.strategies import Case

Fire = Callable[..., Told]

JSON = {"content-type": "application/json"}


def accepting(request: httpx.Request) -> httpx.Response:
    """Accept whatever is JSON, and give it back."""
    status = 201 if is_json(request.content) else 400
    return httpx.Response(status, content=request.content, headers=JSON)


def is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def test_events_come_in_the_order_of_the_cases(
    fire: Fire, cases: tuple[Case, ...]
) -> None:
    found = fire(accepting, pacing=Pacing(workers=8))

    judged = [event for event in found.events if isinstance(event, Judged)]
    assert isinstance(found.events[0], Started)
    fired = [case for case in cases if case.rule != "auth.client"]  # no endpoint here
    assert [event.case for event in judged] == fired
    assert len(fired) == found.result.counts.cases


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1", "http://localhost.invalid", "http://127.0.0.1.invalid"]
)
def test_target_outside_this_machine_gets_no_create(fire: Fire, url: str) -> None:
    seen: list[str] = []

    def noting(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        assert request.url.host == httpx.URL(url).host
        return httpx.Response(401, json={})

    found = fire(noting, url=url, select=("auth", "name", "lifecycle.unknown"))

    ended = found.result
    assert ended.exit_code == 3
    assert set(seen) == {"GET"}
    assert "is live, and the profile does not allow creates" in ended.message
    assert "allow_create" in ended.hint
    assert found.outcomes["auth.token"] == "pass"
    assert found.outcomes["name.required"] == "inconclusive"


@pytest.mark.parametrize("after", [1, 2, 40])
def test_interrupt_thrown_in_ends_with_a_result(
    contract: Contract,
    cases: tuple[Case, ...],
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    monkeypatch.setattr(Route, "wire", lambda *_, **__: AnsweringWire(accepting))
    events = run(Plan(contract=contract, cases=cases, url="http://127.0.0.1:1"))
    for _ in range(after):
        next(events)

    found = Told([events.throw(KeyboardInterrupt())])

    ended = found.result
    assert ended.exit_code == 130
    assert ended.interrupted
    assert found.outcomes["voiceFlow.type"] == "inconclusive"
    # What passed by then is a part of the whole.
    passed = "pass" in found.outcomes.values()
    part = Conclusion.IN_PART if passed else Conclusion.INCONCLUSIVE
    assert ended.conclusion == part
    assert ended.narrowed == ("an interrupt",)
    assert list(events) == []


def test_bug_of_ours_in_a_worker_is_not_swallowed(fire: Fire) -> None:
    def buggy(request: httpx.Request) -> Any:
        if b"retryDelays" in request.content:
            return accepting(request)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fire(buggy)


def test_rules_of_authentication_do_not_apply_without_a_token(fire: Fire) -> None:
    found = fire(accepting, filling=Filling(), select=("auth", "name"))

    judged = [each.case.rule for each in found.events if isinstance(each, Judged)]
    assert found.outcomes["auth.token"] == "not-applicable"
    assert found.notices
    assert not any(each.startswith("auth") for each in judged)


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
