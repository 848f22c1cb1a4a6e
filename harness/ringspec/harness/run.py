"""A run: fire the cases in order, judge them, and tell of it in events.

In: a contract, cases, a target. Out: events, the last of them an `Ended`. Cases are
fired by a few workers at once and told of in the order of the list.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from ringspec.harness.events import Ended, Event, Judged, Notice, Started
from ringspec.harness.exchange import Exchange, Trouble
from ringspec.harness.oracle import NO_JUDGEMENT, Oracle
from ringspec.harness.outcome import EXITS, Tally, conclude
from ringspec.harness.target import Target, is_loopback
from ringspec.harness.verdict import Conclusion, Counts, Result
from ringspec.spec import Contract, Level, RuleId, UsageError
from ringspec.strategies import Case, Expect

# A target that fails so often in a row, each time repeated, is given up.
PATIENCE = 4
# The first case is sent this often more before nobody is believed to be there.
FIRST_REPEATS = 2
AUTH = "auth."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do.

    Attributes:
        select: prefixes of rule ids to be run; all without any.
        exclude: prefixes of rule ids to be left out.
        token: the access token, if there are credentials.
    """

    contract: Contract
    cases: tuple[Case, ...]
    url: str
    token: str | None = None
    level: Level = Level.MUST
    seed: int = 0
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    workers: int = 4
    timeout_s: float = 5.0
    fail_fast: bool = False

    def selected(self, rule: RuleId) -> bool:
        """Tell whether a rule is to be run."""
        wanted = not self.select or any(rule.startswith(each) for each in self.select)
        return wanted and not any(rule.startswith(each) for each in self.exclude)


def fired(plan: Plan) -> tuple[Case, ...]:
    """Return the cases of the selected rules, and the twins they need.

    Raises:
        UsageError: no rule is selected.
    """
    for prefix in (*plan.select, *plan.exclude):
        if not any(rule.startswith(prefix) for rule in plan.contract.rules):
            raise UsageError(
                f"no rule begins with {prefix!r}",
                hint="`ringspec rules` lists them",
            )
    by_id = {case.id: case for case in plan.cases}
    chosen = {case.id for case in plan.cases if plan.selected(case.rule)}
    if any(plan.selected(rule) and _from_answers(rule) for rule in plan.contract.rules):
        # Rules about answers have no cases of their own: all others serve them.
        chosen |= {case.id for case in plan.cases if not plan.select}
        if plan.select:
            chosen |= {c.id for c in plan.cases if c.expect != Expect.SURVIVE}
    needed = {by_id[id].twin for id in chosen} - {None}
    first = {plan.cases[0].id} if chosen and plan.cases else set()
    cases = tuple(c for c in plan.cases if c.id in chosen | needed | first)
    if not cases:
        raise UsageError("no rule is selected", hint="see --select and --exclude")
    return cases


def _from_answers(rule: RuleId) -> bool:
    return rule.split(".", 1)[0] in {"answer", "error"}


def run(plan: Plan) -> Iterator[Event]:
    """Run a plan and yield its events; it always ends with an `Ended`.

    An interrupt ends it early, with what is known by then.

    Raises:
        UsageError: nothing is selected, or the URL is none.
    """
    cases = fired(plan)
    session = _Session(plan, cases)
    yield Started(
        contract=plan.contract,
        target=plan.url,
        level=plan.level,
        seed=plan.seed,
        total=len(cases),
    )
    try:
        yield from session.events()
    except KeyboardInterrupt:
        session.interrupted = True
    yield Ended(result=session.result())


