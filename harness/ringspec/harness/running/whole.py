"""A run of several operations: one session each, and one account of them all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace

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
    endpoints,
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
    own, ids = contract.operation.id, operation_ids(contract)
    led = {it: leading(it.id, ids) for it in known.entries}
    wanted = (own,) if contract.prefix else (own, "")
    entries = (
        replace(it, id=it.id.removeprefix(f"{own}/")) if lead else it
        for it, lead in led.items()
        if lead in wanted
    )
    return replace(known, entries=tuple(entries))


def operation_ids(contract: Contract) -> list[str]:
    """List the ids of all operations of a contract's document."""
    return [each.id for each in endpoints(contract.inputs.document)]


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
                results.append(event.result)
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
        known=_led_known(result.known, contract),
    )


def _led_known(entries: Iterable[Known], contract: Contract) -> tuple[Known, ...]:
    return tuple(replace(it, id=contract.prefix + it.id) for it in entries)


def _led_stale(entries: Iterable[Stale], contract: Contract) -> list[Stale]:
    prefix = contract.prefix
    return [
        replace(it, known=replace(it.known, id=prefix + it.known.id)) for it in entries
    ]


def _known(
    whole: Whole, results: Sequence[tuple[Contract, Result]]
) -> tuple[list[Stale], KnownUpdate | None]:
    """Return what is stale of all known failures, and how the list is renewed."""
    stale, added, dropped = list[Stale](), list[Known](), list[Stale]()
    ids = operation_ids(results[0][0])
    why = "this contract has no such operation"
    wrong = [it for it in whole.known.entries if not leading(it.id, ids)]
    updates = [one.known_update for _, one in results if one.known_update]
    (dropped if updates else stale).extend(Stale(known=it, why=why) for it in wrong)
    for contract, one in results:
        stale += _led_stale(one.stale, contract)
        if update := one.known_update:
            added += _led_known(update.added, contract)
            dropped += _led_stale(update.dropped, contract)
    if not updates:
        return stale, None
    gone = {it.known for it in dropped}
    kept = tuple(it for it in whole.known.entries if it not in gone)
    return stale, KnownUpdate(kept=kept, added=tuple(added), dropped=tuple(dropped))


def _operations(
    whole: Whole, results: Sequence[tuple[Contract, Result]], rules: list[RuleResult]
) -> tuple[OperationResult, ...]:
    """Return what was found about each operation, in the document's order."""
    drawn = {
        it.operation.id: (one.conclusion, one.counts, it.sha256) for it, one in results
    }
    for each in whole.unread:
        own = [it for it in rules if it.rule.operation == each.operation]
        counts = Counts.of(own, cases=0, requests=0)
        drawn[each.operation] = Conclusion.INCONCLUSIVE, counts, ""
    return tuple(
        OperationResult(
            id=each.id,
            method=each.method.upper(),
            path=each.path,
            conclusion=drawn[each.id][0],
            counts=drawn[each.id][1],
            sha256=drawn[each.id][2],
        )
        for each in endpoints(results[0][0].inputs.document)
        if each.id in drawn
    )


def _given(whole: Whole, number: int) -> tuple[str, ...]:
    name = _PREFIXES[number]
    return tuple(it.removeprefix(name) for it in whole.narrowed if it.startswith(name))


def _share(whole: Whole, results: Sequence[tuple[Contract, Result]]) -> Share | None:
    """Join what is said of the parts of the operations' lists, if parts were fired."""
    shares = [(it.prefix, one.share) for it, one in results if one.share]
    if not shares:
        return None
    standings = {
        replace(known, id=lead + known.id): standing
        for lead, share in shares
        for known, standing in share.known
    }
    ids = operation_ids(results[0][0])
    for each in whole.known.entries:
        other = Standing.UNSEEN if leading(each.id, ids) else Standing.WRONG
        standings.setdefault(each, other)
    return replace(
        shares[0][1],
        digest=_digest(it.digest for _, it in shares),
        select=_given(whole, 0),
        exclude=_given(whole, 1),
        lent={
            f"{lead}{case}": tuple(RuleId(lead + it) for it in rules)
            for lead, share in shares
            for case, rules in share.lent.items()
        },
        places={
            f"{lead}{case}": place
            for lead, share in shares
            for case, place in share.places.items()
        },
        known=tuple((it, standings[it]) for it in whole.known.entries),
        learnt=any(each.learnt for _, each in shares),
    )


def _joined(whole: Whole, results: Sequence[Result]) -> Result:
    """Join the results of a run's operations."""
    contracts = [plan.contract for plan in whole.plans]
    pairs = list(zip(contracts, results, strict=True))
    rules = [_led_rule(it, contract) for contract, one in pairs for it in one.rules]
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
        (it.operation.id, one) for it, one in pairs if one in begun and one.message
    ]
    stale, update = _known(whole, pairs)
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
        operations=_operations(whole, pairs, rules),
        share=_share(whole, pairs),
    )
