"""Precautions: what a run fires, what it leaves out, and what guards its target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ringspec.harness.exploring.explore import is_explored
from ringspec.harness.judging.selection import Selection, served, unserved
from ringspec.harness.judging.verdict import Notice
from ringspec.harness.running.plan import Plan, check, lacking_rules
from ringspec.harness.sending.credentials import Renewing
from ringspec.harness.sending.exchange import Connection, Exchange
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.journal import Journal, Status, default_path
from ringspec.harness.sending.pacer import GATEWAY, Limited, Pacer
from ringspec.harness.sending.policy import Effect, Policy, requests_of
from ringspec.harness.sending.target import Target
from ringspec.spec import RuleId
from ringspec.strategies import Case

# How long cleaning up may take: after a run, and after an interrupt.
CLEAN_S, HASTY_S = 60.0, 15.0
_LISTED = 8
_LEAVE = (
    "a create may ring real phones; a profile that says `allow_create` and"
    " `max_creates`, and names its own fixtures, lets them through"
)
_MORE = "raise `max_creates` in the profile, or select fewer rules: --select, --quick"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a run fires and judges.

    Attributes:
        cases: those fired, the first of the list in any case.
        left_out: why cases are not sent to a live target, by id.
        selected: the rules that are judged.
        skipped: the rules that are deselected, or that no case which is taken serves.
        inapplicable: the rules that the plan leaves out on purpose, with the reason.
        withheld: the rules that stay open, since nothing is sent for them.
    """

    policy: Policy
    cases: tuple[Case, ...]
    left_out: Mapping[str, str]
    selected: frozenset[RuleId]
    skipped: frozenset[RuleId]
    inapplicable: dict[RuleId, str]
    withheld: dict[RuleId, str]

    def omissions(self) -> list[tuple[str, list[str]]]:
        """Return each reason for leaving out cases, with their ids; the most first."""
        found: dict[str, list[str]] = {}
        for case, why in self.left_out.items():
            found.setdefault(why, []).append(case)
        return sorted(found.items(), key=lambda it: -len(it[1]))


def choose(plan: Plan) -> Choice:
    """Choose what a plan fires.

    Raises:
        UsageError: nothing is selected, or the plan may do harm.
    """
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
    skipped = unserved(selection.rules, plan.cases, plan.takes)
    if plan.explored:
        skipped = frozenset(each for each in skipped if not is_explored(each))
    skipped |= frozenset(plan.contract.rules) - selected
    rules = selected - skipped - inapplicable.keys()
    unsent: dict[RuleId, str] = {}
    for rule in served(rules, out) - served(rules, others) if out else ():
        case = next((each for each in out if served([rule], [each])), out[0])
        why = left_out[case.id]
        unsent[rule] = f"nothing was sent for it to a live target: {why}"
    # Where creates are allowed, what is left out is so on purpose: it binds no rule.
    withheld = unsent if policy.no_create else {}
    return Choice(
        policy=policy,
        cases=(*first, *(case for case in fired if case not in first)),
        left_out=left_out,
        selected=selected,
        skipped=skipped,
        inapplicable=inapplicable if policy.no_create else {**inapplicable, **unsent},
        withheld=withheld,
    )


