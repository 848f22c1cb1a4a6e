"""Reports what load has changed, rule by rule: a JSON report, and lines for people.

In: counts of the same cases at rest and under load. Out: a report as every run writes
it, with a member `load`, and its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property

from ringspec.harness import (
    EXITS,
    ContractName,
    Counts,
    Outcome,
    Result,
    RuleResult,
    Started,
    conclude,
)
from ringspec.load.load_counts import TURNED_AWAY, LoadCounts, RuleCount
from ringspec.load.load_setup import LoadSetup
from ringspec.reports import Record, counted, report_json, shown
from ringspec.spec import Json, Level, Rule

_WIDE, _NARROW = 30, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFigures:
    """Figures of a load.

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
class RuleUnderLoad:
    """One rule at rest and under load.

    Attributes:
        users: how many there were when load first showed it broken.
        open_cases: cases that nothing has settled, each with the reason.
        failures: as a JSON report has them, those under load first.
        result: of both.
    """

    rest: RuleCount
    load: RuleCount
    users: int | None
    open_cases: dict[str, str]
    failures: list[Json]
    result: RuleResult

    @property
    def is_judged(self) -> bool:
        """Whether any answer says something of it."""
        return self.rest.judged > 0 or self.load.judged > 0

    @property
    def is_broken(self) -> bool:
        """Whether it breaks at all."""
        return self.load.wrong > 0 or self.rest.wrong > 0

    @property
    def only_under_load(self) -> bool:
        """Whether it breaks only under load."""
        return self.load.wrong > 0 and not self.rest.wrong

    def example(self, level: Level) -> Json:
        """Return the first failure that gates."""
        gating = (each for each in self.failures if Level(each["level"]).gates(level))
        return next(gating, None)

    def json(self) -> dict[str, Json]:
        """Return the members of a rule in the report that load fills."""
        return {
            "failures": self.failures,
            "inconclusive": [
                {"case": case, "reason": reason}
                for case, reason in self.open_cases.items()
            ],
            "load": {
                "at_rest": asdict(self.rest),
                "under_load": asdict(self.load),
                "users": self.users,
            },
        }


