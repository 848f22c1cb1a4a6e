"""A session: one run under way, from its first request to its result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from ringspec.harness.events import Event, Judged, Notice
from ringspec.harness.exchange import Exchange
from ringspec.harness.impression import Impression
from ringspec.harness.interrupts import interrupts
from ringspec.harness.oracle import ROBUSTNESS, Oracle
from ringspec.harness.outcome import EXITS, Tally, conclude
from ringspec.harness.plan import Plan
from ringspec.harness.selection import Selection, lent
from ringspec.harness.target import Target, is_loopback
from ringspec.harness.verdict import Counts, Finding, Result, RuleResult, Verdict
from ringspec.harness.volley import Interrupted, Volley
from ringspec.spec import RuleId
from ringspec.strategies import Case

# A target that leaves so many cases in a row without an answer is given up. With one
# worker and the default time limit that takes 25 seconds: the first is repeated.
PATIENCE = 4
_AUTH = "auth."


class Session:
    """One run under way.

    Attributes:
        cases: what will be fired, the first of the list in any case.
        interrupted: set by whoever was interrupted.
    """

    def __init__(self, plan: Plan, selection: Selection) -> None:
        fired = selection.fired(plan.cases)
        first = plan.cases[:1] if fired else ()
        self.cases = (*first, *(case for case in fired if case not in first))
        self.interrupted = False
        self._plan = plan
        self._selected = frozenset(selection.rules)
        self._oracle = Oracle(plan.contract)
        skipped = frozenset(plan.contract.rules) - self._selected
        self._tally = Tally(plan.contract, plan.level, skipped)
        self._impression = Impression()
        self._began = time.perf_counter()
        self._left = list(self.cases)
        self._done = self._requests = 0
        self._ended_by = self._hint = ""

    def events(self) -> Iterator[Event]:
        """Fire and judge, case by case.

        Raises:
            UsageError: the URL is none.
        """
        plan = self._plan
        if not is_loopback(plan.url):
            self._end(
                f"{plan.url} is not on this machine: nothing was sent",
                "a create may ring real phones; only loopback targets are run so far",
            )
        elif self.cases:
            with asyncio.Runner() as runner:
                yield from self._fire(runner)
        else:
            self._end("no case serves what is selected", "see --select and --exclude")

    def _fire(self, runner: asyncio.Runner) -> Iterator[Event]:
        plan = self._plan
        target = Target(
            plan.url,
            token=plan.token,
            timeout_s=plan.timeout_s,
            workers=plan.workers,
        )
        volley = Volley(target, plan.workers)
        with interrupts(runner.get_loop(), volley.interrupt):
            try:
                yield from self._volley(runner, volley)
            except Interrupted:
                self.interrupted = True
            finally:
                with suppress(Exception):
                    runner.run(volley.stop())

    def _volley(self, runner: asyncio.Runner, volley: Volley) -> Iterator[Event]:
        first = runner.run(volley.first(self.cases[0]))
        yield self._judged(self.cases[0], first)
        if self._stops_at_first(first):
            return
        yield from self._without_credentials()
        cases = tuple(self._left)
        runner.run(volley.start(cases))
        for index, case in enumerate(cases):
            judged = self._judged(case, runner.run(volley.take(index)))
            yield judged
            if self._stops(judged.findings):
                return

    def _without_credentials(self) -> Iterator[Notice]:
        """Leave out the rules of authentication where no token is at hand."""
        plan = self._plan
        if plan.token is not None or not plan.contract.operation.secured:
            return
        self._left = [c for c in self._left if not c.rule.startswith(_AUTH)]
        for rule in self._selected:
            if rule.startswith(_AUTH):
                reason = "no credentials were given, and none are asked for"
                self._tally.inapplicable[rule] = reason
        said = "without credentials: the rules of authentication do not apply"
        yield Notice(message=said)

    def _judged(self, case: Case, exchange: Exchange) -> Judged:
        self._left.remove(case)
        self._done += 1
        self._requests += exchange.sent
        self._impression.note(case, exchange)
        findings = tuple(
            self._fair(each)
            for each in self._oracle.judge(case, exchange)
            if each.rule in self._selected
        )
        self._tally.add(findings)
        return Judged(case=case, exchange=exchange, findings=findings)

    def _fair(self, finding: Finding) -> Finding:
        """Hold nothing against a target that may not be there at all."""
        if finding.rule != ROBUSTNESS or finding.verdict != Verdict.FAIL:
            return finding
        if self._impression.broken:
            return finding
        return replace(finding, verdict=Verdict.INCONCLUSIVE)

    def _stops_at_first(self, exchange: Exchange) -> bool:
        """Tell whether there is no point in going on after the first case."""
        if exchange.failure is not None:
            self._end(f"{self._plan.url}: {exchange.failure.message}")
            return True
        status = exchange.response.status if exchange.response else 0
        if status not in {401, 407}:
            return False
        hint = "give --bearer TOKEN, or --client-id, --client-secret and --token-url"
        self._end(
            f"{self._plan.url} lets nobody in: HTTP {status}",
            hint if self._plan.token is None else "",
        )
        return True

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
        gates = finding.level.gates(self._plan.level)
        return finding.verdict == Verdict.FAIL and gates

    def _end(self, why: str, hint: str = "") -> None:
        self._ended_by, self._hint = why, hint

    def result(self) -> Result:
        """Draw the conclusion from what has been judged."""
        if self.interrupted:
            self._end(f"interrupted after {self._done} of {len(self.cases)} cases")
        said, hint = self._impression.account()
        message = self._ended_by or said
        results = self._results(message)
        conclusion = conclude(results, executed=self._done > 0)
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
            hint=self._hint or hint,
            interrupted=self.interrupted,
            learnt=self._impression.learnt,
        )

    def _results(self, reason: str) -> tuple[RuleResult, ...]:
        if self._impression.learnt:
            return self._tally.results(reason, self._pending())
        # Findings of such answers are about whoever sent them, not about the API.
        told = {ROBUSTNESS} if self._impression.broken else set[RuleId]()
        return self._tally.untold(reason or "nothing was learnt of the API", told)

    def _pending(self) -> frozenset[RuleId]:
        """Return the rules that some case would have served but for the early end."""
        pending = {rule for case in self._left for rule in (case.rule, *case.broken)}
        if self._left:
            pending |= {rule for rule in self._selected if lent(rule, self._left)}
            pending.add(ROBUSTNESS)
        return frozenset(pending)
