"""The search for bodies and walks that a target errs at; Hypothesis draws the bodies.

Of each failure the smallest example is reported. Wall clock only ever ends the search;
it never decides what is sent before that. Hypothesis calls back, so that what was found
is yielded once it is done with the examples of a turn, or has shrunk a failure.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias

from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample, Unsatisfiable

from ringspec.harness.exploring.explore import (
    LIFECYCLE,
    Attempt,
    FailureKind,
    Failures,
    kind_of,
)
from ringspec.harness.judging.verdict import Judged, Notice, Verdict
from ringspec.harness.running.plan import Plan
from ringspec.spec import Level, RuleId
from ringspec.strategies import (
    Call,
    CallKind,
    Case,
    Drawn,
    Labeller,
    Lifecycle,
    Source,
    SourceEnded,
    Walk,
    drawn_calls,
    foreign_sources,
    own_sources,
    without,
)

# What may be spent on one failure to shrink it; twice that on a walk.
SHRINK_REQUESTS, SHRINK_S = 200, 20.0
# Requests without an answer in a row that end the shrinking of one failure: one less
# than those that end a run.
_SILENCE = 3
# Rounds in a row without a new body after which there are no more.
_STALE = 3
# Walks after each round of bodies.
_WALKS = 20
# One example in ten is a walk, if there are some more than a handful.
_ONE_IN, _AT_LEAST = 10, 5


class _Stop(BaseException):
    """Ends what Hypothesis does: it would take an Exception for a failure.

    Caused by an error of ours, or by nothing where the budget is spent.
    """


@dataclass(kw_only=True)
class Shrinking:
    """A failure that is being shrunk, and what may still be spent on it."""

    kind: FailureKind
    level: Level  # the weakest that counts: it may get stronger on the way
    attempt: Attempt
    best: Any  # the smallest example so far, and `attempt` what came of it
    until: float
    allowed: int  # how many requests may be spent, so far
    requests: int = 0
    silent: int = 0  # attempts without an answer in a row

    def takes(self, attempt: Attempt, example: Drawn | Walk) -> bool:
        """Take an example as the best if it shows the failure.

        Any failure of the life cycle shows another one of it.
        """
        in_life = self.kind.rule.startswith(LIFECYCLE)
        shows = any(
            level.gates(self.level)
            and (kind == self.kind or (in_life and kind.rule.startswith(LIFECYCLE)))
            for kind, level in attempt.failures.items()
        )
        if shows:
            self.attempt, self.best = attempt, example
        return shows


Told: TypeAlias = Generator[Judged | Notice, None, None]


class Search:
    """Searches for failures, source by source, until the examples are used up."""

    def __init__(
        self,
        plan: Plan,
        rules: Collection[RuleId],
        known: Failures,
        life: Lifecycle | None,
        fire: Callable[[Case | Walk], Attempt],
    ) -> None:
        self.late = False
        self._plan, self._life, self._fire = plan, life, fire
        # What was found and is not yielded yet.
        self._found: list[Judged] = []
        self._known = Failures(known)
        self._order = {rule: number for number, rule in enumerate(plan.contract.rules)}
        self._until = time.monotonic() + plan.explore_s
        self._left = plan.examples
        share = max(plan.examples // _ONE_IN, _AT_LEAST)
        self._walks = min(share, plan.examples // 2) if life else 0
        # Of the turn under way: examples, draws to shrink by, why its source cannot go
        # on, and what is shrunk.
        self._quota = self._tries = 0
        self._ended = ""
        self._shrinking: Shrinking | None = None
        self._turns = Counter[str]()
        self._sources = own_sources(plan.contract, rules)
        self._labeller = Labeller(plan.contract)
        # What bodies and walks came to, if they failed.
        self._bodies: dict[bytes, Attempt | None] = {}
        self._walked: dict[tuple[tuple[Call, ...], int], Attempt | None] = {}
        self._fired = 0
        self._idle: set[str] = set()

    def run(self) -> Told:
        """Search until all is spent, and say why it ended early."""
        foreign, reason = foreign_sources(self._plan.contract)
        self._sources += foreign
        if reason:
            yield Notice(message=reason)
        stale = 0
        while self._left > 0 and not self.late and stale < _STALE:
            before = self._left
            for source in tuple(self._sources):
                if source in self._sources:
                    yield from self._try_bodies(source)
            # All walks that are left, once there are no bodies to be tried.
            bodies = self._left - self._walks
            share = min(_WALKS, self._walks) if bodies else self._walks
            if share and not self.late:
                left = self._left
                yield from self.walk(share)
                # Without other walks the rest is for bodies.
                done = left - self._left
                self._walks = self._walks - done if done else 0
            stale = stale + 1 if self._left == before else 0
        wanted = self._plan.examples
        done = wanted - self._left
        end = f"with {done} examples: there are no others" if self._left > 0 else ""
        if self.late:
            after = f"after {self._plan.explore_s:g} seconds"
            end = f"{after}, with {done} of {wanted} examples"
        if end:
            yield Notice(message=f"explore ended {end}")

    def walk(self, share: int) -> Told:
        """Make some walks, whatever is found on the way."""
        assert self._life is not None
        self._quota, random = share, self._random("walk ")
        for _ in range(2 * share):
            walk = self._written(drawn_calls(self._life, random))
            if not walk.steps or _key(walk) in self._walked:
                continue
            try:
                attempt = self._try_walk(walk)
            except _Stop:
                return
            if self._begin(attempt, walk.upto(attempt.ended), share=2):
                self._shrunk(self._shortest)
            else:
                self._report(attempt)
            yield from self._told()

    def _try_bodies(self, source: Source) -> Told:
        self._quota, goes_on = min(source.share, self._left - self._walks), True
        while goes_on and self._quota > 0 and not self.late:
            try:
                goes_on = self._drawn(source)
            finally:
                yield from self._told()
        if self._ended:
            # All of its family would end alike.
            family = source.name.split("-")[0]
            self._sources = [
                each for each in self._sources if not each.name.startswith(family)
            ]
            yield Notice(message=self._ended)
            self._ended = ""

    def _drawn(self, source: Source) -> bool:
        """Let Hypothesis draw until it is stopped; True if there may be more."""
        self._tries, stopped = source.tries, False
        options = settings(
            max_examples=2 * self._quota,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(Phase.generate, Phase.shrink),
            print_blob=False,
            backend="hypothesis",
        )
        random = self._random("")
        try:
            find(source.bodies, self._fails, settings=options, random=random)
        except (NoSuchExample, Unsatisfiable):
            pass
        except SourceEnded as error:
            self._ended = str(error)
        except _Stop as stop:
            if stop.__cause__ is not None:
                raise stop.__cause__ from None
            stopped = True
        return self._shrunk(self._plainest) or stopped

    def _random(self, name: str) -> Random:
        self._turns[name] += 1
        # It is no secret.
        return Random(f"{self._plan.seed} {name}{self._turns[name]}")  # noqa: S311

    def _shrunk(self, smallest: Callable[[Shrinking], Attempt]) -> bool:
        """Report a failure that was found by its smallest example, if one was."""
        shrinking = self._shrinking
        if shrinking is not None:
            self._report(smallest(shrinking))
            if self._known.is_new(shrinking.kind, shrinking.level):
                self._known[shrinking.kind] = shrinking.level
        self._shrinking = None
        return shrinking is not None

    def _told(self) -> list[Judged]:
        found, self._found = self._found, []
        return found

    def _begin(self, attempt: Attempt, best: Drawn | Walk, share: float) -> bool:
        """Begin to shrink the worst of an attempt's new failures, if it has one.

        The share is how much of the limits may be spent.
        """
        worst = self._worst_new(attempt)
        if worst is None:
            return False
        self._shrinking = Shrinking(
            kind=worst,
            level=attempt.failures[worst],
            attempt=attempt,
            best=best,
            until=time.monotonic() + share * SHRINK_S,
            allowed=int(share * SHRINK_REQUESTS),
            silent=int(attempt.exchange.failure is not None),
        )
        return True

    def _worst_new(self, attempt: Attempt) -> FailureKind | None:
        levels = attempt.failures
        return min(
            (kind for kind in levels if self._known.is_new(kind, levels[kind])),
            key=lambda kind: (levels[kind].rank, self._order[kind.rule]),
            default=None,
        )

    def _fire_within_budget(self, example: Case | Walk) -> Attempt:
        self.late = self.late or time.monotonic() > self._until
        shrinking = self._shrinking
        spent = shrinking is None and self._quota <= 0
        if shrinking is not None:
            spent = shrinking.requests >= shrinking.allowed
            spent |= shrinking.silent >= _SILENCE or time.monotonic() > shrinking.until
        # What was left without an answer may end the run.
        ends = self._found and self._found[-1].exchange.failure
        if self.late or spent or ends:
            raise _Stop
        attempt = self._fire(example)
        if shrinking is not None:
            shrinking.requests += attempt.sent
            gone = attempt.exchange.failure is not None
            shrinking.silent = shrinking.silent + 1 if gone else 0
        return attempt

    def _report(self, attempt: Attempt) -> None:
        """Report an attempt, without failures that are known; they are from now on."""
        self._quota -= 1
        self._left -= 1
        levels, known = attempt.failures, self._known
        findings = tuple(
            each
            for each in attempt.findings
            if each.verdict != Verdict.FAIL
            or known.is_new(kind_of(each), levels[kind_of(each)])
        )
        known.note(attempt.findings)
        self._found.append(replace(attempt, findings=findings))

    def _fails(self, drawn: Drawn) -> bool:
        """Return whether a body shows a failure: any new one, then just that one."""
        shrinking = self._shrinking
        if shrinking is not None:
            self._tries -= 1
            if self._tries < 0:
                raise _Stop
        try:
            attempt = self._try_body(drawn)
            if attempt is None:
                return False
            if shrinking is not None:
                return shrinking.takes(attempt, drawn)
            # What was met while shrinking may come up again.
            return self._quota > 0 and self._begin(attempt, drawn, share=0.5)
        except Exception as error:
            raise _Stop from error

    def _try_body(self, drawn: Drawn) -> Attempt | None:
        """Fire a body, once; None if it shows no failure at all."""
        if drawn.content in self._bodies:
            return self._bodies[drawn.content]
        case = self._labeller.case(drawn, len(self._bodies) + 1)
        shrinking = self._shrinking
        # Not fired, if it cannot show what is shrunk, it is never drawn again.
        self._bodies[drawn.content] = None
        if case is None or (shrinking and case.expect != shrinking.kind.expect):
            return None
        attempt = self._fire_within_budget(case)
        self._bodies[drawn.content] = attempt if attempt.failures else None
        if shrinking is None and self._worst_new(attempt) is None:
            self._report(attempt)
        return self._bodies[drawn.content]

    def _plainest(self, shrinking: Shrinking) -> Attempt:
        """Bring what was found nearer to the plain body."""

        def is_plainer(drawn: Drawn) -> bool:
            attempt, most = self._try_body(drawn), len(shrinking.attempt.case.broken)
            if attempt is None or len(attempt.case.broken) > most:
                return False
            return shrinking.takes(attempt, drawn)

        shrinking.allowed = SHRINK_REQUESTS
        shrinking.until += SHRINK_S / 2
        with suppress(_Stop):
            self._labeller.reduce(shrinking.best, is_plainer)
        return shrinking.attempt

    def _try_walk(self, walk: Walk) -> Attempt:
        attempt = self._fire_within_budget(walk)
        self._fired += 1
        if self._shrinking is None and attempt.idle:
            self._idle.add(attempt.idle)
        self._walked[_key(walk)] = attempt if attempt.failures else None
        return attempt

    def _shortest(self, shrinking: Shrinking) -> Attempt:
        """Leave out what can be left out of a walk; then make it with all patience."""
        first = shrinking.attempt
        with suppress(_Stop):
            if first.case.steps[-1].request.method == "GET":
                # What is wrong to the end mostly is so at once, without waiting.
                walk = self._written(shrinking.best.calls, hasty=True)
                attempt = self._try_walk(walk)
                shrinking.takes(attempt, walk.upto(attempt.ended))
            while any(
                self._is_shorter(calls, shrinking)
                for calls in _shorter(shrinking.best.calls)
            ):
                pass
        if not shrinking.best.hasty:
            return shrinking.attempt
        walk = self._written(shrinking.best.calls)
        attempt = self._fire(walk)
        return attempt if shrinking.takes(attempt, walk) else first

    def _is_shorter(self, calls: tuple[Call, ...], shrinking: Shrinking) -> bool:
        """Return whether a walk shows the failure, and is no longer than the best."""
        known = shrinking.best.steps
        walk = self._written(calls, hasty=shrinking.best.hasty).upto(len(known))
        if _size(walk) >= _size(shrinking.best):
            walk = walk.upto(len(known) - 1)
        if not walk.steps or walk.steps == known[:-1]:
            return False
        attempt = self._walked.get(_key(walk)) or self._try_walk(walk)
        return shrinking.takes(attempt, walk.upto(attempt.ended))

    def _written(self, calls: tuple[Call, ...], *, hasty: bool = False) -> Walk:
        assert self._life is not None
        number, idle = self._fired + 1, frozenset(self._idle)
        return Walk(self._life, number, idle, hasty=hasty).apply_all(calls)


def _key(walk: Walk) -> tuple[tuple[Call, ...], int]:
    return walk.calls, len(walk.steps)


def _size(walk: Walk) -> tuple[int, int, int]:
    """Return a key by which walks are compared: steps, bytes sent, commands."""
    sent = sum(len(each.step.request.body) for each in walk.steps)
    commands = sum(call.kind == CallKind.COMMAND for call in walk.calls)
    return len(walk.steps), sent, commands


def _shorter(calls: tuple[Call, ...]) -> Iterator[tuple[Call, ...]]:
    """Leave out each call in turn, the last one first; then send plainer bodies.

    Where a call that is left out has a body, a later one of its kind sends that instead
    as well: what is wrong may show only where two bodies differ.
    """
    last = calls[-1]
    if last.kind == CallKind.COMMAND:
        # It may be the look before it that shows what is wrong.
        yield (*calls[:-1], Call(CallKind.READ, last.resource))
    for index, gone in reversed([*enumerate(calls)]):
        yield without(calls, index)
        if gone.choice and gone.kind != CallKind.COMMAND:
            for later in range(index + 1, len(calls)):
                if calls[later].kind == gone.kind:
                    heir = calls[later]._replace(choice=gone.choice)
                    yield without((*calls[:later], heir, *calls[later + 1 :]), index)
    for index, call in enumerate(calls):
        if call.choice:
            plain = call._replace(choice=0)
            yield (*calls[:index], plain, *calls[index + 1 :])
