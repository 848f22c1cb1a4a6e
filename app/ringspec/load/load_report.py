"""Reports what load has changed, rule by rule: a JSON report, and lines for people.

In: counts of the same cases at rest and under load. Out: a report as every run writes
it, with a member `load`, and its result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

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
from ringspec.spec import Json, Level, RuleId

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
    """Counts of one rule at rest and under load.

    Attributes:
        users: how many there were when load first showed it broken.
        example: a failure under load, or else at rest, as a JSON report has it.
    """

    rule: RuleId
    rest: RuleCount
    load: RuleCount
    users: int | None = None
    example: Json = None

    @property
    def only_under_load(self) -> bool:
        """Whether the rule breaks only under load."""
        return self.load.wrong > 0 and not self.rest.wrong

    @property
    def is_broken(self) -> bool:
        """Whether the rule breaks at all."""
        return self.load.wrong > 0 or self.rest.wrong > 0


def rules_under_load(
    setup: LoadSetup, rest: LoadCounts, load: LoadCounts
) -> list[RuleUnderLoad]:
    """Return the counts of each rule that was judged, in the catalogue's order."""
    found = (
        RuleUnderLoad(
            rule=rule,
            rest=rest.count(rule),
            load=load.count(rule),
            users=load.users.get(rule),
            example=_example(rule, load, rest, level=setup.options.level),
        )
        for rule in setup.contract.rules
    )
    return [each for each in found if each.rest.judged or each.load.judged]


def _example(rule: RuleId, *counts: LoadCounts, level: Level) -> Json:
    """Return the first failure that gates."""
    kept = (it for each in counts for it in each.examples.get(rule, {}).values())
    return next((it for it in kept if Level(it["level"]).gates(level)), None)


def report_load(
    setup: LoadSetup, rest: LoadCounts, load: LoadCounts, figures: LoadFigures
) -> tuple[dict[str, Json], Result]:
    """Return the report, and the result."""
    open_cases = _open_cases(setup, rest, load)
    rules = tuple(
        _result(setup, rule, rest, load, open_cases.get(rule, {}))
        for rule in setup.contract.rules
    )
    counts = Counts(
        rules=len(rules),
        cases=len(rest.fired | load.fired),
        requests=rest.requests + load.requests,
    )
    conclusion = conclude(rules, executed=counts.cases > 0)
    result = Result(
        conclusion=conclusion,
        exit_code=EXITS[conclusion],
        level=setup.options.level,
        rules=rules,
        counts=counts,
        duration_s=figures.seconds,
    )
    started = Started(
        contract=ContractName.of(setup.contract),
        target=setup.redactor.url(setup.url),
        level=setup.options.level,
        seed=setup.options.seed,
        total=len(setup.cases),
    )
    notices = tuple(_notices(setup, load))
    report = report_json(
        Record(started=started, judged=(), notices=notices, result=result)
    )
    changed = rules_under_load(setup, rest, load)
    only_under_load = [each.rule for each in changed if each.only_under_load]
    rules_json = [
        {**each, **_rule_json(each["id"], rest, load, open_cases.get(each["id"], {}))}
        for each in report.pop("rules")
    ]
    troubles = dict(load.troubles)
    figures_json = {
        **asdict(figures),
        "troubles": troubles,
        "only_under_load": only_under_load,
    }
    return {**report, "load": figures_json, "rules": rules_json}, result


def _notices(setup: LoadSetup, load: LoadCounts) -> Iterator[str]:
    missed = len(setup.cases) - len(load.fired)
    if missed:
        cases = counted(missed, "case")
        yield f"{cases} had no turn under load: let it last longer"
    turned_away = load.troubles[TURNED_AWAY]
    if turned_away:
        requests = counted(turned_away, "request")
        yield f"{requests} turned away with HTTP 429, no verdict"


def _open_cases(
    setup: LoadSetup, rest: LoadCounts, load: LoadCounts
) -> dict[RuleId, dict[str, str]]:
    """Return by rule the cases that nothing has settled, each with the reason."""
    opened, settled = {**rest.opened, **load.opened}, rest.settled | load.settled
    found: dict[RuleId, dict[str, str]] = {}
    for case in setup.cases:
        if case.id in opened and case.id not in settled:
            found.setdefault(case.rule, {})[case.id] = opened[case.id]
    return found


