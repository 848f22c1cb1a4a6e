"""Known failures: which of them may stay on the list, by what a run found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from ringspec.harness.judging.selection import served
from ringspec.harness.judging.verdict import (
    EXPIRED,
    GONE,
    Known,
    KnownUpdate,
    Outcome,
    RuleResult,
    Share,
    Stale,
    Standing,
    Verdict,
    plainness,
)
from ringspec.harness.running.plan import Plan
from ringspec.spec import RuleId, nearest
from ringspec.strategies import Case, Phase, line

# The reason of an entry that was added by a run.
UNREASONED = "not yet looked at"
DROPS = "--update-known-failures drops stale entries and adds new ones"
_RENEW = "mend what has expired, or give it another day in the file"

Results = tuple[RuleResult, ...]


@dataclass(frozen=True)
class KnownAudit:
    """Holds the list of known failures against what a run found.

    The verdicts on each case include those on rules that are not selected.
    """

    plan: Plan
    verdicts: Mapping[str, Collection[Verdict]]
    learnt: bool = True
    interrupted: bool = False

    def account(
        self, reckon: Callable[[Collection[Known]], Results]
    ) -> tuple[Results, tuple[Stale, ...], KnownUpdate | None, str]:
        """Return the results, stale entries, how to renew the list, and a hint.

        `reckon` returns the results, given the known failures that are excused.
        """
        known = self.plan.known
        results = reckon(known.in_force)
        # The entries that nothing stands behind any more, and why.
        gone = {
            entry: GONE if standing is Standing.PASSED else self._misnomer(entry.id)
            for entry, standing in self._standings(results, self.plan.cases)
            if standing is Standing.WRONG
            or (standing is Standing.PASSED and not self.interrupted)
        }
        expired = set(filter(known.has_expired, known.entries))
        judged = {each.outcome for each in results} & {Outcome.PASS, Outcome.FAIL}
        kept, update = known.entries, None
        if known.renews and not self.interrupted and self.learnt and judged:
            kept = tuple(each for each in known.entries if each not in gone)
            added = tuple(self._new(results))
            dropped = tuple(Stale(known=each, why=gone[each]) for each in gone)
            update = KnownUpdate(kept=kept, added=added, dropped=dropped)
            results = reckon((*known.in_force, *added))
        # A new date is for people to give.
        hint = _RENEW if expired & set(kept) else ""
        if gone and update is None:
            hint = DROPS
        stale: list[Stale] = []
        for each in kept:
            when = f"{EXPIRED} {each.expires}" if each in expired else ""
            if why := ", and ".join(filter(None, (when, gone.get(each)))):
                stale.append(Stale(known=each, why=why))
        return results, tuple(stale), update, hint

    def share(
        self,
        results: Results,
        lent: dict[str, tuple[RuleId, ...]],
        open_cases: Collection[str],
    ) -> Share | None:
        """Return what a run says of the part of the list that it fired, if of one."""
        plan, part = self.plan, self.plan.part
        if part is None:
            return None
        own = [each for each in plan.cases if each.id in part.ids]
        whole = "".join(f"{line(each)}\n" for each in plan.cases)
        # The order in which a run of the whole list would tell of them.
        told = sorted(plan.cases, key=plainness)
        return Share(
            part=part.number,
            of=part.of,
            digest=hashlib.sha256(whole.encode()).hexdigest(),
            # Nothing divides what explore draws: it goes with the first part.
            phases=tuple(sorted(plan.phases - {Phase.EXPLORE})),
            select=plan.select,
            exclude=plan.exclude,
            quick=plan.quick is not None,
            lent=lent,
            places={it.id: n for n, it in enumerate(told) if it.id in open_cases},
            known=tuple(self._standings(results, own)),
            learnt=self.learnt,
        )

    def _standings(
        self, results: Results, cases: Collection[Case]
    ) -> Iterator[tuple[Known, Standing]]:
        """Yield what some cases say of each entry; it is gone if all of them pass."""
        rules = {str(each.rule.id): each for each in results}
        ids = {each.id for each in self.plan.cases}
        left = [each for each in cases if each.id not in self.verdicts]
        for known in self.plan.known.entries:
            result, standing = rules.get(known.id), Standing.HELD
            if result is None and known.id not in ids:
                wrong = self._misnomer(known.id)
                standing = Standing.WRONG if wrong else Standing.UNSEEN
            elif known.explored:
                pass
            elif result is None:
                verdicts = set(self.verdicts.get(known.id, ()))
                if verdicts <= {Verdict.PASS}:
                    standing = Standing.PASSED if verdicts else Standing.UNSEEN
            elif not (
                result.failures
                or result.inconclusive
                or result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}
                or served([result.rule.id], left)
            ):
                # What no case breaks may have passed all that it had.
                good = {Outcome.PASS, Outcome.UNTESTED}
                passed = result.outcome in good and result.cases > 0
                standing = Standing.PASSED if passed else Standing.UNSEEN
            yield known, standing

    def _misnomer(self, name: str) -> str:
        """Return why a name is wrong; empty if the dialect dropped its rule."""
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
                each.case
                for each in result.gating(self.plan.level)
                if not any(known.covers(each) for known in listed)
            ]
            failed = {each.case.id for each in result.failures}
            others = [case.id for case in found if case.phase != Phase.EXPLORE]
            if others and not any(known.id in failed for known in listed):
                yield Known(id=result.rule.id, reason=UNREASONED)
                continue
            for case in dict.fromkeys(others):
                yield Known(id=case, reason=UNREASONED)
            if len(others) < len(found):
                yield Known(id=result.rule.id, reason=UNREASONED, explored=True)
