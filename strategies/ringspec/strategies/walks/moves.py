"""Moves, and walks: moves written as steps, each with what is due of its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from ringspec.spec import Contract, Level, RuleId, weakest
from ringspec.strategies.case import Case, Expect, Phase, Status, Step, Want

# The number of what nobody ever created.
NOBODY = 0
UNKNOWN = RuleId("lifecycle.unknown")


class Deed(StrEnum):
    """What a move does."""

    CREATE = "create"
    READ = "read"
    LIST = "list"
    UPDATE = "update"
    SPOIL = "spoil"  # an update that breaks a rule
    DELETE = "delete"
    COMMAND = "command"


class Move(NamedTuple):
    """One move of a walk.

    Attributes:
        thing: its number, in the order of creation; `NOBODY` for what never was.
        choice: which body is sent, or which command is given.
    """

    deed: Deed
    thing: int = NOBODY
    choice: int = 0

    @property
    def is_look(self) -> bool:
        """Tell whether it changes nothing, whatever it is answered."""
        nobodys = self.thing == NOBODY and self.deed != Deed.CREATE
        return nobodys or self.deed in {Deed.READ, Deed.LIST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one rule wants of an answer."""

    rule: RuleId
    wants: tuple[Want, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stride:
    """A step of a walk.

    Attributes:
        step: what has to come out for the walk to go on.
        due: what the status has to be where the step is judged.
        claims: what else has to be so then.
        unsure: names what the target need not do, in a few words; empty if it must.
        binds: the level of the body that is sent.
        move: the place of the move that it is of.
    """

    step: Step
    due: Status
    claims: tuple[Claim, ...]
    unsure: str = ""
    binds: Level = Level.MUST
    move: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Moves, written down as steps.

    Attributes:
        number: makes the ids of its cases.
        hasty: whether all that is to show has to be there at once.
    """

    contract: Contract
    number: int
    moves: tuple[Move, ...]
    strides: tuple[Stride, ...]
    hasty: bool = False

    def upto(self, end: int) -> Walk:
        """Return the walk up to a step."""
        strides = self.strides[:end]
        last = strides[-1].move if strides else -1
        return replace(self, moves=self.moves[: last + 1], strides=strides)

    def whole(self) -> Case:
        """Return the case in which all claims on the last step are judged."""
        claims = self.strides[-1].claims
        wants = tuple(want for claim in claims for want in claim.wants)
        return self.case(replace(claims[0], wants=wants))

    def case(self, claim: Claim) -> Case:
        """Return the case in which one claim on the last step is judged."""
        last = self.strides[-1]
        judged = replace(last.step, status=last.due, wants=claim.wants)
        steps = (*(each.step for each in self.strides[:-1]), judged)
        level = self.contract.rules[claim.rule].level
        return Case(
            id=f"explore/{claim.rule}-walk-{self.number}",
            rule=claim.rule,
            level=weakest((level, *(each.binds for each in self.strides))),
            expect=Expect.REJECT if claim.rule == UNKNOWN else Expect.ACCEPT,
            status=last.due,
            request=steps[0].request,
            phase=Phase.EXPLORE,
            steps=steps,
        )


def without(moves: tuple[Move, ...], index: int) -> tuple[Move, ...]:
    """Leave a move out, and with a create all that is done to what it creates."""
    left = moves[:index] + moves[index + 1 :]
    if moves[index].deed != Deed.CREATE:
        return left
    number = sum(move.deed == Deed.CREATE for move in moves[: index + 1])
    return tuple(
        move._replace(thing=move.thing - (move.thing > number))
        for move in left
        if move.thing != number
    )
