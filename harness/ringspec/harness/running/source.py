"""Where the exchanges of a run come from: a target, or the tape of an earlier run.

Whatever a session gets from outside passes here, in one order: with the tape of it, the
same session judges anew without a target.
"""

from __future__ import annotations

import asyncio
import shlex
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from ringspec.harness.judging.verdict import Interrupted, Judged, Notice
from ringspec.harness.running.firing import PLAYS, Volley, interrupts
from ringspec.harness.running.tape import Fired, Row, Tape
from ringspec.harness.sending.credentials import Renewing
from ringspec.harness.sending.exchange import MASK, Connection, Exchange
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.journal import Entry, Journal, Status, default_path
from ringspec.harness.sending.pacer import Limited, Pacer
from ringspec.harness.sending.policy import Policy
from ringspec.harness.sending.target import Target
from ringspec.strategies import Case

if TYPE_CHECKING:
    from ringspec.harness.running.plan import Plan

# How long cleaning up may take: after a run, and after an interrupt.
CLEAN_S, HASTY_S = 60.0, 15.0


class UnfitTapeError(Exception):
    """A tape does not hold what the session asks for."""


class LiveSource:
    """Sends the cases of a plan, and deletes what they created at a live target."""

    def __init__(self, plan: Plan, policy: Policy) -> None:
        # What is found by cases, by their ids, before they are judged: nothing.
        self.known: dict[str, tuple[Row, ...]] = {}
        self._plan, self._policy = plan, policy
        self._journal: Journal | None = None
        if plan.live and not policy.no_create:
            self._journal = Journal(plan.safety.journal or default_path())
        self._guard: Guard | None = None
        self._messages = list(plan.notices)
        if plan.route.from_environment:
            proxy = plan.route.shown_proxy
            self._messages.append(f"by the proxy {proxy}, as the environment says")

    @property
    def spent(self) -> bool:
        """Whether more creates were wanted than the profile allows."""
        return self._guard is not None and self._guard.is_spent

    @property
    def trouble(self) -> str:
        """Why the token could not be renewed, if so."""
        renewal = self._plan.filling.renewal
        return renewal.trouble if renewal is not None else ""

    @contextmanager
    def open(self) -> Iterator[None]:
        """Connect; in any case delete at the end what was created, and close."""
        pace, journal, interrupted = self._plan.pace, self._journal, False
        if journal is not None:
            journal.open()
            self._messages.append(f"created items are listed in {journal.path}")
        with asyncio.Runner() as self._runner:
            runner = self._runner
            connection, guard = self._connected()

            def interrupt() -> None:
                self._volley.interrupt()
                guard.hurry(HASTY_S)

            with interrupts(runner.get_loop(), interrupt):
                try:
                    yield
                except Interrupted:
                    interrupted = True
                    raise
                finally:
                    runner.run(self._volley.cancel_open())
                    try:
                        # Each takes its turn; none is hurried, unless somebody waits.
                        limit_s = CLEAN_S + 2 * len(guard.left) / (pace.rate or 1)
                        limit_s = HASTY_S if interrupted else limit_s
                        left = runner.run(guard.clean_up(connection, limit_s))
                        self._messages += self._left_behind(left, guard.creates)
                    finally:
                        with suppress(Exception):
                            runner.run(self._volley.close())

    def _connected(self) -> tuple[Connection, Guard]:
        """Return the way to the target, and the guard on it."""
        plan = self._plan
        pace, filling = plan.pace, plan.filling
        connection: Connection
        if plan.connect is not None:
            connection = plan.connect()
        else:
            connection = Target(
                plan.url,
                filling=filling,
                timeout_s=pace.timeout_s,
                route=plan.route,
            )
        if pace.rate is not None:
            connection = Limited(connection, pace.rate, after=plan.live)
        self._guard = guard = Guard(
            connection,
            self._policy,
            url=plan.url,
            filling=filling,
            journal=self._journal,
        )
        connection = pacer = Pacer(
            guard,
            pace,
            seed=plan.seed,
            may_repeat=self._policy.may_repeat,
            tell=self._messages.append,
        )
        if filling.renewal:
            # Outside of the pacer, whose repeats would each fetch a token again.
            connection = Renewing(pacer, filling.renewal, self._policy.may_repeat)
        self._volley = Volley(
            connection,
            pace.workers or 1,
            plan.patience_s,
            plays=1 if plan.live else PLAYS,
            absences=lambda: pacer.absences,
        )
        return connection, guard

    def _left_behind(self, left: Sequence[Entry], creates: int) -> Iterator[str]:
        """Yield messages about what was created."""
        journal = self._journal
        if journal is None:
            return
        lost = sum(1 for entry in left if entry.delete is None)
        if len(left) > lost:
            named = self._plan.made.profile
            words = ("ringspec", "cleanup", str(journal.path))
            command = shlex.join((*words, *(("--profile", named) if named else ())))
            what = f"{len(left) - lost} of what was created could not be deleted"
            yield f"{what}: run `{command}`"
        if lost:
            unknown = any(entry.status is Status.UNKNOWN for entry in left)
            why = "creates went unanswered or failed" if unknown else "came without id"
            yield f"{lost} {why}: look by hand what the target holds"
        if not left and creates:
            yield "all that was created has been deleted again"
        journal.discard()

    def told(self) -> Iterator[str]:
        """Yield what guard and pacer say."""
        while self._messages:
            yield self._messages.pop(0)

    def fired(self, cases: Sequence[Case], **options: Any) -> Iterator[Exchange]:
        """Fire cases by all workers."""
        self._runner.run(self._volley.start(cases, **options))
        for index in range(len(cases)):
            yield self._runner.run(self._volley.take(index))

    def again(self, case: Case) -> Exchange:
        """Fire one more case."""
        return self._runner.run(self._volley.target.exchange(case.request))


