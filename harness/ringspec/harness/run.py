"""A run: fire the cases in order, judge them, and tell of it in events.

In: a plan. Out: events, the last of them an `Ended`. Cases are fired by a few workers
at once and told of in the order of the list.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ringspec.harness.events import Ended, Event, Notice, Started
from ringspec.harness.plan import Plan
from ringspec.harness.selection import Selection
from ringspec.harness.session import Session
from ringspec.strategies import unbroken

__all__ = ["Plan", "run"]


def run(plan: Plan) -> Generator[Event, None, None]:
    """Run a plan and yield its events; it always ends with an `Ended`.

    An interrupt ends it early, with what is known by then. Whoever meets the interrupt
    while handling an event throws it in here.

    Raises:
        UsageError: nothing is selected, or the URL is none.
    """
    selection = Selection.of(plan.contract, plan.select, plan.exclude, plan.rules)
    session = Session(plan, selection)
    try:
        yield Started(
            contract=plan.contract,
            target=plan.url,
            level=plan.level,
            seed=plan.seed,
            total=session.total,
        )
        if plan.route.from_environment:
            proxy = plan.route.shown_proxy
            yield Notice(message=f"by the proxy {proxy}, as the environment says")
        if plan.only is None:
            yield from _unproven(plan, selection)
        yield from session.events()
    except KeyboardInterrupt:
        session.interrupted = True
    renewal = plan.filling.renewal
    if renewal is not None and renewal.trouble:
        yield Notice(message=f"the token could not be renewed: {renewal.trouble}")
    yield Ended(result=session.result())


def _unproven(plan: Plan, selection: Selection) -> Iterator[Notice]:
    """Say of which rules a pass proves little, for want of a case that breaks them."""
    chosen = set(selection.rules)
    ids = [each for each in unbroken(plan.contract, plan.cases) if each in chosen]
    if ids:
        yield Notice(
            message=f"no case breaks {', '.join(ids)}: "
            "whoever does not check that is not noticed"
        )