def _result(
    setup: LoadSetup,
    rule: RuleId,
    rest: LoadCounts,
    load: LoadCounts,
    open_cases: dict[str, str],
) -> RuleResult:
    at_rest, under_load = rest.count(rule), load.count(rule)
    unreached = "" if under_load.judged else "no case of it had its turn under load"
    outcome, why = Outcome.PASS, ""
    if at_rest.wrong or under_load.wrong:
        outcome = Outcome.FAIL
    elif rule in setup.inapplicable:
        outcome, why = Outcome.NOT_APPLICABLE, setup.inapplicable[rule]
    elif rule in setup.left_out:
        outcome, why = Outcome.SKIPPED, setup.left_out[rule]
    elif reason := next(iter(open_cases.values()), unreached):
        outcome, why = Outcome.INCONCLUSIVE, reason
    elif under_load.open == under_load.judged:
        outcome, why = Outcome.NOT_APPLICABLE, "nothing that binds was judged"
    return RuleResult(
        rule=setup.contract.rules[rule],
        outcome=outcome,
        cases=at_rest.judged + under_load.judged,
        why=why,
    )


def _rule_json(
    rule: RuleId, rest: LoadCounts, load: LoadCounts, open_cases: dict[str, str]
) -> dict[str, Json]:
    """Return the members of a rule that only load fills."""
    at_rest, under_load = rest.examples.get(rule, {}), load.examples.get(rule, {})
    return {
        "failures": list({**under_load, **at_rest, **under_load}.values()),
        "inconclusive": [
            {"case": case, "reason": reason} for case, reason in open_cases.items()
        ],
        "load": {
            "at_rest": asdict(rest.count(rule)),
            "under_load": asdict(load.count(rule)),
            "users": load.users.get(rule),
        },
    }


def summarise_load(
    found: Sequence[RuleUnderLoad],
    result: Result,
    figures: LoadFigures,
    load: LoadCounts,
) -> Iterator[str]:
    """Yield the lines that are printed at the end, for people."""
    broken = [it for it in found if it.is_broken]
    if broken:
        yield _columns("rule", "at rest", "under load", "from")
        for each in sorted(broken, key=lambda it: not it.only_under_load):
            users = counted(each.users, "user") if each.users else ""
            name = shown(each.rule, 60)
            yield _columns(name, _share(each.rest), _share(each.load), users)
        yield ""
    only = [each for each in broken if each.only_under_load]
    for each in only:
        if each.example is not None:
            yield f"ONLY UNDER LOAD {shown(each.rule, 100)}"
            yield f"  case    {shown(each.example['case'], 200)}"
            yield f"  why     {shown(each.example['reason'], 300)}"
            yield str(each.example["curl"])
            yield ""
    for each in found:
        rest, under = each.rest, each.load
        if (rest.warned or under.warned) and not each.is_broken:
            yield (
                f"warn: {shown(each.rule, 100)}, below the level:"
                f" {rest.warned:,} of {rest.judged:,} at rest,"
                f" {under.warned:,} of {under.judged:,} under load"
            )
    yield from _figures(figures, load)
    yield _conclusion(result, len(found), len(only))


def _columns(rule: str, rest: str, load: str, users: str) -> str:
    line = f"{rule:<{_WIDE}}  {rest:>{_NARROW}}  {load:>{_NARROW + 2}}  {users:>10}"
    return line.rstrip()


def _share(count: RuleCount) -> str:
    return f"{count.wrong:,} of {count.judged:,}" if count.judged else "not judged"


def _figures(figures: LoadFigures, load: LoadCounts) -> Iterator[str]:
    workers = f", {counted(figures.workers, 'worker')}" if figures.workers else ""
    yield (
        f"load: {counted(figures.users, 'user')}{workers}, "
        f"{counted(figures.requests, 'request')} in {figures.seconds:.1f} s, "
        f"{figures.rate:,.1f} a second"
    )
    if figures.percentiles_ms:
        listed = (f"{p} % {ms:,.0f} ms" for p, ms in figures.percentiles_ms.items())
        yield f"latency: {', '.join(listed)}"
    if load.troubles:
        listed = (f"{name} {n:,}" for name, n in sorted(load.troubles.items()))
        yield f"unanswered or turned away: {', '.join(listed)}"


def _conclusion(result: Result, judged: int, only_under_load: int) -> str:
    outcomes = [each.outcome for each in result.rules]
    fails, open_ = outcomes.count(Outcome.FAIL), outcomes.count(Outcome.INCONCLUSIVE)
    parts = [
        f"{counted(judged, 'rule')} judged",
        f"{fails} failing, {only_under_load} only under load"
        if fails
        else "none failing",
        *([f"{open_} inconclusive"] if open_ else []),
    ]
    return f"{result.conclusion}: {', '.join(parts)} at level {result.level}"
