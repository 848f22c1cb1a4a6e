"""Precautions: what a run fires, what it leaves out, and what guards its target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ringspec.harness.exploring.explore import is_explored
from ringspec.harness.judging.outcome import Tally
from ringspec.harness.judging.selection import Selection, served
from ringspec.harness.judging.verdict import Notice
from ringspec.harness.running.plan import Plan, check, lacking_rules
from ringspec.harness.sending.credentials import Renewing
from ringspec.harness.sending.exchange import Connection
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.journal import Journal, Status
from ringspec.harness.sending.pacer import Limited, Pacer
from ringspec.harness.sending.policy import Effect, Policy, requests_of
from ringspec.harness.sending.target import Target
from ringspec.spec import RuleId
from ringspec.strategies import Case

# How long cleaning up may take: after a run, and after an interrupt.
CLEAN_S, HASTY_S = 60.0, 15.0
_LISTED = 8
OPEN_HINT = (
    "a create may ring real phones; a profile that says `allow_create` and"
    " `max_creates`, and names its own fixtures, lets them through"
)
SPENT_HINT = (
    "raise `max_creates` in the profile, or select fewer rules: --select, --quick"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a run fires and judges.

    Attributes:
        cases: those fired, the first of the list in any case.
        left_out: why cases are not sent to a live target, by id.
        tally: without findings yet; it skips the rules that no case which is taken
            serves.
    """

    policy: Policy
    cases: tuple[Case, ...]
    left_out: Mapping[str, str]
    selected: frozenset[RuleId]
    tally: Tally

    def omissions(self) -> list[tuple[str, list[str]]]:
        """Return each reason for leaving out cases, with their ids; the most first."""
        found: dict[str, list[str]] = {}
        for case, why in self.left_out.items():
            found.setdefault(why, []).append(case)
        return sorted(found.items(), key=lambda it: -len(it[1]))


def choose(plan: Plan) -> Choice:
    """Choose what a plan fires."""
    selection = Selection.of(plan.contract, plan.select, plan.exclude, plan.rules)
    check(plan)
    selected, inapplicable = frozenset(selection.rules), lacking_rules(plan)
    plain = plan.cases[0].body if plan.cases else None
    policy = Policy(plan.safety, plan.contract, plan.live, plain)
    wanted = selection.fired(plan.cases, plan.takes)
    left_out: dict[str, str] = {}
    for case in wanted:
        # Without its twin a refusal says nothing, and costs a create.
        twin = "" if case.steps else left_out.get(case.twin or "", "")
        if case.rule not in inapplicable and (why := policy.leaves_out(case) or twin):
            left_out[case.id] = why
    out = [case for case in wanted if case.id in left_out]
    others = [case for case in wanted if case.id not in left_out]
    fired = [case for case in others if case.rule not in inapplicable]
    fires = (fired or plan.explored) and not policy.no_create
    first = plan.cases[:1] if fires else ()
    taken = list(filter(plan.takes, plan.cases))
    unserved = served(selected, plan.cases) - served(selected, taken)
    if plan.explored:
        unserved = {each for each in unserved if not is_explored(each)}
    skipped = (frozenset(plan.contract.rules) - selected) | unserved
    rules = selected - skipped - inapplicable.keys()
    unsent: dict[RuleId, str] = {}
    for rule in served(rules, out) - served(rules, others) if out else ():
        case = next((each for each in out if served([rule], [each])), out[0])
        why = left_out[case.id]
        unsent[rule] = f"nothing was sent for it to a live target: {why}"
    tally = Tally(plan.contract, plan.level, skipped, inapplicable)
    # Where creates are allowed, what is left out is so on purpose: it binds no rule.
    (tally.withheld if policy.no_create else tally.inapplicable).update(unsent)
    return Choice(
        policy=policy,
        cases=(*first, *(case for case in fired if case not in first)),
        left_out=left_out,
        selected=selected,
        tally=tally,
    )


def connect(
    plan: Plan, policy: Policy, journal: Journal | None, tell: Callable[[str], None]
) -> tuple[Guard, Pacer]:
    """Open the way to the target that every request takes."""
    pace, filling = plan.pace, plan.filling
    if journal is not None:
        journal.open()
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
        connection = Limited(connection, pace.rate)
    guard = Guard(connection, policy, url=plan.url, filling=filling, journal=journal)
    renewal, may_repeat = filling.renewal, guard.may_repeat
    passing = Renewing(guard, renewal, may_repeat) if renewal else guard
    pacer = Pacer(passing, pace, seed=plan.seed, may_repeat=may_repeat, tell=tell)
    return guard, pacer


def opening(plan: Plan, choice: Choice, journal: Journal | None) -> Iterator[Notice]:
    """Yield what a live run is careful about."""
    if not plan.live:
        return
    pace = f"one request at a time, {plan.pace.rate:g} a second at most"
    yield Notice(message=f"{plan.url} is live: {pace}")
    for why, ids in choice.omissions():
        yield Notice(message=f"not sent, as {why}: {listed(ids)}")
    if journal is not None:
        yield Notice(message=f"what is created stands in {journal.path}")


async def clean_up(
    guard: Guard, via: Pacer, journal: Journal | None, limit_s: float
) -> list[str]:
    """Delete what was created; return notices of what is left."""
    left = await guard.clean_up(via, limit_s)
    if journal is None:
        return []
    notices: list[str] = []
    lost = sum(1 for entry in left if entry.delete is None)
    if len(left) > lost:
        notices.append(
            f"{len(left) - lost} of what was created could not be deleted:"
            f" run `ringspec cleanup {journal.path}`"
        )
    if lost:
        unknown = any(entry.status is Status.UNKNOWN for entry in left)
        why = "creates went unanswered or failed" if unknown else "came without id"
        notices.append(f"{lost} {why}: look by hand what the target holds")
    if not left and guard.creates:
        notices.append("all that was created has been deleted again")
    journal.discard()
    return notices


def listed(ids: Sequence[str]) -> str:
    """Name the first few of some cases, and how many more there are."""
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return f"{', '.join(ids[:_LISTED])}{more}"


def effects_in(plan: Plan, cases: Iterable[Case]) -> Counter[Effect]:
    """Count the requests of some cases by what they do."""
    policy = Policy(plan.safety, plan.contract)
    requests = (each for case in cases for each in requests_of(case))
    return Counter(map(policy.effect_of, requests))