@dataclass
class Precautions:
    """What stands between a run and its target."""

    plan: Plan
    choice: Choice
    _messages: list[str] = field(default_factory=list)
    _guard: Guard | None = None
    _pacer: Pacer | None = None
    _journal: Journal | None = None

    def __post_init__(self) -> None:
        plan = self.plan
        if plan.live and not self.choice.policy.no_create:
            self._journal = Journal(plan.safety.journal or default_path())

    def connect(self) -> Pacer:
        """Open the way to the target that every request takes.

        Raises:
            UsageError: the URL is none, or the journal cannot be written.
        """
        plan, pace = self.plan, self.plan.pace
        if self._journal is not None:
            self._journal.open()
        connection: Connection
        if plan.connect is not None:
            connection = plan.connect()
        else:
            connection = Target(
                plan.url,
                filling=plan.filling,
                timeout_s=pace.timeout_s,
                workers=pace.workers or 1,
                route=plan.route,
            )
        if pace.rate is not None:
            connection = Limited(connection, pace.rate)
        guard = Guard(
            connection,
            self.choice.policy,
            url=plan.url,
            filling=plan.filling,
            journal=self._journal,
        )
        renewal = plan.filling.renewal
        self._guard = guard
        self._pacer = Pacer(
            Renewing(guard, renewal, guard.may_repeat) if renewal else guard,
            pace,
            seed=plan.seed,
            may_repeat=guard.may_repeat,
            tell=self._messages.append,
        )
        return self._pacer

    def notices(self) -> Iterator[Notice]:
        """Yield the notices that have gathered."""
        while self._messages:
            yield Notice(message=self._messages.pop(0))

    def opening(self) -> Iterator[Notice]:
        """Yield what a live run is careful about."""
        plan = self.plan
        if not plan.live:
            return
        pace = f"one request at a time, {plan.pace.rate:g} a second at most"
        yield Notice(message=f"{plan.url} is live: {pace}")
        for why, ids in self.choice.omissions():
            yield Notice(message=f"not sent, as {why}: {listed(ids)}")
        if self._journal is not None:
            yield Notice(message=f"what is created stands in {self._journal.path}")

    async def clean_up(self, *, hasty: bool) -> None:
        """Delete what was created, and note what is left.

        Raises:
            UsageError: the journal cannot be written.
        """
        if self._guard is None or self._pacer is None or not self.plan.live:
            return
        # Each takes its turn; none is hurried, unless somebody waits for it.
        own_s = 2 * self._guard.holds / (self.plan.pace.rate or 1)
        limit_s = HASTY_S if hasty else CLEAN_S + own_s
        left = await self._guard.clean_up(self._pacer, limit_s)
        if self._journal is None:
            return
        lost = sum(1 for entry in left if entry.delete is None)
        if len(left) > lost:
            path = self._journal.path
            self._messages.append(
                f"{len(left) - lost} of what was created could not be deleted:"
                f" run `ringspec cleanup {path}`"
            )
        if lost:
            unknown = any(entry.status is Status.UNKNOWN for entry in left)
            why = "creates went unanswered or failed" if unknown else "came without id"
            self._messages.append(f"{lost} {why}: look by hand what the target holds")
        if not left and self._guard.creates:
            self._messages.append("all that was created has been deleted again")
        self._journal.discard()

    def hurry(self) -> None:
        """Let cleaning up end soon, if it is under way."""
        if self._guard is not None:
            self._guard.hurry(HASTY_S)

    def may_be_transient(self, exchange: Exchange, in_a_row: int) -> bool:
        """Return whether a failure may pass, and was not repeated, such as a create."""
        if self._guard is None or self._guard.may_repeat(exchange.request):
            return False
        status = exchange.response.status if exchange.response else 0
        return status in GATEWAY or not (status or in_a_row > 1)

    def account(self, *, open_rules: int) -> tuple[str, str]:
        """Return why a live run leaves rules open, with a hint."""
        why, url = self.choice.policy.no_create, self.plan.url
        if why and open_rules:
            message = f"{url} is live, and {why}: {open_rules} rules stay open"
            return message, _LEAVE
        if self._guard is not None and self._guard.is_spent:
            most = self.plan.safety.max_creates
            return f"all {most} creates that the profile allows are used up", _MORE
        return "", ""


def listed(ids: Sequence[str]) -> str:
    """Name the first few of some cases, and how many more there are."""
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return f"{', '.join(ids[:_LISTED])}{more}"


def effects_in(plan: Plan, cases: Iterable[Case]) -> Counter[Effect]:
    """Count the requests of some cases by what they do."""
    policy = Policy(plan.safety, plan.contract)
    requests = (each for case in cases for each in requests_of(case))
    return Counter(map(policy.effect_of, requests))
