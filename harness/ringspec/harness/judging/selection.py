"""Selection: which rules a run judges, and which cases must be fired for them.

Prefixes of rule ids are checked here, for every command that takes `--select` and
`--exclude`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Self

from ringspec.spec import ROBUSTNESS, Contract, RuleId, UsageError, did_you_mean
from ringspec.strategies import Case, Expect, Phase

# Rules about answers have no cases of their own: all cases of a kind serve them.
_SERVED: dict[str, Phase | Expect] = {"answer": Expect.ACCEPT, "error": Expect.REJECT}
SECRECY = RuleId("auth.secrecy")


def _kinds(rules: Iterable[RuleId]) -> dict[RuleId, Phase | Expect]:
    """Return by rule which cases serve it by their kind, where they do."""
    heads = {rule: rule.partition(".")[0] for rule in rules}
    kinds = {rule: _SERVED[head] for rule, head in heads.items() if head in _SERVED}
    return {**kinds, **({SECRECY: Phase.AUTH} if SECRECY in heads else {})}


def _rules_of(case: Case) -> frozenset[RuleId]:
    """Return a case's own rule, and those that it breaks and is judged for."""
    return frozenset((case.rule, *(() if case.steps else case.broken)))


def served(rules: Iterable[RuleId], cases: Collection[Case]) -> set[RuleId]:
    """Return the rules that any of these cases serves."""
    own = {rule for case in cases for rule in _rules_of(case)}
    if cases:
        own.add(ROBUSTNESS)  # every exchange serves that
    wanted = set(rules)
    there = {it for case in cases for it in (case.expect, case.phase)}
    by_kind = {rule for rule, kind in _kinds(wanted).items() if kind in there}
    return wanted & own | by_kind


def pending(left: Collection[Case], rules: Iterable[RuleId]) -> frozenset[RuleId]:
    """Return the rules that are served by cases that had no turn."""
    own = ((case.rule, *case.broken) for case in left)
    return frozenset(served(rules, left)).union(*own)


def narrowed(
    contracts: Iterable[Contract], select: tuple[str, ...], exclude: tuple[str, ...]
) -> list[tuple[Contract, tuple[str, ...], tuple[str, ...]]]:
    """Return the contracts of a run that prefixes of rule ids leave, each with its own.

    An id may be given with the operation that leads it, or without.

    Raises:
        UsageError: a prefix fits no rule of any, or nothing is left.
    """
    listed = list(contracts)
    if not any(each.prefix for each in listed):
        return [(each, select, exclude) for each in listed]

    def own(contract: Contract, given: tuple[str, ...]) -> tuple[str, ...]:
        lead = contract.prefix
        names = ["" if lead.startswith(it) else it.removeprefix(lead) for it in given]
        rules = tuple(contract.rules)
        return tuple(it for it in names if any(r.startswith(it) for r in rules))

    for prefix in (*select, *exclude):
        if not any(own(each, (prefix,)) for each in listed):
            names = [each.prefix + rule for each in listed for rule in each.rules]
            raise _unknown(prefix, names)
    found = [(each, own(each, select), own(each, exclude)) for each in listed]
    left = [each for each in found if (each[1] or not select) and "" not in each[2]]
    if not left:
        raise UsageError("no rule is selected", hint="see --select and --exclude")
    return left


def _unknown(prefix: str, names: Iterable[str]) -> UsageError:
    hint = f"{did_you_mean(prefix, names)}`ringspec rules` lists them"
    return UsageError(f"no rule begins with {prefix!r}", hint=hint)


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules to be judged, in the contract's order, and those left out by name."""

    rules: tuple[RuleId, ...]
    excluded: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        contract: Contract,
        select: tuple[str, ...],
        exclude: tuple[str, ...],
        only: Collection[RuleId] | None = None,
    ) -> Self:
        """Select rules by prefixes of their ids; all without any.

        Raises:
            UsageError: a prefix fits no rule, or nothing is left.
        """
        for prefix in (*select, *exclude):
            if not any(rule.startswith(prefix) for rule in contract.rules):
                groups = (each.group for each in contract.rules.values())
                raise _unknown(prefix, [*contract.rules, *groups])
        rules = tuple(
            rule
            for rule in contract.rules
            if (not select or rule.startswith(select))
            and not rule.startswith(exclude)
            and (only is None or rule in only)
        )
        if not rules:
            raise UsageError("no rule is selected", hint="see --select and --exclude")
        return cls(rules, exclude)

    def fired(
        self, cases: tuple[Case, ...], taken: Callable[[Case], bool] = lambda _: True
    ) -> tuple[Case, ...]:
        """Return the cases that serve these rules, as far as taken, and their twins."""
        twins = {case.id: case.twin for case in cases}
        chosen: set[str] = set()
        rules, kinds = frozenset(self.rules), set(_kinds(self.rules).values())
        for case in cases:
            serves = not kinds.isdisjoint((case.expect, case.phase))
            serves &= not case.rule.startswith(self.excluded)
            wants = taken(case) and (serves or _rules_of(case) & rules)
            wanted = case.id if wants else None
            while wanted is not None and wanted not in chosen:
                chosen.add(wanted)
                wanted = twins.get(wanted)
        return tuple(case for case in cases if case.id in chosen)
