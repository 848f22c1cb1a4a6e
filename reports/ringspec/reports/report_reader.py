"""Reads JSON reports back: to compare, to join, to fire what failed in them again.

A report may come from anybody: it is held to its schema before anything is read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema_rs

from ringspec.harness import (
    ContractName,
    Counts,
    Exchange,
    Failure,
    Finding,
    Judged,
    Known,
    Made,
    OperationResult,
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
from ringspec.reports.json_report import REPORT_FORMAT, SCHEMA
from ringspec.reports.printable import counted, shown
from ringspec.spec import Json, Level, Rule, RuleId, UsageError
from ringspec.strategies import (
    Case,
    Expect,
    Phase,
    Request,
    parse_case,
    parse_request,
    unled,
)

Report: TypeAlias = dict[str, Any]

_KIND, _, _VERSION = REPORT_FORMAT.partition("/")
_NOTHING = Request(method="", path="", headers=(), body=b"")


def read_reports(paths: Iterable[Path]) -> list[Report]:
    """Read reports, or raise a UsageError that says why some cannot be read."""
    reports, troubles = list[Report](), list[str]()
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


def _read(path: Path, *, replayed: bool = False) -> Report:
    try:
        report: Report = json.loads(path.read_bytes().decode())
        _check_format(report)
        found = next(iter(_schema().iter_errors(report)), None)
    except OSError as error:
        raise _UnreadableError(f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _UnreadableError("is no text in UTF-8, and so no report") from error
    except json.JSONDecodeError as error:
        raise _UnreadableError(_flaw(error)) from error
    except (RecursionError, ValueError) as error:
        # Among others a lone surrogate, or a number beyond all bounds.
        raise _UnreadableError("is JSON that no report is made of") from error
    if found is not None:
        place = "".join(f"/{each}" for each in found.instance_path) or "as a whole"
        what = shown(found.message, 120)
        raise _UnreadableError(f"is no whole report: {shown(place, 80)}: {what}")
    if replayed and report.get("judged") == "clients":
        raise _UnreadableError("is of clients, which alone can send that again")
    return report


def _flaw(error: json.JSONDecodeError) -> str:
    text = error.doc.rstrip()
    if not text:
        return "is empty"
    # Where a string breaks off, the error is at its beginning.
    cut = error.pos >= len(text) or error.msg.startswith("Unterminated")
    if cut and text.lstrip().startswith("{"):
        return "is cut off: JSON that does not end"
    return f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"


def _check_format(data: Json) -> None:
    name = data.get("format") if isinstance(data, dict) else None
    if not isinstance(name, str):
        raise _UnreadableError(f"is no report: it does not say {REPORT_FORMAT!r}")
    kind, _, version = name.partition("/")
    if kind != _KIND:
        raise _UnreadableError(
            f"is of the format {shown(name, 60)!r}, not {REPORT_FORMAT!r}"
        )
    if name != REPORT_FORMAT:
        of = f"is of version {shown(version, 20)} of the format"
        raise _UnreadableError(f"{of}; this one reads {_VERSION}")


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCase:
    """A case that failed, with reasons and levels by the rules that it failed."""

    id: str
    reasons: dict[RuleId, str] = field(default_factory=dict)
    levels: dict[RuleId, Level] = field(default_factory=dict)
    request: Request | None = None  # None where the report holds only a part of it
    found: Case | None = None  # the case itself, where explore made it
    unfit: str = ""  # why it cannot be made again, if so

    @property
    def level(self) -> Level:
        """The strongest of its levels."""
        return min(self.levels.values(), key=lambda each: each.rank)

    def gating(self, level: Level) -> dict[RuleId, str]:
        """Return why it failed at a level."""
        reasons = self.reasons.items()
        return {rule: why for rule, why in reasons if self.levels[rule].gates(level)}


def read_report(path: Path) -> Report:
    """Read a report to fire its failing cases again, or raise a UsageError."""
    try:
        return _read(path, replayed=True)
    except _UnreadableError as trouble:
        raise UsageError(
            f"{path} cannot be replayed: it {trouble}",
            hint="give what `ringspec run --report json=PATH` wrote",
        ) from trouble


def failed_cases(report: Report | None, lead: str = "") -> dict[str, FailedCase]:
    """Return the cases that failed, by their ids, in order of the report, if any.

    Of a run of several operations `lead` takes those of one, with its own ids.
    """
    failed: dict[str, FailedCase] = {}
    for rule in report["rules"] if report else ():
        id_ = RuleId(rule["id"].removeprefix(lead))
        for each in rule["failures"] if rule["id"].startswith(lead) else ():
            name = each["case"].removeprefix(lead)
            found = failed.setdefault(name, _failed(each, name, lead))
            found.reasons[id_] = each["reason"]
            found.levels[id_] = Level(each["level"])
    return failed


def _failed(entry: Report, name: str, lead: str) -> FailedCase:
    request = entry["request"]
    if entry.get("phase") != Phase.EXPLORE:
        explored = name.startswith(f"{Phase.EXPLORE}/")
        return FailedCase(
            id=name,
            request=None if request.get("truncated") else parse_request(request),
            unfit="the report is of an earlier version" if explored else "",
        )
    steps = (each["request"] for each in entry.get("steps", ()))
    if any(each.get("truncated") for each in (request, *steps)):
        size = counted(int(request.get("size", 0)), "byte")
        unfit = f"the report holds only a part of its body of {size}"
        return FailedCase(id=name, unfit=unfit)
    return FailedCase(id=name, found=unled(replace(_case(entry), twin=None), lead))


def record_of(report: Report) -> Record:
    """Return the report of a whole run as its record, the conclusion drawn anew.

    It has only the exchanges that failed; `learnt` says whether any answer counted.
    """
    level = Level(report["level"])
    rules = tuple(map(_rule, report["rules"]))
    counts = Counts.of(rules, **members(report["counts"], "cases", "requests"))
    stale = tuple(_reader(Stale)({**it, "known": it}) for it in report["stale"])
    run, judged = report.get("run", {}), dict[str, list[Finding]]()
    # What the conclusion hangs on beside the rules.
    terms: dict[str, Any] = {
        "stale": stale,
        "fail_untested": report.get("fail_untested", False),
        "narrowed": tuple((report.get("part") or {}).get("by", ())),
    }
    for each in (failure for rule in rules for failure in rule.failures):
        judged.setdefault(each.case.id, []).append(each)
    return Record(
        started=Started(
            contract=_reader(ContractName)({"operation": "", **report["contract"]}),
            level=level,
            total=counts.cases,
            made=_reader(Made)(run),
            **members(report, "target", "seed"),
        ),
        judged=tuple(
            Judged(case=it[0].case, exchange=it[0].exchange, findings=tuple(it))
            for it in judged.values()
        ),
        notices=tuple(report["notices"]),
        result=Result(
            conclusion=conclude(rules, executed=counts.cases > 0, **terms),
            level=level,
            rules=rules,
            counts=counts,
            ended=run.get("ended", ""),
            operations=tuple(
                map(_reader(OperationResult), report.get("operations", ()))
            ),
            **terms,
            **members(report, "duration_s", "message", "hint", "learnt"),
        ),
    )


def members(entry: Report, *names: str) -> Report:
    """Return some members of an object."""
    return {name: entry[name] for name in names}


@cache
def _reader(kind: type) -> Callable[[Report], Any]:
    """Return what makes a dataclass of those members of an object that it has."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import

    return TypeAdapter(kind).validate_python