class TapeSource:
    """Gives what was taken down of an earlier run, in the same order."""

    open = nullcontext

    def __init__(self, tape: Tape) -> None:
        self.spent, self.trouble = tape.spent, tape.trouble
        self.left, self._tape = deque(tape.taken), tape  # what was not given out yet
        fired = (each for each in tape.taken if isinstance(each, Fired))
        self.known = {it.case.id: it.found for it in fired if it.found is not None}

    def told(self) -> Iterator[str]:
        """Yield what was said."""
        while self.left and isinstance(notice := self.left[0], Notice):
            self.left.popleft()
            yield notice.message

    def fired(self, cases: Sequence[Case], **_: Any) -> Iterator[Exchange]:
        """Yield what was answered."""
        return map(self.again, cases)

    def again(self, case: Case) -> Exchange:
        """Return what was answered, or raise an UnfitTapeError."""
        if not self.left and self._tape.interrupted:
            raise Interrupted
        taken = self.left.popleft() if self.left else None
        if not isinstance(taken, Fired):
            raise UnfitTapeError(f"the exchange of {case.id} is missing")
        if taken.case.id != case.id:
            raise UnfitTapeError(f"{taken.case.id} stands where {case.id} is due")
        if not _is_of(taken.exchange, case):
            raise UnfitTapeError(f"the exchange of {case.id} is of another request")
        return taken.exchange

    def explored(
        self, play: Callable[[Case], Exchange], anew: Callable[[Judged], Judged]
    ) -> Iterator[Judged | Notice]:
        """Play what was fired, and yield what was found by it, judged anew."""
        while self.left:
            match self.left[0]:
                case Fired(case=case):
                    play(case)
                case taken:
                    self.left.popleft()
                    yield anew(taken) if isinstance(taken, Judged) else taken
        if self._tape.interrupted:
            raise Interrupted


Source: TypeAlias = LiveSource | TapeSource


def _is_of(exchange: Exchange, case: Case) -> bool:
    """Return whether an exchange is of a case's request, or of one of its steps.

    Headers may have been added by hand, and the ids in paths of steps are made up.
    """
    step = len(exchange.played.earlier) if exchange.played else 0
    asked = case.steps[step].request if case.steps else case.request
    made = exchange.request
    if MASK in repr(made):
        return True  # it is not known what of it was masked
    path = asked.path if not case.steps else made.path
    return (made.method, made.path, made.body) == (asked.method, path, asked.body)
