"""Known failures: what they excuse, and which of them may stay on the list.

In: what is known beforehand, and what a run found. Out: the results with what is known
set aside, the entries that are stale, and, if they are to be brought up to date, how.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ringspec.harness.judging.selection import served
from ringspec.harness.judging.verdict import (
    EXPIRED,
    GONE,
    Finding,
    Known,
    Outcome,
    Renewal,
    RuleResult,
    Stale,
    Standing,
    Verdict,
)
from ringspec.harness.running.plan import Plan
from ringspec.spec import RuleId, nearest
from ringspec.strategies import Case, Phase

# The reason of an entry that nobody has given one yet.
UNREASONED = "not yet looked at"
_DROPS = "--update-known-failures drops what is stale, and takes in what is new"
_RENEW = "mend what has expired, or give it another day in the file"

_OPEN = frozenset({Outcome.FAIL, Outcome.INCONCLUSIVE})

Results = tuple[RuleResult, ...]


@dataclass
class Watch:
    """What became of each case, whether its rules were selected or not."""

    _verdicts: dict[str, set[Verdict]] = field(default_factory=dict)

    def note(self, findings: Iterable[Finding]) -> None:
        """Take in what an exchange says."""
        for each in findings:
            self._verdicts.setdefault(each.case.id, set()).add(each.verdict)

    def has_judged(self, case: str) -> bool:
        """Tell whether a case was judged by anything."""
        return case in self._verdicts

    def has_passed(self, case: str) -> bool:
        """Tell whether nothing failed or stayed open in a case that was judged."""
        return self._verdicts.get(case) == {Verdict.PASS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a run found once what is known was set aside."""

    results: Results
    stale: tuple[Stale, ...] = ()
    renewal: Renewal | None = None
    hint: str = ""