def _rule(entry: Report) -> RuleResult:
    rule: Rule = _reader(Rule)(entry)
    twins: dict[str, Case] = {}
    return RuleResult(
        rule=rule,
        outcome=Outcome(entry["outcome"]),
        failures=tuple(_finding(rule, it, twins) for it in entry["failures"]),
        inconclusive=tuple(_finding(rule, it) for it in entry["inconclusive"]),
        known=tuple(map(_reader(Known), entry["known"])),
        otherwise=Outcome(entry["otherwise"]) if entry["excused"] else None,
        **members(entry, "cases", "why"),
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


def _finding(
    rule: Rule, entry: Report, twins: dict[str, Case] | None = None
) -> Finding:
    """Return a failure, or without twins an inconclusive finding: only its reason."""
    fails, twin = twins is not None, None
    if twins is not None and (named := entry["twin"]):
        name, sent = named["case"], named["request"]
        # Its body may stand only where it is first named.
        if name not in twins or not sent.get("truncated"):
            twins[name] = _accepted(name, rule, parse_request(sent))
        twin = twins[name]
    level = Level(entry["level"]) if fails else rule.level
    return Finding(
        rule=rule.id,
        verdict=Verdict.FAIL if fails else Verdict.INCONCLUSIVE,
        reason=entry["reason"],
        level=level,
        gate=level,
        case=_case(entry) if fails else _accepted(entry["case"], rule, _NOTHING),
        exchange=_exchange(entry) if fails else Exchange(url="", request=_NOTHING),
        twin=twin,
    )


def _case(entry: Report) -> Case:
    first = next(iter(entry.get("steps", ())), entry)
    return parse_case(
        {
            **entry,
            "id": entry["case"],
            "level": entry["case_level"],
            "request": first["request"],
            "twin": entry["twin"] and entry["twin"]["case"],
        }
    )


def _exchange(entry: Report) -> Exchange:
    """Return an exchange of a report, with the steps before it."""
    earlier = tuple(map(_exchange, entry.get("before", ())))
    sent = Exchange(
        url=entry["request"]["url"],
        request=parse_request(entry["request"]),
        played=Played(earlier=earlier) if earlier else None,
    )
    answer = entry["response"]
    if "error" in answer:
        trouble = Trouble(answer.get("trouble") or Trouble.DROPPED)
        return replace(sent, failure=Failure(trouble=trouble, message=answer["error"]))
    body = (
        base64.b64decode(answer["body_base64"])
        if "body_base64" in answer
        else answer["body"].encode("utf-8", "surrogatepass")
    )
    headers = tuple(answer["headers"].items())
    response = Response(status=answer["status"], headers=headers, body=body)
    return replace(sent, response=response)
