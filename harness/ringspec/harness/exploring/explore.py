"""Explore: the search for what no list foresees, as the session sees it.

In: what is known to fail, limits, and what fires an example. Out: events. Hypothesis
calls whom it searches for, and a session yields what it does: so it runs in a thread of
its own, asks for one exchange at a time, and waits for the answer. Every request goes
out through the session, which may end at any time.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ringspec.harness import judgements
from ringspec.harness.events import Judged, Notice
from ringspec.harness.exchange import Exchange, Trouble
from ringspec.harness.judgements import NO_JUDGEMENT, Judgement
from ringspec.harness.oracle import ERROR_STATUS, Oracle
from ringspec.harness.verdict import Finding, Verdict
from ringspec.harness.volley import Interrupted
from ringspec.spec import Contract, Level, RuleId, weakest
from ringspec.strategies import Case, Expect, status_fits

if TYPE_CHECKING:
    # Hypothesis takes a while to load, and most runs need none of it.
    from ringspec.strategies import Example, Walk, Ways

# The shrinking of one failure takes no more than this.
_SHRINK_REQUESTS = 200
_SHRINK_S = 20.0
# One less than what a target is given up for: shrinking is not to be what ends a run.
SILENCE = 3
# So long the thread is waited for. It asks for something often enough, and is told.
_FAREWELL_S = 1.0
# Refusals that other things than the rule may account for: what is not known, what
# stands there already, what is too long.
_OTHER_REASONS = frozenset({404, 409, 413, 414, 431})


# What every search serves, whatever it finds.
_SERVED = ("robustness", "body.accepted", "answer.", "error.")


def is_explored(rule: RuleId) -> bool:
    """Tell whether explore says something of a rule even where nothing fails."""
    return rule.startswith(_SERVED)


class Fault(NamedTuple):
    """A kind of failure, of which one example is enough."""

    rule: RuleId
    expect: Expect
    trouble: Trouble | None


def fault_of(finding: Finding) -> Fault:
    """Return the kind of a failure."""
    failure = finding.exchange.failure
    trouble = failure.trouble if failure else None
    return Fault(finding.rule, finding.case.expect, trouble)


def faults_of(findings: Iterable[Finding]) -> dict[Fault, Level]:
    """Return what fails, and how strongly it binds."""
    faults: dict[Fault, Level] = {}
    for each in findings:
        if each.verdict == Verdict.FAIL:
            remember(faults, {fault_of(each): each.level})
    return faults


def remember(known: dict[Fault, Level], faults: dict[Fault, Level]) -> None:
    """Take in faults: of one kind, the strongest level is kept."""
    for fault, level in faults.items():
        if fault not in known or level.gates(known[fault]):
            known[fault] = level


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a search may spend, and what it need not find.

    Attributes:
        examples: how many bodies and walks are tried.
        known: what fails already, and how strongly it binds.
    """

    examples: int
    seconds: float
    seed: int = 0
    shrink_requests: int = _SHRINK_REQUESTS
    shrink_seconds: float = _SHRINK_S
    known: dict[Fault, Level] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """An example that was fired, and what it says.

    Attributes:
        idle: what a target need not have done, and did not, so that a walk ended.
        ended: after how many steps a walk failed, or came to its end.
        sent: how many requests it took.
    """

    case: Case
    exchange: Exchange
    findings: tuple[Finding, ...]
    idle: str = ""
    ended: int = 0
    sent: int = 1

    @cached_property
    def faults(self) -> dict[Fault, Level]:
        """What fails, and how strongly it binds."""
        return faults_of(self.findings)


