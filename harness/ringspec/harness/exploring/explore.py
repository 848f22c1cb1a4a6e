"""Explore: what the session needs of a search for what no list foresees."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

from ringspec.harness.judging import checks
from ringspec.harness.judging.checks import NO_JUDGEMENT
from ringspec.harness.judging.oracle import ERROR_STATUS, Oracle, missing_links
from ringspec.harness.judging.verdict import Finding, Judged, Verdict
from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.exchange import Exchange, Played, Trouble
from ringspec.spec import Level, RuleId
from ringspec.strategies import Case, Expect, status_fits

if TYPE_CHECKING:
    # Hypothesis takes a while to load, and most runs need none of it.
    from ringspec.strategies import Lifecycle, Walk

# Refusals that other things than the rule may account for: what is not known, what
# stands there already, what is too long.
_OTHER_REASONS = frozenset({404, 409, 413, 414, 431})
LIFECYCLE = "lifecycle."
# Rules that every search serves, even where nothing fails.
SERVED = ("robustness", "body.accepted", "answer.", "error.")


class FailureKind(NamedTuple):
    """Kind of a failure, of which one example is enough."""

    rule: RuleId
    expect: Expect
    trouble: Trouble | None


def kind_of(finding: Finding) -> FailureKind:
    """Return the kind of a failure."""
    failure = finding.exchange.failure
    trouble = failure.trouble if failure else None
    return FailureKind(finding.rule, finding.case.expect, trouble)


class Failures(dict[FailureKind, Level]):
    """Failures by their kind, each with the strongest level seen."""

    def is_new(self, kind: FailureKind, level: Level) -> bool:
        """Return whether a kind is not known, or only at weaker levels."""
        return kind not in self or not self[kind].gates(level)

    def note(self, findings: Iterable[Finding]) -> Self:
        """Add the failures among some findings."""
        for each in findings:
            kind = kind_of(each)
            if each.verdict == Verdict.FAIL and self.is_new(kind, each.level):
                self[kind] = each.level
        return self


@dataclass(frozen=True, kw_only=True)
class Attempt(Judged):
    """An example of explore."""

    idle: str = ""  # what a target may leave undone, and did, so that a walk ended
    ended: int = 0  # after how many steps a walk failed, or came to its end
    sent: int = 1  # how many requests it took

    @cached_property
    def failures(self) -> Failures:
        """The failures among the findings."""
        return Failures().note(self.findings)


def judge(oracle: Oracle, case: Case, exchange: Exchange) -> Iterator[Finding]:
    """Judge an explored case, which has no twin.

    A refusal therefore proves no rule. An invalid body that was accepted fails each
    rule that it breaks, at the level of that rule.
    """
    response, status = exchange.response, exchange.status
    refuses = case.expect == Expect.REJECT
    for finding in oracle.judge(case, exchange):
        inconclusive = finding.verdict == Verdict.INCONCLUSIVE
        if not inconclusive or (not refuses and 0 < status < 500):
            yield finding
    # How an invalid body is refused, where that is certain to be the reason.
    uncertain = status // 100 != 4 or status in NO_JUDGEMENT | _OTHER_REASONS
    if not refuses or uncertain or response is None:
        return
    wanted = " or ".join(map(str, case.status))
    fits = status_fits(status, case.status)
    fault = "" if fits else f"refused with {status}, not with {wanted}"
    form = checks.form(oracle.contract.answers, response)
    judgements = (*form, checks.judgement(ERROR_STATUS, fault))
    yield from oracle.findings(case, exchange, judgements)


JudgeStep: TypeAlias = Callable[[Case, Exchange], tuple[Finding, ...]]


def walked(walk: Walk, play: Callable[..., Exchange], judge: JudgeStep) -> Attempt:
    """Make a walk and judge each step, up to the first that fails.

    `play` takes a case, and whether to be patient: what was written may show late.
    """
    exchange = play(walk.whole(), patient=not walk.hasty)
    played, sent = exchange.played or Played(), exchange.sent
    found: list[Finding] = []

    def attempt(part: Walk, exchange: Exchange) -> Attempt:
        failing = [each for each in found if each.verdict == Verdict.FAIL]
        return Attempt(
            case=failing[0].case if failing else part.whole(),
            exchange=exchange,
            findings=tuple(found),
            ended=len(part.steps),
            sent=sent,
        )

    for index, each in enumerate(played.earlier):
        part, before = walk.upto(index + 1), played.earlier[:index]
        so_far = Played(earlier=before, captured=played.captured)
        then = replace(each, played=so_far)
        found += _judged(part, then, judge)
        if any(each.verdict == Verdict.FAIL for each in found):
            return attempt(part, then)
    part = walk.upto(len(played.earlier) + 1)
    if played.stuck and part.steps[-1].step.paging is not None:
        # All pages of a list are read for a last step only.
        exchange = play(part.whole(), patient=not part.hasty)
        sent += exchange.sent
        if exchange.played is None or exchange.played.stuck:
            return attempt(part, exchange)
    elif played.stuck:
        exchange = replace(exchange, played=replace(played, stuck=""))
    found += _judged(part, exchange, judge)
    result = attempt(part, exchange)
    idle = part.steps[-1].unsure if played.stuck and not result.failures else ""
    return replace(result, idle=idle)


def _judged(walk: Walk, exchange: Exchange, judge: JudgeStep) -> Iterator[Finding]:
    """Judge the last step by each claim on it, without inconclusive findings."""
    last = walk.steps[-1]
    status = exchange.status
    # A wrong status is told once.
    claims = last.claims if status_fits(status, last.due) else last.claims[:1]
    # What may be left undone, and was, has passed nothing.
    moot = len(last.due) > 1 and status // 100 != 2
    for number, claim in enumerate(claims):
        for each in judge(walk.case(claim), exchange):
            own = each.rule == claim.rule
            passed = each.verdict == Verdict.PASS and not (own and moot)
            if (passed or each.verdict == Verdict.FAIL) and (own or not number):
                yield each


def offered_lifecycle(
    plan: Plan, selected: Collection[RuleId], play: Callable[[Case], Exchange]
) -> Lifecycle | None:
    """Call each operation once, and return the life cycle of those offered, if any."""
    from ringspec.strategies import Lifecycle  # noqa: PLC0415 - it takes a while

    life = Lifecycle.of(plan.contract, plan.cases)
    if life is None or not any(each.startswith(LIFECYCLE) for each in selected):
        return None
    case = life.survey()
    exchange = play(case)
    if exchange.played is None or not exchange.played.earlier:
        return None  # without a create there is nothing to walk on
    return life.lacking(missing_links(plan.contract, [(case, exchange)]))
