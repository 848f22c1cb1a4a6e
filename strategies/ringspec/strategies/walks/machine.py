"""The machine: Hypothesis draws moves from what a target offers.

In: ways. Out: a state machine whose rules are the operations that the contract links,
and whose bundle is the things that were created.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
)

from ringspec.strategies.walks.moves import NOBODY, Deed, Move
from ringspec.strategies.walks.trail import STEPS, THINGS, Trail
from ringspec.strategies.walks.ways import Ways

# Some more moves are drawn than steps are taken: not each can be taken at once.
MOVES = STEPS + 4
# It takes several commands to come far, and what changes most is worth most looks.
_WEIGHTS = {Deed.COMMAND: 3, Deed.UPDATE: 2, Deed.DELETE: 2}


def walking(
    ways: Ways, ended: Callable[[tuple[Move, ...]], None]
) -> type[RuleBasedStateMachine]:
    """Return the state machine that draws moves, and says at the end what they were.

    Nothing is sent while it draws: what is due does not hang on what is answered.
    """

    def begun(self: Any) -> None:
        RuleBasedStateMachine.__init__(self)
        self.trail = Trail(ways)

    def torn_down(self: Any) -> None:
        self.trail.close()
        ended(tuple(self.trail.moves))

    made = {"__init__": begun, "teardown": torn_down, **_rules(ways)}
    return type("Walking", (RuleBasedStateMachine,), made)


def _rules(ways: Ways) -> dict[str, Any]:
    """Make the rules of what a target offers; something is created first of all."""
    # Of the plainest body most is settled.
    bodies = st.just(0) | st.integers(0, len(ways.bodies) - 1)
    found: dict[str, Any] = {
        "begin": initialize(
            target=_things, first=bodies, others=st.lists(bodies, max_size=THINGS - 1)
        )(_begun),
        "create": rule(target=_things, choice=bodies)(_created),
    }
    if ways.listing:
        found["list"] = rule()(_listed)
    deeds = ways.deeds()
    for deed, many in deeds:
        choices = st.integers(0, many - 1)
        for number in range(_WEIGHTS.get(deed, 1)):
            done = rule(thing=_things, choice=choices)(_doing(deed))
            found[f"{deed}_{number}"] = done
    if deeds:
        every = [
            Move(deed, NOBODY, each) for deed, many in deeds for each in range(many)
        ]
        found["nobody"] = rule(move=st.sampled_from(every))(_moved)
    return found


# The things of a walk, by their numbers, whether they are still there or not.
_things: Bundle[int] = Bundle("things")


def _begun(self: Any, first: int, others: list[int]) -> Any:
    made = (_created(self, choice) for choice in (first, *others))
    return multiple(*(each for each in made if isinstance(each, int)))


def _created(self: Any, choice: int) -> Any:
    taken = _taken(self, Move(Deed.CREATE, choice=choice))
    return len(self.trail.things) if taken else multiple()


def _listed(self: Any) -> None:
    _taken(self, Move(Deed.LIST))


def _moved(self: Any, move: Move) -> None:
    _taken(self, move)


def _doing(deed: Deed) -> Callable[..., None]:
    def do(self: Any, thing: int, choice: int) -> None:
        trail: Trail = self.trail
        if deed == Deed.COMMAND:
            # Of most states it is settled of few commands only what they do.
            settled = trail.settled(thing)
            choice = settled[choice % len(settled)] if settled else choice
        _taken(self, Move(deed, thing, choice))

    return do


def _taken(machine: Any, move: Move) -> bool:
    trail: Trail = machine.trail
    return not trail.is_full and trail.take(move)
