"""Selection: which rules a run judges, and which cases must be fired for them.

Prefixes of rule ids are checked here and nowhere else, for every command that takes
`--select` and `--exclude`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from ringspec.spec import Contract, RuleId, UsageError
from ringspec.strategies import Case, Expect

# Rules about answers have no cases of their own: all cases of a kind serve them.
_SERVED = {"answer": Expect.ACCEPT, "error": Expect.REJECT}


def lent(rule: RuleId, cases: Iterable[Case]) -> bool:
    """Tell whether a rule without cases of its own is served by any of these."""
    return any(_lends(case, rule) for case in cases)


def _lends(case: Case, rule: RuleId) -> bool:
    return _SERVED.get(rule.split(".", 1)[0]) == case.expect


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules to be judged, in the contract's order, and those left out by name."""

    rules: tuple[RuleId, ...]
    excluded: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, contract: Contract, select: tuple[str, ...], exclude: tuple[str, ...]
    ) -> Self:
        """Select rules by prefixes of their ids; all without any.

        Raises:
            UsageError: a prefix fits no rule, or nothing is left.
        """
        for prefix in (*select, *exclude):
            if not any(rule.startswith(prefix) for rule in contract.rules):
                raise UsageError(
                    f"no rule begins with {prefix!r}",
                    hint="`ringspec rules` lists them",
                )
        rules = tuple(
            rule
            for rule in contract.rules
            if (not select or rule.startswith(select)) and not rule.startswith(exclude)
        )
        if not rules:
            raise UsageError("no rule is selected", hint="see --select and --exclude")
        return cls(rules, exclude)

    def fired(self, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        """Return the cases that serve these rules, and the twins they need."""
        twins = {case.id: case.twin for case in cases}
        chosen: set[str] = set()
        for case in cases:
            wanted: str | None = case.id if self._wants(case) else None
            while wanted is not None and wanted not in chosen:
                chosen.add(wanted)
                wanted = twins.get(wanted)
        return tuple(case for case in cases if case.id in chosen)

    def _wants(self, case: Case) -> bool:
        if any(rule in self.rules for rule in (case.rule, *case.broken)):
            return True
        excluded = case.rule.startswith(self.excluded)
        return not excluded and any(_lends(case, rule) for rule in self.rules)
