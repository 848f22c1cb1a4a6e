"""The kill matrix: which run noticed which defect, by which rules and cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Literal, TypeAlias

from ringspec.harness import ContractName
from ringspec.reports.printable import json_page
from ringspec.spec import Contract, Json, Level, RuleId

MATRIX_FORMATS = ("json",)

ServerKind: TypeAlias = Literal["mutant", "lawful", "reference"]
# How a run reached its server.
Channel: TypeAlias = Literal["in process", "network"]
RunMark: TypeAlias = Literal["survived", "misnamed", "false alarm", "noticed", "quiet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRun:
    """One server of the fleet, and what a whole run found in it, once there was one."""

    kind: ServerKind
    name: str
    rule: str = ""  # the id that a run is expected to name; empty for a correct server
    defect: str = ""
    level: Level
    way: Channel
    binding: Level = Level.MAY  # at which the defect shows: its rule's, or a weaker one
    exit_code: int = 0
    # The rules with a gating failure, with the strongest level among them.
    noticed: Mapping[str, Level] = field(default_factory=dict)
    # The cases with a gating failure, each with the requests it took.
    cases: Mapping[str, int] = field(default_factory=dict)
    until: int | None = None  # requests until the first of them, itself included
    requests: int = 0
    reason: str = ""  # the first of them in words, or else why the run was no success

    @property
    def mark(self) -> RunMark:
        """The result of the run."""
        if self.kind != "mutant":
            return "quiet" if self.exit_code == 0 else "false alarm"
        if not self.noticed:
            return "survived"
        return "noticed" if self.rule in self.noticed else "misnamed"

    @property
    def named(self) -> list[str]:
        """The rules that noticed, the expected one first."""
        return sorted(self.noticed, key=lambda name: name != self.rule)

    @property
    def is_wrong(self) -> bool:
        """True for a survivor, a misnamed mutant or a false alarm."""
        return self.mark not in ("noticed", "quiet")

    def named_at(self, level: Level) -> bool:
        """Return whether a run at that level would have named the expected rule."""
        return self.rule in self.noticed and self.noticed[self.rule].gates(level)


@dataclass(frozen=True)
class KillMatrix:
    """The runs against a fleet, or a part of it, and the figures computed from them.

    Without an interrupt there would have been `expected` runs. No request can show the
    `equivalents`, no mutant can break `shared` rules alone: each has the reason.
    """

    contract: Contract
    level: Level
    trials: tuple[FleetRun, ...]
    expected: int
    equivalents: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True
    duration_s: float = 0.0

    @property
    def interrupted(self) -> bool:
        """True if some runs are missing."""
        return len(self.trials) < self.expected

    @property
    def exit_code(self) -> int:
        """The status of the command: 0, 1 or 130."""
        if self.interrupted:
            return 130
        return 1 if any(each.is_wrong for each in self.trials) else 0

    def of(self, kind: ServerKind) -> tuple[FleetRun, ...]:
        """Return the runs against a kind of servers."""
        return tuple(each for each in self.trials if each.kind == kind)

    def marked(self, mark: RunMark) -> tuple[FleetRun, ...]:
        """Return the runs with a result."""
        return tuple(each for each in self.trials if each.mark == mark)

    @cached_property
    def counts(self) -> dict[str, int]:
        """The numbers of servers, and of those noticed, named and accused."""
        return {
            **self.levels[self.level],
            "lawful": len(self.of("lawful")),
            "false_alarms": len(self.marked("false alarm")),
        }

    @cached_property
    def levels(self) -> dict[Level, dict[str, int]]:
        """At each level up to that of the runs, how many mutants are noticed."""
        found: dict[Level, dict[str, int]] = {}
        for level in (each for each in Level if each.gates(self.level)):
            bound = [it for it in self.of("mutant") if it.binding.gates(level)]
            noticed = [any(it.gates(level) for it in x.noticed.values()) for x in bound]
            found[level] = {
                "mutants": len(bound),
                "noticed": sum(noticed),
                "named": sum(each.named_at(level) for each in bound),
            }
        return found

    @cached_property
    def requests(self) -> dict[str, float]:
        """Requests until the first sign, of a whole run, and of the cover."""
        from statistics import median  # noqa: PLC0415 - slow to load

        untils = [it.until for it in self.of("mutant") if it.until is not None]
        whole = (each.requests for each in self.of("reference"))
        return {
            "median": median(untils) if untils else 0,
            "worst": max(untils, default=0),
            "whole": max(whole, default=0),
            "minimum": sum(self.cover.values()),
        }

    @cached_property
    def cover(self) -> dict[str, int]:
        """The cases of a greedily smallest list, with the requests of each."""
        costs: dict[str, int] = {}
        noticing: dict[str, set[str]] = {}
        for trial in self.of("mutant"):
            for case, sent in trial.cases.items():
                # A dropped request is repeated: the least says what a case takes.
                costs[case] = min(sent, costs.get(case, sent))
                noticing.setdefault(case, set()).add(trial.name)
        left = set().union(*noticing.values())
        cover: dict[str, int] = {}
        while left:
            # Ties go to the first by name, so that the list is always the same.
            worth = {it: len(noticing[it] & left) / costs[it] for it in noticing}
            best = min(sorted(noticing), key=lambda case: -worth[case])
            left -= noticing[best]
            cover[best] = costs[best]
        return cover

    @cached_property
    def unisolated(self) -> dict[RuleId, str]:
        """The rules without a mutant that they alone notice, with the stated reason."""
        mutants = self.of("mutant")
        alone = {each.rule for each in mutants if set(each.noticed) == {each.rule}}
        stated = self.contract.catalogue.not_isolated
        return {
            name: stated.get(name) or self.shared.get(name, "")
            for name, rule in self.contract.rules.items()
            if name not in alone and rule.level.gates(self.level)
        }


def render_matrix(matrix: KillMatrix) -> bytes:
    """Return the matrix in JSON."""
    contract = asdict(ContractName.of(matrix.contract))
    del contract["operation"]
    unisolated = matrix.unisolated if matrix.whole else {}
    equivalents = matrix.equivalents.items()
    report = {
        "format": "ringspec-matrix/1",
        "level": matrix.level,
        "contract": contract,
        "interrupted": matrix.interrupted,
        "duration_s": round(matrix.duration_s, 3),
        "counts": matrix.counts,
        "levels": [{"level": it, **row} for it, row in matrix.levels.items()],
        "requests": matrix.requests,
        "cover": list(matrix.cover),
        "trials": [_trial(each) for each in matrix.trials],
        "unisolated": [{"rule": it, "reason": why} for it, why in unisolated.items()],
        "equivalents": [{"name": it, "reason": why} for it, why in equivalents],
    }
    return json_page(report)


def _trial(trial: FleetRun) -> dict[str, Json]:
    bound = trial.kind == "mutant"
    noticed = [{"rule": rule, "level": level} for rule, level in trial.noticed.items()]
    return {
        **{each.name: getattr(trial, each.name) for each in fields(trial)},
        "mark": trial.mark,
        "rule": trial.rule or None,
        "binding": trial.binding if bound else None,
        "at_its_level": trial.named_at(trial.binding) if bound else None,
        "noticed": noticed,
        "cases": list(trial.cases),
    }
