"""Known failures: which of them may stay on the list, by what a run found.

In: the list, and what a run found. Out: the results with known failures excused, the
entries that are stale, and, if the list is to be brought up to date, how.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ringspec.harness.judging.selection import served
from ringspec.harness.judging.verdict import (
    EXPIRED,
    GONE,
    Finding,
    Known,
    KnownUpdate,
    Outcome,
    RuleResult,
    Stale,
    Standing,
    Verdict,
)
from ringspec.harness.running.plan import Plan
from ringspec.spec import RuleId, nearest
from ringspec.strategies import Case, Phase

# The reason of an entry that was added by a run.
UNREASONED = "not yet looked at"
_DROPS = "--update-known-failures drops what is stale, and takes in what is new"
_RENEW = "mend what has expired, or give it another day in the file"

_OPEN = frozenset({Outcome.FAIL, Outcome.INCONCLUSIVE})

Results = tuple[RuleResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccount:
    """What a run found once known failures were excused."""

    results: Results
    stale: tuple[Stale, ...] = ()
    update: KnownUpdate | None = None
    hint: str = ""


@dataclass(frozen=True)
class KnownAudit:
    """Holds the list of known failures against what a run found.

    Attributes:
        verdicts: what each case was judged by, even for rules that are not selected.
        interrupted: whether nothing may count as gone.
    """

    plan: Plan
    verdicts: Mapping[str, Collection[Verdict]]
    interrupted: bool = False

    def account(
        self, reckon: Callable[[Collection[Known]], Results], *, learnt: bool = True
    ) -> KnownAccount:
        """Return the results, and what they mean for the entries.

        Args:
            reckon: returns the results, given the known failures that are excused.
            learnt: as of `Result`.
        """
        known = self.plan.known
        results = reckon(known.in_force)
        if not known.entries and not known.renews:
            return KnownAccount(results=results)
        gone = self._gone(results)
        expired = set(filter(known.has_expired, known.entries))
        judged = {each.outcome for each in results} & {Outcome.PASS, Outcome.FAIL}
        if not known.renews or self.interrupted or not (learnt and judged):
            return KnownAccount(
                results=results,
                stale=self._stale(known.entries, gone),
                hint=_DROPS if gone else _RENEW if expired else "",
            )
        kept = tuple(each for each in known.entries if each not in gone)
        added = tuple(self._new(results))
        return KnownAccount(
            results=reckon((*known.in_force, *added)),
            # A new date is for people to give.
            stale=self._stale(kept, gone),
            hint=_RENEW if expired & set(kept) else "",
            update=KnownUpdate(
                kept=kept,
                added=added,
                dropped=tuple(Stale(known=each, why=gone[each]) for each in gone),
            ),
        )

    def standings(
        self, results: Results, cases: Collection[Case]
    ) -> Iterator[tuple[Known, Standing]]:
        """Yield what some cases say of each entry; it is gone if all of them pass."""
        rules = {str(each.rule.id): each for each in results}
        left = [each for each in cases if each.id not in self.verdicts]
        for known in self.plan.known.entries:
            yield known, self._standing(known, rules.get(known.id), left)

    def _standing(
        self, known: Known, result: RuleResult | None, left: Collection[Case]
    ) -> Standing:
        if result is None and known.id not in self._ids:
            return Standing.WRONG if self._misnomer(known.id) else Standing.UNSEEN
        if known.explored or self.interrupted:
            return Standing.HELD
        if result is None:
            return _standing_of_case(self.verdicts.get(known.id, ()))
        return _standing_of_rule(result, left)

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(each.id for each in self.plan.cases)

    def _gone(self, results: Results) -> dict[Known, str]:
        """Return the entries that nothing stands behind any more, and why."""
        return {
            known: GONE if standing is Standing.PASSED else self._misnomer(known.id)
            for known, standing in self.standings(results, self.plan.cases)
            if standing in {Standing.PASSED, Standing.WRONG}
        }

    def _stale(
        self, entries: tuple[Known, ...], gone: dict[Known, str]
    ) -> tuple[Stale, ...]:
        found: list[Stale] = []
        for each in entries:
            whys = [f"{EXPIRED} {each.expires}"] * self.plan.known.has_expired(each)
            whys += [gone[each]] if each in gone else []
            if whys:
                found.append(Stale(known=each, why=", and ".join(whys)))
        return tuple(found)

    def _misnomer(self, name: str) -> str:
        """Return that nothing has a name; empty if the dialect dropped its rule."""
        rule = RuleId(name.partition("/")[0])
        if rule in self.plan.contract.dropped:
            return ""
        names = [*self.plan.contract.rules, *(each.id for each in self.plan.cases)]
        meant = "".join(f": is {near} meant?" for near in nearest(name, names))
        if rule in self.plan.contract.rules:
            return f"with this seed its rule has no such case{meant}"
        return f"this contract has no such rule and no such case{meant}"

    def _new(self, results: Results) -> Iterator[Known]:
        """Yield an entry for each new failure, by rule where that will do.

        Where cases of a rule are listed one by one, so are the others. Failures found
        by explore alone are marked so: no run without it would find them again.
        """
        listed = self.plan.known.entries
        for result in results:
            if result.outcome != Outcome.FAIL:
                continue
            found = [
                each
                for each in result.gating(self.plan.level)
                if not any(known.covers(each) for known in listed)
            ]
            one_by_one = any(
                known.id == each.case.id for known in listed for each in result.failures
            )
            yield from _entries(result.rule.id, found, one_by_one=one_by_one)


def _standing_of_case(verdicts: Collection[Verdict]) -> Standing:
    if not verdicts:
        return Standing.UNSEEN
    return Standing.PASSED if set(verdicts) == {Verdict.PASS} else Standing.HELD


def _standing_of_rule(result: RuleResult, left: Collection[Case]) -> Standing:
    found = result.failures or result.inconclusive
    if found or served([result.rule.id], left) or result.outcome in _OPEN:
        return Standing.HELD
    return Standing.PASSED if result.outcome == Outcome.PASS else Standing.UNSEEN


def _entries(
    rule: RuleId, found: list[Finding], *, one_by_one: bool
) -> Iterator[Known]:
    explored = [each for each in found if each.case.phase == Phase.EXPLORE]
    others = [each for each in found if each.case.phase != Phase.EXPLORE]
    if others and not one_by_one:
        yield Known(id=rule, reason=UNREASONED)
        return
    for case in dict.fromkeys(each.case.id for each in others):
        yield Known(id=case, reason=UNREASONED)
    if explored:
        yield Known(id=rule, reason=UNREASONED, explored=True)
