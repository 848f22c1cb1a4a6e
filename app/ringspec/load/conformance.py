"""Conformance under load: what is fired, what the answers show, and the report of it.

Cases of several steps are left out: other users disturb what they are about. Counts are
of one process; data goes from one to another.
"""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ringspec.cli import run_command
from ringspec.harness import (
    ContractName,
    Counts,
    Exchange,
    Finding,
    Judged,
    Outcome,
    Result,
    RuleResult,
    Started,
    Trouble,
    Verdict,
    conclude,
    now,
)
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.judging.selection import Selection, served
from ringspec.harness.sending.policy import checked_url
from ringspec.reports import Record, counted, report_json
from ringspec.spec import Json, Level, Rule, RuleId, UsageError
from ringspec.strategies import Case, Phase, Request, untested

# Cases of one rule that are kept as examples.
EXAMPLES = 5
TURNED_AWAY = "429"
_PHASES = frozenset({Phase.CASES, Phase.WIRE, Phase.AUTH})
_LEFT_OUT = "no case of one request serves it, and no others are fired under load"
# The parser's flags. They mean the same as for `ringspec run`. Its options of access
# are none, as Locust sends options to workers, and shows them.
OPTIONS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("options.toml").read_text("utf-8")
)


def _words(parsed: Mapping[str, Any]) -> Iterator[str]:
    """Yield what Locust has parsed as the words of `ringspec run`."""
    for name in OPTIONS:
        value = parsed.get(f"ringspec_{name}")
        if value is not None and name != "report":
            several = name in {"select", "exclude"}
            values = str(value).split(",") if several else [str(value)]
            yield from (f"--{name}={each.strip()}" for each in values if each.strip())


class LoadSetup:
    """What is fired, and what judges and hides it."""

    def __init__(self, url: str | None, parsed: Mapping[str, Any]) -> None:
        """Set it up for a URL, or the profile's, by what Locust has parsed.

        Raises UsageError where the target is live, or as `ringspec run`.
        """
        options = run_command.parsed(list(_words(parsed)))
        one = next(iter(options.operations), None)
        setup, self.level = replace(options.setup, operation=one), Level(options.level)
        target = setup.profile.address(url or None)
        if target is None:
            raise UsageError(
                "no server to load is named",
                hint="name it: --host http://127.0.0.1:8000",
            )
        target = checked_url(target)
        if setup.profile.safety.is_live(target):
            raise UsageError(
                f"{target} is live: no load is ever put on it",
                hint="a live target may ring phones; give one on this machine, such as"
                " http://127.0.0.1:8000",
            )
        self.hosts = setup.profile.safety.hosts(target)
        self.contract = setup.contract
        plan = setup.plan(phases=_PHASES, level=self.level)
        plan = replace(plan, made=replace(plan.made, began=now()))
        filling, self.redactor = setup.access(target)
        self.plan = setup.filled(plan, target, filling, self.redactor)
        lacking = self.plan.lacking_rules()
        selection = Selection.of(self.contract, options.select, options.exclude)
        # In their order, twins first.
        self.cases = tuple(
            case
            for case in selection.fired(
                setup.cases, lambda case: case.phase in _PHASES and not case.steps
            )
            if case.rule not in lacking
        )
        self.selected = frozenset(selection.rules)
        self.untested = untested(self.contract, setup.cases)
        absent = self.selected & lacking.keys()
        self.inapplicable = {rule: lacking[rule] for rule in absent}
        judged = served(self.contract.rules, self.cases) | lacking.keys()
        # Rules that are not judged, each with the reason.
        self.left_out = {
            rule: _LEFT_OUT if rule in self.selected else "deselected"
            for rule in self.contract.rules
            if rule not in self.selected or rule not in judged
        }


class Shooter:
    """One user of the load: fires cases one after the other, twins where due.

    A user judges for itself: a refusal counts only if the twin's last answer to the
    same user was an acceptance.
    """

    def __init__(self, setup: LoadSetup, send: Callable[[Request], Exchange]) -> None:
        self._setup, self._send = setup, send
        self._oracle = Oracle(setup.contract, setup.plan.filling)
        self._cases = {case.id: case for case in setup.cases}
        self._accepted: set[str] = set()

    def fire(self, case: Case) -> Iterator[Judged]:
        """Fire a case, and before it each twin whose last answer was no acceptance."""
        twin = self._cases.get(case.twin or "")
        if twin is not None and twin.id not in self._accepted:
            yield from self.fire(twin)
        exchange = self._send(case.request)
        response = exchange.response
        self._accepted.discard(case.id)
        if response is not None and response.status // 100 == 2:
            self._accepted.add(case.id)
        # A target may have echoed secrets, which reasons then cite.
        redact = self._setup.redactor.url
        findings = tuple(
            replace(each, reason=each.reason and redact(each.reason))
            for each in self._oracle.judge(case, exchange)
            if each.rule in self._setup.selected
        )
        yield Judged(case=case, exchange=exchange, findings=findings)


