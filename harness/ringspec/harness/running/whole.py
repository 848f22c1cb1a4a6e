"""A run of several operations: one session each, and one account of them all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ringspec.harness.judging.verdict import (
    TWIN_REFUSED,
    Conclusion,
    Counts,
    Ended,
    Event,
    Finding,
    Judged,
    Known,
    KnownList,
    KnownUpdate,
    Notice,
    OperationResult,
    Outcome,
    Result,
    RuleResult,
    Share,
    Stale,
    Standing,
    Started,
)
from ringspec.harness.running.known_failures import DROPS
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import Session
from ringspec.spec import (
    BODY_ACCEPTED,
    Contract,
    Rule,
    RuleId,
    Unread,
    http_rules,
    leading,
)
from ringspec.strategies import led

_PREFIXES = ("--select ", "--exclude ")


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The plans of several operations, each with its own contract, and their account.

    Attributes:
        known: all failures that are known; the plans have those of their operations.
        unread: operations that cannot be tested.
        narrowed: what makes the run a part of the whole, as options.
    """

    plans: tuple[Plan, ...]
    known: KnownList = field(default_factory=KnownList)
    unread: tuple[Unread, ...] = ()
    narrowed: tuple[str, ...] = ()

    @property
    def is_several(self) -> bool:
        """Whether ids are led by operations."""
        return any(plan.contract.prefix for plan in self.plans)

    @cached_property
    def ids(self) -> list[str]:
        """The ids of all operations of the document, tested or not."""
        return [each.id for each in self.plans[0].contract.endpoints]

    def limited_to(self, rules: Collection[RuleId]) -> Whole:
        """Return the part of it that judges some rules, and no others.

        Raises:
            SpecError: they are all of operations that cannot be tested.
        """
        plans = list[Plan]()
        for plan in self.plans:
            lead = plan.contract.prefix
            own = {RuleId(it.removeprefix(lead)) for it in rules if it.startswith(lead)}
            # The ids of another operation may begin so too.
            own &= {*plan.contract.rules, *plan.contract.dropped}
            plans += [replace(plan, rules=frozenset(own))] if own else []
        unread = tuple(it for it in self.unread if unread_rule(it).id in rules)
        if not plans:
            raise (unread or self.unread)[0].error
        return replace(self, plans=tuple(plans), unread=unread)


def unread_rule(unread: Unread) -> Rule:
    """Return the rule that stands for an operation that cannot be tested."""
    name = RuleId(f"{unread.operation}/{BODY_ACCEPTED}")
    return replace(http_rules()[BODY_ACCEPTED], id=name, operation=unread.operation)


def known_of(known: KnownList, contract: Contract) -> KnownList:
    """Return the entries of one operation, with its own ids.

    Where it is tested alone, they may be led by it all the same.
    """
    if not known.entries:
        return known
    own, ids = contract.operation.id, [each.id for each in contract.endpoints]
    led = {it: leading(it.id, ids) for it in known.entries}
    wanted = (own,) if contract.prefix else (own, "")
    entries = (
        replace(it, id=it.id.removeprefix(f"{own}/")) if lead else it
        for it, lead in led.items()
        if lead in wanted
    )
    return replace(known, entries=tuple(entries))


def run_each(whole: Whole) -> Generator[Event, None, None]:
    """Run the plans of several operations in turn, and yield one run's events.

    All ids are led by the operation. Raises as `run`.
    """
    sessions = [Session(plan) for plan in whole.plans]
    operations = [plan.contract.operation.id for plan in whole.plans]
    operations += [each.operation for each in whole.unread]
    digest = _digest(plan.contract.sha256 for plan in whole.plans)
    told, results, ended = set[str](), list[Result](), False
    began = time.perf_counter()
    for number, session in enumerate(sessions):
        contract = whole.plans[number].contract
        try:
            for event in session.events() if not ended else ():
                match event:
                    case Started() if number == 0:
                        total = sum(len(each.cases) for each in sessions)
                        yield replace(
                            event,
                            contract=replace(
                                event.contract, operation="", sha256=digest
                            ),
                            operations=tuple(operations),
                            total=total,
                        )
                    case Judged():
                        yield _led(event, contract)
                    case Notice(message=message) if message not in told:
                        told.add(message)
                        yield event
        except KeyboardInterrupt:
            session.interrupted = True
        session.interrupted |= bool(results) and results[-1].interrupted
        for event in session.ended():
            if isinstance(event, Ended):
                results.append(_led_result(event.result, contract))
            elif isinstance(event, Notice) and event.message not in told:
                told.add(event.message)
                yield event
        last = results[-1]
        ended |= last.interrupted or session.gave_up
    taken = round(time.perf_counter() - began, 3)
    yield Ended(result=replace(_joined(whole, results), duration_s=taken))


