"""What explore finds in targets that no list sees through, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests import inprocess
from tests.inprocess import plan_of, suite
from tests.unit.harness.guarded import answered

from ringspec.harness import (
    Ended,
    Exchange,
    Failure,
    Finding,
    Judged,
    Trouble,
)
from ringspec.harness.exploring import explore as explore_module
from ringspec.harness.exploring import search
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.probing import ProbeAnswer, Prober, Sureness
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import Application, InProcess
from ringspec.reference import ServerSettings, application
from ringspec.spec import Json, Level, SpecError, TargetError, questions
from ringspec.strategies import Case, Phase, Request
from ringspec.strategies.drawn.label import Drawn, Labeller

TOKEN = "t0k3n-of-the-tests"
EXPLORE = frozenset({Phase.EXPLORE})
Trigger = Callable[[dict[str, Any]], bool]


def never(_body: dict[str, Any]) -> bool:
    return False


class Server(InProcess):
    """The reference server, but for what a trigger says; notes what it was sent."""

    def __init__(self, trigger: Trigger = never, status: int = 500) -> None:
        app = application(ServerSettings(token=TOKEN))
        super().__init__(app, filling=Filling(token=TOKEN))
        self.trigger = trigger
        self.status = status
        self.sent: list[bytes] = []

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        self.sent.append(request.body)
        body = read(request.body)
        if not self.trigger(body if isinstance(body, dict) else {"": request.body}):
            return await super().exchange(request, repeats=repeats)
        found = Exchange(url="http://127.0.0.1/x", request=request)
        if not self.status:
            failure = Failure(trouble=Trouble.DROPPED, message="gone", some=True)
            return replace(found, failure=failure)
        answer = body if self.status < 400 else {"error": "no"}
        return replace(found, response=answered(self.status, answer))


def read(content: bytes) -> Json:
    try:
        return json.loads(content)
    except ValueError:
        return None


@dataclass(frozen=True)
class Told(inprocess.Told):
    """What a run against such a server came to."""

    sent: list[bytes]

    @property
    def judged(self) -> list[Judged]:
        return [
            each
            for each in self.events
            if isinstance(each, Judged) and each.case.phase == Phase.EXPLORE
        ]

    @property
    def failures(self) -> list[Finding]:
        return [f for each in self.judged for f in each.findings if f.verdict == "fail"]

    def of(self, rule: str) -> list[Finding]:
        return [each for each in self.failures if each.rule == rule]


@dataclass
class Explorable:
    """Runs explore alone against a server with a defect."""

    plan: Plan
    server: Server = field(init=False)

    def __call__(
        self, trigger: Trigger = never, status: int = 500, **options: Any
    ) -> Told:
        self.server = Server(trigger, status)
        given = {"connect": lambda: self.server, "phases": EXPLORE, **options}
        return Told(list(run(replace(self.plan, **given))), self.server.sent)


@pytest.fixture
def explored(monkeypatch: pytest.MonkeyPatch) -> Explorable:
    # Without schemathesis, whose bodies take long.
    monkeypatch.setattr(search, "foreign_sources", lambda _: ([], ""))
    plan = plan_of(Server(), *suite(), level=Level.MUST, examples=100)
    # The number is what ends it, however busy the machine; without these rules there
    # are bodies only, and no walks.
    return Explorable(replace(plan, explore_s=900.0, exclude=("lifecycle.",)))


def apart_from(plain: Json, body: Json) -> dict[str, Json]:
    """Return the members in which a body is not the plain one."""
    names = plain.keys() | body.keys()
    return {name: body.get(name) for name in names if plain.get(name) != body.get(name)}


def test_correct_server_is_never_accused(explored: Explorable) -> None:
    told = explored(examples=300, level=Level.MAY)

    assert told.failures == []
    assert told.result.exit_code == 0
    assert told.result.counts.cases == 301
    assert told.result.counts.requests == len(told.sent) == 301
    assert len(set(told.sent[1:])) == 300


def test_combination_that_is_refused_is_shrunk_to_just_that(
    explored: Explorable, cases: tuple[Case, ...]
) -> None:
    members = {"calendarId", "language", "voice"}

    told = explored(lambda body: members <= body.keys(), 422)

    (found,) = told.of("body.accepted")
    assert apart_from(cases[0].body, found.case.body).keys() == members
    assert found.reason == "a valid body was refused with HTTP 422"
    # With their defaults they are all documented.
    assert found.level is Level.MUST
    assert found.twin is None
    assert told.result.exit_code == 1


def test_rule_that_one_combination_escapes_is_named(explored: Explorable) -> None:
    def lax(body: dict[str, Any]) -> bool:
        delays = body.get("retryDelays")
        # Whatever is wrong with the first of two delays.
        return (
            isinstance(delays, list)
            and body.get("distribution") == "dynamic"
            and [each for each in delays if each is None or each == 7.5] != []
        )

    rule = "retryDelays.items.type"
    told = explored(lax, 201, select=(rule,), examples=200, level=Level.SHOULD)

    (found,) = told.of("retryDelays.items.type")
    assert found.case.id.startswith("explore/retryDelays.items.type-")
    assert found.case.broken == ("retryDelays.items.type",)
    assert found.reason == "an invalid body was accepted with HTTP 201"
    assert told.result.exit_code == 1
    outcomes = {str(each.rule.id): str(each.outcome) for each in told.result.rules}
    assert outcomes["retryDelays.items.type"] == "fail"
    assert outcomes["retryDelays.count"] == "skipped"


def test_kind_of_failure_is_told_once_and_the_search_goes_on(
    explored: Explorable,
) -> None:
    told = explored(lambda body: body.get("voice") == "man", 500, examples=100)

    assert len(told.judged) == 100
    expected = [each.case.expect for each in told.of("robustness")]
    assert len(expected) == len(set(expected)) == 2
    assert told.result.counts.cases == 101


def test_what_the_list_has_found_is_not_found_again(explored: Explorable) -> None:
    told = explored(
        lambda body: body.get("voice") == "man",
        500,
        phases=frozenset({Phase.CASES, Phase.EXPLORE}),
        examples=40,
        select=("voice", "robustness"),
    )

    assert told.result.exit_code == 1
    assert told.failures == []
    assert len(told.judged) == 40


def test_end_of_the_time_is_told(explored: Explorable) -> None:
    told = explored(examples=100_000, explore_s=3.0)

    done = len(told.judged)
    assert 0 < done < 100_000
    assert told.notices == [
        f"explore ended after 3 seconds, with {done} of 100000 examples"
    ]
    assert told.result.exit_code == 0


def test_fail_fast_ends_at_the_first_gating_failure_once_it_is_shrunk(
    explored: Explorable, cases: tuple[Case, ...]
) -> None:
    told = explored(lambda body: "voice" in body, 422, fail_fast=True)

    (found,) = told.of("body.accepted")
    assert apart_from(cases[0].body, found.case.body) == {"voice": "woman"}
    assert told.judged[-1].case is found.case
    assert "stopped at the first failure" in told.result.message


def test_target_that_dies_is_given_up(explored: Explorable) -> None:
    left = iter(range(30))

    told = explored(lambda _: next(left, None) is None, 0)

    assert told.result.exit_code == 1
    assert told.of("robustness")
    assert "given up" in told.result.message
    assert len(told.sent) <= 40


def test_target_of_which_nothing_was_learnt_is_not_explored(
    explored: Explorable,
) -> None:
    told = explored(lambda _: True, 404)

    assert told.judged == []
    assert told.result.exit_code == 3


def test_interrupt_ends_the_search(explored: Explorable) -> None:
    server = Server(never, 500)
    plan = replace(explored.plan, phases=EXPLORE, connect=lambda: server)
    events = run(plan)
    for _ in range(20):
        next(events)

    ended = events.throw(KeyboardInterrupt())

    assert isinstance(ended, Ended)
    assert ended.result.exit_code == 130
    assert ended.result.message == "interrupted after 19 of 101 cases"


def verdicts(body: Json, status: int, answer: Json) -> set[tuple[str, str, str]]:
    """Judge one answer to one body: rule, verdict and level of each finding."""
    content, contract = json.dumps(body).encode(), suite()[0]
    case = Labeller(contract).case(Drawn(content=content), 1)
    assert case is not None
    response = answered(status, answer)
    exchange = Exchange(url="x", request=case.request, response=response)
    found = explore_module.judge(Oracle(contract), case, exchange)
    return {(each.rule, str(each.verdict), str(each.level)) for each in found}


def test_body_that_breaks_several_rules_fails_each_at_its_own_level(
    cases: tuple[Case, ...],
) -> None:
    body = {**cases[0].body, "retries": 7, "type": "unheard-of"}

    found = verdicts(body, 201, body)

    assert {("retries.enum", "fail", "must"), ("type.enum", "fail", "may")} <= found


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, {("error.status", "pass", "should")}),
        (418, {("error.status", "fail", "should")}),
        (404, set()),
        (429, set()),
        (302, set()),
    ],
)
def test_refusal_proves_no_rule_but_its_form_is_judged(
    cases: tuple[Case, ...],
    status: int,
    told: set[tuple[str, str, str]],
) -> None:
    found = verdicts({**cases[0].body, "retries": 7}, status, {"odd": 1})

    assert {
        each for each in found if each[0] not in {"robustness", "error.envelope"}
    } == told


ASKED = {each.id: each for each in questions()}
CANONICAL, SDK = "includeUnsubscribed", "inclubeUnsubscribed"
CERTAIN, LIKELY, NOT_TOLD = Sureness

Edit = Callable[[dict[str, Any]], None]


def reference(dialect: str = "canonical", mutant: str | None = None) -> Application:
    return application(ServerSettings(dialect=dialect, mutant=mutant, token="t"))


def edited(app: Application, edit: Edit) -> Application:
    """Hand bodies on as an edit leaves them."""

    async def shim(scope: Any, receive: Any, send: Any) -> None:
        body = json.loads((await receive())["body"])
        edit(body)
        content = json.dumps(body).encode()
        kept = [each for each in scope["headers"] if each[0] != b"content-length"]
        length = (b"content-length", str(len(content)).encode())

        async def again() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        await app({**scope, "headers": [*kept, length]}, again, send)

    return shim


def answering(status: int, body: bytes = b"{}") -> Application:
    return inprocess.answering(body, status)


def probed(
    app: Application, *ids: str, contract: Path | None = None
) -> tuple[dict[str, ProbeAnswer], Prober]:
    async def ask() -> tuple[dict[str, ProbeAnswer], Prober]:
        prober = Prober(InProcess(app, filling=Filling(token="t")), "here", contract)
        asked = tuple(ASKED[name] for name in ids or ASKED)
        found = {each.question.id: each async for each in prober.answers(asked)}
        return found, prober

    return asyncio.run(ask())


def never_read(body: dict[str, Any]) -> None:
    body.pop(SDK, None)
    body[CANONICAL] = False


def either(body: dict[str, Any]) -> None:
    if SDK in body:
        body[CANONICAL] = body.pop(SDK)


def stated_only(body: dict[str, Any]) -> None:
    if CANONICAL in body:
        body[CANONICAL] = False


def strict(body: dict[str, Any]) -> None:
    if {"allowDuplicates", "allowMultipleCalls", "duplicates"} & body.keys():
        body.clear()
    if "allowMultiple" in body:
        body["allowMultiple"] = True


def renamed(body: dict[str, Any]) -> None:
    body.pop("allowMultiple", None)
    if "duplicates" in body:
        body["allowMultiple"] = body.pop("duplicates")


@pytest.mark.parametrize(
    ("edit", "question", "name", "sureness", "reason"),
    [
        (never_read, CANONICAL, CANONICAL, NOT_TOLD, "any value there is accepted"),
        (either, CANONICAL, CANONICAL, CERTAIN, f"{SDK} as well: either will do"),
        (stated_only, CANONICAL, CANONICAL, LIKELY, "only so a body is accepted"),
        (strict, "allowMultiple", "allowMultiple", LIKELY, "only so a body is"),
        (renamed, "allowMultiple", "duplicates", CERTAIN, "allowMultiple.type broken"),
    ],
)
def test_servers_of_other_habits_are_told_apart(
    edit: Edit, question: str, name: str, sureness: Sureness, reason: str
) -> None:
    found, _ = probed(edited(reference(), edit), question)

    answer = found[question]
    assert (answer.candidate.name, answer.sureness) == (name, sureness), answer
    assert reason in answer.reason


def test_what_only_comes_back_is_likely_read() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = json.loads((await receive())["body"])
        shown = {name: body[name] for name in ("name", "duplicates") if name in body}
        await answering(201, json.dumps(shown).encode())(scope, receive, send)

    found, _ = probed(app, "allowMultiple")

    answer = found["allowMultiple"]
    assert (answer.candidate.name, answer.sureness) == ("duplicates", LIKELY)


def test_who_takes_anything_tells_of_what_may_be_left_out() -> None:
    found, prober = probed(answering(201), "type", "includeUnsubscribed")

    assert found["type"].candidate.name == "it may be left out"
    assert found["type"].sureness == CERTAIN
    assert found["includeUnsubscribed"].sureness == NOT_TOLD
    assert len(prober.actions) == 1


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_who_takes_nothing_tells_nothing(status: int) -> None:
    found, prober = probed(answering(status), "includeUnsubscribed", "type")

    assert {each.sureness for each in found.values()} == {NOT_TOLD}
    assert f"no body was accepted, whichever way: HTTP {status}" in (
        found["includeUnsubscribed"].reason
    )
    assert prober.actions == ()


def test_a_server_that_is_at_its_limit_does_not_seem_to_refuse() -> None:
    answers = [201, 429, 422]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answering(answers.pop(0))(scope, receive, send)

    found, _ = probed(app, "includeUnsubscribed")

    answer = found["includeUnsubscribed"]
    assert answer.sureness == NOT_TOLD
    assert answer.reason == f"HTTP 429 says nothing of {CANONICAL}"


@pytest.mark.parametrize("status", [401, 407])
def test_who_lets_nobody_in_is_given_up(status: int) -> None:
    with pytest.raises(TargetError, match="refuses every request") as raised:
        probed(answering(status))

    assert "check the token" in raised.value.hint


def test_a_question_about_another_contract_is_refused() -> None:
    other = Path(__file__).parents[2] / "general" / "data" / "default.yaml"

    with pytest.raises(SpecError, match=r"question type, .*matches nothing"):
        probed(answering(201), "type", contract=other)
