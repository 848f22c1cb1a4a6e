"""A run: fire the cases in order, judge them, and yield events.

In: a plan. Out: events, the last of them an `Ended`. Cases are fired by a few workers
at once and reported in the order of the list. `Precautions` connect, `Volley` fires,
`Oracle` judges, `Reachability` says whether the target is there, `Tally` concludes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ringspec.harness.exploring.explore import (
    Attempt,
    Explorer,
    Failures,
    SearchLimits,
    is_explored,
    judge,
    offered_lifecycle,
    walked,
)
from ringspec.harness.judging.multi_step import links_of, missing_links
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.judging.outcome import EXITS, Reachability, Tally, conclude
from ringspec.harness.judging.selection import ROBUSTNESS, Selection, pending, unserved
from ringspec.harness.judging.verdict import (
    ContractName,
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
from ringspec.harness.running.known_failures import KnownAudit
from ringspec.harness.running.plan import (
    Plan,
    check,
    is_unguarded,
    lacking_rules,
    refusal,
)
from ringspec.harness.running.precautions import Precautions
from ringspec.harness.running.shards import share_of
from ringspec.harness.sending.exchange import Exchange
from ringspec.spec import RuleId
from ringspec.strategies import Case, Phase, unbroken

if TYPE_CHECKING:
    from ringspec.strategies import Example, Walk

# A target that leaves so many cases in a row without an answer is given up. With one
# worker and the default time limit that takes 25 seconds: the first is repeated.
PATIENCE = 4
# The first case is sent this often more before the target counts as absent.
FIRST_REPEATS = 2


def run(plan: Plan) -> Generator[Event, None, None]:
    """Run a plan and yield its events; it always ends with an `Ended`.

    An interrupt ends it early, with what is known by then. A caller that meets the
    interrupt while it handles an event throws it in here.

    Raises:
        UsageError: nothing is selected, or the URL is none.
    """
    session = Session(plan)
    try:
        yield from session.events()
    except KeyboardInterrupt:
        session.interrupted = True
    renewal = plan.filling.renewal
    if renewal is not None and renewal.trouble:
        yield Notice(message=f"the token could not be renewed: {renewal.trouble}")
    yield Ended(result=session.result())


class Session:
    """One run under way, from its first request to its result.

    Attributes:
        cases: those of the list that will be fired, its first in any case.
        precautions: what stands between the run and its target.
        interrupted: set if the run was interrupted.
    """

    def __init__(self, plan: Plan) -> None:
        """Decide which cases are fired.

        Raises:
            UsageError: nothing is selected, or the plan may do harm.
        """
        selection = Selection.of(plan.contract, plan.select, plan.exclude, plan.rules)
        check(plan)
        lacking = lacking_rules(plan)
        self.precautions = precautions = Precautions(plan)
        wanted = selection.fired(plan.cases, plan.takes)
        fired = precautions.sent(case for case in wanted if case.rule not in lacking)
        first = plan.cases[:1] if fired or plan.explored else ()
        if precautions.only_looks:
            first = ()
        self.cases = (*first, *(case for case in fired if case not in first))
        self.interrupted = False
        self._plan = plan
        self._selected = frozenset(selection.rules)
        self._oracle = Oracle(
            plan.contract, plan.filling, precautions.policy.unnamed if plan.live else {}
        )
        elsewhere = unserved(selection.rules, plan.cases, plan.takes)
        if plan.explored:
            elsewhere = frozenset(each for each in elsewhere if not is_explored(each))
        skipped = (frozenset(plan.contract.rules) - self._selected) | elsewhere
        self._tally = Tally(plan.contract, plan.level, skipped, lacking)
        unsent = precautions.open_rules(
            self._selected - skipped - lacking.keys(), wanted
        )
        # Where creates are allowed, what is left out is so on purpose: it binds nobody.
        (self._tally.withheld if precautions.only_looks else lacking).update(unsent)
        self._reachability = Reachability(looking=precautions.only_looks)
        self._began = time.perf_counter()
        self._left = list(self.cases)
        self._done = self._requests = 0
        self._ended_by = self._hint = ""
        self._explorer: Explorer | None = None
        self._failed = Failures()
        # By case: all verdicts, even on rules that are not selected.
        self._verdicts: dict[str, set[Verdict]] = {}
        # Cases of other parts of the list, with the rules that were judged by them.
        self._lent: dict[str, tuple[RuleId, ...]] = {}

    def events(self) -> Iterator[Event]:
        """Fire and judge, case by case.

        Raises:
            UsageError: the URL is none.
        """
        plan = self._plan
        yield Started(
            contract=ContractName.of(plan.contract),
            target=plan.url,
            level=plan.level,
            seed=plan.seed,
            total=self._total,
        )
        if plan.route.from_environment:
            proxy = plan.route.shown_proxy
            yield Notice(message=f"by the proxy {proxy}, as the environment says")
        ids = [it for it in unbroken(plan.contract, plan.cases) if it in self._selected]
        if ids and plan.only is None:
            yield Notice(
                message=f"no case breaks {', '.join(ids)}: "
                "whoever does not check that is not noticed"
            )
        if self.cases:
            yield from self.precautions.opening()
            with asyncio.Runner() as runner:
                yield from self._fire(runner)
            yield from self.precautions.notices()
        elif not self._tally.withheld and plan.only is not None:
            self._end("none of these cases can be fired")
        elif not self._tally.withheld:
            self._end("no case serves what is selected", "see --select and --exclude")

    @property
    def _total(self) -> int:
        """How many cases will be fired, those of explore included."""
        return len(self.cases) + self._plan.explored

    def _fire(self, runner: asyncio.Runner) -> Iterator[Event]:
        """Fire all cases; in any case delete what was created, and close."""
        plan, precautions = self._plan, self.precautions
        volley = Volley(
            precautions.connect(),
            plan.pace.workers or 1,
            plan.patience_s,
            plays=1 if plan.live else PLAYS,
            absences=precautions.absences,
        )

        def interrupt() -> None:
            volley.interrupt()
            precautions.hurry()
            if self._explorer is not None:
                self._explorer.interrupt()

        with interrupts(runner.get_loop(), interrupt):
            try:
                yield from self._phases(runner, volley)
            except Interrupted:
                self.interrupted = True
            finally:
                runner.run(volley.rest())
                try:
                    runner.run(precautions.clean_up(hasty=self.interrupted))
                finally:
                    with suppress(Exception):
                        runner.run(volley.stop())

    def _phases(self, runner: asyncio.Runner, volley: Volley) -> Iterator[Event]:
        """Fire the first case, single requests, scripts, and explore."""
        if not self.precautions.only_looks:
            fired = self._fired(runner, volley, self.cases[:1], repeats=FIRST_REPEATS)
            ((first, exchange),) = fired
            yield self._judged(first, exchange)
            refused = refusal(self._plan, exchange)
            if refused is not None:
                self._end(*refused)
                return
        if is_unguarded(self._plan):
            message = "without credentials: the rules of authentication do not apply"
            yield Notice(message=message)
        single = [case for case in self._left if not case.steps]
        for case, exchange in self._fired(runner, volley, single):
            judged = self._judged(case, exchange)
            yield judged
            yield from self.precautions.notices()
            if self._stops(judged.findings):
                return
        yield from self._scripts(runner, volley)
        if self._plan.explored and self._reachability.learnt and not self._ended_by:
            yield from self._explore(runner, volley)

    def _scripts(self, runner: asyncio.Runner, volley: Volley) -> Iterator[Event]:
        """Play the scripts, and judge them together.

        What an operation answers in one of them shows whether the target has it at all.
        """
        scripts = tuple(self._left)
        played: dict[str, Exchange] = {}
        interrupted = False
        try:
            self._play(runner, volley, played)
        except Interrupted:
            interrupted = True
        done = [(case, played[case.id]) for case in scripts if case.id in played]
        missing = missing_links(self._plan.contract, done)
        for case, exchange in done:
            yield self._judged(case, exchange, missing)
        if interrupted:
            raise Interrupted
        if missing:
            yield Notice(message=self._set_aside(missing))

    def _play(
        self, runner: asyncio.Runner, volley: Volley, played: dict[str, Exchange]
    ) -> None:
        """Play all that is left; those that others would disturb one by one."""
        alone = {Phase.LIFECYCLE, Phase.EXPLORE}
        by_itself = [case for case in self._left if case.phase in alone]
        at_once = [case for case in self._left if case.phase not in alone]
        for batch in (at_once, by_itself):
            together = batch is at_once
            for case, exchange in self._fired(runner, volley, batch, at_once=together):
                played[case.id] = exchange
                if self._stops(()):
                    return

    def _set_aside(self, missing: set[str]) -> str:
        """Leave out the rules that only absent operations serve; return the reason."""
        links = (each.name for each in self._plan.contract.links)
        listed = ", ".join(each for each in links if each in missing)
        reason = f"the target does not offer {listed}"
        served = {case.rule for case in self.cases if not links_of(case) & missing}
        for case in self.cases:
            if links_of(case) & missing and case.rule not in served:
                self._tally.inapplicable[case.rule] = reason
        return reason

    def _explore(self, runner: asyncio.Runner, volley: Volley) -> Iterator[Event]:
        """Look for what the list cannot foresee, one request after the other."""
        plan = self._plan
        limits = SearchLimits(
            examples=plan.examples,
            seconds=plan.explore_s,
            seed=plan.seed,
            known=self._failed,
        )
        from ringspec.strategies import Walk  # noqa: PLC0415 - it takes a while

        def play(case: Case, *, patient: bool = True) -> Exchange:
            fired = self._fired(runner, volley, (case,), at_once=False, patient=patient)
            ((_, exchange),) = fired
            self._requests += exchange.sent
            return exchange

        def fire(example: Example | Walk) -> Attempt:
            if isinstance(example, Walk):
                return walked(example, play, self._findings)
            exchange = play(example.case)
            findings = self._selected_of(judge(self._oracle, example, exchange))
            return Attempt(case=example.case, exchange=exchange, findings=findings)

        life = offered_lifecycle(plan, self._selected, play)
        self._explorer = Explorer(plan.contract, self._selected, limits, life)

        with closing(self._explorer.events(runner, fire)) as events:
            for event in events:
                findings = event.findings if isinstance(event, Judged) else ()
                self._done += isinstance(event, Judged)
                # A rule that explore reports on is no longer left out.
                self._tally.skipped -= {each.rule for each in findings}
                self._tally.add(findings)
                yield event
                if self._stops(findings):
                    return

    def _fired(
        self,
        runner: asyncio.Runner,
        volley: Volley,
        cases: Sequence[Case],
        **options: Any,
    ) -> Iterator[tuple[Case, Exchange]]:
        """Fire cases and yield each with its exchange; options as of `Volley.start`."""
        runner.run(volley.start(cases, **options))
        for index, case in enumerate(cases):
            exchange = runner.run(volley.take(index))
            self._reachability.note(case, exchange)
            yield case, exchange

    def _judged(
        self, case: Case, exchange: Exchange, missing: Collection[str] = ()
    ) -> Judged:
        """Judge a case of the list; nothing is found if it needs what is missing."""
        self._left.remove(case)
        self._done += 1
        self._requests += exchange.sent
        if missing and not links_of(case).isdisjoint(missing):
            return Judged(case=case, exchange=exchange, findings=())
        findings = self._findings(case, exchange)
        self._tally.add(findings)
        part = self._plan.part
        if part is not None and case.id not in part.ids:
            self._lent[case.id] = tuple(each.rule for each in findings)
        self._failed.note(findings)
        return Judged(case=case, exchange=exchange, findings=findings)

    def _findings(self, case: Case, exchange: Exchange) -> tuple[Finding, ...]:
        levels = self._plan.found.get(case.id, {})
        found = self._oracle.judge(case, exchange)
        return self._selected_of(
            replace(each, level=levels.get(each.rule, each.level)) for each in found
        )

    def _selected_of(self, found: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return the fair findings of selected rules, and note all verdicts."""
        only = self._plan.only
        selected: list[Finding] = []
        for each in found:
            fair = self._fair(each)
            self._verdicts.setdefault(fair.case.id, set()).add(fair.verdict)
            wanted = only is None or fair.case.id in only
            if wanted and fair.rule in self._selected:
                selected.append(fair)
        return tuple(selected)

    def _fair(self, finding: Finding) -> Finding:
        """Return a failure as inconclusive if it may not be the target's."""
        if finding.rule != ROBUSTNESS or finding.verdict != Verdict.FAIL:
            return finding
        reachability, reason = self._reachability, finding.reason
        if reachability.broken:
            row = reachability.in_a_row
            if not self.precautions.may_be_transient(finding.exchange, row):
                return finding
            reason = f"{reason}; it was not sent again, to a live target"
        return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason)

    def _stops(self, findings: tuple[Finding, ...]) -> bool:
        failure = self._reachability.failure
        if self._reachability.in_a_row >= PATIENCE and failure is not None:
            self._end(
                f"the target was given up after {self._done} cases: {failure.message}",
                "see the failures of robustness; is the target still running?",
            )
            return True
        plan = self._plan
        if plan.fail_fast and any(
            each.verdict == Verdict.FAIL
            and each.level.gates(plan.level)
            and not plan.known.excuses(each)
            for each in findings
        ):
            self._end(f"stopped at the first failure, after {self._done} cases")
            return True
        return False

    def _end(self, why: str, hint: str = "") -> None:
        self._ended_by, self._hint = why, hint

    def result(self) -> Result:
        """Draw the conclusion from what has been judged."""
        if self.interrupted:
            self._end(f"interrupted after {self._done} of {self._total} cases")
        summary, hint = self._summary()
        message = self._ended_by or summary
        plan, learnt = self._plan, self._reachability.learnt

        def reckon(known: Collection[Known]) -> tuple[RuleResult, ...]:
            if learnt:
                left = pending(self._left, self._selected)
                return self._tally.results(message, left, known)
            # Such answers say something of their sender, not of the API.
            judged = {ROBUSTNESS} if self._reachability.broken else set[RuleId]()
            why = message or "nothing was learnt of the API"
            return self._tally.inconclusive_except(judged, why, known)

        audit = KnownAudit(plan, self._verdicts, interrupted=self.interrupted)
        account = audit.account(reckon, learnt=learnt)
        results, stale = account.results, account.stale
        conclusion = conclude(results, executed=self._done > 0, stale=stale)
        return Result(
            conclusion=conclusion,
            exit_code=130 if self.interrupted else EXITS[conclusion],
            level=plan.level,
            rules=results,
            counts=Counts(
                rules=len(results), cases=self._done, requests=self._requests
            ),
            duration_s=round(time.perf_counter() - self._began, 3),
            message=message,
            hint=self._hint or hint or account.hint,
            interrupted=self.interrupted,
            stale=stale,
            known_update=account.update,
            learnt=learnt,
            share=share_of(
                KnownAudit(plan, self._verdicts),
                results,
                lent=self._lent,
                open_cases=self._tally.open_cases,
                learnt=learnt,
            ),
        )

    def _summary(self) -> tuple[str, str]:
        """Say what is wrong as a whole; an absent target before what is withheld."""
        failure = self._reachability.failure
        message, hint = self._reachability.account()
        if failure is not None and not self._reachability.answered:
            return f"{self._plan.url}: {failure.message}", hint
        safety = self.precautions.account(open_rules=len(self._tally.withheld))
        return safety if safety[0] else (message, hint)
