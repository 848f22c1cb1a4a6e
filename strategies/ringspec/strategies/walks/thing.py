"""Things: what the model of a walk knows of something that was created."""

from __future__ import annotations

from dataclasses import dataclass

from ringspec.strategies.case import Case

_READABLE = "lifecycle.readable"
_STATE = "lifecycle.state"


@dataclass
class Thing:
    """What the model knows of something.

    Attributes:
        bodies: those it has had, the last of them now.
        states: those it may be in; none where that is not known.
        heading: the state that the last command leads to.
        kept: the rule by which it has its body.
        moved: the rule by which it is in its state.
    """

    number: int
    bodies: list[Case]
    states: frozenset[str]
    heading: str = ""
    kept: str = _READABLE
    moved: str = _STATE
    alive: bool = True