@dataclass
class LoadCounts:
    """What all answers so far show."""

    # By rule, how many answers said something of it (`judged`), broke it at the level
    # of the run (`wrong`) or below (`warned`), or left it `open`.
    rules: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    # Of a rule, failures as a JSON report has them, by case.
    examples: dict[str, dict[str, Json]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    # Cases that left their rule open, with the reason, where that gates.
    opened: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)  # cases whose own rule was judged
    fired: set[str] = field(default_factory=set)  # cases that were fired at all
    requests: int = 0  # how many requests went out
    # How many ended without an answer, by kind, or were turned away.
    troubles: Counter[str] = field(default_factory=Counter)
    # By rule, the number of users when it was first found broken.
    users: dict[str, int] = field(default_factory=dict)

    def add_judged(
        self, judged: Judged, level: Level, example: Callable[[Finding], Json]
    ) -> list[Finding]:
        """Count an exchange; return the failures that gate at a level.

        `example` writes a failure as a JSON report has it, without secrets.
        """
        case, exchange = judged.case, judged.exchange
        self.requests += exchange.sent
        self.fired.add(case.id)
        if exchange.failure and exchange.failure.trouble is not Trouble.WITHHELD:
            self.troubles[str(exchange.failure.trouble)] += 1
        elif exchange.response and exchange.response.status == 429:
            self.troubles[TURNED_AWAY] += 1
        gating: list[Finding] = []
        for each in judged.findings:
            count = self.rules[each.rule]
            count["judged"] += 1
            if each.verdict is Verdict.INCONCLUSIVE:
                count["open"] += 1
                if each.gate.gates(level):
                    self.opened.setdefault(case.id, each.reason)
            elif each.rule in {case.rule, *case.broken}:
                self.settled.add(case.id)
            if each.verdict is Verdict.FAIL:
                gates, kept = each.level.gates(level), self.examples[each.rule]
                count["wrong" if gates else "warned"] += 1
                gating += [each] if gates else []
                if _has_room(kept, each.level) and case.id not in kept:
                    kept[case.id] = example(each)
        return gating

    def add(self, wire: Mapping[str, Any], users: int) -> None:
        """Add the counts of a worker, while there are so many users."""
        for rule, count in wire["rules"].items():
            self.rules[rule].update(count)
            if count.get("wrong"):
                self.users.setdefault(rule, users)
        for rule, examples in wire["examples"].items():
            kept = self.examples[rule]
            for case, each in examples.items():
                if _has_room(kept, each["level"]):
                    kept.setdefault(case, each)
        self.opened = {**wire["opened"], **self.opened}
        self.settled |= set(wire["settled"])
        self.fired |= set(wire["fired"])
        self.requests += wire["requests"]
        self.troubles.update(wire["troubles"])

    def wire(self) -> dict[str, Any]:
        """Return data that one process sends to another."""
        sets = {"settled": sorted(self.settled), "fired": sorted(self.fired)}
        return {**vars(self), **sets}


@dataclass
class Roll:
    """Which workers report, and of which a part of what they judged did not come."""

    # How many have come, by worker.
    reports: Counter[str] = field(default_factory=Counter)
    # Workers that are away, judge nothing, or of which a report is missing.
    lost: set[str] = field(default_factory=set)

    def note(self, worker: str, number: int | None) -> None:
        """Take in a worker's report by its number, None if it has no counts."""
        self.reports[worker] += 1
        if number != self.reports[worker]:
            self.lost.add(worker)


def _has_room(kept: Mapping[str, Json], level: str) -> bool:
    """Decide whether another example is kept; warnings leave room for failures."""
    return [each["level"] for each in kept.values()].count(level) < EXAMPLES