@dataclass(frozen=True)
class LoadComparison:
    """Compares the same cases at rest and under load."""

    setup: LoadSetup
    rest: LoadCounts
    load: LoadCounts
    figures: LoadFigures

    @cached_property
    def rules(self) -> list[RuleUnderLoad]:
        """All rules, in the catalogue's order."""
        opened = {**self.rest.opened, **self.load.opened}
        settled = self.rest.settled | self.load.settled
        open_cases: dict[str, dict[str, str]] = {}
        for case in self.setup.cases:
            if case.id in opened and case.id not in settled:
                open_cases.setdefault(case.rule, {})[case.id] = opened[case.id]
        rules = self.setup.contract.rules.values()
        return [self._rule(each, open_cases.get(each.id, {})) for each in rules]

    def _rule(self, rule: Rule, open_cases: dict[str, str]) -> RuleUnderLoad:
        at_rest = self.rest.examples.get(rule.id, {})
        under_load = self.load.examples.get(rule.id, {})
        rest, load = self.rest.count(rule.id), self.load.count(rule.id)
        outcome, why = self._outcome(rule, rest, load, open_cases)
        return RuleUnderLoad(
            rest=rest,
            load=load,
            users=self.load.users.get(rule.id),
            open_cases=open_cases,
            failures=list({**under_load, **at_rest, **under_load}.values()),
            result=RuleResult(
                rule=rule, outcome=outcome, cases=rest.judged + load.judged, why=why
            ),
        )

    def _outcome(
        self, rule: Rule, rest: RuleCount, load: RuleCount, open_cases: dict[str, str]
    ) -> tuple[Outcome, str]:
        if rest.wrong or load.wrong:
            return Outcome.FAIL, ""
        if rule.id in self.setup.inapplicable:
            return Outcome.NOT_APPLICABLE, self.setup.inapplicable[rule.id]
        if rule.id in self.setup.left_out:
            return Outcome.SKIPPED, self.setup.left_out[rule.id]
        unreached = "" if load.judged else "no case of it had its turn under load"
        why = next(iter(open_cases.values()), unreached)
        if why:
            return Outcome.INCONCLUSIVE, why
        if load.open == load.judged:
            return Outcome.NOT_APPLICABLE, "nothing that binds was judged"
        return Outcome.PASS, ""

    @property
    def only_under_load(self) -> list[RuleUnderLoad]:
        """The rules that break only under load."""
        return [each for each in self.rules if each.only_under_load]

    @cached_property
    def result(self) -> Result:
        """The result of all cases."""
        rules = tuple(each.result for each in self.rules)
        counts = Counts(
            rules=len(rules),
            cases=len(self.rest.fired | self.load.fired),
            requests=self.rest.requests + self.load.requests,
        )
        conclusion = conclude(rules, executed=counts.cases > 0)
        return Result(
            conclusion=conclusion,
            exit_code=EXITS[conclusion],
            level=self.setup.options.level,
            rules=rules,
            counts=counts,
            duration_s=self.figures.seconds,
        )

    def notices(self) -> Iterator[str]:
        """Yield what a reader has to know besides."""
        missed = len(self.setup.cases) - len(self.load.fired)
        if missed:
            cases = counted(missed, "case")
            yield f"{cases} had no turn under load: let it last longer"
        turned_away = self.load.troubles[TURNED_AWAY]
        if turned_away:
            requests = counted(turned_away, "request")
            yield f"{requests} turned away with HTTP 429, no verdict"

    def report(self) -> dict[str, Json]:
        """Return the JSON report."""
        setup = self.setup
        started = Started(
            contract=ContractName.of(setup.contract),
            target=setup.redactor.url(setup.url),
            level=setup.options.level,
            seed=setup.options.seed,
            total=len(setup.cases),
        )
        notices = tuple(self.notices())
        report = report_json(
            Record(started=started, judged=(), notices=notices, result=self.result)
        )
        rules = zip(report.pop("rules"), self.rules, strict=True)
        report["load"] = {
            **asdict(self.figures),
            "troubles": dict(self.load.troubles),
            "only_under_load": [each.result.rule.id for each in self.only_under_load],
        }
        report["rules"] = [{**written, **rule.json()} for written, rule in rules]
        return report

    def summary(self) -> Iterator[str]:
        """Yield the lines that are printed at the end, for people."""
        for notice in self.notices():
            yield f"note: {notice}"
        broken = [each for each in self.rules if each.is_broken]
        if broken:
            yield _columns("rule", "at rest", "under load", "from")
            for each in sorted(broken, key=lambda it: not it.only_under_load):
                users = counted(each.users, "user") if each.users else ""
                name = shown(each.result.rule.id, 60)
                yield _columns(name, _share(each.rest), _share(each.load), users)
            yield ""
        for each in self.only_under_load:
            example = each.example(self.setup.options.level)
            if example is not None:
                yield f"ONLY UNDER LOAD {shown(each.result.rule.id, 100)}"
                yield f"  case    {shown(example['case'], 200)}"
                yield f"  why     {shown(example['reason'], 300)}"
                yield str(example["curl"])
                yield ""
        for each in self.rules:
            rest, load = each.rest, each.load
            if (rest.warned or load.warned) and not each.is_broken:
                yield (
                    f"warn: {shown(each.result.rule.id, 100)}, below the level:"
                    f" {rest.warned:,} of {rest.judged:,} at rest,"
                    f" {load.warned:,} of {load.judged:,} under load"
                )
        yield from self._figures()
        yield self._conclusion()

    def _figures(self) -> Iterator[str]:
        figures = self.figures
        workers = f", {counted(figures.workers, 'worker')}" if figures.workers else ""
        yield (
            f"load: {counted(figures.users, 'user')}{workers}, "
            f"{counted(figures.requests, 'request')} in {figures.seconds:.1f} s, "
            f"{figures.rate:,.1f} a second"
        )
        if figures.percentiles_ms:
            listed = (f"{p} % {ms:,.0f} ms" for p, ms in figures.percentiles_ms.items())
            yield f"latency: {', '.join(listed)}"
        if self.load.troubles:
            listed = (f"{name} {n:,}" for name, n in sorted(self.load.troubles.items()))
            yield f"unanswered or turned away: {', '.join(listed)}"

    def _conclusion(self) -> str:
        result = self.result
        outcomes = [each.outcome for each in result.rules]
        fails = outcomes.count(Outcome.FAIL)
        open_ = outcomes.count(Outcome.INCONCLUSIVE)
        only = len(self.only_under_load)
        judged = sum(each.is_judged for each in self.rules)
        parts = [
            f"{counted(judged, 'rule')} judged",
            f"{fails} failing, {only} only under load" if fails else "none failing",
            *([f"{open_} inconclusive"] if open_ else []),
        ]
        return f"{result.conclusion}: {', '.join(parts)} at level {result.level}"


def _columns(rule: str, rest: str, load: str, users: str) -> str:
    line = f"{rule:<{_WIDE}}  {rest:>{_NARROW}}  {load:>{_NARROW + 2}}  {users:>10}"
    return line.rstrip()


def _share(count: RuleCount) -> str:
    return f"{count.wrong:,} of {count.judged:,}" if count.judged else "not judged"
