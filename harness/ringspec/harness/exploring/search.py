"""The search: Hypothesis looks for bodies that a target errs at, and shrinks them.

In: sources of bodies, and what fires an example. Out: events: each example with what it
passed, and of each failure the smallest body that shows it. By a fixed share examples
are walks. Wall clock only ever ends the search; it never decides what is sent before
that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample, Unsatisfiable

from ringspec.harness.exploring.news import (
    SILENCE,
    Fault,
    Limits,
    News,
    Over,
    Raised,
    Shot,
)
from ringspec.harness.exploring.walking import Walker, share_of
from ringspec.harness.judging.verdict import Judged, Notice
from ringspec.spec import Contract, Level, RuleId
from ringspec.strategies import (
    Drawn,
    Example,
    Labeller,
    Source,
    SourceEnded,
    Walk,
    Ways,
    foreign_sources,
    own_sources,
)

Fire: TypeAlias = Callable[[Example | Walk], Shot]
Tell: TypeAlias = Callable[[Judged | Notice], None]

# After so many rounds in a row without a new body there are no more.
_STALE = 3
# So many walks are gone after each round of bodies.
_WALKS = 20


@dataclass
class _Trace:
    """A failure that is being shrunk.

    Attributes:
        level: how strongly it binds at least: it may get worse on the way.
        best: the smallest example so far, and how it was drawn.
        tries: how many more bodies its source is asked for.
        allowed: how many requests may be spent on it, so far.
        silent: requests without an answer in a row.
    """

    fault: Fault
    level: Level
    best: Shot
    drawn: Drawn
    tries: int
    until: float
    allowed: int
    requests: int = 0
    silent: int = 0

    def shows(self, shot: Shot) -> bool:
        """Tell whether an example shows the failure."""
        level = shot.faults.get(self.fault)
        return level is not None and level.gates(self.level)


class Search:
    """Hunts for failures, source by source, until the examples are used up."""

    def __init__(
        self,
        contract: Contract,
        rules: Collection[RuleId],
        limits: Limits,
        ways: Ways | None = None,
    ) -> None:
        self._sources = own_sources(contract, rules)
        self._contract = contract
        self._limits = limits
        self._labeller = Labeller(contract)
        self._news = News(contract, limits.known)
        self._walker = Walker(ways, limits, self._news) if ways else None
        self._walks = share_of(limits.examples) if ways else 0
        self._examples: dict[bytes, Example | None] = {}
        self._seen: dict[bytes, Shot | None] = {}
        self._left = limits.examples
        self._quota = self._tries = self._hunts = 0
        self._trace: _Trace | None = None
        self._late = False

    def run(self, fire: Fire, tell: Tell) -> None:
        """Search, and tell of it."""
        self._fire, self._tell = fire, tell
        self._until = time.monotonic() + self._limits.seconds
        foreign, reason = foreign_sources(self._contract)
        self._sources += foreign
        if reason:
            tell(Notice(message=reason))
        stale = 0
        while self._goes_on and stale < _STALE:
            before = self._left
            for source in tuple(self._sources):
                if source in self._sources:
                    self._turn(source)
            self._walk()
            stale = stale + 1 if self._left == before else 0
        self._conclude()

    @property
    def _goes_on(self) -> bool:
        return self._left > 0 and not self._late

    def _conclude(self) -> None:
        done, wanted = self._limits.examples - self._left, self._limits.examples
        if self._late:
            after = f"after {self._limits.seconds:g} seconds"
            said = f"explore ended {after}, with {done} of {wanted} examples"
            self._tell(Notice(message=said))
        elif self._left > 0:
            said = f"explore ended with {done} examples: there are no others"
            self._tell(Notice(message=said))

    def _walk(self) -> None:
        """Go some walks; all that are left, once there are no bodies to be tried."""
        bodies = self._left - self._walks
        share = min(_WALKS, self._walks) if bodies else self._walks
        if self._walker is None or not share or self._late:
            return
        done = self._walker.turn(share, self._until, self._fire, self._tell)
        self._late = self._walker.late
        self._left -= done
        # Without other walks the rest is for bodies.
        self._walks = self._walks - done if done else 0

    def _turn(self, source: Source) -> None:
        """Take a source's share of examples, whatever is found on the way."""
        self._quota = min(source.share, self._left - self._walks)
        found = True
        while found and self._quota > 0 and self._goes_on:
            try:
                found = self._hunt(source)
            except SourceEnded as ended:
                # All of its kind would end alike.
                family = source.name.split("-")[0]
                self._sources = [
                    each for each in self._sources if not each.name.startswith(family)
                ]
                self._tell(Notice(message=str(ended)))
                found = False

    def _hunt(self, source: Source) -> bool:
        """Search until something is found, and shrink it; False if nothing is."""
        self._hunts += 1
        self._tries = source.tries
        self._trace = None
        options = settings(
            max_examples=2 * self._quota,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(Phase.generate, Phase.shrink),
            print_blob=False,
            backend="hypothesis",
        )
        random = Random(f"{self._limits.seed} {self._hunts}")  # noqa: S311 - no secret
        try:
            find(source.bodies, self._is_found, settings=options, random=random)
        except (NoSuchExample, Unsatisfiable, Over):
            pass
        except Raised as raised:
            raise raised.error from None
        except SourceEnded:
            self._found()
            raise
        return self._found()

    def _found(self) -> bool:
        """Bring what was found nearer to the plain body, and tell of it."""
        trace = self._trace
        if trace is None:
            return False
        limits = self._limits
        trace.allowed = limits.shrink_requests
        trace.until += limits.shrink_seconds / 2
        with suppress(Over):
            self._labeller.reduce(trace.drawn, self._is_plainer)
        self._told(trace.best)
        return True

    def _is_plainer(self, drawn: Drawn) -> bool:
        """Tell whether a body shows what is traced, and breaks no more besides."""
        trace, shot = self._trace, self._shot(drawn)
        if trace is None or shot is None or not trace.shows(shot):
            return False
        if len(shot.case.broken) > len(trace.best.case.broken):
            return False
        trace.best, trace.drawn = shot, drawn
        return True

    def _is_found(self, drawn: Drawn) -> bool:
        try:
            return self._tried(drawn)
        except Exception as error:
            raise Raised(error) from error

    def _tried(self, drawn: Drawn) -> bool:
        """Tell whether a body shows a failure: any new one, then just that one."""
        if self._trace is not None:
            self._trace.tries -= 1
            if self._trace.tries < 0:
                raise Over
        shot = self._shot(drawn)
        if shot is None:
            return False
        if self._trace is None:
            if self._quota > 0:  # what was met while shrinking may come up again
                self._trace = self._traced(shot, drawn)
            return self._trace is not None
        if not self._trace.shows(shot):
            return False
        self._trace.best, self._trace.drawn = shot, drawn
        return True

    def _shot(self, drawn: Drawn) -> Shot | None:
        """Fire a body, once; None if it shows no failure at all."""
        if drawn.content in self._seen:
            return self._seen[drawn.content]
        example = self._example(drawn)
        if example is None or not self._may_show(example):
            return None
        self._spend()
        shot = self._fire(example)
        self._seen[drawn.content] = shot if shot.faults else None
        if self._trace is not None:
            answered = shot.exchange.failure is None
            self._trace.silent = 0 if answered else self._trace.silent + 1
        elif self._news.worst(shot) is None:
            self._told(shot)
        return self._seen[drawn.content]

    def _example(self, drawn: Drawn) -> Example | None:
        # Proof takes a while, and shrinking comes by many bodies more than once.
        if drawn.content not in self._examples:
            number = len(self._examples) + 1
            self._examples[drawn.content] = self._labeller.example(drawn, number)
        return self._examples[drawn.content]

    def _may_show(self, example: Example) -> bool:
        """Tell whether an example can show what is traced; anything can, before."""
        return self._trace is None or example.case.expect == self._trace.fault.expect

    def _spend(self) -> None:
        """Ask for one more request.

        Raises:
            Over: there are no more.
        """
        now, trace = time.monotonic(), self._trace
        if now > self._until:
            self._late = True
            raise Over
        if trace is None:
            if self._quota <= 0:
                raise Over
            return
        spent = trace.requests >= trace.allowed
        if spent or now > trace.until or trace.silent >= SILENCE:
            raise Over
        trace.requests += 1

    def _traced(self, shot: Shot, drawn: Drawn) -> _Trace | None:
        """Begin to trace the worst of an example's failures that is not known yet."""
        worst = self._news.worst(shot)
        if worst is None:
            return None
        limits = self._limits
        return _Trace(
            fault=worst,
            level=shot.faults[worst],
            best=shot,
            drawn=drawn,
            tries=self._tries,
            until=time.monotonic() + limits.shrink_seconds / 2,
            allowed=limits.shrink_requests // 2,
            silent=0 if shot.exchange.failure is None else 1,
        )

    def _told(self, shot: Shot) -> None:
        """Tell of an example; what is known to fail need not be told again."""
        self._quota -= 1
        self._left -= 1
        self._tell(self._news.judged(shot))
