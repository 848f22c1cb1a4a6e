"""A run of several operations: one session each, and one account of them all."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from ringspec.harness.judging.verdict import (
    Conclusion,
    ContractName,
    Counts,
    Ended,
    Event,
    Finding,
    Judged,
    Notice,
    Outcome,
    Result,
    RuleResult,
    Started,
)
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import Session
from ringspec.spec import BODY_ACCEPTED, Contract, RuleId, Unread, http_rules
from ringspec.strategies import led


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The plans of several operations, each with its own contract, and their account.

    Attributes:
        unread: operations that cannot be tested.
        narrowed: what makes the run a part of the whole, as options.
    """

    plans: tuple[Plan, ...]
    unread: tuple[Unread, ...] = ()
    narrowed: tuple[str, ...] = ()

    @property
    def is_several(self) -> bool:
        """Whether ids are led by operations."""
        return any(plan.contract.prefix for plan in self.plans)


def run_each(whole: Whole) -> Generator[Event, None, None]:
    """Run the plans of several operations in turn, and yield one run's events.

    All ids are led by the operation. Raises as `run`.
    """
    sessions = [Session(plan) for plan in whole.plans]
    names = [ContractName.of(plan.contract) for plan in whole.plans]
    operations = f"{len(names) + len(whole.unread)} operations"
    told, results, ended = set[str](), list[Result](), False
    began = time.perf_counter()
    for number, session in enumerate(sessions):
        contract = whole.plans[number].contract
        try:
            for event in session.events() if not ended else ():
                match event:
                    case Started() if number == 0:
                        total = sum(len(each.cases) for each in sessions)
                        whole_name = replace(event.contract, operation=operations)
                        yield replace(event, contract=whole_name, total=total)
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


def _led(judged: Judged, contract: Contract) -> Judged:
    """Return what was judged with ids that are led by the operation."""
    findings = (_led_finding(each, contract) for each in judged.findings)
    case = led(judged.case, contract.prefix)
    return replace(judged, case=case, findings=tuple(findings))


def _led_finding(finding: Finding, contract: Contract) -> Finding:
    prefix = contract.prefix
    return replace(
        finding,
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
    )


def _joined(whole: Whole, results: Sequence[Result]) -> Result:
    """Join the results of a run's operations."""
    contracts = [plan.contract for plan in whole.plans]
    pairs = list(zip(contracts, results, strict=True))
    rules = [_led_rule(it, contract) for contract, one in pairs for it in one.rules]
    for each in whole.unread:
        name = RuleId(f"{each.operation}/{BODY_ACCEPTED}")
        like = replace(http_rules()[BODY_ACCEPTED], id=name, operation=each.operation)
        why = str(each.error)
        rules.append(RuleResult(rule=like, outcome=Outcome.UNTESTED, why=why))
    open_ = [(it.operation.id, one) for it, one in pairs if one.message]
    begun = [one for _, one in pairs if one.counts.cases] or list(results)
    counts = Counts.of(
        rules,
        cases=sum(each.counts.cases for each in results),
        requests=sum(each.counts.requests for each in results),
    )
    drawn = {one.conclusion for one in begun}
    order = (Conclusion.NONCONFORMANT, Conclusion.INCONCLUSIVE, Conclusion.IN_PART)
    conclusion = next((it for it in order if it in drawn), Conclusion.CONFORMANT)
    if conclusion is Conclusion.CONFORMANT and whole.narrowed:
        conclusion = Conclusion.IN_PART
    if whole.unread and results[0].fail_untested and conclusion.exit_code == 0:
        conclusion = Conclusion.INCONCLUSIVE
    message, hint = "", ""
    if open_:
        operation, one = open_[0]
        more = f" (and {len(open_) - 1} more operations)" * bool(open_[1:])
        message, hint = f"{operation}: {one.message}{more}", one.hint
    narrowed = [*whole.narrowed, *(it for each in results for it in each.narrowed)]
    return replace(
        results[0],
        conclusion=conclusion,
        rules=tuple(rules),
        counts=counts,
        message=message,
        hint=hint,
        interrupted=any(each.interrupted for each in results),
        stale=tuple(it for each in results for it in each.stale),
        learnt=any(each.learnt for each in results),
        narrowed=tuple(dict.fromkeys(narrowed)),
        ended=results[-1].ended,
        share=None,
    )