def _digest(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _led(judged: Judged, contract: Contract) -> Judged:
    """Return what was judged with ids that are led by the operation."""
    findings = (_led_finding(each, contract) for each in judged.findings)
    case = led(judged.case, contract.prefix)
    return replace(judged, case=case, findings=tuple(findings))


def _led_reason(reason: str, contract: Contract) -> str:
    return reason.replace(f"{TWIN_REFUSED} ", f"{TWIN_REFUSED} {contract.prefix}", 1)


def _led_finding(finding: Finding, contract: Contract) -> Finding:
    prefix = contract.prefix
    return replace(
        finding,
        reason=_led_reason(finding.reason, contract),
        rule=RuleId(prefix + finding.rule),
        case=led(finding.case, prefix),
        twin=led(finding.twin, prefix) if finding.twin else None,
    )


def _led_rule(result: RuleResult, contract: Contract) -> RuleResult:
    rule = replace(
        result.rule,
        id=RuleId(contract.prefix + result.rule.id),
        operation=contract.operation.id,
    )
    return replace(
        result,
        rule=rule,
        failures=tuple(_led_finding(it, contract) for it in result.failures),
        inconclusive=tuple(_led_finding(it, contract) for it in result.inconclusive),
        why=_led_reason(result.why, contract),
        known=tuple(_led_known(it, contract) for it in result.known),
    )


def _led_known(known: Known, contract: Contract) -> Known:
    return replace(known, id=contract.prefix + known.id)


def _led_stale(entries: Iterable[Stale], contract: Contract) -> tuple[Stale, ...]:
    return tuple(replace(it, known=_led_known(it.known, contract)) for it in entries)


def _led_result(result: Result, contract: Contract) -> Result:
    lead, update, share = contract.prefix, result.known_update, result.share
    if update:
        # What is kept is told of the whole list.
        added = tuple(_led_known(it, contract) for it in update.added)
        dropped = _led_stale(update.dropped, contract)
        update = replace(update, added=added, dropped=dropped)
    if share:
        share = replace(
            share,
            lent={
                lead + case: tuple(RuleId(lead + it) for it in rules)
                for case, rules in share.lent.items()
            },
            places={lead + case: place for case, place in share.places.items()},
            known=tuple((_led_known(it, contract), how) for it, how in share.known),
        )
    return replace(
        result,
        rules=tuple(_led_rule(it, contract) for it in result.rules),
        stale=_led_stale(result.stale, contract),
        known_update=update,
        share=share,
    )


def _known(
    whole: Whole, results: Sequence[Result]
) -> tuple[list[Stale], KnownUpdate | None]:
    """Return what is stale of all known failures, and how the list is renewed."""
    ids, why = whole.ids, "this contract has no such operation"
    entries = whole.known.entries
    wrong = [Stale(known=it, why=why) for it in entries if not leading(it.id, ids)]
    stale = [it for one in results for it in one.stale]
    updates = [one.known_update for one in results if one.known_update]
    if not updates:
        return [*wrong, *stale], None
    dropped = (*wrong, *(it for one in updates for it in one.dropped))
    gone = {it.known for it in dropped}
    return stale, KnownUpdate(
        kept=tuple(it for it in entries if it not in gone),
        added=tuple(it for one in updates for it in one.added),
        dropped=dropped,
    )


def _operations(
    whole: Whole, results: Sequence[Result], rules: list[RuleResult]
) -> Iterator[OperationResult]:
    """Yield what was found about each operation, in the document's order."""
    pairs = zip(whole.plans, results, strict=True)
    found = {it.contract.operation.id: (it.contract.sha256, one) for it, one in pairs}
    failed = {each.operation for each in whole.unread}
    for each in whole.plans[0].contract.endpoints:
        if each.id in failed or each.id in found:
            sha256, one = found.get(each.id, ("", None))
            own = [it for it in rules if it.rule.operation == each.id]
            yield OperationResult(
                id=each.id,
                method=each.method.upper(),
                path=each.path,
                sha256=sha256,
                conclusion=one.conclusion if one else Conclusion.INCONCLUSIVE,
                counts=one.counts if one else Counts.of(own, cases=0, requests=0),
            )


def _share(whole: Whole, results: Sequence[Result]) -> Share | None:
    """Join what is said of the parts of the operations' lists, if parts were fired."""
    shares = [one.share for one in results if one.share]
    if not shares:
        return None
    standings = dict(it for share in shares for it in share.known)
    for each in whole.known.entries:
        other = Standing.UNSEEN if leading(each.id, whole.ids) else Standing.WRONG
        standings.setdefault(each, other)
    select, exclude = (
        tuple(it.removeprefix(name) for it in whole.narrowed if it.startswith(name))
        for name in _PREFIXES
    )
    return replace(
        shares[0],
        digest=_digest(it.digest for it in shares),
        select=select,
        exclude=exclude,
        lent={case: it for share in shares for case, it in share.lent.items()},
        places={case: it for share in shares for case, it in share.places.items()},
        known=tuple((it, standings[it]) for it in whole.known.entries),
        learnt=any(each.learnt for each in shares),
    )


def _joined(whole: Whole, results: Sequence[Result]) -> Result:
    """Join the results of a run's operations."""
    pairs = zip(whole.plans, results, strict=True)
    rules = [it for one in results for it in one.rules]
    for each in whole.unread:
        rule, why = unread_rule(each), str(each.error)
        rules.append(RuleResult(rule=rule, outcome=Outcome.UNTESTED, why=why))
    # What an interrupt kept from its turn says nothing; nor what has no such rule.
    begun = [
        one
        for one in results
        if one.counts.cases or (one.counts.inconclusive and not one.interrupted)
    ]
    open_ = [
        (it.contract.operation.id, one)
        for it, one in pairs
        if one.message and any(one is each for each in begun)
    ]
    stale, update = _known(whole, results)
    counts = Counts.of(
        rules,
        cases=sum(each.counts.cases for each in results),
        requests=sum(each.counts.requests for each in results),
    )
    drawn = {one.conclusion for one in begun or results}
    order = (Conclusion.NONCONFORMANT, Conclusion.INCONCLUSIVE, Conclusion.IN_PART)
    conclusion = next((it for it in order if it in drawn), Conclusion.CONFORMANT)
    if stale:
        conclusion = Conclusion.NONCONFORMANT
    if conclusion is Conclusion.CONFORMANT and whole.narrowed:
        conclusion = Conclusion.IN_PART
    if whole.unread and results[0].fail_untested and conclusion.exit_code == 0:
        conclusion = Conclusion.INCONCLUSIVE
    message, hint = "", next((it.hint for it in results if it.hint), "")
    if stale and not hint:
        hint = DROPS
    if open_:
        operation, one = open_[0]
        more = f" (and {len(open_) - 1} more operations)" * bool(open_[1:])
        message, hint = f"{operation}: {one.message}{more}", one.hint
    # Prefixes of ids stand there as they were given, with the operation.
    own = (it for each in results for it in each.narrowed)
    narrowed = [*whole.narrowed, *(it for it in own if not it.startswith(_PREFIXES))]
    return replace(
        results[0],
        conclusion=conclusion,
        rules=tuple(rules),
        counts=counts,
        message=message,
        hint=hint,
        interrupted=any(each.interrupted for each in results),
        stale=tuple(stale),
        known_update=update,
        learnt=any(each.learnt for each in results),
        narrowed=tuple(dict.fromkeys(narrowed)),
        ended=results[-1].ended,
        operations=tuple(_operations(whole, results, rules)),
        share=_share(whole, results),
    )
