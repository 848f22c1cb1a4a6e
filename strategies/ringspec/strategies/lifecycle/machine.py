"""The state machine: Hypothesis draws calls of the operations that a target offers.

In: a life cycle. Out: a state machine whose rules are the operations that the contract
links, and whose bundle is the resources that were created.
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

from ringspec.strategies.lifecycle.steps import Lifecycle
from ringspec.strategies.lifecycle.walk import (
    MAX_RESOURCES,
    MAX_STEPS,
    UNCREATED,
    Call,
    CallKind,
    Model,
)

# Some more calls are drawn than steps are made: not each can be applied at once.
MAX_CALLS = MAX_STEPS + 4
# It takes several commands to come far, and what changes most is worth most looks.
_WEIGHTS = {CallKind.COMMAND: 3, CallKind.UPDATE: 2, CallKind.DELETE: 2}
# Numbers of the resources of a walk, whether they still exist or not.
_RESOURCES: Bundle[int] = Bundle("things")


def state_machine(
    life: Lifecycle, ended: Callable[[tuple[Call, ...]], None]
) -> type[RuleBasedStateMachine]:
    """Return the state machine that draws calls, and passes them on at the end.

    Nothing is sent while it draws: what is due does not depend on answers.
    """

    def begin(self: Any) -> None:
        RuleBasedStateMachine.__init__(self)
        self.model = Model(life)

    def teardown(self: Any) -> None:
        self.model.close()
        ended(tuple(self.model.calls))

    made = {"__init__": begin, "teardown": teardown, **_rules(life)}
    return type("Walking", (RuleBasedStateMachine,), made)


def offered(life: Lifecycle) -> list[tuple[CallKind, int]]:
    """List the kinds of calls on a resource, each with how many choices there are."""
    found = [
        (CallKind.READ, 1 if life.read else 0),
        (CallKind.UPDATE, len(life.differing) if life.update else 0),
        (CallKind.SPOIL, len(life.faults) if life.update else 0),
        (CallKind.DELETE, 1 if life.delete else 0),
        (CallKind.COMMAND, len(life.commands)),
    ]
    return [each for each in found if each[1]]


def _rules(life: Lifecycle) -> dict[str, Any]:
    """Return the rules of what a target offers; something is created first of all."""
    # For the plainest body most is settled.
    bodies = st.just(0) | st.integers(0, len(life.differing) - 1)
    others = st.lists(bodies, max_size=MAX_RESOURCES - 1)
    found: dict[str, Any] = {
        "begin": initialize(target=_RESOURCES, first=bodies, others=others)(_begin),
        "create": rule(target=_RESOURCES, choice=bodies)(_create),
    }
    if life.listing:
        found["list"] = rule()(_list)
    in_vain: list[Call] = []
    for kind, many in offered(life):
        made = rule(resource=_RESOURCES, choice=st.integers(0, many - 1))
        for number in range(_WEIGHTS.get(kind, 1)):
            found[f"{kind}_{number}"] = made(_calling(kind))
        in_vain += (Call(kind, UNCREATED, each) for each in range(many))
    if in_vain:
        found["nobody"] = rule(call=st.sampled_from(in_vain))(_in_vain)
    return found


def _begin(self: Any, first: int, others: list[int]) -> Any:
    made = (_create(self, choice) for choice in (first, *others))
    return multiple(*(each for each in made if isinstance(each, int)))


def _create(self: Any, choice: int) -> Any:
    created = _apply(self, Call(CallKind.CREATE, choice=choice))
    return len(self.model.resources) if created else multiple()


def _list(self: Any) -> None:
    _apply(self, Call(CallKind.LIST))


def _calling(kind: CallKind) -> Callable[..., None]:
    def call(self: Any, resource: int, choice: int) -> None:
        if kind == CallKind.COMMAND:
            # In most states the effect of few commands is settled.
            settled = self.model.settled(resource)
            choice = settled[choice % len(settled)] if settled else choice
        _apply(self, Call(kind, resource, choice))

    return call


def _in_vain(self: Any, call: Call) -> None:
    _apply(self, call)


def _apply(self: Any, call: Call) -> bool:
    model: Model = self.model
    return not model.is_full and model.apply(call)
