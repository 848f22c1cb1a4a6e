"""Walks: what is done to things one after the other, and what is due of each answer.

In: the operations that a contract links to a create, with bodies that are accepted and
bodies that are refused. Out: a state machine that draws moves, and walks: moves written
down as steps, each with what the rules of a life say of its answer.
"""

from ringspec.strategies.walks.machine import MOVES, walking
from ringspec.strategies.walks.moves import (
    NOBODY,
    Claim,
    Deed,
    Move,
    Stride,
    Walk,
    without,
)
from ringspec.strategies.walks.trail import STEPS, Trail, written
from ringspec.strategies.walks.ways import Ways

__all__ = [
    "MOVES",
    "NOBODY",
    "STEPS",
    "Claim",
    "Deed",
    "Move",
    "Stride",
    "Trail",
    "Walk",
    "Ways",
    "walking",
    "without",
    "written",
]
