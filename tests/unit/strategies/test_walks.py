"""What walks are made of, and what is due of their steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ringspec.spec import Contract, Level
from ringspec.strategies import Case, Expect, Phase, Step, What
from ringspec.strategies.lifecycle.machine import offered, state_machine
from ringspec.strategies.lifecycle.steps import Lifecycle
from ringspec.strategies.lifecycle.walk import (
    MAX_STEPS,
    UNCREATED,
    Call,
    CallKind,
    Model,
    WalkStep,
    without,
    write_walk,
)

CREATE = Call(CallKind.CREATE)
RICH = Call(CallKind.CREATE, choice=1)
READ = Call(CallKind.READ, 1)
LIST = Call(CallKind.LIST)
UPDATE = Call(CallKind.UPDATE, 1, 1)
DELETE = Call(CallKind.DELETE, 1)
START, PAUSE, RESUME, CANCEL = (Call(CallKind.COMMAND, 1, n) for n in range(4))


@pytest.fixture(scope="module")
def life(contract: Contract, cases: tuple[Case, ...]) -> Lifecycle:
    found = Lifecycle.of(contract, cases)
    assert found is not None
    return found


def told(step: WalkStep) -> tuple[str, tuple[str | int, ...], list[str]]:
    """Say of a step its operation, the status due, and its rules."""
    rules = [str(each.rule).removeprefix("lifecycle.") for each in step.claims]
    return step.step.link or "create", step.due, rules


def last(life: Lifecycle, *calls: Call) -> WalkStep:
    return write_walk(life, calls).steps[-1]


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([CREATE, READ], ("read", ("2xx",), ["readable", "state"])),
        ([CREATE, LIST], ("list", ("2xx",), ["listed"])),
        ([CREATE, UPDATE], ("update", ("2xx",), ["updated"])),
        ([CREATE, UPDATE, READ], ("read", ("2xx",), ["updated", "state"])),
        ([CREATE, Call(CallKind.SPOIL, 1)], ("update", ("4xx",), ["update.refused"])),
        (
            [CREATE, Call(CallKind.SPOIL, 1), READ],
            ("read", ("2xx",), ["update.refused", "state"]),
        ),
        ([CREATE, DELETE], ("delete", ("2xx",), ["deleted"])),
        ([CREATE, DELETE, READ], ("read", ("4xx",), ["deleted"])),
        ([CREATE, DELETE, UPDATE], ("update", ("4xx",), ["deleted"])),
        ([CREATE, DELETE, Call(CallKind.SPOIL, 1)], ("update", ("4xx",), ["deleted"])),
        ([CREATE, DELETE, DELETE], ("delete", ("2xx", "4xx"), ["deleted"])),
        ([CREATE, DELETE, START], ("start", ("4xx",), ["deleted"])),
        ([CREATE, DELETE, LIST], ("list", ("2xx",), ["deleted"])),
        ([CREATE, DELETE, CREATE, LIST], ("list", ("2xx",), ["listed", "deleted"])),
        (
            [CREATE, CREATE, DELETE, Call(CallKind.READ, 2)],
            ("read", ("2xx",), ["deleted", "state"]),
        ),
        ([Call(CallKind.READ)], ("read", ("4xx",), ["unknown"])),
        ([Call(CallKind.DELETE)], ("delete", ("4xx",), ["unknown"])),
        ([CREATE, START], ("start", ("2xx",), ["start"])),
        ([CREATE, PAUSE], ("pause", ("4xx",), ["transitions"])),
        ([CREATE, PAUSE, READ], ("read", ("2xx",), ["readable", "transitions"])),
        ([CREATE, START, READ], ("read", ("2xx",), ["readable", "start"])),
        ([CREATE, START, PAUSE], ("pause", ("2xx",), ["pause"])),
        ([CREATE, START, PAUSE, CANCEL], ("cancel", ("2xx",), ["cancel"])),
        (
            [CREATE, START, CANCEL, RESUME],
            ("resume", ("4xx",), ["transitions"]),
        ),
    ],
)
def test_what_is_due_hangs_on_what_was_done(
    life: Lifecycle,
    calls: list[Call],
    expected: tuple[str, tuple[str | int, ...], list[str]],
) -> None:
    assert told(last(life, *calls)) == expected


@pytest.mark.parametrize(
    "calls",
    [
        [READ],  # it was never created
        [LIST],  # there is nothing to look for
        [CREATE, READ, READ],  # it has just been looked at
        [RICH, PAUSE],  # it may be scheduled, of which nothing is settled
        [CREATE, CANCEL],  # nor whether what never began can be canceled
        [CREATE, START, DELETE],  # nor whether what runs can be deleted
        [CREATE, START, RESUME],
        [*[CREATE] * 4],  # so many are enough
        [CREATE, START, UPDATE, PAUSE],  # who knows what an update makes of its state
    ],
)
def test_what_nothing_settles_is_not_done(life: Lifecycle, calls: list[Call]) -> None:
    walk = write_walk(life, calls)

    assert walk.calls == tuple(calls[:-1])


def test_command_that_hangs_on_another_waits_for_it(life: Lifecycle) -> None:
    *_, start, look, pause = write_walk(life, [CREATE, START, PAUSE]).steps

    (waits,) = look.step.wants
    assert (waits.what, waits.at, waits.value) == (What.ONE_OF, "/state", ["started"])
    # Where it does not come to that the walk ends, and nothing is wrong.
    assert look.unsure == "look started"
    wanted = [want for claim in look.claims for want in claim.wants]
    assert wanted[-1].what == What.ONE_OF
    assert wanted[-1].value == ["completed", "processing", "started", "starting"]
    assert (start.call, look.call, pause.call) == (1, 2, 2)


def test_hasty_walk_waits_for_nothing(life: Lifecycle) -> None:
    walk = write_walk(life, [CREATE, START, READ, PAUSE], hasty=True)

    reads = [each.step for each in walk.steps if each.step.request.method == "GET"]
    assert reads
    assert What.ONE_OF not in {want.what for step in reads for want in step.wants}


@pytest.mark.parametrize("before", [(START,), (START, PAUSE)])
def test_update_of_what_runs_may_be_refused(
    life: Lifecycle, before: tuple[Call, ...]
) -> None:
    update, read = write_walk(life, [CREATE, *before, UPDATE, READ]).steps[-2:]

    assert update.due == ("2xx", "4xx")
    assert update.step.status == ("2xx",)
    assert update.unsure.startswith("update ")
    # If it was taken it is there, in whatever state.
    assert told(read) == ("read", ("2xx",), ["updated"])


@pytest.mark.parametrize(
    ("calls", "idle"),
    [
        ([RICH], "create 1"),
        ([CREATE, UPDATE], "create 1"),
        ([RICH, DELETE], "delete draft scheduled"),
        ([CREATE, START, PAUSE], "look started"),
        ([CREATE, START, UPDATE], "update completed processing started starting"),
    ],
)
def test_what_a_target_does_not_do_is_not_asked_again(
    life: Lifecycle, calls: list[Call], idle: str
) -> None:
    assert write_walk(life, calls).calls == tuple(calls)
    assert write_walk(life, calls, idle=frozenset({idle})).calls == tuple(calls[:-1])


def test_read_of_an_updated_thing_shows_nothing_of_its_earlier_body(
    life: Lifecycle,
) -> None:
    back = Call(CallKind.UPDATE, 1, 0)
    kept = last(life, RICH, back, READ).claims[0]

    rich, plain = life.differing[1].body, life.differing[0].body
    gone = {want.at[1:] for want in kept.wants if want.what == What.DIFFERS}
    assert gone
    assert gone <= rich.keys() - plain.keys()


def test_ids_are_told_apart(life: Lifecycle) -> None:
    walk = write_walk(life, [CREATE, CREATE, Call(CallKind.DELETE, 2), CREATE])

    assert [list(each.step.capture) for each in walk.steps] == [
        ["broadcastId-1"],
        ["broadcastId-2"],
        [],
        ["broadcastId-3"],
    ]
    ids = walk.steps[-1].claims[0]
    assert [want.value for want in ids.wants] == ["{broadcastId-1}", "{broadcastId-2}"]
    assert walk.steps[2].step.request.path.endswith("/{broadcastId-2}")


def test_walk_is_a_case_whose_last_step_is_judged(life: Lifecycle) -> None:
    walk = write_walk(life, [RICH, READ], 7)
    kept, state = walk.steps[-1].claims

    whole, case = walk.whole(), walk.case(state)

    assert whole.id == "explore/lifecycle.readable-walk-7"
    assert whole.steps[-1].wants == kept.wants + state.wants
    assert case.id == "explore/lifecycle.state-walk-7"
    assert case.steps[-1].wants == state.wants
    assert case.steps[0] == walk.steps[0].step
    assert (case.phase, case.expect) == (Phase.EXPLORE, Expect.ACCEPT)
    assert case.request == case.steps[0].request
    # It binds no more than its body, or its rule.
    assert whole.level == max(
        Level.SHOULD, life.differing[1].level, key=lambda each: each.rank
    )
    assert case.level == Level.MAY


def test_case_of_what_never_was_is_to_be_refused(life: Lifecycle) -> None:
    case = write_walk(life, [Call(CallKind.UPDATE, UNCREATED)]).whole()

    assert case.expect == Expect.REJECT
    assert "{" not in case.request.path
    assert ("Connection", "close") in case.request.headers


def test_walk_up_to_a_step_has_the_moves_up_to_it(life: Lifecycle) -> None:
    walk = write_walk(life, [CREATE, START, PAUSE, READ])

    assert walk.upto(0).calls == ()
    assert walk.upto(2).calls == (CREATE, START)
    assert walk.upto(3).calls == walk.upto(4).calls == (CREATE, START, PAUSE)


def test_without_a_create_there_is_nothing_of_what_it_made() -> None:
    second = Call(CallKind.READ, 2)
    calls = (CREATE, CREATE, READ, LIST, second)

    assert without(calls, 2) == (CREATE, CREATE, LIST, second)
    assert without(calls, 0) == (CREATE, LIST, READ)
    assert without(calls, 1) == (CREATE, READ, LIST)


def test_operation_that_is_missing_is_not_walked(life: Lifecycle) -> None:
    calls = [CREATE, LIST, READ, UPDATE, DELETE, START, Call(CallKind.SPOIL, 1)]
    names = frozenset(each.name for each in life.contract.links)
    only = replace(life, missing=names - {"start"})

    assert offered(only) == [(CallKind.COMMAND, 1)]
    # Without a look at its state nothing is known of what a command does.
    assert write_walk(only, [*calls[:5], START]).calls == (CREATE,)
    assert offered(replace(life, missing=names)) == []
    nothing = replace(life, missing=names - {"delete"})
    assert write_walk(nothing, [CREATE, DELETE]).calls == (CREATE, DELETE)


def test_contract_without_links_is_not_walked(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    assert Lifecycle.of(replace(contract, links=()), cases) is None
    assert Lifecycle.of(contract, ()) is None


def test_survey_asks_each_operation_once(life: Lifecycle) -> None:
    survey = life.survey()

    assert survey.phase == Phase.LIFECYCLE
    links = [step.link for step in survey.steps]
    names = {each.name for each in life.contract.links}
    assert (links[0], links[-1], set(links[1:])) == ("", "delete", names)
    assert len(links) == len(names) + 1
    assert not any(step.paging for step in survey.steps)


def drawn(life: Lifecycle, number: int, limit: int = 60) -> list[tuple[Call, ...]]:
    found: list[tuple[Call, ...]] = []
    machine = state_machine(life, found.append)
    seed(number)(machine)
    options = settings(
        max_examples=limit, database=None, deadline=None, stateful_step_count=16
    )
    run_state_machine_as_test(machine, settings=options)
    return found


def test_machine_draws_every_deed_on_up_to_three_things(life: Lifecycle) -> None:
    found = drawn(life, 0)

    assert {call.kind for calls in found for call in calls} == {*CallKind}
    for calls in found:
        walk = write_walk(life, calls)
        assert walk.calls == calls
        assert 0 < len(walk.steps) <= MAX_STEPS
        assert sum(thing.exists for thing in _model(life, calls).resources) <= 3


def _model(life: Lifecycle, calls: tuple[Call, ...]) -> Model:
    model = Model(life)
    assert all(model.apply(call) for call in calls)
    return model


def test_walk_ends_with_a_look_at_all_that_is_there(life: Lifecycle) -> None:
    for calls in drawn(life, 1, 20):
        alive = [thing.number for thing in _model(life, calls).existing]
        changed = [n for n, call in enumerate(calls) if not call.is_look]
        looks = calls[changed[-1] + 1 :]
        assert {Call(CallKind.READ, number) for number in alive} <= {*looks}


def test_same_seed_draws_the_same(life: Lifecycle) -> None:
    assert drawn(life, 3, 20) == drawn(life, 3, 20)
    assert drawn(life, 3, 20) != drawn(life, 4, 20)


def test_machine_draws_only_what_is_offered(life: Lifecycle) -> None:
    names = frozenset(each.name for each in life.contract.links)
    only = replace(life, missing=names)

    found = drawn(only, 0, 10)

    assert {call.kind for calls in found for call in calls} == {CallKind.CREATE}


def test_each_step_can_be_sent(life: Lifecycle) -> None:
    def is_complete(step: Step) -> bool:
        return bool(step.request.method and step.request.path and step.request.headers)

    for calls in drawn(life, 2, 20):
        assert all(is_complete(each.step) for each in write_walk(life, calls).steps)
