"""The trail: a model that takes moves, and writes down what is due of each.

In: moves. Out: walks. The model knows of each thing whether it is there, its body, and
the states it may be in. What nothing settles is left out, or is a step without which
the walk ends and nobody is accused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ringspec.spec import Level, Link, RuleId
from ringspec.spec import pointer as pointer_to
from ringspec.strategies.case import Status, Step, Want, What, closing
from ringspec.strategies.phases.scribe import ACCEPTED, REFUSED, members
from ringspec.strategies.shapes.locations import schema_at
from ringspec.strategies.walks.moves import (
    NOBODY,
    UNKNOWN,
    Claim,
    Deed,
    Move,
    Stride,
    Walk,
)
from ringspec.strategies.walks.thing import Thing
from ringspec.strategies.walks.ways import Ways

# A walk has no more steps than this, the last looks at all that ever was included.
STEPS = 12
# So many things are there at once.
THINGS = 3
# An id that a server is most unlikely to have given out.
_NO_ID = "00000000-0000-4000-8000-000000000000"
_EITHER: Status = ("2xx", "4xx")
_ANY: Status = ("2xx", "3xx", "4xx", "5xx")

_IDS = "lifecycle.ids"
_READABLE = "lifecycle.readable"
_LISTED = "lifecycle.listed"
_UPDATED = "lifecycle.updated"
_UPDATE_REFUSED = "lifecycle.update.refused"
_DELETED = "lifecycle.deleted"
_STATE = "lifecycle.state"
_TRANSITIONS = "lifecycle.transitions"


@dataclass
class Trail:
    """The model: takes moves, and writes down their steps.

    Attributes:
        idle: what the target need not do, and does not.
        hasty: whether all has to be there at once, which is quicker to tell.
        moves: those that were taken.
    """

    ways: Ways
    idle: frozenset[str] = frozenset()
    hasty: bool = False
    moves: list[Move] = field(default_factory=list)
    strides: list[Stride] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    _looks: set[Move] = field(default_factory=set)

    def take(self, move: Move) -> bool:
        """Take a move, if it is settled what comes of it; tell whether it was taken."""
        if move.thing > len(self.things) or move in self._looks:
            return False
        taken = self._deeds[move.deed](move)
        if taken:
            # Two looks in a row see the same.
            self._looks = {*self._looks, move} if move.is_look else set()
            self.strides += (replace(each, move=len(self.moves)) for each in taken)
            self.moves.append(move)
        return bool(taken)

    @property
    def is_full(self) -> bool:
        """Tell whether there is no room for another move and the last looks."""
        # A move takes up to two steps, or one and another look at the end.
        return len(self.strides) + len(self.things) + 2 > STEPS

    def close(self) -> None:
        """Look at all that is there, at last, and for all that has to be gone."""
        for thing in self.things:
            self.take(Move(Deed.READ, thing.number))

    def walk(self, number: int) -> Walk:
        """Return what was walked."""
        return Walk(
            contract=self.ways.contract,
            number=number,
            moves=tuple(self.moves),
            strides=tuple(self.strides),
            hasty=self.hasty,
        )

    @property
    def alive(self) -> list[Thing]:
        """The things that are there."""
        return [thing for thing in self.things if thing.alive]

    @property
    def _deeds(self) -> dict[Deed, Callable[[Move], list[Stride]]]:
        return {
            Deed.CREATE: self._create,
            Deed.READ: self._read,
            Deed.LIST: self._list,
            Deed.UPDATE: self._update,
            Deed.SPOIL: self._spoil,
            Deed.DELETE: self._delete,
            Deed.COMMAND: self._command,
        }

    def _alive(self, number: int) -> Thing | None:
        thing = self.things[number - 1] if number else None
        return thing if thing and thing.alive else None

    def _create(self, move: Move) -> list[Stride]:
        case, unsure = self.ways.bodies[move.choice], f"create {move.choice}"
        if len(self.alive) >= THINGS or unsure in self.idle:
            return []
        others = [each.number for each in self.things]
        number = len(others) + 1
        states = self.ways.waiting if move.choice else self.ways.first
        thing = Thing(number=number, bodies=[case], states=states)
        ids = self.ways.scribe.captures.items()
        differs = (
            Want(what=What.DIFFERS, at=at, value=f"{{{name}-{other}}}")
            for name, at in ids
            for other in others
        )
        step = Step(
            request=case.request,
            status=ACCEPTED,
            capture={f"{name}-{number}": at for name, at in ids},
        )
        claims = (_claim(_IDS, *differs), *self._state(thing))
        self.things.append(thing)
        # Whether a body is accepted is for other rules to say.
        return self._strides(step, _ANY, claims, unsure=unsure, binds=case.level)

    def _read(self, move: Move) -> list[Stride]:
        thing = self._alive(move.thing)
        if self.ways.read is None:
            return []
        return self._look(thing) if thing else self._vain(self.ways.read, move)

    def _look(self, thing: Thing, wanted: str = "") -> list[Stride]:
        """Read a thing; and wait, if need be, until it is in the state wanted."""
        read = self.ways.read
        unsure = f"look {wanted}" if wanted else ""
        if read is None or unsure in self.idle:
            return []
        shows = Want(what=What.SHOWS, value=thing.bodies[-1].body)
        kept = _claim(thing.kept, shows, *self._same(thing), *self._replaced(thing))
        found = self._strides(
            self._step(read, thing.number),
            ACCEPTED,
            (kept, *self._state(thing)),
            unsure=unsure,
        )
        what = What.IF_SHOWN if self.hasty else What.ONE_OF
        waits = Want(what=what, at=read.state, value=[wanted])
        return [
            replace(each, step=replace(each.step, wants=(waits,))) if wanted else each
            for each in found
        ]

    def _same(self, thing: Thing) -> list[Want]:
        """Want an answer to be about a thing."""
        return [
            Want(what=What.IF_SHOWN, at=at, value=[f"{{{name}-{thing.number}}}"])
            for name, at in self.ways.scribe.captures.items()
        ]

    def _state(self, thing: Thing) -> list[Claim]:
        """Claim that a thing is in a state that it may be in."""
        read = self.ways.read
        if read is None or not thing.states:
            return []
        # On its way somewhere it is looked at until it is there.
        waits = thing.heading and not self.hasty
        what = What.ONE_OF if waits else What.IF_SHOWN
        want = Want(what=what, at=read.state, value=sorted(thing.states))
        return [_claim(thing.moved, want)]

    def _replaced(self, thing: Thing) -> list[Want]:
        """Want that nothing is left of earlier bodies."""
        *earlier, now = (each.body for each in thing.bodies)
        schema = self.ways.contract.request.schema
        found: dict[str, Want] = {}
        for name, value in (each for body in earlier for each in members(body)):
            default = schema_at(schema, (name,)).get("default")
            if name not in now and value not in (None, False, default):
                at = pointer_to((name,))
                found[f"{name}={value}"] = Want(what=What.DIFFERS, at=at, value=value)
        return list(found.values())

    def _list(self, _move: Move) -> list[Stride]:
        list_ = self.ways.listing
        if list_ is None or not self.things:
            return []
        claims: dict[str, list[Want]] = {}
        for thing in self.things:
            # What is deleted is gone, and nothing else is by that.
            by = _DELETED if thing.kept == _DELETED or not thing.alive else _LISTED
            what = What.HAS if thing.alive else What.LACKS
            claims.setdefault(by, []).extend(
                Want(what=what, at=at, value=f"{{{name}-{thing.number}}}")
                for name, at in self.ways.scribe.captures.items()
            )
        asked = [_claim(name, *claims[name]) for name in sorted(claims, reverse=True)]
        return self._strides(self._step(list_), ACCEPTED, asked)

    def _update(self, move: Move) -> list[Stride]:
        update, case = self.ways.update, self.ways.bodies[move.choice]
        thing = self._alive(move.thing)
        if update is None:
            return []
        if thing is None:
            return self._vain(update, move, case.request.body)
        sure = self._is_waiting(thing)
        unsure = "" if sure else f"update {' '.join(sorted(thing.states))}".strip()
        if {unsure, f"create {move.choice}"} & self.idle:
            return []
        thing.bodies.append(case)
        thing.kept = _UPDATED
        if not sure:
            thing.states, thing.heading = frozenset(), ""
        elif move.choice:
            thing.states = self.ways.waiting
        shows = Want(what=What.SHOWS, value=case.body)
        return self._strides(
            self._step(update, thing.number, case.request.body),
            ACCEPTED if sure else _EITHER,
            [_claim(_UPDATED, shows, *self._same(thing))],
            unsure=unsure,
            binds=case.level,
        )

    def _spoil(self, move: Move) -> list[Stride]:
        update, case = self.ways.update, self.ways.faults[move.choice]
        thing = self._alive(move.thing)
        if update is None:
            return []
        if thing is None:
            return self._vain(update, move, case.request.body)
        thing.kept = _UPDATE_REFUSED
        step = self._step(update, thing.number, case.request.body)
        claims = [_claim(_UPDATE_REFUSED)]
        return self._strides(step, REFUSED, claims, binds=case.level)

    def _delete(self, move: Move) -> list[Stride]:
        delete, thing = self.ways.delete, self._alive(move.thing)
        if delete is None:
            return []
        if thing is None:
            return self._vain(delete, move)
        sure = thing.states <= self.ways.first
        unsure = "" if sure else f"delete {' '.join(sorted(thing.states))}"
        if not self._is_waiting(thing) or unsure in self.idle:
            return []
        thing.alive = False
        for other in self.alive:
            other.kept = _DELETED
        return self._strides(
            self._step(delete, thing.number),
            ACCEPTED if sure else _EITHER,
            [_claim(_DELETED)],
            unsure=unsure,
        )

    def settled(self, number: int) -> list[int]:
        """List the commands of which it is settled what they do to a thing."""
        thing = self._alive(number)
        commands = enumerate(self.ways.commands)
        return [n for n, each in commands if thing and self._states(thing, each)]

    def _states(self, thing: Thing, command: Link) -> frozenset[str]:
        """Return the states by which a command is settled; none where it is not.

        Where those that a thing may be in do not settle it, the one that it should be
        in by now may: it is looked at before.
        """
        for states in (thing.states, frozenset({thing.heading} - {""})):
            if _is_taken(command, states) or _is_refused(command, states):
                return states
        return frozenset()

    def _command(self, move: Move) -> list[Stride]:
        command, thing = self.ways.commands[move.choice], self._alive(move.thing)
        if thing is None:
            return self._vain(command, move)
        states, before = self._states(thing, command), list[Stride]()
        if states != thing.states:
            before = self._look(thing, thing.heading) if states else []
            if not before:
                return []
        if not states:
            return []
        return [*before, *self._commanded(thing, command, states)]

    def _commanded(
        self, thing: Thing, command: Link, states: frozenset[str]
    ) -> list[Stride]:
        step = self._step(command, thing.number)
        if _is_refused(command, states):
            thing.moved = _TRANSITIONS
            return self._strides(step, REFUSED, [_claim(_TRANSITIONS)])
        thing.heading = command.transition.to
        thing.states = frozenset({thing.heading, *command.transition.via})
        thing.moved = f"lifecycle.{command.name}"
        leads = Want(what=What.ONE_OF, at=command.state, value=sorted(thing.states))
        wants = (leads,) if command.state else ()
        return self._strides(step, ACCEPTED, [_claim(thing.moved, *wants)])

    def _vain(self, link: Link, move: Move, content: bytes = b"") -> list[Stride]:
        """Ask for what is not there."""
        if not link.captures:
            return []
        step = self._step(link, move.thing, content)
        # What is refused at once may leave its body to be taken for another request.
        step = replace(step, request=closing(step.request)) if content else step
        if move.thing == NOBODY:
            return self._strides(step, REFUSED, [_claim(UNKNOWN)])
        # To delete a thing again may be fine: nothing is there afterwards, as wanted.
        due = _EITHER if move.deed == Deed.DELETE else REFUSED
        return self._strides(step, due, [_claim(_DELETED)])

    def _is_waiting(self, thing: Thing) -> bool:
        """Tell whether nothing has begun, so that a thing can surely be changed."""
        known = bool(thing.states) or not self.ways.first
        return known and thing.states <= self.ways.waiting

    def _step(self, link: Link, number: int = 0, content: bytes = b"") -> Step:
        """Write the step of an operation on some thing, with nothing wanted of it."""
        step = self.ways.scribe.step(link, content=content)
        named = rf"{{\1-{number}}}" if number else _NO_ID
        path = re.sub(r"\{([^}]*)\}", named, step.request.path)
        return replace(step, request=replace(step.request, path=path))

    def _strides(
        self,
        step: Step,
        due: Status,
        claims: Iterable[Claim],
        *,
        unsure: str = "",
        binds: Level = Level.MUST,
    ) -> list[Stride]:
        """Write a stride, as far as there are rules to judge it by."""
        asked = tuple(each for each in claims if each.rule in self.ways.contract.rules)
        wants = tuple(want for each in asked for want in each.wants)
        status = ACCEPTED if unsure else due
        step = replace(step, status=status, wants=wants)
        stride = Stride(step=step, due=due, claims=asked, unsure=unsure, binds=binds)
        return [stride] if asked else []


def _claim(name: str, *wants: Want) -> Claim:
    return Claim(rule=RuleId(name), wants=wants)


def _is_taken(command: Link, states: frozenset[str]) -> bool:
    """Tell whether a command is surely taken in any of some states."""
    life = command.transition
    return bool(states and life.to) and states <= {*life.comes_from}


def _is_refused(command: Link, states: frozenset[str]) -> bool:
    """Tell whether a command is surely refused in any of some states."""
    return bool(states) and states <= {*command.transition.refuses}


def written(
    ways: Ways,
    moves: Iterable[Move],
    number: int = 1,
    *,
    idle: frozenset[str] = frozenset(),
    hasty: bool = False,
) -> Walk:
    """Write down those of some moves that can be taken, one after the other."""
    trail = Trail(ways, idle, hasty)
    for move in moves:
        trail.take(move)
    return trail.walk(number)
