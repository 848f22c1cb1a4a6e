"""Whole runs against a live target, which is the reference in this process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.inprocess import plan_of, suite, told

from ringspec.harness import (
    Exchange,
    Failure,
    Judged,
    Response,
    Trouble,
)
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import URL, InProcess
from ringspec.harness.sending.policy import Safety
from ringspec.reference import MUTANTS, Behaviour, ServerSettings, application
from ringspec.spec import UsageError
from ringspec.strategies import Phase, Request

ALL = "/voice/broadcasts"
NAMED = frozenset({"caller", "segment"})
ALLOWING = Safety(live=True, allow_create=True, max_creates=2000, fixtures_named=NAMED)


class Watched(InProcess):
    """The reference, and what it was sent."""

    def __init__(self, settings: ServerSettings, mutant: str | None = None) -> None:
        filling = Filling(**settings.access(URL))
        behaviour = Behaviour()
        if mutant is not None:
            behaviour = MUTANTS[mutant].apply(behaviour)
        super().__init__(application(settings, behaviour), filling=filling)
        self.sent: list[Request] = []
        self.meanwhile: Callable[[int], None] = lambda _: None

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        self.sent.append(request)
        self.meanwhile(len(self.sent))
        return await super().exchange(request, repeats=repeats)

    @property
    def held(self) -> int:
        """How much the server still holds."""
        headers = (("Authorization", "Bearer {token}"),)
        request = Request(method="GET", path=ALL, headers=headers, body=b"")
        exchange = asyncio.run(super().exchange(request))
        assert exchange.response is not None
        assert exchange.response.status == 200
        total = json.loads(exchange.response.body)["pagination"]["totalRecord"]
        return int(total)

    @property
    def creates(self) -> list[Request]:
        return [it for it in self.sent if (it.method, it.path) == ("POST", ALL)]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ringspec.harness.running.plan.LIVE_RATE", 10_000.0)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def journals(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """Read all lines of the journals of the user."""

    def read() -> list[dict[str, Any]]:
        found = (tmp_path / "state").glob("ringspec/journal-*.jsonl")
        lines = [line for path in found for line in path.read_text().splitlines()]
        return [json.loads(line) for line in lines]

    return read


def live(
    safety: Safety = ALLOWING, mutant: str | None = None, **options: Any
) -> tuple[Any, Plan]:
    """Return a server and the plan of a live run against it."""
    server = Watched(ServerSettings(), mutant)
    return server, plan_of(server, *suite(), safety=safety, **options)


def test_live_run_that_may_create_leaves_nothing_behind(journals: Any) -> None:
    server, plan = live(select=("retries", "retryDelays", "answer", "lifecycle"))
    kept: list[int] = []
    server.meanwhile = lambda number: kept.append(len(journals()) if number else 0)

    found = told(plan)

    assert found.result.exit_code == 0
    assert found.outcomes["retryDelays.count"] == "pass"
    assert found.outcomes["lifecycle.deleted"] == "pass"
    assert server.held == 0
    assert max(kept) > 10
    assert journals() == []  # nothing is left that it could tell of
    assert "all that was created has been deleted again" in found.notices
    assert any("journal-" in each for each in found.notices)


def test_what_is_sent_live_keeps_to_the_contract() -> None:
    server, plan = live()
    # A body that breaks a rule has no text to be numbered: it goes out once.
    first = next(each for each in plan.cases if each.id == "name.required/missing")
    again = replace(first, id="name.required/again")

    found = told(plan, cases=(*plan.cases, again))

    assert found.result.exit_code == 0
    assert found.outcomes["auth.token"] == found.outcomes["lifecycle.deleted"] == "pass"
    notice = "not sent, as its body is that of a case before: name.required/again"
    assert notice in found.notices
    written = [each.body for each in server.creates]
    assert len(written) - len(set(written)) == 5  # four cases of two or three
    sent = list(map(json.loads, written))
    bodies = [each for each in sent if isinstance(each, dict)]
    assert len(bodies) > 200
    assert all(each.get("includeUnsubscribed") in (False, None) for each in bodies)
    assert all(each.get("scheduledAt") is None for each in bodies)
    assert not any("allowMultiple" in each for each in bodies)
    paths = {each.path.rpartition("/")[2] for each in server.sent}
    assert not {"start", "pause", "resume", "cancel"} & paths


def test_live_run_without_leave_looks_only(journals: Any) -> None:
    server, plan = live(Safety(live=True))

    found = told(plan)

    assert found.result.exit_code == 3
    assert {each.method for each in server.sent if each.path != "{token_url}"} == {
        "GET"
    }
    assert found.outcomes["auth.token"] == "pass"
    assert found.outcomes["auth.client"] == "pass"
    assert found.outcomes["name.required"] == "inconclusive"
    assert "the profile does not allow creates" in found.result.message
    assert "max_creates" in found.result.hint
    assert journals() == []


def test_unguarded_list_is_noticed_by_looking_alone() -> None:
    _, plan = live(Safety(live=True), "token-not-checked")

    found = told(plan)

    assert found.outcomes["auth.token"] == "fail"
    assert found.result.exit_code == 1


def test_live_mutant_is_noticed_and_its_wrongs_are_deleted_at_once() -> None:
    server, plan = live(
        mutant="retry-delays-count-unchecked", select=("retryDelays.count",)
    )

    found = told(plan)

    assert found.outcomes["retryDelays.count"] == "fail"
    assert server.held == 0
    deletes = [i for i, each in enumerate(server.sent) if each.method == "DELETE"]
    assert deletes[0] < len(server.sent) - len(deletes)


def test_budget_that_is_used_up_leaves_rules_open() -> None:
    server, plan = live(replace(ALLOWING, max_creates=5), select=("name", "from"))

    found = told(plan)

    assert len(server.creates) == 5
    assert found.result.exit_code == 3
    assert "fail" not in found.outcomes.values()
    assert "all 5 creates that the profile allows are used up" in found.result.message
    assert "max_creates" in found.result.hint
    assert server.held == 0


def test_commands_need_leave_of_their_own() -> None:
    server, plan = live(
        replace(ALLOWING, allow_start=True), select=("lifecycle.start",)
    )

    found = told(plan)

    assert found.outcomes["lifecycle.start"] == "pass"
    assert any(each.path.endswith("/start") for each in server.sent)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_interrupt_cleans_up_first(sign: signal.Signals) -> None:
    server, plan = live(select=("retries", "retryDelays"))
    server.meanwhile = lambda number: (
        os.kill(os.getpid(), sign) if number == 20 else None
    )

    found = told(plan)

    assert found.result.exit_code == 130
    assert found.result.interrupted
    assert len(server.creates) <= 21
    assert server.held == 0


def test_interrupt_thrown_in_cleans_up() -> None:
    server, plan = live(select=("retries",))
    events = run(plan)
    next(each for each in events if isinstance(each, Judged))

    events.throw(KeyboardInterrupt())

    assert server.held == 0
    assert server.sent[-1].method == "DELETE"


def test_bug_of_ours_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    server, plan = live(select=("retries",))
    events = run(plan)
    next(each for each in events if isinstance(each, Judged))
    monkeypatch.setattr(
        "ringspec.harness.running.run.Session._judged", lambda *_: 1 // 0, raising=True
    )

    with pytest.raises(ZeroDivisionError):
        list(events)

    assert server.held == 0


def test_journal_that_cannot_be_written_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    server, plan = live(replace(ALLOWING, journal=tmp_path / "file" / "j"))

    with pytest.raises(UsageError, match="cannot be written") as raised:
        list(run(plan))

    assert raised.value.exit_code == 2
    assert server.sent == []


def test_journal_that_fails_on_the_way_stops_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, plan = live()
    synced: Iterator[int] = iter(range(4))

    def sync(_: int) -> None:
        if next(synced, None) is None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", sync)

    with pytest.raises(UsageError, match="No space left"):
        list(run(plan))

    assert len(server.creates) == 4
    assert server.held == 0


@pytest.mark.parametrize(
    ("found", "row", "outcome"),
    [
        (Trouble.DROPPED, 1, "inconclusive"),
        (Trouble.DROPPED, 5, "fail"),
        (503, 1, "inconclusive"),
        (500, 1, "fail"),
    ],
    ids=["dropped-once", "dropped-always", "busy-once", "crash"],
)
def test_what_may_be_transient_is_held_against_nobody_live(
    found: Trouble | int, row: int, outcome: str
) -> None:
    server, plan = live(select=("retries", "robustness"))
    right, numbers = server.exchange, iter(range(100))

    async def failing(request: Request, *, repeats: int = 1) -> Exchange:
        exchange: Exchange = await right(request)
        if request.method != "POST" or not 9 < next(numbers, 100) < 10 + row:
            return exchange
        if isinstance(found, Trouble):
            failure = Failure(trouble=found, message="it failed")
            return replace(exchange, response=None, failure=failure)
        response = Response(status=found, headers=(), body=b"")
        return replace(exchange, response=response)

    server.exchange = failing

    ended = told(plan)

    assert ended.outcomes["robustness"] == outcome


def test_live_target_that_is_not_there_is_told_before_what_was_withheld() -> None:
    server, plan = live(Safety(live=True), select=("lifecycle.unknown",))
    right = server.exchange

    async def nowhere(request: Request, *, repeats: int = 1) -> Exchange:
        exchange: Exchange = await right(request)
        failure = Failure(trouble=Trouble.NAME, message="the host's name is not known")
        return replace(exchange, response=None, failure=failure)

    server.exchange = nowhere

    found = told(plan)

    assert found.result.exit_code == 3
    assert "the host's name is not known" in found.result.message
    assert found.result.hint == "is the host spelt right?"


def test_explore_is_refused_live() -> None:
    server, plan = live(phases=frozenset({Phase.EXPLORE}))

    with pytest.raises(UsageError, match="explore is out of the question"):
        list(run(plan))

    assert server.sent == []


def test_target_that_is_not_allowed_is_refused() -> None:
    server, plan = live(replace(ALLOWING, allowed_hosts=("staging.example.com",)))

    with pytest.raises(UsageError, match="not among the hosts") as raised:
        list(run(plan))

    assert "allowed_hosts" in raised.value.hint
    assert server.sent == []


def test_runs_on_this_machine_write_no_journal(journals: Any) -> None:
    _, plan = live(Safety(allow_create=True, max_creates=1), select=("retries",))

    found = told(plan)

    assert found.result.exit_code == 0
    assert journals() == []
    assert found.notices == []
