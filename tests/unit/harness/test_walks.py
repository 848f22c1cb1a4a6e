"""What walks find that no list foresees, how short it gets, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.inprocess import plan_of, suite

from ringspec.harness import Exchange, Finding
from ringspec.harness.exploring import search
from ringspec.harness.exploring.explore import Attempt, Failures, walked
from ringspec.harness.judging.oracle import Oracle, missing_links
from ringspec.harness.running import firing as script_module
from ringspec.harness.running.firing import Patience, play
from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.exchange import Connection, Filling
from ringspec.harness.sending.inprocess import InProcess
from ringspec.reference import (
    LAWFUL,
    Behaviour,
    ServerSettings,
    Variant,
    application,
    endpoints,
)
from ringspec.reference.store import Broadcast
from ringspec.spec import Contract, Level, load
from ringspec.strategies import Case, Lifecycle, Phase, Request, Walk, cases_of

from ...general import payments  # noqa: TID252 - tests are no distribution
from .test_explore import Explorable, Server, Told
from .test_script import ALL, ERROR, ONE, Answer, Api, answering, last_of

pytestmark = pytest.mark.usefixtures("quick")

WALKS = 60
PAUSES_S = script_module._PAUSES_S


@dataclass
class Walked:
    """What walks against an API came to."""

    life: Lifecycle
    told: list[Any] = field(default_factory=list)
    fired: list[Walk] = field(default_factory=list)

    @property
    def failures(self) -> list[Finding]:
        return [f for each in self.told for f in each.findings if f.verdict == "fail"]

    @property
    def scripts(self) -> dict[str, list[str]]:
        """What fails, by rule, with the script that shows it."""
        return {str(each.rule): script_of(each.case) for each in self.failures}


def script_of(case: Case) -> list[str]:
    return [f"{step.request.method} {step.link or 'create'}" for step in case.steps]


def walk(api: Connection, walks: int = WALKS, **options: Any) -> Walked:
    """Go some walks against an API, after a look at what it offers."""
    contract, cases = suite()
    oracle = Oracle(contract)
    plan = Plan(contract=contract, cases=cases, url="", examples=walks, **options)
    with asyncio.Runner() as runner:

        def once(case: Case, *, patient: bool = True) -> Exchange:
            patience = Patience() if patient else Patience(0.0)
            return runner.run(play(api, case, patience))

        life = Lifecycle.of(contract, cases)
        assert life is not None
        survey = life.survey()
        missing = missing_links(contract, [(survey, once(survey))])
        gone = Walked(life.lacking(missing))

        def fire(each: Any) -> Attempt:
            gone.fired.append(each)
            return walked(each, once, oracle.judge)

        going = search.Search(plan, (), Failures(), gone.life, fire)
        gone.told.extend(going.walk(walks))
    return gone


@pytest.fixture
def explored(monkeypatch: pytest.MonkeyPatch) -> Explorable:
    """Explore by runs, without schemathesis: its bodies take long."""
    monkeypatch.setattr(search, "foreign_sources", lambda _: ([], ""))
    return Explorable(plan_of(Server(), *suite(), examples=100))


def test_right_api_is_not_accused() -> None:
    gone = walk(Api(), 40)

    assert gone.failures == []
    assert 30 <= len(gone.told) == len(gone.fired) <= 40
    steps = {step.link for each in gone.fired for step in each.whole().steps}
    assert steps == {"", *(each.name for each in gone.life.contract.links)}


def test_what_becomes_of_itself_is_not_held_against_anybody() -> None:
    def completed(api: Api, path: str) -> Answer | None:
        shown = api.shown(last_of(path)) or {"state": ""}
        is_begun = shown["state"] == "started"
        return (200, {**shown, "state": "completed"}) if is_begun else None

    assert walk(Api(answering("GET", ONE, completed))).failures == []


@pytest.mark.parametrize("status", [404, 405, 501])
def test_what_only_creates_is_only_asked_to(status: int) -> None:
    def nothing(method: str, path: str, _api: Api) -> Answer | None:
        return (status, ERROR) if (method, path) != ("POST", ALL[:17]) else None

    gone = walk(Api(nothing), 20)

    assert gone.failures == []
    assert gone.fired
    assert {step.link for each in gone.fired for step in each.whole().steps} == {""}


class Lying(Api):
    """The reference, but for one lie.

    That gets the API, and the method and last segment of an accepted request; and has
    at hand what was kept before it, and what it keeps aside.
    """

    def __init__(self, lie: Callable[[Lying, str, str], None]) -> None:
        super().__init__()
        self.lie, self.before = lie, dict[str, Broadcast]()
        self.aside: dict[str, Broadcast] = {}

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        self.before = {**self.store._kept}
        found = await super().exchange(request, repeats=repeats)
        if found.status // 100 == 2:
            self.lie(self, request.method, last_of(request.path))
        return found


def reverting(api: Lying, method: str, last: str) -> None:
    """A second update brings back the body of the first one."""
    if method == "PUT" and last in api.aside:
        api.store.restore(api.aside[last])
    elif method == "PUT":
        api.aside[last] = api.store._kept[last]


def catching(api: Lying, method: str, last: str) -> None:
    """A start starts the others too."""
    if last == "start" and method == "POST":
        for each in [*api.store._kept.values()]:
            api.store.restore(replace(each, state="started"))


def forgetful(api: Lying, method: str, last: str) -> None:
    """An update of what is paused is lost."""
    if method == "PUT" and api.before[last].state == "paused":
        api.store.restore(api.before[last])


def hiding(api: Api, path: str) -> Answer:
    """What was paused is no longer listed, though it can be read."""
    return 200, api.listed(path, but_for="paused")


LOOK = "GET read"
START = ["POST create", "POST start", LOOK]
PAUSE = [*START, "POST pause"]
LIES = {
    "reverting": ("lifecycle.updated", ["POST create", *["PUT update"] * 2, LOOK]),
    "catching": ("lifecycle.state", [*["POST create"] * 2, "POST start", LOOK]),
    "forgetful": ("lifecycle.updated", [*PAUSE, "PUT update", LOOK]),
    "hiding": ("lifecycle.listed", [*PAUSE, "GET list"]),
}


@pytest.mark.parametrize("name", LIES)
def test_lie_is_found_and_shrunk_to_its_shortest_script(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "EDITABLE", {"draft", "scheduled", "paused"})
    rule, script = LIES[name]

    hides = name == "hiding"
    api = Api(answering("GET", ALL, hiding)) if hides else Lying(globals()[name])

    found = walk(api, 150).scripts.get(rule, [""])

    assert found[:-1] == script[:-1]
    # What is there shows in a list just as well, and when it lets itself be changed.
    assert found[-1] in {script[-1], "GET list", "PUT update"}


def test_what_is_found_is_a_case_that_shows_it_again(contract: Contract) -> None:
    failures = walk(Lying(catching), 60).failures
    (found,) = (each for each in failures if each.rule == "lifecycle.state")

    exchange = asyncio.run(play(Lying(catching), found.case))
    again = Oracle(contract).judge(found.case, exchange)

    assert [each.rule for each in again if each.verdict == "fail"] == [found.rule]
    assert found.exchange.played is not None
    assert len(found.exchange.played.earlier) == len(found.case.steps) - 1
    assert found.case.id.startswith(f"explore/{found.rule}-walk-")
    assert found.case.phase == Phase.EXPLORE
    assert found.level == Level.MAY


def test_state_that_never_comes_is_found_with_all_patience() -> None:
    def stays(api: Api, path: str) -> Answer | None:
        shown = api.shown(last_of(path, 2)) or {"state": ""}
        is_draft = shown["state"] == "draft"
        return (200, {**shown, "state": "starting"}) if is_draft else None

    gone = walk(Api(answering("POST", f"{ONE}/start", stays)))

    (found,) = gone.failures
    assert found.rule == "lifecycle.start"
    assert script_of(found.case) == START
    assert [want.what for want in found.case.steps[-1].wants] == ["one-of"]


def test_target_that_dies_is_not_asked_for_ever_shorter_walks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "SHRINK_REQUESTS", 1000)
    left = iter(range(60))

    def dying(*_: Any) -> Answer | None:
        return (0, None) if next(left, None) is None else None

    gone = walk(Api(dying), 12)

    assert {each.rule for each in gone.failures} == {"robustness"}
    # Once nothing is answered, nothing is shrunk.
    assert len(gone.fired) <= 12 + 4


def test_root_of_a_failure_is_told_once() -> None:
    gone = walk(Api(answering("GET", ONE, lambda *_: (404, ERROR))))

    assert gone.scripts == {"lifecycle.readable": ["POST create", LOOK]}
    assert len(gone.failures) == 1


# What differs in the life of a thing; the listed cases try the others.
IN_LIFE = {
    *("status", "shows", "store", "operation", "commands", "lists", "begins", "ids"),
    "fills in required",
}
HABITS = [each for each in LAWFUL if each.words.keys() & IN_LIFE]


@pytest.mark.parametrize("lawful", HABITS, ids=lambda each: each.name)
def test_lawful_habit_is_not_accused(
    lawful: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some show what was written a moment later, by the clock.
    if lawful.name.endswith("-late"):
        monkeypatch.setattr(script_module, "_PAUSES_S", PAUSES_S)
    settings = ServerSettings()
    app = application(settings, lawful.apply(Behaviour()))
    server = InProcess(app, filling=Filling(token=settings.token))

    gone = walk(server, 12)

    assert [
        each for each in gone.failures if each.level.gates(Level(lawful.level))
    ] == []
    assert len(gone.told) > 8


def forget_two(kept: dict[str, Any], name: str) -> None:
    names = list(kept)
    for each in names[max(names.index(name) - 1, 0) :][:2]:
        del kept[each]


@pytest.fixture(scope="module")
def foreign() -> tuple[Contract, tuple[Case, ...]]:
    """Compile another field's contract, whose links know no states."""
    found = load(Path(payments.__file__).with_name("payments.openapi.yaml"))
    return found, cases_of(found, 0)