@dataclass
class _Session:
    """One run under way."""

    plan: Plan
    cases: tuple[Case, ...]
    began: float = field(default_factory=time.perf_counter)
    done: int = 0
    requests: int = 0
    answered: int = 0
    in_a_row: int = 0
    statuses: set[int] = field(default_factory=set)
    html: int = 0
    ended_by: str = ""
    hint: str = ""
    interrupted: bool = False
    last: Exchange | None = None

    def __post_init__(self) -> None:
        """Prepare oracle and tally."""
        contract = self.plan.contract
        self.oracle = Oracle(contract)
        skipped = (rule for rule in contract.rules if not self.plan.selected(rule))
        self.tally = Tally(contract, self.plan.level, frozenset(skipped))

    def events(self) -> Iterator[Event]:
        """Fire and judge, case by case."""
        if not is_loopback(self.plan.url):
            self._forbid()
            return
        with asyncio.Runner() as runner:
            volley = _Volley(self.plan)
            try:
                first = runner.run(volley.first(self.cases[0]))
                yield self._judged(self.cases[0], first)
                if self._stops_at_first(first):
                    return
                rest = self._without_credentials()
                if rest:
                    yield Notice(message=rest)
                cases = self._rest()
                runner.run(volley.start(cases))
                for index, case in enumerate(cases):
                    yield self._judged(case, runner.run(volley.take(index)))
                    if self._stops():
                        return
            finally:
                with suppress(Exception):
                    runner.run(volley.stop())

    def _forbid(self) -> None:
        self.ended_by = f"{self.plan.url} is not on this machine: nothing was sent"
        self.hint = (
            "a create may ring real phones; only loopback targets are run so far"
        )

    def _rest(self) -> tuple[Case, ...]:
        rest = self.cases[1:]
        if self.plan.token is None:
            rest = tuple(case for case in rest if not case.rule.startswith(AUTH))
        return rest

    def _without_credentials(self) -> str:
        """Leave out the rules of authentication where no token is at hand."""
        if self.plan.token is not None or not self.plan.contract.operation.secured:
            return ""
        for rule in self.plan.contract.rules:
            if rule.startswith(AUTH) and self.plan.selected(rule):
                reason = "no credentials were given, and none are asked for"
                self.tally.inapplicable[rule] = reason
        return "without credentials: the rules of authentication do not apply"

    def _judged(self, case: Case, exchange: Exchange) -> Judged:
        self.done += 1
        self.requests += exchange.sent
        self.last = exchange
        if exchange.response is not None:
            self.answered += 1
            self.in_a_row = 0
            self.statuses.add(exchange.response.status)
            media = exchange.response.header("content-type") or ""
            self.html += media.startswith("text/html")
        else:
            self.in_a_row += 1
        findings = tuple(
            each
            for each in self.oracle.judge(case, exchange)
            if self.plan.selected(each.rule)
        )
        self.tally.add(findings)
        return Judged(case=case, exchange=exchange, findings=findings)

    def _stops_at_first(self, exchange: Exchange) -> bool:
        """Tell whether there is no point in going on after the first case."""
        if exchange.failure is not None:
            self.ended_by = f"{self.plan.url}: {exchange.failure.message}"
            self.hint = _HINTS[exchange.failure.trouble]
            return True
        status = exchange.response.status if exchange.response else 0
        if status in {401, 407}:
            self.ended_by = f"{self.plan.url} lets nobody in: HTTP {status}"
            self.hint = (
                "give --bearer TOKEN, or --client-id, --client-secret and --token-url"
                if self.plan.token is None
                else "check the token or the client's credentials"
            )
            return True
        return False

    def _stops(self) -> bool:
        if self.in_a_row >= PATIENCE:
            trouble = self.last.failure.message if self.last and self.last.failure else ""
            self.ended_by = f"the target was given up after {self.done} cases: {trouble}"
            self.hint = "see the failures of robustness; is the target still running?"
            return True
        failed = self.plan.fail_fast and any(
            each.gating(self.plan.level) for each in self.tally.results()
        )
        if failed:
            self.ended_by = f"stopped at the first failure, after {self.done} cases"
        return bool(failed)

    def result(self) -> Result:
        """Draw the conclusion from what has been judged."""
        if self.interrupted:
            self.ended_by = f"interrupted after {self.done} of {len(self.cases)} cases"
        results = self.tally.results(self.ended_by)
        conclusion = conclude(results, executed=self.done > 0)
        if self._nobody_there():
            conclusion = Conclusion.INCONCLUSIVE
        exit_code = 130 if self.interrupted else EXITS[conclusion]
        return Result(
            conclusion=conclusion,
            exit_code=exit_code,
            level=self.plan.level,
            rules=results,
            counts=Counts(
                rules=len(results), cases=self.done, requests=self.requests
            ),
            duration_s=round(time.perf_counter() - self.began, 3),
            message=self.ended_by,
            hint=self.hint or self._advice(),
            interrupted=self.interrupted,
        )

    def _nobody_there(self) -> bool:
        """Tell whether the run says nothing of this API at all."""
        if self.answered == 0:
            failure = self.last.failure if self.last else None
            told = failure is not None and (
                failure.trouble in {Trouble.DROPPED, Trouble.GARBLED} or failure.some
            )
            return not told
        return self.statuses <= {404} or self.statuses <= NO_JUDGEMENT

    def _advice(self) -> str:
        if self.statuses == {404}:
            return "everything is answered 404: is the URL right, mount prefix included?"
        if self.answered and self.html == self.answered:
            return "everything is answered with HTML: is the URL that of the API?"
        if self.answered and not any(status // 100 == 2 for status in self.statuses):  # noqa: PLR2004
            return "no valid body was accepted: check dialect, fixtures and URL"
        return ""


_HINTS = {
    Trouble.UNREACHABLE: "is the server running, and the port right?",
    Trouble.NAME: "is the host spelt right?",
    Trouble.TLS: "is it http rather than https, or a certificate nobody knows?",
    Trouble.TIMEOUT: "the server takes connections and does not answer; see --timeout",
    Trouble.DROPPED: "the server closes connections: is it an HTTP server at all?",
    Trouble.GARBLED: "what came back is not HTTP: is the port right?",
}


class _Volley:
    """Fires cases by a few workers and hands out exchanges by number."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._target: Target | None = None
        self._workers: list[asyncio.Task[None]] = []
        self._results: list[asyncio.Future[Exchange]] = []

    async def first(self, case: Case) -> Exchange:
        """Fire the first case by itself, with some patience."""
        self._target = Target(
            self._plan.url,
            token=self._plan.token,
            timeout_s=self._plan.timeout_s,
            workers=self._plan.workers,
        )
        return await self._target.exchange(case.request, repeats=FIRST_REPEATS)

    async def start(self, cases: tuple[Case, ...]) -> None:
        """Begin to fire the others."""
        loop = asyncio.get_running_loop()
        self._results = [loop.create_future() for _ in cases]
        turns = iter(range(len(cases)))
        for _ in range(self._plan.workers):
            task = loop.create_task(self._work(cases, turns))
            self._workers.append(task)

    async def _work(self, cases: tuple[Case, ...], turns: Iterator[int]) -> None:
        assert self._target is not None
        for index in turns:
            result = self._results[index]
            try:
                result.set_result(await self._target.exchange(cases[index].request))
            except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
                result.set_exception(error)

    async def take(self, index: int) -> Exchange:
        """Return the exchange of a case once it is there."""
        return await self._results[index]

    async def stop(self) -> None:
        """End what is under way and close all connections."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for result in self._results:
            if result.done() and not result.cancelled():
                result.exception()  # seen, so that nobody complains of it
        if self._target is not None:
            await self._target.__aexit__()