@dataclass(frozen=True)
class LoadComparison:
    """Compares the same cases at rest and under load."""

    setup: LoadSetup
    rest: LoadCounts
    load: LoadCounts
    # `users`, `workers`, `lost` of these, `seconds`, `requests`, `rate` and
    # `percentiles_ms` of the time that answers took, by the percentage.
    figures: Mapping[str, Any]

    @cached_property
    def broken(self) -> list[RuleId]:
        """The rules that break at all."""
        rest, load = self.rest.rules, self.load.rules
        rules = self.setup.contract.rules
        return [each for each in rules if rest[each]["wrong"] or load[each]["wrong"]]

    @property
    def only_under_load(self) -> list[RuleId]:
        """The rules that break only under load."""
        return [each for each in self.broken if not self.rest.rules[each]["wrong"]]

    @cached_property
    def _open(self) -> dict[RuleId, dict[str, str]]:
        """By rule, the cases that nothing has settled, each with the reason."""
        opened = {**self.rest.opened, **self.load.opened}
        found: dict[RuleId, dict[str, str]] = {}
        for case in self.setup.cases:
            if case.id in opened.keys() - self.rest.settled - self.load.settled:
                found.setdefault(case.rule, {})[case.id] = opened[case.id]
        return found

    def failures(self, rule: RuleId) -> list[Json]:
        """Return failures as a JSON report has them, those under load first."""
        load, rest = self.load.examples[rule], self.rest.examples[rule]
        return list({**load, **rest, **load}.values())

    @cached_property
    def result(self) -> Result:
        """The result of all cases."""
        rules = tuple(map(self._result, self.setup.contract.rules.values()))
        counts = Counts.of(
            rules,
            cases=len(self.rest.fired | self.load.fired),
            requests=self.rest.requests + self.load.requests,
        )
        # Load fires no case of several requests: it never judges all rules.
        narrowed = ("load",) if self.setup.left_out else ()
        return Result(
            conclusion=conclude(rules, executed=counts.cases > 0, narrowed=narrowed),
            level=self.setup.level,
            rules=rules,
            counts=counts,
            duration_s=self.figures["seconds"],
            narrowed=narrowed,
            ended=now(),
        )

    def _result(self, rule: Rule) -> RuleResult:
        setup, load = self.setup, self.load.rules[rule.id]
        outcome, why = Outcome.PASS, ""
        unreached = "" if load["judged"] else "no case of it had its turn under load"
        unreached = self._lost or unreached
        if rule.id in self.broken:
            outcome = Outcome.FAIL
        elif rule.id in setup.inapplicable:
            outcome, why = Outcome.NOT_APPLICABLE, setup.inapplicable[rule.id]
        elif rule.id in setup.left_out:
            outcome, why = Outcome.SKIPPED, setup.left_out[rule.id]
        elif reason := next(iter(self._open.get(rule.id, {}).values()), unreached):
            outcome, why = Outcome.INCONCLUSIVE, reason
        elif rule.id in setup.untested:
            outcome, why = Outcome.UNTESTED, setup.untested[rule.id]
        elif load["open"] == load["judged"]:
            outcome, why = Outcome.NOT_APPLICABLE, "nothing that binds was judged"
        judged = self.rest.rules[rule.id]["judged"] + load["judged"]
        return RuleResult(rule=rule, outcome=outcome, cases=judged, why=why)

    @property
    def _lost(self) -> str:
        lost = counted(self.figures.get("lost", 0), "worker")
        return "" if lost[0] == "0" else f"{lost} lost, with a part of what was judged"

    def notices(self) -> Iterator[str]:
        """Yield what a reader has to know besides."""
        if self._lost:
            yield self._lost
        if missed := len(self.setup.cases) - len(self.load.fired):
            cases = counted(missed, "case")
            yield f"{cases} had no turn under load: let it last longer"
        if away := self.load.troubles[TURNED_AWAY]:
            yield f"{counted(away, 'request')} turned away with HTTP 429, no verdict"

    def report(self) -> dict[str, Json]:
        """Return a report as every run writes it, with members `load`."""
        setup = self.setup
        started = Started(
            contract=ContractName.of(setup.contract),
            target=setup.redactor.url(setup.plan.url),
            level=setup.level,
            seed=setup.plan.seed,
            total=len(setup.cases),
            made=setup.plan.made,
        )
        notices = tuple(self.notices())
        report = report_json(
            Record(started=started, judged=(), notices=notices, result=self.result)
        )
        report["load"] = {
            **self.figures,
            "troubles": dict(self.load.troubles),
            "only_under_load": self.only_under_load,
        }
        for each in report["rules"]:
            rule = each["id"]
            each["failures"] = self.failures(rule)
            each["inconclusive"] = [
                {"case": case, "reason": why}
                for case, why in self._open.get(rule, {}).items()
            ]
            counts = {"at_rest": self.rest, "under_load": self.load}
            names = ("judged", "wrong", "warned", "open")
            each["load"] = {
                when: {name: count.rules[rule][name] for name in names}
                for when, count in counts.items()
            }
            each["load"]["users"] = self.load.users.get(rule)
        report["rules"] = report.pop("rules")
        return report

    def gating(self, rule: RuleId) -> list[Json]:
        """Return its failures that fail the run."""
        level = self.setup.level
        return [x for x in self.failures(rule) if Level(x["level"]).gates(level)]