@pytest.mark.parametrize(
    ("behaviour", "failing"),
    [
        (payments.CORRECT, set()),
        (replace(payments.CORRECT, forget=forget_two), {"lifecycle.deleted"}),
    ],
    ids=["correct", "greedy"],
)
def test_walks_know_no_field(
    explored: Explorable,
    foreign: tuple[Contract, tuple[Case, ...]],
    behaviour: payments.Behaviour,
    failing: set[str],
) -> None:
    contract, cases = foreign
    filling = Filling(token=payments.TOKEN)
    app = payments.Payments(behaviour).app()

    told = explored(
        contract=contract,
        cases=cases,
        filling=filling,
        connect=lambda: InProcess(app, filling=filling),
    )

    links = {step.link for case in walks_of(told) for step in case.steps}
    assert links == {"", "read", "list", "delete"}
    assert failed(told) == failing


def walks_of(told: Told) -> list[Case]:
    return [each.case for each in told.judged if each.case.steps]


def failed(told: Told) -> set[str]:
    return {str(each.rule.id) for each in told.result.rules if each.failures}


def test_run_fails_by_what_a_walk_shows(explored: Explorable) -> None:
    lie = Api(answering("DELETE", ONE, lambda *_: (204, None)))

    told = explored(connect=lambda: lie, examples=300)

    assert told.result.exit_code == 1
    assert "lifecycle.deleted" in failed(told)
    assert failed(told) <= {"lifecycle.deleted", "lifecycle.unknown"}


def test_target_whose_create_is_refused_is_not_walked(explored: Explorable) -> None:
    left = iter(range(1))

    def once(method: str, path: str, _api: Api) -> Answer | None:
        first = next(left, None) is not None
        return None if first or (method, path) != ("POST", ALL[:17]) else (422, ERROR)

    assert walks_of(explored(connect=lambda: Api(once), examples=20)) == []
