"""A run: choose the cases, fire them in order, judge them, and yield events.

Cases are fired by a few workers at once and reported in the order of the list.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from ringspec.harness.exploring.explore import (
    SERVED,
    Attempt,
    Failures,
    judge,
    offered_lifecycle,
    walked,
)
from ringspec.harness.judging.checks import NO_JUDGEMENT
from ringspec.harness.judging.oracle import Oracle, links_of, missing_links
from ringspec.harness.judging.outcome import HINTS, Reachability, Tally, conclude
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
    Result,
    Started,
    Verdict,
    now,
)
from ringspec.harness.running.known_failures import KnownAudit
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.resources import PathResource, aimed, resources_of
from ringspec.harness.running.source import (
    LiveSource,
    Source,
    TapeSource,
    UnfitTapeError,
)
from ringspec.harness.running.tape import Fired, Taken, Tape, read_finding
from ringspec.harness.sending.exchange import Exchange
from ringspec.harness.sending.pacer import GATEWAY
from ringspec.harness.sending.policy import Effect, Policy, requests_of
from ringspec.spec import ROBUSTNESS, RuleId
from ringspec.strategies import Case, Expect, Phase, Request, untested

if TYPE_CHECKING:
    from ringspec.strategies import Walk

# A target that leaves so many cases in a row without an answer is given up. With one
# worker and the default time limit that takes 25 seconds: the first is repeated.
PATIENCE = 4
# The first case is sent this often more before the target counts as absent.
FIRST_REPEATS = 2
_LISTED = 8
# So many bytes of one answer are kept for reports; once those of all have filled the
# room, which is larger for a tape, far fewer.
_KEPT, _KEPT_LATER, _ROOM, _TAPE_ROOM = 2**19, 2**12, 2**24, 2**26
_Judged = TypeVar("_Judged", bound=Judged)
# Scripts that others would disturb.
_ALONE = {Phase.LIFECYCLE, Phase.EXPLORE}
# So many creates of each operation have values of their own.
_CREATES = 50
# What conflicts with something that is there already.
_CONFLICT = 409
# So many valid bodies are sent with other values, if that never helps.
_IN_VAIN = 5
# So many more are sent to a target whose first answer says nothing of its API.
LOOKS = 4
_HINTS = HINTS["run"]


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
    yield from session.ended()


def rejudged(plan: Plan, tape: Tape) -> Generator[Event, None, None]:
    """Judge a run anew from its tape, and yield its events; nothing is sent.

    Raises:
        UnfitTapeError: the tape is not of this plan.
    """
    source = TapeSource(tape)
    session = Session(plan, source)
    with closing(session.events()) as events:
        for event in events:
            yield event
            if tape.interrupted and not source.left and session.done == tape.cases:
                break
    if source.left or session.done != tape.cases:
        raise UnfitTapeError("there are more exchanges than cases")
    session.interrupted = tape.interrupted
    yield from session.ended()


class Session:
    """One run under way, from first request to result; or again, by its tape."""

    def __init__(self, plan: Plan, source: Source | None = None) -> None:
        self.interrupted = False
        self._plan = plan
        selection = Selection.of(plan.contract, plan.select, plan.exclude, plan.rules)
        plan.check()
        self._selected = frozenset(selection.rules)
        plain = plan.cases[0].body if plan.cases else None
        policy = Policy(plan.safety, plan.contract, plan.live, plain)
        self._policy = policy
        # Those fired, the first of the list in any case.
        self.cases = self._chosen(selection.fired(plan.cases, plan.takes))
        self._source = source or LiveSource(plan, policy)
        unnamed = policy.unnamed if policy.live else {}
        # Without a catalogue no source says more than the contract does.
        catalogued = bool(plan.contract.catalogue.rules)
        own = "" if catalogued or not plan.cases else plan.cases[0].id
        self._oracle = Oracle(plan.contract, plan.filling, unnamed, own)
        dialect = plan.contract.dialect or "none"
        named = ", ".join(sorted(plan.safety.fixtures_named)) or "none"
        used = f"the dialect ({dialect}), the fixtures ({named}) and the URL"
        self._reachability = Reachability(
            plan.contract.answers, looking=bool(policy.no_create), used=used
        )
        self._began = time.perf_counter()
        self._total = len(self.cases) + plan.explored
        self._left = {each.id: each for each in self.cases}
        self._room = _ROOM if plan.tape is None else _TAPE_ROOM
        self.done = self._requests = 0  # how many cases were judged, and requests sent
        self._ended_by = self._hint = ""
        self._failed = Failures()
        # Whether other values were accepted, and how often they were refused too.
        self._clashed, self._in_vain = False, 0
        self._turns = {case.id: turn for turn, case in enumerate(plan.cases)}
        # What the path names that this run created, how often, and whether it may be
        # gone, or changed, since.
        self._resources: tuple[PathResource, ...] = ()
        self._names: dict[str, str] = {}
        self._uncreated: dict[str, str] = {}  # what became of a create, by parameter
        self._created, self._is_used = 0, False
        # By case: all verdicts, even on rules that are not selected.
        self._verdicts: dict[str, set[Verdict]] = {}
        # Cases of other parts of the list, with the rules that were judged by them.
        self._lent: dict[str, tuple[RuleId, ...]] = {}

    def _chosen(self, wanted: Sequence[Case]) -> tuple[Case, ...]:
        """Return the cases to fire, and note what that means for the rules."""
        plan, policy, selected = self._plan, self._policy, self._selected
        inapplicable = plan.lacking_rules()
        left_out: dict[str, str] = {}
        out, others = list[Case](), list[Case]()
        sent = {case.request.body for case in plan.cases[:1]}
        for case in wanted:
            # Without its twin a refusal says nothing, and costs a create.
            twin = "" if case.steps else left_out.get(case.twin or "", "")
            why = "" if case.rule in inapplicable else policy.leaves_out(case) or twin
            live = policy.live and not why and case is not plan.cases[0]
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
            self._tally.untested = untested(plan.contract, plan.cases, plan.seed)
        # Where creates are allowed it is left out on purpose, and binds no rule.
        unsent = self._tally.withheld if policy.no_create else inapplicable
        for rule in served(rules, out) - served(rules, others) if out else ():
            case = next((each for each in out if served([rule], [each])), out[0])
            why = left_out[case.id]
            unsent[rule] = f"nothing was sent for it to a live target: {why}"
        # Why cases are not sent to a live target, with their ids, the most first.
        omissions: dict[str, list[str]] = {}
        for name, why in left_out.items():
            omissions.setdefault(why, []).append(name)
        self.omissions = sorted(omissions.items(), key=lambda it: -len(it[1]))
        fires = (fired or plan.explored) and not policy.no_create
        first = plan.cases[:1] if fires else ()
        return (*first, *(case for case in fired if case not in first))

    @property
    def untested(self) -> dict[RuleId, str]:
        """Rules of the list that no case breaks, each with the reason."""
        return self._tally.untested

    def events(self) -> Generator[Event, None, None]:
        """Fire and judge, case by case."""
        plan = self._plan
        warning = plan.route.warning(plan.url, plan.filling.token_url)
        yield Started(
            contract=ContractName.of(plan.contract),
            target=plan.url,
            level=plan.level,
            seed=plan.seed,
            total=self._total,
            made=replace(plan.made, began=now(), warning=warning),
        )
        if self.cases:
            if self._policy.live:
                pace = f"one request at a time, {plan.pace.rate:g} a second at most"
                yield Notice(message=f"{plan.url} is live: {pace}")
                for why, ids in self.omissions:
                    yield Notice(message=f"not sent, as {why}: {listed(ids)}")
            try:
                with self._source.open():
                    yield from self._notices()
                    if not self._is_barred():
                        yield from self._phases()
            except Interrupted:
                self.interrupted = True
        elif not self._tally.withheld and plan.only is not None:
            self._end("none of these cases can be fired")
        elif not self._tally.withheld:
            self._end("no case serves the selection", "see --select and --exclude")
        yield from self._notices()

    def ended(self) -> Iterator[Event]:
        """Yield the last events, and close the tape that is taken down."""
        if trouble := self._source.trouble:
            yield Notice(message=f"the token could not be renewed: {trouble}")
        if (tape := self._plan.tape) is not None:
            tape.cases, tape.interrupted = self.done, self.interrupted
            tape.spent, tape.trouble = self._source.spent, self._source.trouble
        yield Ended(result=self.result())

    def _notices(self) -> Iterator[Notice]:
        for message in self._source.told():
            notice = Notice(message=message)
            self._keep(notice)
            yield notice

    def _phases(self) -> Iterator[Event]:
        if not self._policy.no_create:
            ((case, exchange),) = self._fired(self.cases[:1], repeats=FIRST_REPEATS)
            yield self._judged(self._weighed(case, exchange))
            if self._oracle.refusal:
                yield Notice(message=f"{self._oracle.refusal}: {_HINTS['refused']}")
            refused = self._plan.refusal(exchange)
            if refused is not None:
                self._end(*refused)
                return
            # What was repeated in vain takes a while, each time.
            number = LOOKS // 2 if exchange.sent > 1 else LOOKS
            looks = first_looks(self._left.values(), number)
            if self._reachability.in_vain and looks:
                yield from self._singles(looks)
                if self._reachability.in_vain and not self._ended_by:
                    message, hint = self._reachability.account()
                    hint = _HINTS["made-up"] if self._oracle.made_up else hint
                    self._end(f"{message}; stopped after {self.done} cases", hint)
        if self._plan.is_unguarded:
            message = "without credentials: the rules of authentication do not apply"
            yield Notice(message=message)
        if not self._ended_by:
            yield from self._singles([it for it in self._left.values() if not it.steps])
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
        scripts, done = tuple(self._left.values()), dict[str, Judged]()
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

        def play(case: Case, *, patient: bool = True) -> Exchange:
            ((_, exchange),) = self._fired((case,), at_once=False, patient=patient)
            self._requests += exchange.sent
            return exchange

        def findings_of(case: Case, exchange: Exchange) -> tuple[Finding, ...]:
            return self._selected_of(self._oracle.judge(case, exchange))

        def fire(example: Case | Walk) -> Attempt:
            if not isinstance(example, Case):
                return self._cut(walked(example, play, findings_of))
            exchange = play(example)
            findings = self._selected_of(judge(self._oracle, example, exchange))
            found = Attempt(case=example, exchange=exchange, findings=findings)
            return self._cut(found)

        if isinstance(self._source, TapeSource):
            events = self._source.explored(play, self._anew)
        else:
            from ringspec.harness.exploring.search import Search  # noqa: PLC0415 - it takes a while

            life = offered_lifecycle(plan, selected, play)
            events = Search(plan, selected, self._failed, life, fire).run()
        for event in events:
            self._keep(event)
            findings = event.findings if isinstance(event, Judged) else ()
            self.done += isinstance(event, Judged)
            # A rule that explore reports on is no longer left out.
            self._tally.skipped -= {each.rule for each in findings}
            self._tally.add(findings)
            yield event
            if self._stops(findings):
                return

    def _is_barred(self) -> bool:
        """Return whether the operation would change what this run did not create."""
        operation = self._plan.contract.operation
        if not (self._policy.live or self._plan.contract.catalogue.rules):
            asked, found = operation.security, resources_of(self._plan.contract)
            self._resources = tuple(each.beside(asked) for each in found)
        self._names = self._create(self._resources)
        ids = {it.name: it.named for it in operation.wire.parameters if it.is_id}
        made_up = [it for it in ids if not (ids[it] or it in self._names)]
        told = (it + self._uncreated.get(it, "") for it in made_up)
        self._oracle.made_up = ", ".join(told)
        is_barred = bool(made_up) and operation.method in {"put", "patch"}
        if operation.method == "delete":
            is_barred = ids.keys().isdisjoint(self._names)
        if is_barred:
            what = f"{operation.method.upper()} {operation.wire.template}"
            self._end(_HINTS["not-ours"].format(what), _HINTS["made-up"])
        return is_barred

    def _aimed(self, case: Case) -> Case:
        """Return a case about what this run created, anew where it would be used up."""
        plan = self._plan
        if not self._resources:
            return case
        # Of two deletes, a target that checks nothing refuses the second.
        method, is_accept = plan.contract.operation.method, case.expect == Expect.ACCEPT
        uses = method == "delete" or (method == "post" and is_accept)
        if uses and self._is_used:
            self._names = self._create(self._resources)
        self._is_used |= uses

        def own(request: Request) -> Request:
            return aimed(request, plan.contract, self._names)

        steps = tuple(replace(it, request=own(it.request)) for it in case.steps)
        return replace(case, request=own(case.request), steps=steps)

    def _create(self, resources: Sequence[PathResource]) -> dict[str, str]:
        """Create what a path names; return the names that the answers give.

        No two creates of a run send the same texts.
        """
        names: dict[str, str] = {}
        if not resources:
            return names
        from ringspec.strategies import otherwise  # noqa: PLC0415 - it takes a while

        contract = self._plan.contract
        ids = [it.id for it in contract.endpoints]
        for each in resources:
            names |= self._create(each.parents)
            self._created += 1
            turn = _CREATES * ids.index(contract.operation.id) + self._created
            case = otherwise(each.contract, each.plain, turn) or each.plain
            request = aimed(case.request, each.contract, names)
            case = replace(case, request=request)
            exchange = self._source.again(case)
            self._keep(Fired(case=case, exchange=exchange))
            self._requests += exchange.sent
            if exchange.status // 100 != 2:
                why = f" (the create: {case.request.method} {exchange.summary})"
                self._uncreated[each.parameter.name] = why
            if name := each.named(exchange):
                names[each.parameter.name] = name
        return names

    def _fired(
        self, cases: Sequence[Case], **options: Any
    ) -> Iterator[tuple[Case, Exchange]]:
        """Fire cases and yield each with its exchange; options as of `Volley.start`."""
        cases = [self._aimed(each) for each in cases]
        exchanges = self._source.fired(cases, **options)
        for case, exchange in zip(cases, exchanges, strict=True):
            self._reachability.note(case, exchange)
            self._keep(Fired(case=case, exchange=exchange))
            yield self._repeated(case, exchange)

    def _keep(self, taken: Taken) -> None:
        """Take down what came from outside, if there is a tape."""
        if self._plan.tape is not None:
            if isinstance(taken, Fired):
                exchange = self._shortened(taken.exchange)
                taken = Fired(case=taken.case, exchange=exchange)
            self._plan.tape.taken.append(taken)

    def _repeated(self, case: Case, exchange: Exchange) -> tuple[Case, Exchange]:
        """Send once more, with other values, what may be refused for what was sent.

        A contract without a catalogue does not say what a target takes only once. Once
        values have mattered, what is to be refused proves it with others.
        """
        plan, status = self._plan, exchange.status
        refused = status // 100 == 4 and status not in NO_JUDGEMENT
        if not refused or self._policy.live or plan.contract.catalogue.rules:
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
        again = self._source.again(other)
        self._keep(Fired(case=other, exchange=again))
        sent, answer = exchange.sent + again.sent, again.response
        if answer is None or (is_accept and answer.status // 100 == 4):
            self._in_vain += is_accept
            return case, replace(exchange, sent=sent)
        self._reachability.note(other, again)
        self._clashed |= is_accept
        return other, replace(again, sent=sent)

    def _weighed(self, case: Case, exchange: Exchange) -> Judged:
        found = self._oracle.judge(case, exchange)
        if (known := self._source.known.get(case.id)) is not None:
            twin = self._oracle.twin_of(case)
            more = {"case": case, "exchange": exchange, "twin": twin}
            found = tuple(read_finding(it, **more) for it in known)
        return self._cut(Judged(case=case, exchange=exchange, findings=found))

    def _anew(self, judged: Judged) -> Judged:
        """Judge again what explore found, each finding by its case and exchange."""
        findings = list[Finding]()
        for each in judged.findings:
            found = judge(self._oracle, each.case, each.exchange)
            again = (it for it in self._selected_of(found) if it.rule == each.rule)
            findings += islice(again, 1)
        return replace(judged, findings=tuple(findings))

    def _cut(self, judged: _Judged) -> _Judged:
        """Keep of what was judged no more than reports show, over the whole run."""
        kept: dict[int, Exchange] = {}

        def cut(exchange: Exchange) -> Exchange:
            if id(exchange) not in kept:
                kept[id(exchange)] = self._shortened(exchange)
            return kept[id(exchange)]

        exchange, own = cut(judged.exchange), judged.findings
        if exchange is judged.exchange and all(it.exchange is exchange for it in own):
            return judged
        found = tuple(replace(it, exchange=cut(it.exchange)) for it in own)
        return replace(judged, exchange=exchange, findings=found)

    def _shortened(self, exchange: Exchange) -> Exchange:
        """Return an exchange as far as it is kept: as it is, for a tape, if it may."""
        limit = _KEPT if self._room > 0 else _KEPT_LATER
        items = exchange.played.items if exchange.played else None
        is_long = self._plan.tape is None or exchange.weight + len(str(items)) > limit
        kept = exchange.cut(limit) if is_long else exchange
        self._room -= kept.weight
        return kept

    def _judged(self, judged: Judged, missing: Collection[str] = ()) -> Judged:
        """Count a case of the list; nothing is found if it needs what is missing."""
        case, exchange = judged.case, judged.exchange
        self._left.pop(case.id, None)
        self.done += 1
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
        reason, exchange = finding.reason, finding.exchange
        if self._reachability.broken:
            # It may pass by itself, and was not repeated, such as a create.
            passes = exchange.status in GATEWAY or not (
                exchange.status or self._reachability.in_a_row > 1
            )
            if not passes or self._policy.may_repeat(exchange.request):
                return finding
            reason = f"{reason}; it was not sent again, to a live target"
        return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason)

    def _stops(self, findings: tuple[Finding, ...]) -> bool:
        failure, plan = self._reachability.failure, self._plan
        if self._reachability.in_a_row >= PATIENCE and failure is not None:
            self._end(
                f"the target was given up after {self.done} cases: {failure.message}",
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
            self._end(f"stopped at the first failure, after {self.done} cases")
        return failed

    def _end(self, why: str, hint: str = "") -> None:
        self._ended_by, self._hint = why, hint

    @property
    def gave_up(self) -> bool:
        """Whether there is no point in asking this target for anything else."""
        absent = not self._reachability.answered and self.done > 0
        in_vain = self._reachability.in_a_row >= PATIENCE
        failed = self._plan.fail_fast and self._ended_by != ""
        return absent or in_vain or failed

    def result(self) -> Result:
        """Draw the conclusion from what has been judged."""
        if self.interrupted:
            self._end(f"interrupted after {self.done} of {self._total} cases")
        plan, reachability, tally = self._plan, self._reachability, self._tally
        failure, learnt = reachability.failure, reachability.learnt
        missed = (self._oracle.missed, _HINTS["made-up"])
        message, hint = missed if self._oracle.missed else reachability.account()
        policy = self._policy
        if failure is not None and not reachability.answered:
            # An absent target goes before what is withheld.
            message = f"{plan.url}: {failure.message}"
        elif policy.no_create and tally.withheld:
            live = f"{plan.url} is live, and {policy.no_create}"
            message = f"{live}: {len(tally.withheld)} rules stay open"
            hint = _HINTS["withheld"].format(plan.contract.operation.effect)
        elif self._source.spent:
            most = plan.safety.max_creates
            message = f"all {most} creates that the profile allows are used up"
            hint = _HINTS["spent"]
        elif self._oracle.refusal and learnt:
            message, hint = self._oracle.refusal, _HINTS["refused"]
        message = self._ended_by or message
        why = message
        if not learnt:
            # Such answers say something of their sender, not of the API.
            tally.judged = {ROBUSTNESS} if reachability.broken else set()
            why = message or "nothing was learnt of the API"
        left = pending(self._left.values(), self._selected)
        audit = KnownAudit(plan, self._verdicts, learnt, self.interrupted)
        results, stale, update, known_hint = audit.account(
            partial(tally.results, why, left)
        )
        counts = Counts.of(results, cases=self.done, requests=self._requests)
        if plan.fail_untested and counts.untested and not message:
            message = f"untested, which --fail-untested minds: {counts.untested}"
        narrowed = plan.narrowed
        if self.interrupted:
            narrowed += ("an interrupt",)
        elif not (counts.passed + counts.failed + counts.excused + counts.inconclusive):
            message = message or "no rule of the selection could be judged here"
        return Result(
            conclusion=conclude(
                results,
                executed=self.done > 0,
                stale=stale,
                fail_untested=plan.fail_untested,
                narrowed=narrowed,
                unreached=why if self.interrupted else None,
            ),
            level=plan.level,
            rules=results,
            counts=counts,
            duration_s=round(time.perf_counter() - self._began, 3),
            message=message,
            hint=self._hint or hint or known_hint,
            interrupted=self.interrupted,
            stale=stale,
            known_update=update,
            learnt=learnt,
            fail_untested=plan.fail_untested,
            narrowed=narrowed,
            ended=now(),
            share=audit.share(results, self._lent, tally.open_cases),
        )
