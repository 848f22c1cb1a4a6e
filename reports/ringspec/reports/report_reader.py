"""Reads JSON reports back: to compare, to join, to fire what failed in them again.

A report may come from anybody: it is taken for data, and held to its schema before
anything is read from it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema_rs

from ringspec.harness import (
    EXITS,
    Conclusion,
    ContractName,
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
from ringspec.reports.files import Record
from ringspec.reports.json_report import FORMAT, SCHEMA
from ringspec.reports.printable import counted, shown
from ringspec.spec import Evidence, Json, Level, Rule, RuleId, UsageError
from ringspec.strategies import Case, Expect, Phase, Request, parse_request, parse_step

Report: TypeAlias = dict[str, Any]

_KIND, _, _VERSION = FORMAT.partition("/")
_COUNTS = ("rules", "cases", "requests")
_CONTRACT = ("title", "version", "sha256", "dialect")
_NOTHING = Request(method="", path="", headers=(), body=b"")


def read_reports(paths: Iterable[Path]) -> list[Report]:
    """Read reports, and hold them to their schema.

    Raises:
        UsageError: some cannot be read, each named with the reason.
    """
    reports: list[Report] = []
    troubles: list[str] = []
    for path in paths:
        try:
            reports.append(_read(path))
        except _UnreadableError as trouble:
            troubles.append(f"{shown(str(path), 300)}: {trouble}")
    if troubles:
        raise UsageError(
            "\nringspec: ".join(troubles),
            hint="`ringspec run … --report json=PATH` writes what can be compared",
        )
    return reports


class _UnreadableError(Exception):
    """Says why a file is no report, as a predicate of the file."""


def _read(path: Path) -> Report:
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise _UnreadableError(f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _UnreadableError("is no text in UTF-8, and so no report") from error
    report = _parsed(text)
    _check_format(report)
    try:
        found = next(iter(_schema().iter_errors(report)), None)
    except ValueError as error:  # a lone surrogate, or a number beyond all bounds
        raise _UnreadableError("is JSON that no report is made of") from error
    if found is not None:
        place = "".join(f"/{each}" for each in found.instance_path) or "as a whole"
        what = shown(found.message, 120)
        raise _UnreadableError(f"is no whole report: {shown(place, 80)}: {what}")
    return dict(report)


def _parsed(text: str) -> Json:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise _UnreadableError("is empty") from error
        # Where a string breaks off, the error is at its beginning.
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        if cut and text.lstrip().startswith("{"):
            raise _UnreadableError("is cut off: JSON that does not end") from error
        where = f"line {error.lineno}, column {error.colno}"
        raise _UnreadableError(f"is not JSON: {error.msg} at {where}") from error
    except (RecursionError, ValueError) as error:
        raise _UnreadableError("is JSON that no report is made of") from error


def _check_format(data: Json) -> None:
    name = data.get("format") if isinstance(data, dict) else None
    if name == FORMAT:
        return
    if not isinstance(name, str):
        raise _UnreadableError(f"is no report: it does not say {FORMAT!r}")
    kind, _, version = name.partition("/")
    if kind == _KIND:
        of = f"is of version {shown(version, 20)} of the format"
        raise _UnreadableError(f"{of}; this one reads {_VERSION}")
    raise _UnreadableError(f"is of the format {shown(name, 60)!r}, not {FORMAT!r}")


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCase:
    """A case that failed.

    Attributes:
        reasons: why, by the rules that it failed.
        levels: how strongly each of these binds.
        request: what was sent; None where the report holds only a part of it.
        found: the case itself, where explore made it.
        unfit: why it cannot be made again, if so.
    """

    id: str
    reasons: dict[RuleId, str] = field(default_factory=dict)
    levels: dict[RuleId, Level] = field(default_factory=dict)
    request: Request | None = None
    found: Case | None = None
    unfit: str = ""

    @property
    def level(self) -> Level:
        """The strongest of its levels."""
        return min(self.levels.values(), key=lambda each: each.rank)

    def gating(self, level: Level) -> dict[RuleId, str]:
        """Return why it failed at a level."""
        return {
            rule: reason
            for rule, reason in self.reasons.items()
            if self.levels[rule].gates(level)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run, as far as its report holds it.

    Attributes:
        failed: the cases that failed, by their ids, in order of the report.
    """

    level: Level
    seed: int
    target: str
    title: str
    version: str
    sha256: str
    dialect: str | None
    operation: str | None
    failed: dict[str, FailedCase]


