"""What walks are made of, and what is due of their steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ringspec.spec import Contract, Level
from ringspec.strategies import Case, Expect, Phase, Step, What
from ringspec.strategies.walks import (
    NOBODY,
    STEPS,
    Deed,
    Move,
    Stride,
    Trail,
    Ways,
    walking,
    without,
    written,
)

CREATE = Move(Deed.CREATE)
RICH = Move(Deed.CREATE, choice=1)
READ = Move(Deed.READ, 1)
LIST = Move(Deed.LIST)
UPDATE = Move(Deed.UPDATE, 1, 1)
DELETE = Move(Deed.DELETE, 1)
START, PAUSE, RESUME, CANCEL = (Move(Deed.COMMAND, 1, n) for n in range(4))


@pytest.fixture(scope="module")
def ways(contract: Contract, cases: tuple[Case, ...]) -> Ways:
    found = Ways.of(contract, cases)
    assert found is not None
    return found


def told(stride: Stride) -> tuple[str, tuple[str | int, ...], list[str]]:
    """Say of a stride its operation, the status due, and its rules."""
    rules = [str(each.rule).removeprefix("lifecycle.") for each in stride.claims]
    return stride.step.link or "create", stride.due, rules


def last(ways: Ways, *moves: Move) -> Stride:
    return written(ways, moves).strides[-1]


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([CREATE, READ], ("read", ("2xx",), ["readable", "state"])),
        ([CREATE, LIST], ("list", ("2xx",), ["listed"])),
        ([CREATE, UPDATE], ("update", ("2xx",), ["updated"])),
        ([CREATE, UPDATE, READ], ("read", ("2xx",), ["updated", "state"])),
        ([CREATE, Move(Deed.SPOIL, 1)], ("update", ("4xx",), ["update.refused"])),
        (
            [CREATE, Move(Deed.SPOIL, 1), READ],
            ("read", ("2xx",), ["update.refused", "state"]),
        ),
        ([CREATE, DELETE], ("delete", ("2xx",), ["deleted"])),
        ([CREATE, DELETE, READ], ("read", ("4xx",), ["deleted"])),
        ([CREATE, DELETE, UPDATE], ("update", ("4xx",), ["deleted"])),
        ([CREATE, DELETE, Move(Deed.SPOIL, 1)], ("update", ("4xx",), ["deleted"])),
        ([CREATE, DELETE, DELETE], ("delete", ("2xx", "4xx"), ["deleted"])),
        ([CREATE, DELETE, START], ("start", ("4xx",), ["deleted"])),
        ([CREATE, DELETE, LIST], ("list", ("2xx",), ["deleted"])),
        ([CREATE, DELETE, CREATE, LIST], ("list", ("2xx",), ["listed", "deleted"])),
        (
            [CREATE, CREATE, DELETE, Move(Deed.READ, 2)],
            ("read", ("2xx",), ["deleted", "state"]),
        ),
        ([Move(Deed.READ)], ("read", ("4xx",), ["unknown"])),
        ([Move(Deed.DELETE)], ("delete", ("4xx",), ["unknown"])),
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
    ways: Ways,
    moves: list[Move],
    expected: tuple[str, tuple[str | int, ...], list[str]],
) -> None:
    assert told(last(ways, *moves)) == expected


@pytest.mark.parametrize(
    "moves",
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
def test_what_nothing_settles_is_not_done(ways: Ways, moves: list[Move]) -> None:
    walk = written(ways, moves)

    assert walk.moves == tuple(moves[:-1])


def test_command_that_hangs_on_another_waits_for_it(ways: Ways) -> None:
    *_, start, look, pause = written(ways, [CREATE, START, PAUSE]).strides

    (waits,) = look.step.wants
    assert (waits.what, waits.at, waits.value) == (What.ONE_OF, "/state", ["started"])
    # Where it does not come to that the walk ends, and nothing is wrong.
    assert look.unsure == "look started"
    wanted = [want for claim in look.claims for want in claim.wants]
    assert wanted[-1].what == What.ONE_OF
    assert wanted[-1].value == ["completed", "processing", "started", "starting"]
    assert (start.move, look.move, pause.move) == (1, 2, 2)


def test_hasty_walk_waits_for_nothing(ways: Ways) -> None:
    walk = written(ways, [CREATE, START, READ, PAUSE], hasty=True)

    reads = [each.step for each in walk.strides if each.step.request.method == "GET"]
    assert reads
    assert What.ONE_OF not in {want.what for step in reads for want in step.wants}


@pytest.mark.parametrize("before", [(START,), (START, PAUSE)])
def test_update_of_what_runs_may_be_refused(
    ways: Ways, before: tuple[Move, ...]
) -> None:
    update, read = written(ways, [CREATE, *before, UPDATE, READ]).strides[-2:]

    assert update.due == ("2xx", "4xx")
    assert update.step.status == ("2xx",)
    assert update.unsure.startswith("update ")
    # If it was taken it is there, in whatever state.
    assert told(read) == ("read", ("2xx",), ["updated"])


@pytest.mark.parametrize(
    ("moves", "idle"),
    [
        ([RICH], "create 1"),
        ([CREATE, UPDATE], "create 1"),
        ([RICH, DELETE], "delete draft scheduled"),
        ([CREATE, START, PAUSE], "look started"),
        ([CREATE, START, UPDATE], "update completed processing started starting"),
    ],
)
def test_what_a_target_does_not_do_is_not_asked_again(
    ways: Ways, moves: list[Move], idle: str
) -> None:
    assert written(ways, moves).moves == tuple(moves)
    assert written(ways, moves, idle=frozenset({idle})).moves == tuple(moves[:-1])


def test_read_of_an_updated_thing_shows_nothing_of_its_earlier_body(
    ways: Ways,
) -> None:
    back = Move(Deed.UPDATE, 1, 0)
    kept = last(ways, RICH, back, READ).claims[0]

    rich, plain = ways.bodies[1].body, ways.bodies[0].body
    gone = {want.at[1:] for want in kept.wants if want.what == What.DIFFERS}
    assert gone
    assert gone <= rich.keys() - plain.keys()


def test_ids_are_told_apart(ways: Ways) -> None:
    walk = written(ways, [CREATE, CREATE, Move(Deed.DELETE, 2), CREATE])

    assert [list(each.step.capture) for each in walk.strides] == [
        ["broadcastId-1"],
        ["broadcastId-2"],
        [],
        ["broadcastId-3"],
    ]
    ids = walk.strides[-1].claims[0]
    assert [want.value for want in ids.wants] == ["{broadcastId-1}", "{broadcastId-2}"]
    assert walk.strides[2].step.request.path.endswith("/{broadcastId-2}")


def test_walk_is_a_case_whose_last_step_is_judged(ways: Ways) -> None:
    walk = written(ways, [RICH, READ], 7)
    kept, state = walk.strides[-1].claims

    whole, case = walk.whole(), walk.case(state)

    assert whole.id == "explore/lifecycle.readable-walk-7"
    assert whole.steps[-1].wants == kept.wants + state.wants
    assert case.id == "explore/lifecycle.state-walk-7"
    assert case.steps[-1].wants == state.wants
    assert case.steps[0] == walk.strides[0].step
    assert (case.phase, case.expect) == (Phase.EXPLORE, Expect.ACCEPT)
    assert case.request == case.steps[0].request
    # It binds no more than its body, or its rule.
    assert whole.level == max(
        Level.SHOULD, ways.bodies[1].level, key=lambda each: each.rank
    )
    assert case.level == Level.MAY


def test_case_of_what_never_was_is_to_be_refused(ways: Ways) -> None:
    case = written(ways, [Move(Deed.UPDATE, NOBODY)]).whole()

    assert case.expect == Expect.REJECT
    assert "{" not in case.request.path
    assert ("Connection", "close") in case.request.headers


def test_walk_up_to_a_step_has_the_moves_up_to_it(ways: Ways) -> None:
    walk = written(ways, [CREATE, START, PAUSE, READ])

    assert walk.upto(0).moves == ()
    assert walk.upto(2).moves == (CREATE, START)
    assert walk.upto(3).moves == walk.upto(4).moves == (CREATE, START, PAUSE)


def test_without_a_create_there_is_nothing_of_what_it_made() -> None:
    second = Move(Deed.READ, 2)
    moves = (CREATE, CREATE, READ, LIST, second)

    assert without(moves, 2) == (CREATE, CREATE, LIST, second)
    assert without(moves, 0) == (CREATE, LIST, READ)
    assert without(moves, 1) == (CREATE, READ, LIST)


def test_operation_that_is_missing_is_not_walked(ways: Ways) -> None:
    moves = [CREATE, LIST, READ, UPDATE, DELETE, START, Move(Deed.SPOIL, 1)]
    names = frozenset(each.name for each in ways.contract.links)
    only = replace(ways, missing=names - {"start"})

    assert only.deeds() == [(Deed.COMMAND, 1)]
    # Without a look at its state nothing is known of what a command does.
    assert written(only, [*moves[:5], START]).moves == (CREATE,)
    assert replace(ways, missing=names).deeds() == []
    nothing = replace(ways, missing=names - {"delete"})
    assert written(nothing, [CREATE, DELETE]).moves == (CREATE, DELETE)


def test_contract_without_links_is_not_walked(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    assert Ways.of(replace(contract, links=()), cases) is None
    assert Ways.of(contract, ()) is None


def test_survey_asks_each_operation_once(ways: Ways) -> None:
    survey = ways.survey()

    assert survey.phase == Phase.LIFECYCLE
    links = [step.link for step in survey.steps]
    names = {each.name for each in ways.contract.links}
    assert (links[0], links[-1], set(links[1:])) == ("", "delete", names)
    assert len(links) == len(names) + 1
    assert not any(step.paging for step in survey.steps)


def drawn(ways: Ways, number: int, limit: int = 60) -> list[tuple[Move, ...]]:
    found: list[tuple[Move, ...]] = []
    machine = walking(ways, found.append)
    seed(number)(machine)
    options = settings(
        max_examples=limit, database=None, deadline=None, stateful_step_count=16
    )
    run_state_machine_as_test(machine, settings=options)
    return found


def test_machine_draws_every_deed_on_up_to_three_things(ways: Ways) -> None:
    found = drawn(ways, 0)

    assert {move.deed for moves in found for move in moves} == {*Deed}
    for moves in found:
        walk = written(ways, moves)
        assert walk.moves == moves
        assert 0 < len(walk.strides) <= STEPS
        assert sum(thing.alive for thing in _trail(ways, moves).things) <= 3


def _trail(ways: Ways, moves: tuple[Move, ...]) -> Trail:
    trail = Trail(ways)
    assert all(trail.take(move) for move in moves)
    return trail


def test_walk_ends_with_a_look_at_all_that_is_there(ways: Ways) -> None:
    for moves in drawn(ways, 1, 20):
        alive = [thing.number for thing in _trail(ways, moves).alive]
        changed = [n for n, move in enumerate(moves) if not move.is_look]
        looks = moves[changed[-1] + 1 :]
        assert {Move(Deed.READ, number) for number in alive} <= {*looks}


def test_same_seed_draws_the_same(ways: Ways) -> None:
    assert drawn(ways, 3, 20) == drawn(ways, 3, 20)
    assert drawn(ways, 3, 20) != drawn(ways, 4, 20)


def test_machine_draws_only_what_is_offered(ways: Ways) -> None:
    names = frozenset(each.name for each in ways.contract.links)
    only = replace(ways, missing=names)

    found = drawn(only, 0, 10)

    assert {move.deed for moves in found for move in moves} == {Deed.CREATE}


def test_each_step_can_be_sent(ways: Ways) -> None:
    def is_complete(step: Step) -> bool:
        return bool(step.request.method and step.request.path and step.request.headers)

    for moves in drawn(ways, 2, 20):
        assert all(is_complete(each.step) for each in written(ways, moves).strides)