class News:
    """What is known to fail, so that it need not be told again.

    Of one kind only what binds more strongly than what is known is news.
    """

    def __init__(self, contract: Contract, known: dict[Fault, Level]) -> None:
        self._order = {rule: number for number, rule in enumerate(contract.rules)}
        self._known = dict(known)

    def worst(self, shot: Shot) -> Fault | None:
        """Return the worst of an example's failures that is not known yet."""
        news = [fault for fault in shot.faults if self._has(fault, shot)]
        ranked = {
            each: (shot.faults[each].rank, self._order[each.rule]) for each in news
        }
        return min(ranked, key=lambda each: ranked[each], default=None)

    def judged(self, shot: Shot) -> Judged:
        """Return what is to be told of an example; its failures are known then."""
        findings = tuple(
            each
            for each in shot.findings
            if each.verdict != Verdict.FAIL or self._has(fault_of(each), shot)
        )
        self.take(shot.faults)
        return Judged(case=shot.case, exchange=shot.exchange, findings=findings)

    def take(self, faults: dict[Fault, Level]) -> None:
        """Take in what is known from now on."""
        remember(self._known, faults)

    def _has(self, fault: Fault, shot: Shot) -> bool:
        known = self._known.get(fault)
        return known is None or not known.gates(shot.faults[fault])


class Over(BaseException):
    """What is under way is to end: to Hypothesis an Exception were a finding."""


class Raised(BaseException):
    """An error of ours on the way; likewise."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def judge(oracle: Oracle, example: Example, exchange: Exchange) -> Iterator[Finding]:
    """Judge an example, which has no twin.

    A refusal therefore proves no rule. What was accepted though it is invalid fails
    each rule that it breaks, at the level of that rule.
    """
    case, response = example.case, exchange.response
    answered = response is not None and response.status < 500
    for finding in oracle.judge(case, exchange):
        says_nothing = finding.verdict == Verdict.INCONCLUSIVE
        if says_nothing and (case.expect == Expect.REJECT or not answered):
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
    """Judge how an invalid body is refused, where that is certain to be why."""
    response = exchange.response
    if case.expect != Expect.REJECT or response is None:
        return
    status = response.status
    if status // 100 != 4 or status in NO_JUDGEMENT | _OTHER_REASONS:
        return
    yield from judgements.envelope(contract.answers, response)
    if status_fits(status, case.status):
        yield ERROR_STATUS, Verdict.PASS, ""
    else:
        wanted = " or ".join(map(str, case.status))
        reason = f"refused with {status}, not with {wanted}"
        yield ERROR_STATUS, Verdict.FAIL, reason


class _Closed(BaseException):
    """Nobody answers any more."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """The search is over, by an error of ours if there is one."""

    error: BaseException | None = None


_Item: TypeAlias = "Example | Walk | Judged | Notice | _Ended | Interrupted"


class Explorer:
    """Runs a search in a thread, and answers what it asks for."""

    def __init__(
        self,
        contract: Contract,
        rules: Collection[RuleId],
        limits: Limits,
        ways: Ways | None = None,
    ) -> None:
        self._contract = contract
        self._rules = frozenset(rules)
        self._ways = ways
        self._limits = limits
        self._items: asyncio.Queue[_Item] = asyncio.Queue()
        self._answers: queue.SimpleQueue[Shot | None] = queue.SimpleQueue()

    def events(
        self, runner: asyncio.Runner, fire: Callable[[Example | Walk], Shot]
    ) -> Generator[Judged | Notice, None, None]:
        """Search; every exchange is made by the caller.

        Raises:
            Interrupted: somebody wants the search to end.
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
                    case _Ended():
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
        """End the search: whoever waits for it is told at once."""
        self._items.put_nowait(Interrupted())

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        def put(item: _Item) -> None:
            try:
                loop.call_soon_threadsafe(self._items.put_nowait, item)
            except RuntimeError as error:  # the loop is closed
                raise _Closed from error

        def fire(example: Example | Walk) -> Shot:
            put(example)
            answer = self._answers.get()
            if answer is None:
                raise _Closed
            return answer

        # Without a listener there is also nobody to tell of an error.
        with suppress(_Closed):
            put(self._searched(fire, put))

    def _searched(
        self,
        fire: Callable[[Example | Walk], Shot],
        tell: Callable[[Judged | Notice], None],
    ) -> _Ended:
        try:
            from ringspec.harness.exploring.search import Search  # noqa: PLC0415 - as above

            search = Search(self._contract, self._rules, self._limits, self._ways)
            search.run(fire, tell)
        except _Closed:
            raise
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
            return _Ended(error)
        return _Ended()