def read_report(path: Path) -> PastRun:
    """Read a report whose failing cases are to be fired again.

    Raises:
        UsageError: it cannot be read, or its requests cannot be sent again.
    """
    trouble: str | _UnreadableError = ""
    report: Report = {}
    try:
        report = _read(path)
    except _UnreadableError as error:
        trouble = error
    if report.get("judged") == "clients":
        trouble = "is of clients, which alone can send that again"
    if trouble:
        raise UsageError(
            f"{path} cannot be replayed: it {trouble}",
            hint="give what `ringspec run --report json=PATH` wrote",
        )
    contract = report["contract"]
    failed: dict[str, FailedCase] = {}
    for rule in report["rules"]:
        for each in rule["failures"]:
            found = failed.setdefault(each["case"], _failed(each))
            found.reasons[RuleId(rule["id"])] = each["reason"]
            found.levels[RuleId(rule["id"])] = Level(each["level"])
    return PastRun(
        level=Level(report["level"]),
        seed=report["seed"],
        target=report["target"],
        title=contract["title"],
        version=contract["version"],
        sha256=contract["sha256"],
        dialect=contract["dialect"],
        operation=contract.get("operation"),
        failed=failed,
    )


def _failed(entry: Report) -> FailedCase:
    name, request = entry["case"], entry["request"]
    requests = [request, *(each["request"] for each in entry.get("steps", ()))]
    cut = any(each.get("truncated") for each in requests)
    if entry.get("phase") != Phase.EXPLORE:
        explored = name.startswith(f"{Phase.EXPLORE}/")
        return FailedCase(
            id=name,
            request=None if request.get("truncated") else parse_request(request),
            unfit="the report is of an earlier version" if explored else "",
        )
    if cut:
        size = counted(int(request.get("size", 0)), "byte")
        unfit = f"the report holds only a part of its body of {size}"
        return FailedCase(id=name, unfit=unfit)
    return FailedCase(id=name, found=replace(_case(entry), twin=None))


def record_of(report: Report) -> Record:
    """Return a report as the record of a run, its conclusion drawn anew.

    Args:
        report: of a whole run; `learnt` says whether any answer said something.

    The record has only the exchanges that failed: what needs the others, such as what
    failing requests have in common, comes out less well.
    """
    contract, level = report["contract"], Level(report["level"])
    counts = Counts(**{it: report["counts"][it] for it in _COUNTS})
    rules = tuple(map(_rule, report["rules"]))
    stale = tuple(Stale(known=_known(it), why=it["why"]) for it in report["stale"])
    conclusion = conclude(rules, executed=counts.cases > 0, stale=stale)
    return Record(
        started=Started(
            contract=ContractName(
                **{name: contract[name] for name in _CONTRACT},
                operation=contract.get("operation") or "",
            ),
            target=report["target"],
            level=level,
            seed=report["seed"],
            total=counts.cases,
        ),
        judged=tuple(_judged(rules)),
        notices=tuple(report["notices"]),
        result=Result(
            conclusion=Conclusion(conclusion),
            exit_code=EXITS[conclusion],
            level=level,
            rules=rules,
            counts=counts,
            duration_s=report["duration_s"],
            message=report["message"],
            hint=report["hint"],
            stale=stale,
            learnt=report["learnt"],
        ),
    )


