"""What walks are made of, and what is due of their steps."""

from __future__ import annotations

from random import Random

import pytest

from ringspec.spec import Contract, Level
from ringspec.strategies import Case, Expect, Phase
from ringspec.strategies.lifecycle.cases import Lifecycle
from ringspec.strategies.lifecycle.walk import (
    MAX_STEPS,
    Call,
    CallKind,
    Walk,
    WalkStep,
    drawn_calls,
)

CALLS = {
    "create": Call(CallKind.CREATE),
    "rich": Call(CallKind.CREATE, choice=1),
    "list": Call(CallKind.LIST),
    "read": Call(CallKind.READ, 1),
    "read-2": Call(CallKind.READ, 2),
    "read-none": Call(CallKind.READ),
    "update": Call(CallKind.UPDATE, 1, 1),
    "update-back": Call(CallKind.UPDATE, 1, 0),
    "update-none": Call(CallKind.UPDATE),
    "spoil": Call(CallKind.SPOIL, 1),
    "delete": Call(CallKind.DELETE, 1),
    "delete-2": Call(CallKind.DELETE, 2),
    "delete-none": Call(CallKind.DELETE),
    **{
        name: Call(CallKind.COMMAND, 1, number)
        for number, name in enumerate(("start", "pause", "resume", "cancel"))
    },
}


def calls(words: str) -> tuple[Call, ...]:
    return tuple(CALLS[word] for word in words.split())


@pytest.fixture(scope="module")
def life(contract: Contract, cases: tuple[Case, ...]) -> Lifecycle:
    found = Lifecycle.of(contract, cases)
    assert found is not None
    return found


def told(step: WalkStep) -> tuple[str, str, str]:
    """Return the operation of a step, the status due, and its rules."""
    rules = [str(each.rule).removeprefix("lifecycle.") for each in step.claims]
    due = " ".join(map(str, step.due))
    return step.step.link or "create", due, " ".join(rules)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("create read", ("read", "2xx", "readable state")),
        ("create list", ("list", "2xx", "listed")),
        ("create update", ("update", "2xx", "updated")),
        ("create update read", ("read", "2xx", "updated state")),
        ("create spoil", ("update", "4xx", "update.refused")),
        ("create spoil read", ("read", "2xx", "update.refused state")),
        ("create delete", ("delete", "2xx", "deleted")),
        ("create delete read", ("read", "4xx", "deleted")),
        ("create delete update", ("update", "4xx", "deleted")),
        ("create delete spoil", ("update", "4xx", "deleted")),
        ("create delete delete", ("delete", "2xx 4xx", "deleted")),
        ("create delete start", ("start", "4xx", "deleted")),
        ("create delete list", ("list", "2xx", "deleted")),
        ("create delete create list", ("list", "2xx", "listed deleted")),
        ("create create delete read-2", ("read", "2xx", "deleted state")),
        ("read-none", ("read", "4xx", "unknown")),
        ("delete-none", ("delete", "4xx", "unknown")),
        ("create start", ("start", "2xx", "start")),
        ("create pause", ("pause", "4xx", "transitions")),
        ("create pause read", ("read", "2xx", "readable transitions")),
        ("create start read", ("read", "2xx", "readable start")),
        ("create start pause", ("pause", "2xx", "pause")),
        ("create start pause cancel", ("cancel", "2xx", "cancel")),
        ("create start cancel resume", ("resume", "4xx", "transitions")),
    ],
)
def test_what_is_due_depends_on_what_was_done(
    life: Lifecycle, words: str, expected: tuple[str, str, str]
) -> None:
    assert told(Walk(life).apply_all(calls(words)).steps[-1]) == expected


@pytest.mark.parametrize(
    "words",
    [
        "read",  # it was never created
        "list",  # there is nothing to look for
        "create read read",  # it has just been looked at
        "rich pause",  # it may be scheduled, of which nothing is settled
        "create cancel",  # nor whether what never began can be canceled
        "create start delete",  # nor whether what runs can be deleted
        "create start resume",
        "create create create create",  # so many are enough
        "create start update pause",  # an update may have changed its state
    ],
)
def test_what_nothing_settles_is_not_done(life: Lifecycle, words: str) -> None:
    assert Walk(life).apply_all(calls(words)).calls == calls(words)[:-1]


@pytest.mark.parametrize("before", ["start", "start pause"])
def test_update_of_what_runs_may_be_refused(life: Lifecycle, before: str) -> None:
    walk = Walk(life).apply_all(calls(f"create {before} update read"))

    update, read = walk.steps[-2:]
    assert update.due == ("2xx", "4xx")
    assert update.step.status == ("2xx",)
    assert update.unsure.startswith("update ")
    # If it was taken it is there, in whatever state.
    assert told(read) == ("read", "2xx", "updated")


@pytest.mark.parametrize(
    ("words", "idle"),
    [
        ("rich", "create 1"),
        ("create update", "create 1"),
        ("rich delete", "delete draft scheduled"),
        ("create start pause", "look started"),
        ("create start update", "update completed processing started starting"),
    ],
)
def test_what_a_target_does_not_do_is_not_asked_again(
    life: Lifecycle, words: str, idle: str
) -> None:
    walked = calls(words)

    assert Walk(life).apply_all(walked).calls == walked
    assert Walk(life, idle=frozenset({idle})).apply_all(walked).calls == walked[:-1]


def test_walk_is_a_case_whose_last_step_is_judged(life: Lifecycle) -> None:
    walk = Walk(life, 7).apply_all(calls("rich read"))
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
    body = life.differing[1].level
    assert whole.level == max(Level.SHOULD, body, key=lambda each: each.rank)
    assert case.level == Level.MAY


def drawn(life: Lifecycle, number: int, limit: int = 60) -> list[tuple[Call, ...]]:
    random = Random(number)
    return [drawn_calls(life, random) for _ in range(limit)]


def test_every_kind_is_drawn_and_a_walk_ends_with_a_look_at_all_that_is_there(
    life: Lifecycle,
) -> None:
    found = drawn(life, 0)

    assert {call.kind for walked in found for call in walked} == {*CallKind}
    for walked in found:
        walk = Walk(life).apply_all(walked)
        assert walk.calls == walked
        assert 0 < len(walk.steps) <= MAX_STEPS
        assert len(walk.existing) <= 3
        changed = [
            n
            for n, (kind, number, _) in enumerate(walked)
            if kind == CallKind.CREATE or (number and kind != CallKind.READ)
        ]
        looks = {*walked[changed[-1] + 1 :]}
        assert {Call(CallKind.READ, each.number) for each in walk.existing} <= looks


def test_same_seed_draws_the_same(life: Lifecycle) -> None:
    assert drawn(life, 3, 20) == drawn(life, 3, 20)
    assert drawn(life, 3, 20) != drawn(life, 4, 20)
