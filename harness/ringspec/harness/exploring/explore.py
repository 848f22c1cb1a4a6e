"""Explore: the search for what no list foresees, as the session drives it.

In: what is known to fail, limits, and what fires an example. Out: events. Hypothesis
calls back, and the session is a generator: a thread bridges the two. It asks for one
exchange at a time, and waits for the answer. Every request goes out through the
session, which may end at any time.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ringspec.harness.exploring.attempts import Attempt, SearchLimits
from ringspec.harness.judging import checks
from ringspec.harness.judging.checks import NO_JUDGEMENT, Judgement
from ringspec.harness.judging.multi_step import missing_links
from ringspec.harness.judging.oracle import ERROR_STATUS, Oracle
from ringspec.harness.judging.verdict import (
    Finding,
    Interrupted,
    Judged,
    Notice,
    Verdict,
)
from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.exchange import Exchange
from ringspec.spec import Contract, RuleId, weakest
from ringspec.strategies import Case, Expect, status_fits

if TYPE_CHECKING:
    # Hypothesis takes a while to load, and most runs need none of it.
    from ringspec.strategies import Example, Lifecycle, Walk

# Seconds until the thread is given up. It asks for something often enough.
_FAREWELL_S = 1.0
# Refusals that other things than the rule may account for: what is not known, what
# stands there already, what is too long.
_OTHER_REASONS = frozenset({404, 409, 413, 414, 431})
_LIFECYCLE = "lifecycle."
# Rules that every search serves, whatever it finds.
_SERVED = ("robustness", "body.accepted", "answer.", "error.")


def is_explored(rule: RuleId) -> bool:
    """Return whether explore serves a rule even where nothing fails."""
    return rule.startswith(_SERVED)


def judge(oracle: Oracle, example: Example, exchange: Exchange) -> Iterator[Finding]:
    """Judge an example, which has no twin.

    A refusal therefore proves no rule. An invalid body that was accepted fails each
    rule that it breaks, at the level of that rule.
    """
    case, response = example.case, exchange.response
    answered = response is not None and response.status < 500
    for finding in oracle.judge(case, exchange):
        inconclusive = finding.verdict == Verdict.INCONCLUSIVE
        if inconclusive and (case.expect == Expect.REJECT or not answered):
            continue
        yield replace(finding, level=example.levels.get(finding.rule, finding.level))
    for rule, verdict, reason in _refusal(oracle.contract, case, exchange):
        if rule not in oracle.contract.rules:
            continue  # a dialect has dropped it
        level = weakest((oracle.contract.rules[rule].level, case.level))
        yield Finding(
            rule=rule,
            verdict=verdict,
            reason=reason,
            level=level,
            gate=level,
            case=case,
            exchange=exchange,
        )


def _refusal(contract: Contract, case: Case, exchange: Exchange) -> Iterator[Judgement]:
    """Judge how an invalid body is refused, where that is certain to be the reason."""
    response = exchange.response
    if case.expect != Expect.REJECT or response is None:
        return
    status = response.status
    if status // 100 != 4 or status in NO_JUDGEMENT | _OTHER_REASONS:
        return
    yield from checks.envelope(contract.answers, response)
    if status_fits(status, case.status):
        yield ERROR_STATUS, Verdict.PASS, ""
    else:
        wanted = " or ".join(map(str, case.status))
        reason = f"refused with {status}, not with {wanted}"
        yield ERROR_STATUS, Verdict.FAIL, reason


def offered_lifecycle(
    plan: Plan, selected: Collection[RuleId], play: Callable[[Case], Exchange]
) -> Lifecycle | None:
    """Call each operation once, and return the life cycle of those offered, if any."""
    from ringspec.strategies import Lifecycle  # noqa: PLC0415 - it takes a while

    life = Lifecycle.of(plan.contract, plan.cases)
    if life is None or not any(each.startswith(_LIFECYCLE) for each in selected):
        return None
    case = life.survey()
    exchange = play(case)
    if exchange.played is None or not exchange.played.earlier:
        return None  # without a create there is nothing to walk on
    return life.lacking(missing_links(plan.contract, [(case, exchange)]))


class _Closed(BaseException):
    """The session does not answer any more."""


class _SearchEnded(NamedTuple):
    """The search is over, by an error of ours if there is one."""

    error: BaseException | None = None


_Item: TypeAlias = "Example | Walk | Judged | Notice | _SearchEnded | Interrupted"


class Explorer:
    """Runs a search in a thread, and answers what it asks for."""

    def __init__(
        self,
        contract: Contract,
        rules: Collection[RuleId],
        limits: SearchLimits,
        life: Lifecycle | None = None,
    ) -> None:
        self._contract = contract
        self._rules = frozenset(rules)
        self._life = life
        self._limits = limits
        self._items: asyncio.Queue[_Item] = asyncio.Queue()
        self._answers: queue.SimpleQueue[Attempt | None] = queue.SimpleQueue()

    def events(
        self, runner: asyncio.Runner, fire: Callable[[Example | Walk], Attempt]
    ) -> Generator[Judged | Notice, None, None]:
        """Search; the caller makes every exchange.

        Raises:
            Interrupted: the search is to end.
        """
        thread = threading.Thread(
            target=self._work, args=(runner.get_loop(),), name="explore", daemon=True
        )
        thread.start()
        try:
            while True:
                item = runner.run(self._items.get())
                match item:
                    case Judged() | Notice():
                        yield item
                    case _SearchEnded():
                        if item.error is not None:
                            raise item.error
                        return
                    case Interrupted():
                        raise item
                    case _:
                        self._answers.put(fire(item))
        finally:
            self._answers.put(None)
            thread.join(_FAREWELL_S)

    def interrupt(self) -> None:
        """End the search, even while its next item is waited for."""
        self._items.put_nowait(Interrupted())

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        def put(item: _Item) -> None:
            try:
                loop.call_soon_threadsafe(self._items.put_nowait, item)
            except RuntimeError as error:  # the loop is closed
                raise _Closed from error

        def fire(example: Example | Walk) -> Attempt:
            put(example)
            answer = self._answers.get()
            if answer is None:
                raise _Closed
            return answer

        # Without a listener an error has no addressee either.
        with suppress(_Closed):
            try:
                from ringspec.harness.exploring.search import Search  # noqa: PLC0415 - as above

                search = Search(self._contract, self._rules, self._limits, self._life)
                search.run(fire, put)
            except _Closed:
                raise
            except BaseException as error:  # noqa: BLE001 - the session raises it
                put(_SearchEnded(error))
            else:
                put(_SearchEnded())
