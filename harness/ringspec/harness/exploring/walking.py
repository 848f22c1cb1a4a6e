"""Walks: Hypothesis draws calls one after the other, and what fails is shortened.

In: a life cycle, and what fires a walk. Out: events: each walk with what it passed, and
of each failure the shortest script that shows it. All steps are drawn before any is
sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Protocol, TypeAlias

from hypothesis import HealthCheck, Phase, Verbosity, seed
from hypothesis.stateful import run_state_machine_as_test

from ringspec.harness.exploring.attempts import (
    Attempt,
    BudgetSpent,
    Failures,
    Hunter,
    OwnError,
    SearchLimits,
    Shrinking,
)
from ringspec.harness.judging.verdict import Finding, Verdict
from ringspec.harness.sending.exchange import Exchange, Played
from ringspec.strategies import (
    MAX_CALLS,
    Call,
    CallKind,
    Case,
    Lifecycle,
    Walk,
    state_machine,
    status_fits,
    without,
    write_walk,
)

# One example in ten is a walk, if there are some more than a handful.
_ONE_IN, _AT_LEAST = 10, 5
_LIFECYCLE = "lifecycle."


def share_of(examples: int) -> int:
    """Return how many of some examples are walks."""
    return min(max(examples // _ONE_IN, _AT_LEAST), examples // 2)


JudgeStep: TypeAlias = Callable[[Case, Exchange], tuple[Finding, ...]]


class Play(Protocol):
    """Plays the steps of a case."""

    def __call__(self, case: Case, *, patient: bool) -> Exchange:
        """Play them; if patient, give what was written a moment to be seen."""


def walked(walk: Walk, play: Play, judge: JudgeStep) -> Attempt:
    """Make a walk and judge each step, up to the first that fails."""
    exchange = play(walk.whole(), patient=not walk.hasty)
    played = exchange.played or Played()
    passed: list[Finding] = []
    for index, each in enumerate(played.earlier):
        part, before = walk.upto(index + 1), played.earlier[:index]
        so_far = Played(earlier=before, at=index, captured=played.captured)
        then = replace(each, played=so_far)
        found = _judged(part, then, judge)
        if any(each.verdict == Verdict.FAIL for each in found):
            return _attempt(part, then, (*passed, *found), sent=exchange.sent)
        passed += found
    part, sent, is_free = walk.upto(played.at + 1), exchange.sent, False
    if played.stuck and part.steps[-1].step.paging is not None:
        # All pages of a list are read for a last step only.
        exchange = play(part.whole(), patient=not part.hasty)
        sent += exchange.sent
        came = exchange.played is not None and not exchange.played.stuck
        found = _judged(part, exchange, judge) if came else []
        return _attempt(part, exchange, (*passed, *found), sent=sent)
    if played.stuck:
        is_free = True
        exchange = replace(exchange, played=replace(played, stuck=""))
    found = _judged(part, exchange, judge)
    attempt = _attempt(part, exchange, (*passed, *found), sent=sent)
    if is_free and not attempt.failures:
        return replace(attempt, idle=part.steps[-1].unsure)
    return attempt


def _attempt(
    part: Walk, exchange: Exchange, findings: tuple[Finding, ...], *, sent: int
) -> Attempt:
    failing = [each for each in findings if each.verdict == Verdict.FAIL]
    return Attempt(
        case=failing[0].case if failing else part.whole(),
        exchange=exchange,
        findings=findings,
        ended=len(part.steps),
        sent=sent,
    )


def _judged(walk: Walk, exchange: Exchange, judge: JudgeStep) -> list[Finding]:
    """Judge the last step by each claim on it, without inconclusive findings."""
    last = walk.steps[-1]
    status = exchange.response.status if exchange.response else 0
    # A wrong status is told once.
    claims = last.claims if status_fits(status, last.due) else last.claims[:1]
    # What may be left undone, and was, has passed nothing.
    moot = len(last.due) > 1 and status // 100 != 2
    found: list[Finding] = []
    for number, claim in enumerate(claims):
        for each in judge(walk.case(claim), exchange):
            own = each.rule == claim.rule
            counts = each.verdict == Verdict.FAIL or (
                each.verdict == Verdict.PASS and not (own and moot)
            )
            if counts and (own or not number):
                found.append(each)
    return found


def _size(walk: Walk) -> tuple[int, int, int]:
    """Return a key by which walks are compared: steps, bytes sent, commands."""
    sent = sum(len(each.step.request.body) for each in walk.steps)
    commands = sum(call.kind == CallKind.COMMAND for call in walk.calls)
    return len(walk.steps), sent, commands


class Walker(Hunter):
    """Searches for walks that fail, some at a time."""

    def __init__(self, life: Lifecycle, limits: SearchLimits, known: Failures) -> None:
        super().__init__(life.contract, limits, known)
        self._life = life
        self._idle: set[str] = set()
        self._attempts: dict[tuple[tuple[Call, ...], int], Attempt | None] = {}
        self._fired = 0
        self._hasty = False

    def turn(self, share: int) -> int:
        """Make some walks, whatever is found on the way; return how many."""
        self._quota = share
        found = True
        while found and self._quota > 0 and not self.late:
            shrinking = self._hunt(self._draw)
            found = shrinking is not None
            if shrinking is not None:
                self._report(self._shortest(shrinking))
                self._known.add(shrinking.kind, shrinking.level)
        return share - self._quota

    def _draw(self) -> None:
        options = self._settings(
            Phase.generate,
            stateful_step_count=MAX_CALLS,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        machine = state_machine(self._life, self._ended)
        seed(self._random("walk ").getrandbits(64))(machine)
        run_state_machine_as_test(machine, settings=options)

    def _ended(self, calls: tuple[Call, ...]) -> None:
        """Make the walk that was drawn.

        Raises:
            BudgetSpent: it shows a new failure, so no more are drawn.
        """
        try:
            walk = self._written(calls)
            if not walk.steps or self._key(walk) in self._attempts:
                return
            attempt = self._attempt(walk)
            best = walk.upto(attempt.ended)
            self._shrinking = self._begun(attempt, best, _LIFECYCLE, share=2)
            if self._shrinking is None:
                self._report(attempt)
        except Exception as error:
            raise OwnError(error) from error
        if self._shrinking is not None:
            raise BudgetSpent

    def _shortest(self, shrinking: Shrinking) -> Attempt:
        """Leave out what can be left out of a walk; then make it with all patience."""
        first = shrinking.attempt
        self._hasty = False
        with suppress(BudgetSpent):
            self._hurry(shrinking)
            while any(
                self._is_shorter(calls, shrinking)
                for calls in _shorter(shrinking.best.calls)
            ):
                pass
        if not self._hasty:
            return shrinking.attempt
        attempt = self._fire(self._written(shrinking.best.calls))
        return attempt if shrinking.shows(attempt) else first

    def _hurry(self, shrinking: Shrinking) -> None:
        """Wait for nothing while shortening, if the failure shows at once."""
        if shrinking.attempt.case.steps[-1].request.method == "GET":
            walk = self._written(shrinking.best.calls, hasty=True)
            attempt = self._attempt(walk)
            if shrinking.shows(attempt):
                # What is wrong to the end mostly is so at once.
                shrinking.best, self._hasty = walk.upto(attempt.ended), True
                shrinking.attempt = attempt

    def _is_shorter(self, calls: tuple[Call, ...], shrinking: Shrinking) -> bool:
        """Return whether a walk shows the failure, and is no longer than the best."""
        known = shrinking.best.steps
        walk = self._written(calls, hasty=self._hasty).upto(len(known))
        if _size(walk) >= _size(shrinking.best):
            walk = walk.upto(len(known) - 1)
        if not walk.steps or walk.steps == known[:-1]:
            return False
        attempt = self._attempts.get(self._key(walk)) or self._attempt(walk)
        shrinking.note(attempt)
        if not shrinking.shows(attempt):
            return False
        shrinking.best, shrinking.attempt = walk.upto(attempt.ended), attempt
        return True

    def _written(self, calls: tuple[Call, ...], *, hasty: bool = False) -> Walk:
        idle, number = frozenset(self._idle), self._fired + 1
        return write_walk(self._life, calls, number, idle=idle, hasty=hasty)

    def _attempt(self, walk: Walk) -> Attempt:
        self._check_budget()
        self._fired += 1
        attempt = self._fire(walk)
        if self._shrinking is not None:
            self._shrinking.requests += attempt.sent
        elif attempt.idle:
            self._idle.add(attempt.idle)
        self._attempts[self._key(walk)] = attempt if attempt.failures else None
        return attempt

    @staticmethod
    def _key(walk: Walk) -> tuple[tuple[Call, ...], int]:
        return walk.calls, len(walk.steps)


def _shorter(calls: tuple[Call, ...]) -> Iterator[tuple[Call, ...]]:
    """Leave out each call in turn, the last one first; then send plainer bodies."""
    last = calls[-1]
    if last.kind == CallKind.COMMAND:
        # It may be the look before it that shows what is wrong.
        yield (*calls[:-1], Call(CallKind.READ, last.resource))
    for index in reversed(range(len(calls))):
        yield without(calls, index)
        yield from _inherited(calls, index)
    for index, call in enumerate(calls):
        if call.choice:
            plain = call._replace(choice=0)
            yield (*calls[:index], plain, *calls[index + 1 :])


def _inherited(calls: tuple[Call, ...], index: int) -> Iterator[tuple[Call, ...]]:
    """Leave a call out, and let a later one of its kind send its body instead.

    What is wrong may show only where two bodies differ.
    """
    gone = calls[index]
    if not gone.choice or gone.kind == CallKind.COMMAND:
        return
    for later in range(index + 1, len(calls)):
        if calls[later].kind == gone.kind:
            heir = calls[later]._replace(choice=gone.choice)
            yield without((*calls[:later], heir, *calls[later + 1 :]), index)
