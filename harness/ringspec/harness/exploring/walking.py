"""Walking: Hypothesis draws what is done one after the other, and shrinks what fails.

In: what walks can be made of, and what fires one. Out: events: each walk with what it
passed, and of each failure the shortest script that shows it, as a case whose last step
is judged. All steps of a walk are drawn before any is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test

from ringspec.harness.exploring.news import (
    SILENCE,
    Fault,
    Limits,
    News,
    Over,
    Raised,
    Shot,
)
from ringspec.harness.judging.verdict import Judged
from ringspec.spec import Level
from ringspec.strategies import (
    MOVES,
    Deed,
    Move,
    Walk,
    Ways,
    walking,
    without,
    written,
)

Fire: TypeAlias = Callable[[Walk], Shot]
Tell: TypeAlias = Callable[[Judged], None]


# One example in ten is a walk, if there are some more than a handful.
_ONE_IN, _AT_LEAST = 10, 5
_LIFE = "lifecycle."
# Of one failure Hypothesis draws so many walks that may be shorter.
_TRIES = 100


def share_of(examples: int) -> int:
    """Return how many of some examples are walks."""
    return min(max(examples // _ONE_IN, _AT_LEAST), examples // 2)


class _Found(Exception):  # noqa: N818 - it is what Hypothesis is to find
    """A walk fails."""


@dataclass
class _Trace:
    """A failure whose walk is being shortened.

    Attributes:
        level: how strongly it binds at least: it may get worse on the way.
        best: the shortest walk so far, and `shot` what came of it.
        hasty: whether nothing is waited for meanwhile: what is wrong to the end mostly
            is so at once.
        allowed: how many requests may be spent on it, so far.
        tries: how many more walks are drawn.
        silent: walks without an answer in a row.
    """

    fault: Fault
    level: Level
    best: Walk
    shot: Shot
    until: float
    allowed: int
    hasty: bool = False
    requests: int = 0
    tries: int = _TRIES
    silent: int = 0

    def shows(self, shot: Shot) -> bool:
        """Tell whether a walk shows the failure, or another of a life.

        What goes wrong shows by one rule or another, as walks get shorter. If it comes
        to what is known already, that was all.
        """
        return any(
            level.gates(self.level) and self._is_kin(fault)
            for fault, level in shot.faults.items()
        )

    def _is_kin(self, fault: Fault) -> bool:
        both = fault.rule.startswith(_LIFE) and self.fault.rule.startswith(_LIFE)
        return both or fault == self.fault

    def is_shortened_by(self, walk: Walk) -> bool:
        """Tell whether a walk has fewer steps, or says less in them."""
        return _size(walk) < _size(self.best)


def _size(walk: Walk) -> tuple[int, int, int]:
    said = sum(len(each.step.request.body) for each in walk.strides)
    commands = sum(move.deed == Deed.COMMAND for move in walk.moves)
    return len(walk.strides), said, commands


class Walker:
    """Hunts for walks that fail, some at a time.

    Attributes:
        late: whether the time is up.
    """

    def __init__(self, ways: Ways, limits: Limits, news: News) -> None:
        self.late = False
        self._ways = ways
        self._limits = limits
        self._news = news
        self._idle: set[str] = set()
        self._shots: dict[tuple[tuple[Move, ...], int], Shot | None] = {}
        # What Hypothesis was told, lest it be told otherwise when it asks again.
        self._answers: dict[tuple[Move, ...], bool] = {}
        self._quota = self._hunts = self._fired = 0
        self._trace: _Trace | None = None

    def turn(self, share: int, until: float, fire: Fire, tell: Tell) -> int:
        """Go some walks, whatever is found on the way; return how many there were."""
        self._fire, self._tell, self._until = fire, tell, until
        self._quota = share
        found = True
        while found and self._quota > 0 and not self.late:
            found = self._hunt()
        return share - self._quota

    def _hunt(self) -> bool:
        """Search until something is found, and shorten it; False if nothing is."""
        self._hunts += 1
        self._trace = None
        self._answers = {}
        options = settings(
            max_examples=2 * self._quota,
            stateful_step_count=MOVES,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
            print_blob=False,
            backend="hypothesis",
        )
        machine = walking(self._ways, self._ended)
        random = Random(f"{self._limits.seed} walk {self._hunts}")  # noqa: S311 - no secret
        seed(random.getrandbits(64))(machine)
        try:
            run_state_machine_as_test(machine, settings=options)
        except (_Found, Over, Unsatisfiable):
            pass
        except Raised as raised:
            raise raised.error from None
        return self._found()

    def _found(self) -> bool:
        """Leave out what can be left out of the walk that was found; tell of it."""
        trace = self._trace
        if trace is None:
            return False
        trace.allowed *= 2
        trace.until += self._limits.shrink_seconds / 2
        with suppress(Over):
            while any(self._is_shorter(moves) for moves in _shorter(trace.best.moves)):
                pass
        self._told(self._patiently(trace))
        self._news.take({trace.fault: trace.level})
        return True

    def _ended(self, moves: tuple[Move, ...]) -> None:
        """Go the walk that was drawn.

        Raises:
            _Found: it fails, as it is to.
        """
        if moves not in self._answers:
            try:
                self._answers[moves] = self._is_found(moves)
            except Exception as error:
                raise Raised(error) from error
        if self._answers[moves]:
            raise _Found

    def _is_found(self, moves: tuple[Move, ...]) -> bool:
        """Tell whether a walk shows a failure: any new one, then just that one."""
        if self._trace is not None:
            self._trace.tries -= 1
            if self._trace.tries < 0:
                raise Over
            return self._is_shorter(moves)
        walk = self._written(moves)
        if not walk.strides or self._key(walk) in self._shots:
            return False
        shot = self._shot(walk)
        worst = self._news.worst(shot)
        if worst is None:
            self._told(shot)
            return False
        self._first = shot
        self._trace = _Trace(
            fault=worst,
            level=shot.faults[worst],
            best=walk.upto(shot.ended),
            shot=shot,
            until=time.monotonic() + self._limits.shrink_seconds / 2,
            allowed=self._limits.shrink_requests,
            silent=0 if shot.exchange.failure is None else 1,
        )
        with suppress(Over):
            self._hurry(self._trace)
        return True

    def _hurry(self, trace: _Trace) -> None:
        """See whether what fails does so without any waiting for it."""
        if trace.shot.case.steps[-1].request.method == "GET":
            walk = self._written(trace.best.moves, hasty=True)
            shot = self._shot(walk)
            if trace.shows(shot):
                trace.best, trace.shot, trace.hasty = walk.upto(shot.ended), shot, True

    def _patiently(self, trace: _Trace) -> Shot:
        """Go the shortest walk again, with all patience; or return the first one."""
        if not trace.hasty:
            return trace.shot
        self._trace = None
        shot = self._fire(self._written(trace.best.moves))
        return shot if trace.shows(shot) else self._first

    def _is_shorter(self, moves: tuple[Move, ...]) -> bool:
        """Tell whether a walk shows what is traced, and is no longer than known."""
        trace = self._trace
        assert trace is not None
        known = trace.best.strides
        walk = self._written(moves, hasty=trace.hasty).upto(len(known))
        if walk.strides == known:
            return True
        if not trace.is_shortened_by(walk):
            walk = walk.upto(len(known) - 1)
        if not walk.strides or walk.strides == known[:-1]:
            return False
        shot = self._shots.get(self._key(walk)) or self._shot(walk)
        trace.silent = 0 if shot.exchange.failure is None else trace.silent + 1
        if not trace.shows(shot):
            return False
        trace.best, trace.shot = walk.upto(shot.ended), shot
        return True

    def _written(self, moves: tuple[Move, ...], *, hasty: bool = False) -> Walk:
        idle, number = frozenset(self._idle), self._fired + 1
        return written(self._ways, moves, number, idle=idle, hasty=hasty)

    def _shot(self, walk: Walk) -> Shot:
        """Fire a walk."""
        self._spend()
        self._fired += 1
        shot = self._fire(walk)
        if self._trace is not None:
            self._trace.requests += shot.sent
        elif shot.idle:
            self._idle.add(shot.idle)
        self._shots[self._key(walk)] = shot if shot.faults else None
        return shot

    @staticmethod
    def _key(walk: Walk) -> tuple[tuple[Move, ...], int]:
        return walk.moves, len(walk.strides)

    def _spend(self) -> None:
        """Ask for one more walk.

        Raises:
            Over: there are no more.
        """
        now, trace = time.monotonic(), self._trace
        if now > self._until:
            self.late = True
            raise Over
        if trace is None:
            if self._quota <= 0:
                raise Over
            return
        spent = trace.requests >= trace.allowed
        if spent or now > trace.until or trace.silent >= SILENCE:
            raise Over

    def _told(self, shot: Shot) -> None:
        self._quota -= 1
        self._tell(self._news.judged(shot))


def _shorter(moves: tuple[Move, ...]) -> Iterator[tuple[Move, ...]]:
    """Leave out each move in turn, the last one first; then send plainer bodies."""
    last = moves[-1]
    if last.deed == Deed.COMMAND:
        # It may be the look before it that shows what is wrong.
        yield (*moves[:-1], Move(Deed.READ, last.thing))
    for index in reversed(range(len(moves))):
        yield without(moves, index)
        yield from _inherited(moves, index)
    for index, move in enumerate(moves):
        if move.choice:
            plain = move._replace(choice=0)
            yield (*moves[:index], plain, *moves[index + 1 :])


def _inherited(moves: tuple[Move, ...], index: int) -> Iterator[tuple[Move, ...]]:
    """Leave a move out, and let a later one like it send its body instead.

    What is wrong may show only where two bodies differ.
    """
    gone = moves[index]
    if not gone.choice or gone.deed == Deed.COMMAND:
        return
    for later in range(index + 1, len(moves)):
        if moves[later].deed == gone.deed:
            heir = moves[later]._replace(choice=gone.choice)
            yield without((*moves[:later], heir, *moves[later + 1 :]), index)