def _rule(entry: Report) -> RuleResult:
    rule = Rule(
        id=RuleId(entry["id"]),
        level=Level(entry["level"]),
        evidence=Evidence(entry["evidence"]),
        sentence=entry["sentence"],
        source=entry["source"],
        places=tuple(entry.get("places", ())),
    )
    twins: dict[str, Case] = {}
    return RuleResult(
        rule=rule,
        outcome=Outcome(entry["outcome"]),
        cases=entry["cases"],
        failures=tuple(_failure(rule, each, twins) for each in entry["failures"]),
        inconclusive=tuple(_inconclusive(rule, each) for each in entry["inconclusive"]),
        why=entry["why"],
        known=tuple(map(_known, entry["known"])),
        excused=entry["excused"],
        otherwise=Outcome(entry["otherwise"]) if entry["excused"] else None,
    )


def _known(entry: Report) -> Known:
    expires = entry["expires"]
    return Known(
        id=entry["id"],
        reason=entry["reason"],
        issue=entry["issue"],
        owner=entry["owner"],
        expires=date.fromisoformat(expires) if expires else None,
    )


def _inconclusive(rule: Rule, entry: Report) -> Finding:
    """Return an inconclusive finding, of which a report has only the reason."""
    return Finding(
        rule=rule.id,
        verdict=Verdict.INCONCLUSIVE,
        reason=entry["reason"],
        level=rule.level,
        gate=rule.level,
        case=_accepted(entry["case"], rule, _NOTHING),
        exchange=Exchange(url="", request=_NOTHING),
    )


def _accepted(name: str, rule: Rule, request: Request) -> Case:
    return Case(
        id=name,
        rule=rule.id,
        level=rule.level,
        expect=Expect.ACCEPT,
        status=("2xx",),
        request=request,
    )


def _failure(rule: Rule, entry: Report, twins: dict[str, Case]) -> Finding:
    twin = entry["twin"]
    # Its body may stand only where it is first named.
    if twin and (twin["case"] not in twins or not twin["request"].get("truncated")):
        request = parse_request(twin["request"])
        twins[twin["case"]] = _accepted(twin["case"], rule, request)
    level = Level(entry["level"])
    return Finding(
        rule=rule.id,
        verdict=Verdict.FAIL,
        reason=entry["reason"],
        level=level,
        gate=level,
        case=_case(entry),
        exchange=_exchange(entry),
        twin=twins[twin["case"]] if twin else None,
    )


def _case(entry: Report) -> Case:
    fault = entry["fault"]
    steps = tuple(map(parse_step, entry.get("steps", ())))
    return Case(
        id=entry["case"],
        rule=RuleId(entry["rule"]),
        level=Level(entry["case_level"]),
        expect=Expect(entry["expect"]),
        status=tuple(entry["status"]),
        request=steps[0].request if steps else parse_request(entry["request"]),
        twin=entry["twin"]["case"] if entry["twin"] else None,
        fault=tuple(fault) if isinstance(fault, list) else fault,
        broken=tuple(map(RuleId, entry["broken"])),
        phase=Phase(entry["phase"]),
        steps=steps,
    )


def _exchange(entry: Report) -> Exchange:
    """Return an exchange of a report, with the steps before it."""
    url, request = entry["request"]["url"], parse_request(entry["request"])
    earlier = tuple(map(_exchange, entry.get("before", ())))
    played = Played(earlier=earlier, at=len(earlier)) if earlier else None
    answer = entry["response"]
    if "error" in answer:
        trouble = Trouble(answer.get("trouble") or Trouble.DROPPED)
        failure = Failure(trouble=trouble, message=answer["error"])
        return Exchange(url=url, request=request, failure=failure, played=played)
    if "body_base64" in answer:
        body = base64.b64decode(answer["body_base64"])
    else:
        body = answer["body"].encode("utf-8", "surrogatepass")
    response = Response(
        status=answer["status"], headers=tuple(answer["headers"].items()), body=body
    )
    return Exchange(url=url, request=request, response=response, played=played)


def _judged(rules: tuple[RuleResult, ...]) -> Iterator[Judged]:
    """Yield the exchanges that failed, each with all findings."""
    found: dict[str, list[Finding]] = {}
    for rule in rules:
        for each in rule.failures:
            found.setdefault(each.case.id, []).append(each)
    for findings in found.values():
        first = findings[0]
        yield Judged(case=first.case, exchange=first.exchange, findings=tuple(findings))
