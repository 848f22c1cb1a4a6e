"""A run of several operations: one session each, and one account of them all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

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
from ringspec.strategies import Case, led

_PREFIXES = ("--select ", "--exclude ")
# The attributes that hold ids, or what has such. What is kept of known failures is told
# of the whole list.
_NAMING: dict[type, tuple[str, ...]] = {
    Judged: ("case", "findings"),
    Finding: ("rule", "case", "twin"),
    Rule: ("id",),
    RuleResult: ("rule", "failures", "inconclusive", "known"),
    Known: ("id",),
    Stale: ("known",),
    KnownUpdate: ("added", "dropped"),
    Share: ("lent", "places", "known"),
    Result: ("rules", "stale", "known_update", "share"),
}


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The plans of several operations, each with its own contract."""

    plans: tuple[Plan, ...]
    # All failures that are known; the plans have those of their operations.
    known: KnownList = field(default_factory=KnownList)
    unread: tuple[Unread, ...] = ()  # operations that cannot be tested
    narrowed: tuple[str, ...] = ()  # what makes the run a part of the whole, as options

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
            # What was created is deleted before the next one begins, whatever happens.
            with closing(session.events()) as events:
                for event in events if not ended else ():
                    match event:
                        case Started() if number == 0:
                            named = replace(event.contract, operation="", sha256=digest)
                            total = sum(len(each.cases) for each in sessions)
                            several = replace(event, operations=tuple(operations))
                            yield replace(several, contract=named, total=total)
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
                results.append(_led(event.result, contract))
            elif isinstance(event, Notice) and event.message not in told:
                told.add(event.message)
                yield event
        last = results[-1]
        ended |= last.interrupted or session.gave_up
    taken = round(time.perf_counter() - began, 3)
    yield Ended(result=replace(_joined(whole, results), duration_s=taken))


def _digest(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _led(value: Any, contract: Contract) -> Any:
    """Return a value of a result in which all ids are led by the operation."""
    match value:
        case Standing() | None:
            return value
        case str():
            return contract.prefix + value
        case Case():
            return led(value, contract.prefix)
        case tuple():
            return tuple(_led(each, contract) for each in value)
        case dict():
            return {_led(it, contract): _led(value[it], contract) for it in value}
    names = _NAMING.get(type(value), ())
    more = {name: _led(getattr(value, name), contract) for name in names}
    match value:
        case Finding(reason=text):
            more["reason"] = _led_reason(text, contract)
        case RuleResult(why=text):
            more["why"] = _led_reason(text, contract)
        case Rule():
            more["operation"] = contract.operation.id
    return replace(value, **more) if more else value


def _led_reason(reason: str, contract: Contract) -> str:
    return reason.replace(f"{TWIN_REFUSED} ", f"{TWIN_REFUSED} {contract.prefix}", 1)


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
        (it.contract.operation.id, one)
        for it, one in pairs
        if one.counts.cases or (one.counts.inconclusive and not one.interrupted)
    ]
    stale, update = _known(whole, results)
    counts = Counts.of(
        rules,
        cases=sum(each.counts.cases for each in results),
        requests=sum(each.counts.requests for each in results),
    )
    drawn = {one.conclusion for _, one in begun} or {it.conclusion for it in results}
    # The worst first, with what of the whole leads to it.
    order = {
        Conclusion.NONCONFORMANT: stale,
        Conclusion.INCONCLUSIVE: whole.unread and results[0].fail_untested,
        Conclusion.IN_PART: whole.narrowed,
    }
    worst = (it for it, why in order.items() if why or it in drawn)
    message, hint = "", next((it.hint for it in results if it.hint), "")
    if stale and not hint:
        hint = DROPS
    if open_ := [it for it in begun if it[1].message]:
        operation, one = open_[0]
        more = f" (and {len(open_) - 1} more operations)" * bool(open_[1:])
        message, hint = f"{operation}: {one.message}{more}", one.hint
    # Prefixes of ids stand there as they were given, with the operation.
    own = (it for each in results for it in each.narrowed)
    narrowed = [*whole.narrowed, *(it for it in own if not it.startswith(_PREFIXES))]
    return replace(
        results[0],
        conclusion=next(worst, Conclusion.CONFORMANT),
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
