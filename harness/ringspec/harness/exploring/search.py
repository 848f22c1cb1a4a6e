"""The search: Hypothesis looks for bodies that a target errs at, and shrinks them.

In: sources of bodies, and what fires an example. Out: events: each example with what it
passed, and of each failure the smallest body that shows it. A fixed share of examples
are walks. Wall clock only ever ends the search; it never decides what is sent before
that.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress

from hypothesis import Phase, find

from ringspec.harness.exploring.attempts import (
    Attempt,
    BudgetSpent,
    Failures,
    Fire,
    Hunter,
    OwnError,
    SearchLimits,
    Shrinking,
    Tell,
)
from ringspec.harness.exploring.walking import Walker, share_of
from ringspec.harness.judging.verdict import Notice
from ringspec.spec import Contract, RuleId
from ringspec.strategies import (
    Drawn,
    Example,
    Labeller,
    Lifecycle,
    Source,
    SourceEnded,
    foreign_sources,
    own_sources,
)

# Rounds in a row without a new body after which there are no more.
_STALE = 3
# Walks after each round of bodies.
_WALKS = 20


class Search(Hunter):
    """Searches for failures, source by source, until the examples are used up."""

    def __init__(
        self,
        contract: Contract,
        rules: Collection[RuleId],
        limits: SearchLimits,
        life: Lifecycle | None = None,
    ) -> None:
        super().__init__(contract, limits, Failures(limits.known))
        self._sources = own_sources(contract, rules)
        self._contract = contract
        self._labeller = Labeller(contract)
        self._walker = Walker(life, limits, self._known) if life else None
        self._walks = share_of(limits.examples) if life else 0
        self._examples: dict[bytes, Example | None] = {}
        self._seen: dict[bytes, Attempt | None] = {}
        self._left = limits.examples
        self._tries = 0

    def run(self, fire: Fire, tell: Tell) -> None:
        """Search, and tell of it."""
        self.begin(time.monotonic() + self._limits.seconds, fire, tell)
        if self._walker is not None:
            self._walker.begin(self._until, fire, tell)
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
        done, wanted = self._limits.examples - self._left, self._limits.examples
        if self.late:
            after = f"after {self._limits.seconds:g} seconds"
            message = f"explore ended {after}, with {done} of {wanted} examples"
            tell(Notice(message=message))
        elif self._left > 0:
            message = f"explore ended with {done} examples: there are no others"
            tell(Notice(message=message))

    @property
    def _goes_on(self) -> bool:
        return self._left > 0 and not self.late

    def _walk(self) -> None:
        """Make some walks; all that are left, once there are no bodies to be tried."""
        bodies = self._left - self._walks
        share = min(_WALKS, self._walks) if bodies else self._walks
        if self._walker is None or not share or self.late:
            return
        done = self._walker.turn(share)
        self.late = self._walker.late
        self._left -= done
        # Without other walks the rest is for bodies.
        self._walks = self._walks - done if done else 0

    def _turn(self, source: Source) -> None:
        """Fire a source's share of examples, whatever is found on the way."""

        def draw() -> None:
            options = self._settings(Phase.generate, Phase.shrink)
            random = self._random()
            find(source.bodies, self._is_found, settings=options, random=random)

        self._quota = min(source.share, self._left - self._walks)
        found, ended = True, False
        while found and not ended and self._quota > 0 and self._goes_on:
            self._tries = source.tries
            try:
                self._hunt(draw)
            except SourceEnded as error:
                # All of its family would end alike.
                family, ended = source.name.split("-")[0], True
                self._sources = [
                    each for each in self._sources if not each.name.startswith(family)
                ]
                notice = Notice(message=str(error))
            found = self._shrinking is not None
            if self._shrinking is not None:
                self._report(self._plainest(self._shrinking))
            if ended:
                self._tell(notice)

    def _plainest(self, shrinking: Shrinking) -> Attempt:
        """Bring what was found nearer to the plain body."""

        def is_plainer(drawn: Drawn) -> bool:
            attempt, best = self._attempt(drawn), shrinking.attempt
            if attempt is None or not shrinking.shows(attempt):
                return False
            if len(attempt.case.broken) > len(best.case.broken):
                return False
            shrinking.attempt, shrinking.best = attempt, drawn
            return True

        shrinking.allowed = self._limits.shrink_requests
        shrinking.until += self._limits.shrink_seconds / 2
        with suppress(BudgetSpent):
            self._labeller.reduce(shrinking.best, is_plainer)
        return shrinking.attempt

    def _is_found(self, drawn: Drawn) -> bool:
        try:
            return self._tried(drawn)
        except Exception as error:
            raise OwnError(error) from error

    def _tried(self, drawn: Drawn) -> bool:
        """Return whether a body shows a failure: any new one, then just that one."""
        shrinking = self._shrinking
        if shrinking is not None:
            self._tries -= 1
            if self._tries < 0:
                raise BudgetSpent
        attempt = self._attempt(drawn)
        if attempt is None:
            return False
        if shrinking is None:
            if self._quota > 0:  # what was met while shrinking may come up again
                self._shrinking = self._begun(attempt, drawn, share=0.5)
            return self._shrinking is not None
        if not shrinking.shows(attempt):
            return False
        shrinking.attempt, shrinking.best = attempt, drawn
        return True

    def _attempt(self, drawn: Drawn) -> Attempt | None:
        """Fire a body, once; None if it shows no failure at all."""
        if drawn.content in self._seen:
            return self._seen[drawn.content]
        # Proof takes a while, and shrinking comes by many bodies more than once.
        if drawn.content not in self._examples:
            number = len(self._examples) + 1
            self._examples[drawn.content] = self._labeller.example(drawn, number)
        example, shrinking = self._examples[drawn.content], self._shrinking
        if example is None or (
            shrinking is not None and example.case.expect != shrinking.kind.expect
        ):
            return None
        self._check_budget()
        attempt = self._fire(example)
        self._seen[drawn.content] = attempt if attempt.failures else None
        if shrinking is not None:
            shrinking.requests += 1
            shrinking.note(attempt)
        elif self._worst_new(attempt) is None:
            self._report(attempt)
        return self._seen[drawn.content]

    def _report(self, attempt: Attempt) -> None:
        self._left -= 1
        super()._report(attempt)
