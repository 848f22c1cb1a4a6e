"""A run: fire the cases in order, judge them, and tell of it in events.

In: a plan. Out: events, the last of them an `Ended`. Cases are fired by a few workers
at once and told of in the order of the list.
"""

from __future__ import annotations

from collections.abc import Generator

from ringspec.harness.events import Ended, Event, Started
from ringspec.harness.plan import Plan
from ringspec.harness.selection import Selection
from ringspec.harness.session import Session

__all__ = ["Plan", "run"]


def run(plan: Plan) -> Generator[Event, None, None]:
    """Run a plan and yield its events; it always ends with an `Ended`.

    An interrupt ends it early, with what is known by then. Whoever meets the interrupt
    while handling an event throws it in here.

    Raises:
        UsageError: nothing is selected, or the URL is none.
    """
    selection = Selection.of(plan.contract, plan.select, plan.exclude)
    session = Session(plan, selection)
    try:
        yield Started(
            contract=plan.contract,
            target=plan.url,
            level=plan.level,
            seed=plan.seed,
            total=session.total,
        )
        yield from session.events()
    except KeyboardInterrupt:
        session.interrupted = True
    yield Ended(result=session.result())
