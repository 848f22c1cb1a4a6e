"""A run: choose the cases, fire them in order, judge them, and yield events.

Cases are fired by a few workers at once and reported in the order of the list.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from ringspec.harness.exploring.explore import (
    SERVED,
    Attempt,
    Explorer,
    Failures,
    SearchLimits,
    judge,
    offered_lifecycle,
    walked,
)
from ringspec.harness.judging.checks import NO_JUDGEMENT
from ringspec.harness.judging.oracle import Oracle, links_of, missing_links
from ringspec.harness.judging.outcome import Reachability, Tally, conclude
from ringspec.harness.judging.selection import Selection, pending, served
from ringspec.harness.judging.verdict import (
    ContractName,
    Counts,
    Ended,
    Event,
    Finding,
    Interrupted,
    Judged,
    Notice,
    Outcome,
    Result,
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
from ringspec.harness.sending.credentials import Renewing
from ringspec.harness.sending.exchange import Connection, Exchange
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.journal import Entry, Journal, Status, default_path
from ringspec.harness.sending.pacer import GATEWAY, Limited, Pacer
from ringspec.harness.sending.policy import Effect, Policy, requests_of
from ringspec.harness.sending.target import Target
from ringspec.spec import ROBUSTNESS, RuleId
from ringspec.strategies import Case, Expect, Phase, untested

if TYPE_CHECKING:
    from ringspec.strategies import Walk

# A target that leaves so many cases in a row without an answer is given up. With one
# worker and the default time limit that takes 25 seconds: the first is repeated.
PATIENCE = 4
# The first case is sent this often more before the target counts as absent.
FIRST_REPEATS = 2
# How long cleaning up may take: after a run, and after an interrupt.
CLEAN_S, HASTY_S = 60.0, 15.0
_LISTED = 8
# So many bytes of one answer are kept for reports; once those of all have filled the
# room, far fewer.
_KEPT, _KEPT_LATER, _ROOM = 2**19, 2**12, 2**24
_Judged = TypeVar("_Judged", Judged, Attempt)
# Scripts that others would disturb.
_ALONE = {Phase.LIFECYCLE, Phase.EXPLORE}
# What conflicts with something that is there already.
_CONFLICT = 409
# So many valid bodies are sent with other values, if that never helps.
_IN_VAIN = 5
# So many more are sent to a target whose first answer says nothing of its API.
LOOKS = 4
_OPEN_HINT = (
    "a create may ring real phones; a profile that says `allow_create` and"
    " `max_creates`, and names its own fixtures, lets them through"
)
_REFUSED_HINT = (
    "give values that the target knows, as examples in the contract or [fixtures] in a"
    " profile, or state the rule that the body breaks in the contract"
)
_SPENT_HINT = (
    "raise `max_creates` in the profile, or select fewer rules: --select, --quick"
)


def listed(ids: Sequence[str]) -> str:
    """Name the first few of some cases, and how many more there are."""
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return f"{', '.join(ids[:_LISTED])}{more}"


def first_looks(cases: Iterable[Case], number: int = LOOKS) -> list[Case]:
    """Choose what shows whether a target says anything: a few valid, and some others.

    A target that does not know what valid bodies name may yet tell invalid ones.
    """
    single = [case for case in cases if not case.steps]
    valid = [case for case in single if case.expect == Expect.ACCEPT][:number]
    others = [case for case in single if case.expect == Expect.REJECT]
    return valid + others[: number // 2]


def effects_in(plan: Plan, cases: Iterable[Case]) -> Counter[Effect]:
    """Count the requests of some cases by what they do."""
    policy = Policy(plan.safety, plan.contract)
    requests = (each for case in cases for each in requests_of(case))
    return Counter(map(policy.effect_of, requests))


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
        cases: those fired, the first of the list in any case.
        omissions: why cases are not sent to a live target, with their ids, the most
            first.
    """

    def __init__(self, plan: Plan) -> None:
        self.interrupted = False
        self._plan = plan
        selection = Selection.of(plan.contract, plan.select, plan.exclude, plan.rules)
        check(plan)
        self._selected = frozenset(selection.rules)
        plain = plan.cases[0].body if plan.cases else None
        policy = Policy(plan.safety, plan.contract, plan.live, plain)
        self._policy = policy
        self.cases = self._chosen(selection.fired(plan.cases, plan.takes))
        self._journal: Journal | None = None
        if plan.live and not policy.no_create:
            self._journal = Journal(plan.safety.journal or default_path())
        self._guard: Guard | None = None
        self._messages: list[str] = []
        unnamed = policy.unnamed if plan.live else {}
        # Without a catalogue no source says more than the contract does.
        catalogued = bool(plan.contract.catalogue.rules)
        own = "" if catalogued or not plan.cases else plan.cases[0].id
        self._oracle = Oracle(plan.contract, plan.filling, unnamed, own)
        self._reachability = Reachability(
            plan.contract.answers, looking=bool(policy.no_create)
        )
        self._began = time.perf_counter()
        self._total = len(self.cases) + plan.explored
        self._left = list(self.cases)
        self._room = _ROOM
        self._done = self._requests = 0
        self._ended_by = self._hint = ""
        self._explorer: Explorer | None = None
        self._failed = Failures()
        # Whether other values were accepted, and how often they were refused too.
        self._clashed, self._in_vain = False, 0
        self._turns = {case.id: turn for turn, case in enumerate(plan.cases)}
        # By case: all verdicts, even on rules that are not selected.
        self._verdicts: dict[str, set[Verdict]] = {}
        # Cases of other parts of the list, with the rules that were judged by them.
        self._lent: dict[str, tuple[RuleId, ...]] = {}

    def _chosen(self, wanted: Sequence[Case]) -> tuple[Case, ...]:
        """Return the cases to fire, and note what that means for the rules."""
        plan, policy, selected = self._plan, self._policy, self._selected
        inapplicable = lacking_rules(plan)
        left_out: dict[str, str] = {}
        out, others = list[Case](), list[Case]()
        sent = {case.request.body for case in plan.cases[:1]}
        for case in wanted:
            # Without its twin a refusal says nothing, and costs a create.
            twin = "" if case.steps else left_out.get(case.twin or "", "")
            why = "" if case.rule in inapplicable else policy.leaves_out(case) or twin
            live = plan.live and not why and case is not plan.cases[0]
            own = policy.own(case, sent) if live else case
            if own is None:
                why = "its body is that of a case before"
            if why:
                left_out[case.id] = why
            (out if why else others).append(own or case)
        fired = [case for case in others if case.rule not in inapplicable]
        taken = list(filter(plan.takes, plan.cases))
        unserved = served(selected, plan.cases) - served(selected, taken)
        if plan.explored:
            unserved = {each for each in unserved if not each.startswith(SERVED)}
        skipped = (frozenset(plan.contract.rules) - selected) | unserved
        rules = selected - skipped - inapplicable.keys()
        self._tally = Tally(plan.contract, plan.level, skipped, inapplicable)
        if plan.only is None and Phase.CASES in plan.phases:
            self._tally.untested = untested(plan.contract, plan.cases)
        # Where creates are allowed it is left out on purpose, and binds no rule.
        unsent = self._tally.withheld if policy.no_create else inapplicable
        for rule in served(rules, out) - served(rules, others) if out else ():
            case = next((each for each in out if served([rule], [each])), out[0])
            why = left_out[case.id]
            unsent[rule] = f"nothing was sent for it to a live target: {why}"
        omissions: dict[str, list[str]] = {}
        for name, why in left_out.items():
            omissions.setdefault(why, []).append(name)
        self.omissions = sorted(omissions.items(), key=lambda it: -len(it[1]))
        fires = (fired or plan.explored) and not policy.no_create
        first = plan.cases[:1] if fires else ()
        return (*first, *(case for case in fired if case not in first))

    def events(self) -> Iterator[Event]:
        """Fire and judge, case by case."""
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
        if self.cases:
            if plan.live:
                pace = f"one request at a time, {plan.pace.rate:g} a second at most"
                yield Notice(message=f"{plan.url} is live: {pace}")
                for why, ids in self.omissions:
                    yield Notice(message=f"not sent, as {why}: {listed(ids)}")
            if self._journal is not None:
                yield Notice(
                    message=f"created items are listed in {self._journal.path}"
                )
            with asyncio.Runner() as self._runner:
                yield from self._fire()
            yield from self._notices()
        elif not self._tally.withheld and plan.only is not None:
            self._end("none of these cases can be fired")
        elif not self._tally.withheld:
            self._end("no case serves the selection", "see --select and --exclude")

    def _fire(self) -> Iterator[Event]:
        """Fire all cases; in any case delete what was created, and close."""
        plan, runner = self._plan, self._runner
        pace, filling = plan.pace, plan.filling
        if self._journal is not None:
            self._journal.open()
        connection: Connection
        if plan.connect is not None:
            connection = plan.connect()
        else:
            connection = Target(
                plan.url,
                filling=filling,
                timeout_s=pace.timeout_s,
                workers=pace.workers or 1,
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
            may_repeat=guard.may_repeat,
            tell=self._messages.append,
        )
        if filling.renewal:
            # Outside of the pacer, whose repeats would each fetch a token again.
            connection = Renewing(pacer, filling.renewal, guard.may_repeat)
        self._volley = volley = Volley(
            connection,
            pace.workers or 1,
            plan.patience_s,
            plays=1 if plan.live else PLAYS,
            absences=lambda: pacer.absences,
        )

        def interrupt() -> None:
            volley.interrupt()
            guard.hurry(HASTY_S)
            if self._explorer is not None:
                self._explorer.interrupt()

        with interrupts(runner.get_loop(), interrupt):
            try:
                yield from self._phases()
            except Interrupted:
                self.interrupted = True
            finally:
                runner.run(volley.cancel_open())
                try:
                    # Each takes its turn; none is hurried, unless somebody waits.
                    limit_s = CLEAN_S + 2 * len(guard.left) / (pace.rate or 1)
                    limit_s = HASTY_S if self.interrupted else limit_s
                    left = runner.run(guard.clean_up(connection, limit_s))
                    self._messages += self._left_behind(left, guard.creates)
                finally:
                    with suppress(Exception):
                        runner.run(volley.close())

    def _left_behind(self, left: Sequence[Entry], creates: int) -> Iterator[str]:
        """Yield messages about what was created."""
        journal = self._journal
        if journal is None:
            return
        lost = sum(1 for entry in left if entry.delete is None)
        if len(left) > lost:
            yield (
                f"{len(left) - lost} of what was created could not be deleted:"
                f" run `ringspec cleanup {journal.path}`"
            )
        if lost:
            unknown = any(entry.status is Status.UNKNOWN for entry in left)
            why = "creates went unanswered or failed" if unknown else "came without id"
            yield f"{lost} {why}: look by hand what the target holds"
        if not left and creates:
            yield "all that was created has been deleted again"
        journal.discard()

    def _notices(self) -> Iterator[Notice]:
        while self._messages:
            yield Notice(message=self._messages.pop(0))

    def _phases(self) -> Iterator[Event]:
        if not self._policy.no_create:
            ((case, exchange),) = self._fired(self._left[:1], repeats=FIRST_REPEATS)
            yield self._judged(self._weighed(case, exchange))
            if self._oracle.refusal:
                yield Notice(message=f"{self._oracle.refusal}: {_REFUSED_HINT}")
            refused = refusal(self._plan, exchange)
            if refused is not None:
                self._end(*refused)
                return
            # What was repeated in vain takes a while, each time.
            number = LOOKS // 2 if exchange.sent > 1 else LOOKS
            looks = first_looks(self._left, number)
            if self._reachability.in_vain and looks:
                yield from self._singles(looks)
                if self._reachability.in_vain and not self._ended_by:
                    message, hint = self._reachability.account()
                    self._end(f"{message}; stopped after {self._done} cases", hint)
        if is_unguarded(self._plan):
            message = "without credentials: the rules of authentication do not apply"
            yield Notice(message=message)
        if not self._ended_by:
            yield from self._singles([it for it in self._left if not it.steps])
        if not self._ended_by:
            yield from self._scripts()
        if self._plan.explored and self._reachability.learnt and not self._ended_by:
            yield from self._explore()

    def _singles(self, cases: Sequence[Case]) -> Iterator[Event]:
        """Fire cases of one request."""
        for case, exchange in self._fired(cases):
            judged = self._judged(self._weighed(case, exchange))
            yield judged
            yield from self._notices()
            if self._stops(judged.findings):
                return

    def _scripts(self) -> Iterator[Event]:
        """Play the scripts, and judge them together.

        What an operation answers in one of them shows whether the target has it at all.
        """
        scripts, done = tuple(self._left), dict[str, Judged]()
        at_once = self._fired([it for it in scripts if it.phase not in _ALONE])
        alone = [it for it in scripts if it.phase in _ALONE]
        in_turn = self._fired(alone, at_once=False)
        interrupted = False
        try:
            for case, exchange in chain(at_once, in_turn):
                done[case.id] = self._weighed(case, exchange)
                if self._stops(()):
                    break
        except Interrupted:
            interrupted = True
        contract = self._plan.contract
        played = [done[case.id] for case in scripts if case.id in done]
        missing = missing_links(contract, ((it.case, it.exchange) for it in played))
        for each in played:
            yield self._judged(each, missing)
        if interrupted:
            raise Interrupted
        if missing:
            names = [each.name for each in contract.links if each.name in missing]
            reason = f"the target does not offer {', '.join(names)}"
            cases = self.cases
            offered = {case.rule for case in cases if not links_of(case) & missing}
            lacking = {case.rule for case in cases if links_of(case) & missing}
            self._tally.inapplicable |= dict.fromkeys(lacking - offered, reason)
            yield Notice(message=reason)

    def _explore(self) -> Iterator[Event]:
        plan, selected = self._plan, self._selected
        limits = SearchLimits(
            examples=plan.examples,
            seconds=plan.explore_s,
            seed=plan.seed,
            known=self._failed,
        )
        from ringspec.strategies import Walk  # noqa: PLC0415 - it takes a while

        def play(case: Case, *, patient: bool = True) -> Exchange:
            ((_, exchange),) = self._fired((case,), at_once=False, patient=patient)
            self._requests += exchange.sent
            return exchange

        def findings_of(case: Case, exchange: Exchange) -> tuple[Finding, ...]:
            return self._selected_of(self._oracle.judge(case, exchange))

        def fire(example: Case | Walk) -> Attempt:
            if isinstance(example, Walk):
                return self._cut(walked(example, play, findings_of))
            exchange = play(example)
            findings = self._selected_of(judge(self._oracle, example, exchange))
            attempt = Attempt(case=example, exchange=exchange, findings=findings)
            return self._cut(attempt)

        life = offered_lifecycle(plan, selected, play)
        self._explorer = Explorer(plan.contract, selected, limits, life)

        with closing(self._explorer.events(self._runner, fire)) as events:
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
        self, cases: Sequence[Case], **options: Any
    ) -> Iterator[tuple[Case, Exchange]]:
        """Fire cases and yield each with its exchange; options as of `Volley.start`."""
        self._runner.run(self._volley.start(cases, **options))
        for index, case in enumerate(cases):
            exchange = self._runner.run(self._volley.take(index))
            self._reachability.note(case, exchange)
            yield self._repeated(case, exchange)

    def _repeated(self, case: Case, exchange: Exchange) -> tuple[Case, Exchange]:
        """Send once more, with other values, what may be refused for what was sent.

        A contract without a catalogue does not say what a target takes only once. Once
        values have mattered, what is to be refused proves it with others.
        """
        plan, status = self._plan, exchange.status
        refused = status // 100 == 4 and status not in NO_JUDGEMENT
        if not refused or plan.live or plan.contract.catalogue.rules:
            return case, exchange
        is_accept, turn = case.expect == Expect.ACCEPT, self._turns.get(case.id)
        doubtful = is_accept and self._in_vain < _IN_VAIN
        wanted = doubtful or status == _CONFLICT or self._clashed
        if turn is None or not wanted or case.expect == Expect.SURVIVE:
            return case, exchange
        from ringspec.strategies import otherwise  # noqa: PLC0415 - it takes a while

        other = otherwise(plan.contract, case, turn)
        if other is None:
            return case, exchange
        again = self._runner.run(self._volley.target.exchange(other.request))
        sent, answer = exchange.sent + again.sent, again.response
        if answer is None or (is_accept and answer.status // 100 == 4):
            self._in_vain += is_accept
            return case, replace(exchange, sent=sent)
        self._reachability.note(other, again)
        self._clashed |= is_accept
        return other, replace(again, sent=sent)

    def _weighed(self, case: Case, exchange: Exchange) -> Judged:
        found = self._oracle.judge(case, exchange)
        return self._cut(Judged(case=case, exchange=exchange, findings=found))

    def _cut(self, judged: _Judged) -> _Judged:
        """Keep of what was judged no more than reports show, over the whole run."""
        limit = _KEPT if self._room > 0 else _KEPT_LATER
        kept: dict[int, Exchange] = {}

        def cut(exchange: Exchange) -> Exchange:
            if id(exchange) not in kept:
                kept[id(exchange)] = exchange.cut(limit)
                self._room -= kept[id(exchange)].weight
            return kept[id(exchange)]

        found = (replace(it, exchange=cut(it.exchange)) for it in judged.findings)
        return replace(judged, exchange=cut(judged.exchange), findings=tuple(found))

    def _judged(self, judged: Judged, missing: Collection[str] = ()) -> Judged:
        """Count a case of the list; nothing is found if it needs what is missing."""
        case, exchange = judged.case, judged.exchange
        self._left = [each for each in self._left if each.id != case.id]
        self._done += 1
        self._requests += exchange.sent
        findings: tuple[Finding, ...] = ()
        if not missing or links_of(case).isdisjoint(missing):
            findings = self._selected_of(judged.findings)
            self._tally.add(findings)
            part = self._plan.part
            if part is not None and case.id not in part.ids:
                self._lent[case.id] = tuple(each.rule for each in findings)
            self._failed.note(findings)
        return replace(judged, findings=findings)

    def _selected_of(self, found: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return the fair findings of selected rules, and note all verdicts."""
        only = self._plan.only
        selected: list[Finding] = []
        for each in map(self._fair, found):
            self._verdicts.setdefault(each.case.id, set()).add(each.verdict)
            wanted = only is None or each.case.id in only
            if wanted and each.rule in self._selected:
                selected.append(each)
        return tuple(selected)

    def _fair(self, finding: Finding) -> Finding:
        """Return a failure as inconclusive if it may not be the target's."""
        if finding.rule != ROBUSTNESS or finding.verdict != Verdict.FAIL:
            return finding
        reason, exchange, guard = finding.reason, finding.exchange, self._guard
        if self._reachability.broken:
            # It may pass by itself, and was not repeated, such as a create.
            passes = exchange.status in GATEWAY or not (
                exchange.status or self._reachability.in_a_row > 1
            )
            if not passes or guard is None or guard.may_repeat(exchange.request):
                return finding
            reason = f"{reason}; it was not sent again, to a live target"
        return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason)

    def _stops(self, findings: tuple[Finding, ...]) -> bool:
        failure, plan = self._reachability.failure, self._plan
        if self._reachability.in_a_row >= PATIENCE and failure is not None:
            self._end(
                f"the target was given up after {self._done} cases: {failure.message}",
                "see the failures of robustness; is the target still running?",
            )
            return True
        known = plan.known.in_force
        failed = plan.fail_fast and any(
            each.verdict == Verdict.FAIL
            and each.level.gates(plan.level)
            and not any(entry.covers(each) for entry in known)
            for each in findings
        )
        if failed:
            self._end(f"stopped at the first failure, after {self._done} cases")
        return failed

    def _end(self, why: str, hint: str = "") -> None:
        self._ended_by, self._hint = why, hint

    def result(self) -> Result:
        """Draw the conclusion from what has been judged."""
        if self.interrupted:
            self._end(f"interrupted after {self._done} of {self._total} cases")
        plan, reachability, tally = self._plan, self._reachability, self._tally
        failure, learnt = reachability.failure, reachability.learnt
        message, hint = reachability.account()
        policy = self._policy
        if failure is not None and not reachability.answered:
            # An absent target goes before what is withheld.
            message = f"{plan.url}: {failure.message}"
        elif policy.no_create and tally.withheld:
            live = f"{plan.url} is live, and {policy.no_create}"
            message = f"{live}: {len(tally.withheld)} rules stay open"
            hint = _OPEN_HINT
        elif self._guard is not None and self._guard.is_spent:
            most = plan.safety.max_creates
            message = f"all {most} creates that the profile allows are used up"
            hint = _SPENT_HINT
        elif self._oracle.refusal and learnt:
            message, hint = self._oracle.refusal, _REFUSED_HINT
        message = self._ended_by or message
        why = message
        if not learnt:
            # Such answers say something of their sender, not of the API.
            tally.judged = {ROBUSTNESS} if reachability.broken else set()
            why = message or "nothing was learnt of the API"
        left = pending(self._left, self._selected)
        audit = KnownAudit(plan, self._verdicts, learnt, self.interrupted)
        results, stale, update, known_hint = audit.account(
            partial(tally.results, why, left)
        )
        unbroken = sum(each.outcome is Outcome.UNTESTED for each in results)
        if plan.fail_untested and unbroken and not message:
            message = f"untested, which --fail-untested minds: {unbroken}"
        return Result(
            conclusion=conclude(
                results,
                executed=self._done > 0,
                stale=stale,
                fail_untested=plan.fail_untested,
            ),
            level=plan.level,
            rules=results,
            counts=Counts(
                rules=len(results),
                cases=self._done,
                requests=self._requests,
                untested=unbroken,
            ),
            duration_s=round(time.perf_counter() - self._began, 3),
            message=message,
            hint=self._hint or hint or known_hint,
            interrupted=self.interrupted,
            stale=stale,
            known_update=update,
            learnt=learnt,
            fail_untested=plan.fail_untested,
            share=audit.share(results, self._lent, tally.open_cases),
        )
