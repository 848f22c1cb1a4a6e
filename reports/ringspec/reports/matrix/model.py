"""The kill matrix: which run noticed which defect, by which rules and cases.

In: trials, one for each server of the fleet that was run. Out: survivors, false alarms
and figures, all of them computed from the trials and from the contract's rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from ringspec.spec import Contract, Level, Rule


class Kind(StrEnum):
    """What sort of server a trial was of."""

    MUTANT = "mutant"
    LAWFUL = "lawful"
    REFERENCE = "reference"


class Way(StrEnum):
    """How a trial reached its server."""

    IN_PROCESS = "in process"
    NETWORK = "network"


class Mark(StrEnum):
    """What a trial came to, worst first."""

    SURVIVED = "survived"
    MISNAMED = "misnamed"
    FALSE_ALARM = "false alarm"
    NOTICED = "noticed"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One server of the fleet, and what a whole run found in it.

    Attributes:
        rule: the id that a run is expected to name; empty where nothing is wrong.
        level: of the run.
        binding: the level at which the defect shows: that of its rule, or a weaker one
            where it shows only in what is attested less well.
        noticed: the rules with a gating failure, with the strongest level among them.
        cases: the cases with a gating failure, each with the requests it took.
        until: requests until the first of them, itself included.
        reason: the first of them in words, or else why the run was no success.
    """

    kind: Kind
    name: str
    rule: str = ""
    defect: str = ""
    level: Level
    way: Way
    binding: Level = Level.MAY
    exit_code: int
    noticed: Mapping[str, Level] = field(default_factory=dict)
    cases: Mapping[str, int] = field(default_factory=dict)
    until: int | None = None
    requests: int = 0
    reason: str = ""

    @property
    def mark(self) -> Mark:
        """Tell what the trial came to."""
        if self.kind is not Kind.MUTANT:
            return Mark.QUIET if self.exit_code == 0 else Mark.FALSE_ALARM
        if not self.noticed:
            return Mark.SURVIVED
        return Mark.NOTICED if self.rule in self.noticed else Mark.MISNAMED

    def noticed_at(self, level: Level) -> bool:
        """Tell whether a run at that level would have failed."""
        return any(each.gates(level) for each in self.noticed.values())

    def named_at(self, level: Level) -> bool:
        """Tell whether a run at that level would have named the expected rule."""
        return self.rule in self.noticed and self.noticed[self.rule].gates(level)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRow:
    """How many of the mutants whose rule binds at a level are noticed there."""

    level: Level
    mutants: int
    noticed: int
    named: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What noticing takes: until the first sign, a whole run, and the least there is.

    Attributes:
        minimum: requests of a greedily smallest set of cases that notices all that
            any case notices.
    """

    median: float
    worst: int
    whole: int
    minimum: int


@dataclass(frozen=True)
class Matrix:
    """The trials, and what follows from them.

    Attributes:
        expected: how many trials there would have been without an interrupt.
        equivalents: defects that no request can show, each with the reason.
        shared: rules that no mutant can break alone, each with the reason.
        whole: whether the whole fleet was asked for.
        duration_s: of all trials, as a clock on the wall tells it.
    """

    contract: Contract
    level: Level
    trials: tuple[Trial, ...]
    expected: int
    equivalents: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True
    duration_s: float = 0.0

    @property
    def interrupted(self) -> bool:
        """Tell whether some trials are missing."""
        return len(self.trials) < self.expected

    def weaker(self) -> tuple[Trial, ...]:
        """Return the mutants that their rule notices only below its own level."""
        return tuple(
            each
            for each in self.marked(Mark.NOTICED)
            if not each.named_at(each.binding)
        )

    @property
    def exit_code(self) -> int:
        """Return 0, 1 or 130, as product.md has it."""
        if self.interrupted:
            return 130
        bad = {Mark.SURVIVED, Mark.MISNAMED, Mark.FALSE_ALARM}
        return 1 if any(each.mark in bad for each in self.trials) else 0

    def of(self, *kinds: Kind) -> tuple[Trial, ...]:
        """Return the trials of some kinds."""
        return tuple(each for each in self.trials if each.kind in kinds)

    def marked(self, mark: Mark) -> tuple[Trial, ...]:
        """Return the trials that came to something."""
        return tuple(each for each in self.trials if each.mark is mark)

    @cached_property
    def _rules(self) -> dict[str, Rule]:
        return {str(name): rule for name, rule in self.contract.rules.items()}

    @cached_property
    def levels(self) -> tuple[LevelRow, ...]:
        """Count what is noticed at each level up to that of the runs."""
        return tuple(self._row(level) for level in Level if level.gates(self.level))

    def _row(self, level: Level) -> LevelRow:
        bound = [each for each in self.of(Kind.MUTANT) if each.binding.gates(level)]
        return LevelRow(
            level=level,
            mutants=len(bound),
            noticed=sum(each.noticed_at(level) for each in bound),
            named=sum(each.named_at(level) for each in bound),
        )

    @cached_property
    def requests(self) -> Requests:
        """Tell what noticing takes."""
        noticed = [each for each in self.of(Kind.MUTANT) if each.until is not None]
        untils = [each.until or 0 for each in noticed]
        whole = [each.requests for each in self.of(Kind.REFERENCE)]
        return Requests(
            median=_median(untils),
            worst=max(untils, default=0),
            whole=max(whole, default=0),
            minimum=sum(cost for _, cost in self.cover),
        )

    @cached_property
    def cover(self) -> tuple[tuple[str, int], ...]:
        """Return the cases of a greedily smallest list, with the requests of each.

        Each next case is the one that notices most more for its requests.
        """
        costs: dict[str, int] = {}
        noticing: dict[str, set[str]] = {}
        for trial in self.of(Kind.MUTANT):
            for case, sent in trial.cases.items():
                # A dropped request is repeated: the least tells what a case takes.
                costs[case] = min(sent, costs.get(case, sent))
                noticing.setdefault(case, set()).add(trial.name)
        return tuple(_greedy(noticing, costs))

    @cached_property
    def unisolated(self) -> tuple[tuple[str, str], ...]:
        """Return the rules without a mutant that they alone notice, with the reason.

        The reason is empty where nobody has stated one.
        """
        alone = {
            each.rule
            for each in self.of(Kind.MUTANT)
            if set(each.noticed) == {each.rule}
        }
        return tuple(
            (name, self._reason(name))
            for name, rule in self._rules.items()
            if name not in alone and rule.level.gates(self.level)
        )

    def _reason(self, rule: str) -> str:
        stated = self.contract.catalogue.not_isolated.items()
        found = (reason for name, reason in stated if name == rule)
        return next(found, self.shared.get(rule, ""))


def _greedy(
    noticing: Mapping[str, set[str]], costs: Mapping[str, int]
) -> Iterable[tuple[str, int]]:
    left = set().union(*noticing.values())
    while left:
        # Ties go to the first by name, so that the list is always the same.
        best = min(
            sorted(noticing),
            key=lambda case: -len(noticing[case] & left) / costs[case],
        )
        left -= noticing[best]
        yield best, costs[best]


def _median(numbers: list[int]) -> float:
    # By hand: the module that has it takes longer to load than the rest of ours.
    ordered = sorted(numbers)
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return sum(middle) / len(middle) if middle else 0