@dataclass(frozen=True)
class Auditor:
    """Holds what is known against what a run found.

    Attributes:
        interrupted: whether nothing may be said to fail no more.
    """

    plan: Plan
    watch: Watch
    interrupted: bool = False

    def account(
        self, reckon: Callable[[tuple[Known, ...]], Results], *, learnt: bool = True
    ) -> Account:
        """Return the results, and what they mean for the entries.

        Args:
            reckon: returns the results, some entries being known.
            learnt: whether any answer said something of the API.
        """
        ledger = self.plan.known
        results = reckon(ledger.in_force)
        if not ledger.entries and not ledger.renews:
            return Account(results=results)
        gone = self._gone(results)
        judged = {each.outcome for each in results} & {Outcome.PASS, Outcome.FAIL}
        if not ledger.renews or self.interrupted or not (learnt and judged):
            return Account(
                results=results,
                stale=self._stale(ledger.entries, gone),
                hint=_DROPS if gone else _RENEW if self._expired else "",
            )
        kept = tuple(each for each in ledger.entries if each not in gone)
        added = tuple(self._new(results))
        return Account(
            results=reckon((*ledger.in_force, *added)),
            # Nobody but people can give a new date.
            stale=self._stale(kept, gone),
            hint=_RENEW if set(self._expired) & set(kept) else "",
            renewal=Renewal(
                kept=kept,
                added=added,
                dropped=tuple(Stale(known=each, why=gone[each]) for each in gone),
            ),
        )

    @property
    def _expired(self) -> list[Known]:
        return list(filter(self.plan.known.has_expired, self.plan.known.entries))

    def _stale(
        self, entries: tuple[Known, ...], gone: dict[Known, str]
    ) -> tuple[Stale, ...]:
        told: list[Stale] = []
        for each in entries:
            whys = [f"{EXPIRED} {each.expires}"] * self.plan.known.has_expired(each)
            whys += [gone[each]] if each in gone else []
            if whys:
                told.append(Stale(known=each, why=", and ".join(whys)))
        return tuple(told)

    def _gone(self, results: Results) -> dict[Known, str]:
        """Return the entries that nothing stands behind any more, and why."""
        rules = {each.rule.id: each for each in results}
        cases = {each.id for each in self.plan.cases}
        gone: dict[Known, str] = {}
        for known in self.plan.known.entries:
            rule = rules.get(RuleId(known.id))
            if rule is None and known.id not in cases:
                why = self._misnomer(known.id)
            elif known.explored or self.interrupted:
                why = ""
            elif rule is None:
                why = GONE if self.watch.has_passed(known.id) else ""
            else:
                why = GONE if self._has_passed(rule) else ""
            if why:
                gone[known] = why
        return gone

    def standings(
        self, results: Results, own: Collection[Case]
    ) -> Iterator[tuple[Known, Standing]]:
        """Yield what a run that fires a part of its list says of each entry.

        Args:
            results: of the run.
            own: the cases of that part.
        """
        rules = {str(each.rule.id): each for each in results}
        cases = {each.id for each in self.plan.cases}
        left = [each for each in own if not self.watch.has_judged(each.id)]
        for known in self.plan.known.entries:
            rule = rules.get(known.id)
            if rule is None and known.id not in cases:
                wrong = self._misnomer(known.id)
                yield known, Standing.WRONG if wrong else Standing.UNSEEN
            elif known.explored or self.interrupted:
                yield known, Standing.HELD
            elif rule is None:
                yield known, self._standing_of_case(known.id)
            else:
                yield known, _standing_of_rule(rule, left)

    def _standing_of_case(self, case: str) -> Standing:
        if not self.watch.has_judged(case):
            return Standing.UNSEEN
        return Standing.PASSED if self.watch.has_passed(case) else Standing.HELD

    def _misnomer(self, name: str) -> str:
        """Say that nothing has a name; a dialect may have no place for it."""
        rule = RuleId(name.partition("/")[0])
        if rule in self.plan.contract.dropped:
            return ""
        names = [*self.plan.contract.rules, *(each.id for each in self.plan.cases)]
        meant = "".join(f": is {near} meant?" for near in nearest(name, names))
        if rule in self.plan.contract.rules:
            return f"with this seed its rule has no such case{meant}"
        return f"this contract has no such rule and no such case{meant}"

    def _has_passed(self, result: RuleResult) -> bool:
        """Tell whether a rule passed all that could have broken it."""
        if result.outcome != Outcome.PASS or result.failures or result.inconclusive:
            return False
        return not served([result.rule.id], self._unfired)

    @cached_property
    def _unfired(self) -> list[Case]:
        return [each for each in self.plan.cases if not self.watch.has_judged(each.id)]

    def _new(self, results: Results) -> Iterator[Known]:
        """Yield an entry for what fails and is not known, by rule where that will do.

        Where cases of a rule are listed one by one the others are too. What explore
        alone has found is known as such: no run without it would find it again.
        """
        for result in results:
            if result.outcome != Outcome.FAIL:
                continue
            listed = self.plan.known.entries
            found = [
                each
                for each in result.gating(self.plan.level)
                if not any(known.covers(each) for known in listed)
            ]
            one_by_one = any(
                known.id == each.case.id for known in listed for each in result.failures
            )
            yield from _entries(result, found, one_by_one=one_by_one)


def _standing_of_rule(result: RuleResult, left: Collection[Case]) -> Standing:
    found = result.failures or result.inconclusive
    if found or served([result.rule.id], left) or result.outcome in _OPEN:
        return Standing.HELD
    return Standing.PASSED if result.outcome == Outcome.PASS else Standing.UNSEEN


def _entries(
    result: RuleResult, found: list[Finding], *, one_by_one: bool
) -> Iterator[Known]:
    explored = [each for each in found if each.case.phase == Phase.EXPLORE]
    others = [each for each in found if each.case.phase != Phase.EXPLORE]
    if others and not one_by_one:
        yield Known(id=result.rule.id, reason=UNREASONED)
        return
    for case in dict.fromkeys(each.case.id for each in others):
        yield Known(id=case, reason=UNREASONED)
    if explored:
        yield Known(id=result.rule.id, reason=UNREASONED, explored=True)
