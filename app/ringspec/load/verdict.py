"""The verdict: what load has changed, rule by rule, and a report of it all.

In: the account of the same cases at rest, and that of the load. Out: rows to be told,
and a report in the form that every run writes, with what load adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from ringspec.harness import Outcome, Result
from ringspec.load.account import TURNED_AWAY, Account, Count
from ringspec.load.ammunition import Ammunition
from ringspec.reports import (
    REPORT_FORMAT,
    contract_json,
    counted,
    record_of,
    rule_json,
)
from ringspec.spec import Json, Level, RuleId


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How the load went.

    Attributes:
        seconds: from its first request to its last.
        rate: requests a second, all in all.
        percentiles_ms: of the time that answers took, by the percentage.
    """

    users: int
    workers: int
    seconds: float
    requests: int
    rate: float
    percentiles_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is said of one rule.

    Attributes:
        users: how many there were when load first showed it broken.
        example: a failure under load, or else at rest, as a JSON report has it.
    """

    rule: RuleId
    rest: Count
    load: Count
    users: int | None = None
    example: Json = None

    @property
    def is_news(self) -> bool:
        """Tell whether the rule breaks only under load."""
        return self.load.wrong > 0 and not self.rest.wrong

    @property
    def is_wrong(self) -> bool:
        """Tell whether the rule breaks at all."""
        return self.load.wrong > 0 or self.rest.wrong > 0


def rows(ammunition: Ammunition, rest: Account, load: Account) -> list[Row]:
    """Return what is said of each rule that was judged, in the catalogue's order."""
    found: list[Row] = []
    for rule in ammunition.contract.rules:
        row = Row(
            rule=rule,
            rest=rest.count(rule),
            load=load.count(rule),
            users=load.users.get(rule),
            example=_example(rule, load, rest, level=ammunition.options.level),
        )
        if row.rest.judged or row.load.judged:
            found.append(row)
    return found


def _example(rule: RuleId, *accounts: Account, level: Level) -> Json:
    """Return the first failure that gates, of the first account that has one."""
    kept = (it for each in accounts for it in each.examples.get(rule, {}).values())
    return next((it for it in kept if Level(it["level"]).gates(level)), None)


def verdict(
    ammunition: Ammunition, rest: Account, load: Account, figures: Figures
) -> tuple[dict[str, Json], Result]:
    """Return the report, and the result that it tells of."""
    judged = _Judged(ammunition, rest, load)
    contract = ammunition.contract
    report: dict[str, Json] = {
        "format": REPORT_FORMAT,
        "conclusion": "",
        "level": ammunition.options.level,
        "seed": ammunition.options.seed,
        "duration_s": round(figures.seconds, 3),
        "target": ammunition.redactor.url(ammunition.url),
        "contract": contract_json(contract),
        "counts": {
            "rules": len(contract.rules),
            "cases": len(rest.fired | load.fired),
            "requests": rest.requests + load.requests,
        },
        "message": "",
        "hint": "",
        "interrupted": False,
        "notices": list(_notices(ammunition, load)),
        "stale": [],
        "load": {
            **asdict(figures),
            "troubles": dict(load.troubles),
            "only_under_load": [
                it.rule for it in rows(ammunition, rest, load) if it.is_news
            ],
        },
        "rules": [judged.rule(rule) for rule in contract.rules],
    }
    result = record_of({**report, "learnt": True}).result
    return {**report, "conclusion": str(result.conclusion)}, result


def _notices(ammunition: Ammunition, load: Account) -> Iterator[str]:
    missed = len(ammunition.cases) - len(load.fired)
    if missed:
        cases = counted(missed, "case")
        yield f"{cases} had no turn under load: let it last longer"
    turned = load.troubles[TURNED_AWAY]
    if turned:
        yield f"{counted(turned, 'request')} turned away with HTTP 429, no verdict"


@dataclass(frozen=True)
class _Judged:
    """Writes what both accounts say of a rule."""

    ammunition: Ammunition
    rest: Account
    load: Account

    def rule(self, rule: RuleId) -> dict[str, Json]:
        """Write a rule as a report has it."""
        rest, load = self.rest.count(rule), self.load.count(rule)
        outcome, why = self._outcome(rule, rest, load)
        failures = {**self.load.examples.get(rule, {})}
        for case, each in self.rest.examples.get(rule, {}).items():
            failures.setdefault(case, each)
        return {
            **rule_json(self.ammunition.contract.rules[rule]),
            "outcome": str(outcome),
            "cases": rest.judged + load.judged,
            "known": [],
            "excused": False,
            "failures": list(failures.values()),
            "inconclusive": [
                {"case": case, "reason": reason}
                for case, reason in self._open(rule).items()
            ],
            "why": why,
            "load": {
                "at_rest": asdict(rest),
                "under_load": asdict(load),
                "users": self.load.users.get(rule),
            },
        }

    def _outcome(self, rule: RuleId, rest: Count, load: Count) -> tuple[Outcome, str]:
        ammunition = self.ammunition
        if rest.wrong or load.wrong:
            return Outcome.FAIL, ""
        if rule in ammunition.inapplicable:
            return Outcome.NOT_APPLICABLE, ammunition.inapplicable[rule]
        if rule in ammunition.left_out:
            return Outcome.SKIPPED, ammunition.left_out[rule]
        unreached = "" if load.judged else "no case of it had its turn under load"
        why = next(iter(self._open(rule).values()), unreached)
        if why:
            return Outcome.INCONCLUSIVE, why
        if load.open == load.judged:
            return Outcome.NOT_APPLICABLE, "nothing that binds was judged"
        return Outcome.PASS, ""

    def _open(self, rule: RuleId) -> dict[str, str]:
        """Return the cases of a rule that nothing has settled, each with the reason."""
        settled = self.rest.settled | self.load.settled
        opened = {**self.rest.opened, **self.load.opened}
        return {
            case.id: opened[case.id]
            for case in self.ammunition.cases
            if case.rule == rule and case.id in opened and case.id not in settled
        }
