"""Revival: a report read back as the record of a run, for the reports made from such.

In: a report of the whole. Out: a record that has of all exchanges those that failed.
What only all of them would tell, such as what failing requests have in common that
others lack, is told less well.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from ringspec.harness import (
    EXITS,
    Conclusion,
    Counts,
    Exchange,
    Failure,
    Finding,
    Judged,
    Known,
    Outcome,
    Played,
    Response,
    Result,
    RuleResult,
    Stale,
    Started,
    Trouble,
    Verdict,
    conclude,
)
from ringspec.reports.merging.belonging import Report
from ringspec.reports.record import Record
from ringspec.spec import Evidence, Level, Rule, RuleId
from ringspec.strategies import Case, Expect, Phase, Request, parse_request, parse_step

_NOTHING = Request(method="", path="", headers=(), body=b"")


@dataclass(frozen=True)
class Operation:
    """The operation under test, by its name."""

    id: str


@dataclass(frozen=True, kw_only=True)
class Title:
    """A contract, as far as a report says which it was."""

    title: str
    version: str
    sha256: str
    dialect: str | None
    operation: Operation


def revived(report: Report) -> Record:
    """Return the record of a report, its conclusion drawn.

    Args:
        report: of a whole, as it was joined.
    """
    return _Revival(report).record


@dataclass(frozen=True)
class _Revival:
    report: Report

    @property
    def record(self) -> Record:
        contract = self.report["contract"]
        named = {
            name: contract[name] for name in ("title", "version", "sha256", "dialect")
        }
        operation = Operation(contract.get("operation") or "")
        return Record(
            started=Started(
                contract=Title(**named, operation=operation),
                target=self.report["target"],
                level=self._level,
                seed=self.report["seed"],
                total=self.report["counts"]["cases"],
            ),
            judged=tuple(_judged(self._rules)),
            notices=tuple(self.report["notices"]),
            result=self._result(),
        )

    @property
    def _level(self) -> Level:
        return Level(self.report["level"])

    @cached_property
    def _rules(self) -> tuple[RuleResult, ...]:
        return tuple(map(_rule, self.report["rules"]))

    def _result(self) -> Result:
        report, counts = self.report, self.report["counts"]
        stale = tuple(
            Stale(known=_known(each), why=each["why"]) for each in report["stale"]
        )
        conclusion = conclude(self._rules, executed=counts["cases"] > 0, stale=stale)
        return Result(
            conclusion=Conclusion(conclusion),
            exit_code=EXITS[conclusion],
            level=self._level,
            rules=self._rules,
            counts=Counts(**{name: counts[name] for name in _COUNTS}),
            duration_s=report["duration_s"],
            message=report["message"],
            hint=report["hint"],
            stale=stale,
            learnt=report["learnt"],
        )


_COUNTS = ("rules", "cases", "requests")


def _rule(rule: Report) -> RuleResult:
    described = Rule(
        id=RuleId(rule["id"]),
        level=Level(rule["level"]),
        evidence=Evidence(rule["evidence"]),
        sentence=rule["sentence"],
        source=rule["source"],
        places=tuple(rule.get("places", ())),
    )
    twins: dict[str, Case] = {}
    return RuleResult(
        rule=described,
        outcome=Outcome(rule["outcome"]),
        cases=rule["cases"],
        failures=tuple(_failure(described, each, twins) for each in rule["failures"]),
        inconclusive=tuple(_open(described, each) for each in rule["inconclusive"]),
        why=rule["why"],
        known=tuple(map(_known, rule["known"])),
        excused=rule["excused"],
        otherwise=Outcome(rule["otherwise"]) if rule["excused"] else None,
    )


def _known(known: Report) -> Known:
    expires = known["expires"]
    return Known(
        id=known["id"],
        reason=known["reason"],
        issue=known["issue"],
        owner=known["owner"],
        expires=date.fromisoformat(expires) if expires else None,
    )


def _open(rule: Rule, entry: Report) -> Finding:
    """Return what stayed open; of that a report has no more than the reason."""
    case = _bare(entry["case"], rule, _NOTHING)
    return Finding(
        rule=rule.id,
        verdict=Verdict.INCONCLUSIVE,
        reason=entry["reason"],
        level=rule.level,
        gate=rule.level,
        case=case,
        exchange=Exchange(url="", request=_NOTHING),
    )


def _bare(name: str, rule: Rule, request: Request) -> Case:
    return Case(
        id=name,
        rule=rule.id,
        level=rule.level,
        expect=Expect.ACCEPT,
        status=("2xx",),
        request=request,
    )


def _failure(rule: Rule, entry: Report, twins: dict[str, Case]) -> Finding:
    request = parse_request(entry["request"])
    level = Level(entry["level"])
    twin = _twin(rule, entry["twin"], twins)
    return Finding(
        rule=rule.id,
        verdict=Verdict.FAIL,
        reason=entry["reason"],
        level=level,
        gate=level,
        case=_case(entry, request),
        exchange=_exchange(entry, request),
        twin=twin,
    )


def _case(entry: Report, request: Request) -> Case:
    fault = entry["fault"]
    return Case(
        id=entry["case"],
        rule=RuleId(entry["rule"]),
        level=Level(entry["case_level"]),
        expect=Expect(entry["expect"]),
        status=tuple(entry["status"]),
        request=request,
        twin=entry["twin"]["case"] if entry["twin"] else None,
        fault=tuple(fault) if isinstance(fault, list) else fault,
        broken=tuple(map(RuleId, entry["broken"])),
        coupled=len(entry["broken"]) > 1,
        phase=Phase(entry["phase"]),
        steps=tuple(map(parse_step, entry.get("steps", ()))),
    )


def _twin(rule: Rule, twin: Report | None, twins: dict[str, Case]) -> Case | None:
    if twin is None:
        return None
    name = twin["case"]
    # Its body may stand only where it is first named.
    if name not in twins or not twin["request"].get("truncated", False):
        twins[name] = _bare(name, rule, parse_request(twin["request"]))
    return twins[name]


def _exchange(entry: Report, request: Request) -> Exchange:
    earlier = tuple(
        _answered(
            each["response"], parse_request(each["request"]), each["request"]["url"]
        )
        for each in entry.get("before", ())
    )
    played = Played(earlier=earlier, at=len(earlier)) if earlier else None
    return _answered(entry["response"], request, entry["request"]["url"], played)


def _answered(
    answer: Report, request: Request, url: str, played: Played | None = None
) -> Exchange:
    if "error" in answer:
        trouble = Trouble(answer.get("trouble") or Trouble.DROPPED)
        failure = Failure(trouble=trouble, message=answer["error"])
        return Exchange(url=url, request=request, failure=failure, played=played)
    return Exchange(
        url=url,
        request=request,
        response=Response(
            status=answer["status"],
            headers=tuple(answer["headers"].items()),
            body=_body(answer),
        ),
        played=played,
    )


def _body(answer: dict[str, Any]) -> bytes:
    if "body_base64" in answer:
        return base64.b64decode(answer["body_base64"])
    return str(answer["body"]).encode("utf-8", "surrogatepass")


def _judged(rules: tuple[RuleResult, ...]) -> Iterator[Judged]:
    """Yield the exchanges that failed, each with all that was said of it."""
    found: dict[str, list[Finding]] = {}
    for rule in rules:
        for each in rule.failures:
            found.setdefault(each.case.id, []).append(each)
    for findings in found.values():
        first = findings[0]
        yield Judged(case=first.case, exchange=first.exchange, findings=tuple(findings))
