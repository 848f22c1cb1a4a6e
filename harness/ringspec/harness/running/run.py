"""A run: fire the cases in order, judge them, and yield events.

In: a plan. Out: events, the last of them an `Ended`. Cases are fired by a few workers
at once and reported in the order of the list.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.harness.exploring.attempts import (
    Attempt,
    Failures,
    SearchLimits,
    failures_of,
    remember,
)
from ringspec.harness.exploring.explore import (
    Explorer,
    is_explored,
    judge,
    offered_lifecycle,
)
from ringspec.harness.judging.multi_step import links_of, missing_links
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.judging.outcome import (
    EXITS,
    Impression,
    Tally,
    conclude,
)
from ringspec.harness.judging.selection import (
    ROBUSTNESS,
    Selection,
    left_aside,
    pending,
)
from ringspec.harness.judging.verdict import (
    Counts,
    Ended,
    Event,
    Finding,
    Interrupted,
    Judged,
    Known,
    Notice,
    Result,
    RuleResult,
    Started,
    Verdict,
)
from ringspec.harness.running.firing import PLAYS, Volley, interrupts
from ringspec.harness.running.known_failures import (
    Account,
    Auditor,
    Watch,
)
from ringspec.harness.running.plan import (
    Plan,
    check,
    is_unguarded,
    lacking_rules,
    nothing,
    refusal,
)
from ringspec.harness.running.precautions import Precautions
from ringspec.harness.running.shards import Sharer
from ringspec.harness.sending.exchange import Exchange
from ringspec.spec import RuleId
from ringspec.strategies import Case, Phase, unbroken

if TYPE_CHECKING:
    from ringspec.strategies import Example, Walk


# A target that leaves so many cases in a row without an answer is given up. With one
# worker and the default time limit that takes 25 seconds: the first is repeated.
PATIENCE = 4


def _is_alone(case: Case) -> bool:
    """Tell whether a case would meet what others create and delete meanwhile."""
    return case.phase in {Phase.LIFECYCLE, Phase.EXPLORE}


async def _fired(volley: Volley, case: Case, *, patient: bool) -> Exchange:
    await volley.start((case,), at_once=False, patient=patient)
    return await volley.take(0)


class Session:
    """One run under way.

    Attributes:
        cases: what of the list will be fired, its first in any case.
        care: what stands between the run and its target.
        interrupted: set by whoever was interrupted.
    """

    def __init__(self, plan: Plan, selection: Selection) -> None:
        check(plan)
        lacking = lacking_rules(plan)
        self.care = care = Precautions(plan)
        wanted = selection.fired(plan.cases, plan.takes)
        fired = care.sent(case for case in wanted if case.rule not in lacking)
        first = plan.cases[:1] if fired or plan.explored else ()
        if care.only_looks:
            first = ()
        self.cases = (*first, *(case for case in fired if case not in first))
        self.interrupted = False
        self._plan = plan
        self._selected = frozenset(selection.rules)
        unnamed = care.policy.unnamed if plan.live else {}
        self._oracle = Oracle(plan.contract, plan.filling, unnamed)
        elsewhere = left_aside(selection.rules, plan.cases, plan.takes)
        if plan.explored:
            elsewhere = frozenset(each for each in elsewhere if not is_explored(each))
        skipped = (frozenset(plan.contract.rules) - self._selected) | elsewhere
        self._tally = Tally(plan.contract, plan.level, skipped, lacking)
        unsent = care.open_rules(self._selected - skipped - lacking.keys(), wanted)
        # Where creates are allowed, what is left out is so on purpose: it binds nobody.
        (self._tally.withheld if care.only_looks else lacking).update(unsent)
        self._impression = Impression(looking=care.only_looks)
        self._began = time.perf_counter()
        self._left = list(self.cases)
        self._done = self._requests = 0
        self._ended_by = self._hint = ""
        self._explorer: Explorer | None = None
        self._failed: Failures = {}
        self._watch = Watch()
        self._sharer = Sharer(plan, self.cases, self._watch)

    @property
    def total(self) -> int:
        """How many cases will be fired, what is explored among them."""
        return len(self.cases) + self._plan.explored

    def events(self) -> Iterator[Event]:
        """Fire and judge, case by case.

        Raises:
            UsageError: the URL is none.
        """
        if self.cases:
            yield from self.care.beginning()
            with asyncio.Runner() as runner:
                yield from self._fire(runner)
            yield from self.care.told()
        elif not self._tally.withheld:
            self._end(*nothing(self._plan))

    def _fire(self, runner: asyncio.Runner) -> Iterator[Event]:
        plan, care = self._plan, self.care
        volley = Volley(
            care.connect(),
            plan.pace.workers or 1,
            plan.patience_s,
            plays=1 if plan.live else PLAYS,
            absences=care.absences,
        )

        def interrupt() -> None:
            volley.interrupt()
            care.hurry()
            if self._explorer is not None:
                self._explorer.interrupt()

        with interrupts(runner.get_loop(), interrupt):
            try:
                yield from self._volley(runner, volley)
            except Interrupted:
                self.interrupted = True
            finally:
                runner.run(volley.rest())
                try:
                    runner.run(care.clean_up(hasty=self.interrupted))
                finally:
                    with suppress(Exception):
                        runner.run(volley.stop())

    def _volley(self, runner: asyncio.Runner, volley: Volley) -> Iterator[Event]:
        if not self.care.only_looks:
            first = runner.run(volley.first(self.cases[0]))
            yield self._judged(self.cases[0], first)
            refused = refusal(self._plan, first)
            if refused is not None:
                self._end(*refused)
                return
        if is_unguarded(self._plan):
            said = "without credentials: the rules of authentication do not apply"
            yield Notice(message=said)
        single = tuple(case for case in self._left if not case.steps)
        runner.run(volley.start(single))
        for index, case in enumerate(single):
            judged = self._judged(case, runner.run(volley.take(index)))
            yield judged
            yield from self.care.told()
            if self._stops(judged.findings):
                return
        yield from self._scripts(runner, volley)
        if self._plan.explored and self._impression.learnt and not self._ended_by:
            yield from self._explore(runner, volley)

    def _scripts(self, runner: asyncio.Runner, volley: Volley) -> Iterator[Event]:
        """Play the cases of several steps, and judge them together.

        What an operation answers in one of them shows whether the target has it at all.
        """
        scripts = tuple(self._left)
        played: dict[str, Exchange] = {}
        interrupted = False
        try:
            self._play(runner, volley, played)
        except Interrupted:
            interrupted = True
        told = [(case, played[case.id]) for case in scripts if case.id in played]
        missing = missing_links(self._plan.contract, told)
        for case, exchange in told:
            yield self._judged_script(case, exchange, missing)
        if interrupted:
            raise Interrupted
        yield from self._told_missing(missing)

    def _play(
        self, runner: asyncio.Runner, volley: Volley, played: dict[str, Exchange]
    ) -> None:
        """Play all that is left, those of a life one after the other."""
        by_itself = [case for case in self._left if _is_alone(case)]
        at_once = [case for case in self._left if not _is_alone(case)]
        for batch in (at_once, by_itself):
            runner.run(volley.start(tuple(batch), at_once=batch is at_once))
            for index, case in enumerate(batch):
                played[case.id] = runner.run(volley.take(index))
                self._impression.note(case, played[case.id])
                if self._stops(()):
                    return

    def _explore(self, runner: asyncio.Runner, volley: Volley) -> Iterator[Event]:
        """Look for what the list cannot foresee, one request after the other."""
        plan = self._plan
        limits = SearchLimits(
            examples=plan.examples,
            seconds=plan.explore_s,
            seed=plan.seed,
            known=self._failed,
        )
        from ringspec.harness.exploring.walking import walked  # noqa: PLC0415 - it takes a while
        from ringspec.strategies import Walk  # noqa: PLC0415 - likewise

        def play(case: Case, *, patient: bool = True) -> Exchange:
            exchange = runner.run(_fired(volley, case, patient=patient))
            self._impression.note(case, exchange)
            self._requests += exchange.sent
            return exchange

        def fire(example: Example | Walk) -> Attempt:
            if isinstance(example, Walk):
                return walked(example, play, self._findings)
            return self._attempt(example, play(example.case))

        life = offered_lifecycle(plan, self._selected, play)
        self._explorer = Explorer(plan.contract, self._selected, limits, life)

        with closing(self._explorer.events(runner, fire)) as events:
            for event in events:
                findings = self._explored(event)
                yield event
                if self._stops(findings):
                    return

    def _attempt(self, example: Example, exchange: Exchange) -> Attempt:
        found = judge(self._oracle, example, exchange)
        findings = self._gathered(found)
        return Attempt(case=example.case, exchange=exchange, findings=findings)

    def _explored(self, event: Event) -> tuple[Finding, ...]:
        if not isinstance(event, Judged):
            return ()
        self._done += 1
        # Whatever explore tells of is no longer left out.
        self._tally.skipped -= {each.rule for each in event.findings}
        self._tally.add(event.findings)
        return event.findings

    def _told_missing(self, missing: set[str]) -> Iterator[Notice]:
        """Say which operations a target does not have, and what that leaves out."""
        if not missing:
            return
        links = (each.name for each in self._plan.contract.links)
        listed = ", ".join(each for each in links if each in missing)
        reason = f"the target does not offer {listed}"
        served = {case.rule for case in self.cases if not links_of(case) & missing}
        for case in self.cases:
            if links_of(case) & missing and case.rule not in served:
                self._tally.inapplicable[case.rule] = reason
        yield Notice(message=reason)

    def _judged_script(
        self, case: Case, exchange: Exchange, missing: set[str]
    ) -> Judged:
        if links_of(case) & missing:
            self._count(case, exchange)
            return Judged(case=case, exchange=exchange, findings=())
        return self._told(case, exchange)

    def _judged(self, case: Case, exchange: Exchange) -> Judged:
        self._impression.note(case, exchange)
        return self._told(case, exchange)

    def _count(self, case: Case, exchange: Exchange) -> None:
        self._left.remove(case)
        self._done += 1
        self._requests += exchange.sent

    def _told(self, case: Case, exchange: Exchange) -> Judged:
        self._count(case, exchange)
        findings = self._findings(case, exchange)
        self._tally.add(findings)
        self._sharer.note(case, findings)
        remember(self._failed, failures_of(findings))
        return Judged(case=case, exchange=exchange, findings=findings)

    def _findings(self, case: Case, exchange: Exchange) -> tuple[Finding, ...]:
        levels = self._plan.found.get(case.id, {})
        found = self._oracle.judge(case, exchange)
        return self._gathered(
            replace(each, level=levels.get(each.rule, each.level)) for each in found
        )

    def _gathered(self, found: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return what is said of the rules that are selected."""
        row = self._impression.in_a_row
        fair = [self.care.fair(self._impression.fair(it), row) for it in found]
        self._watch.note(fair)
        return tuple(filter(self._counts, fair))

    def _counts(self, finding: Finding) -> bool:
        only = self._plan.only
        wanted = only is None or finding.case.id in only
        return wanted and finding.rule in self._selected

    def _stops(self, findings: tuple[Finding, ...]) -> bool:
        failure = self._impression.failure
        if self._impression.in_a_row >= PATIENCE and failure is not None:
            self._end(
                f"the target was given up after {self._done} cases: {failure.message}",
                "see the failures of robustness; is the target still running?",
            )
            return True
        if self._plan.fail_fast and any(map(self._fails, findings)):
            self._end(f"stopped at the first failure, after {self._done} cases")
            return True
        return False

    def _fails(self, finding: Finding) -> bool:
        if finding.verdict != Verdict.FAIL or self._plan.known.excuses(finding):
            return False
        return finding.level.gates(self._plan.level)

    def _end(self, why: str, hint: str = "") -> None:
        self._ended_by, self._hint = why, hint

    def result(self) -> Result:
        """Draw the conclusion from what has been judged."""
        if self.interrupted:
            self._end(f"interrupted after {self._done} of {self.total} cases")
        said, hint = self._said()
        message = self._ended_by or said
        account = self._account(message)
        results, stale = account.results, account.stale
        conclusion = conclude(results, executed=self._done > 0, stale=stale)
        return Result(
            conclusion=conclusion,
            exit_code=130 if self.interrupted else EXITS[conclusion],
            level=self._plan.level,
            rules=results,
            counts=Counts(
                rules=len(results), cases=self._done, requests=self._requests
            ),
            duration_s=round(time.perf_counter() - self._began, 3),
            message=message,
            hint=self._hint or hint or account.hint,
            interrupted=self.interrupted,
            stale=stale,
            renewal=account.renewal,
            learnt=self._impression.learnt,
            share=self._sharer.share(results, learnt=self._impression.learnt),
        )

    def _said(self) -> tuple[str, str]:
        """Say what is odd as a whole; that nobody is there, before what is withheld."""
        failure = self._impression.failure
        said, hint = self._impression.account()
        if failure is not None and not self._impression.answered:
            return f"{self._plan.url}: {failure.message}", hint
        care = self.care.account(open_rules=len(self._tally.withheld))
        return care if care[0] else (said, hint)

    def _account(self, reason: str) -> Account:
        """Set aside what is known beforehand."""

        def reckon(known: tuple[Known, ...]) -> tuple[RuleResult, ...]:
            self._tally.known = known
            return self._results(reason)

        auditor = Auditor(self._plan, self._watch, interrupted=self.interrupted)
        return auditor.account(reckon, learnt=self._impression.learnt)

    def _results(self, reason: str) -> tuple[RuleResult, ...]:
        if self._impression.learnt:
            return self._tally.results(reason, pending(self._left, self._selected))
        # Findings of such answers are about whoever sent them, not about the API.
        told = {ROBUSTNESS} if self._impression.broken else set[RuleId]()
        return self._tally.untold(reason or "nothing was learnt of the API", told)


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
