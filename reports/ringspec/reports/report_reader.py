"""A JSON report read back: what failed in it, so that it can be fired again.

In: a file. Out: what the run was, and its failing cases, each with the rules that it
failed. A case that stands in no list, since explore found it, is made again out of what
the report holds of it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema_rs

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
from ringspec.reports.files import Record
from ringspec.reports.json_report import FORMAT, SCHEMA
from ringspec.reports.printable import counted, shown
from ringspec.spec import Evidence, Json, Level, Rule, RuleId, UsageError
from ringspec.strategies import Case, Expect, Phase, Request, parse_request, parse_step

Report: TypeAlias = dict[str, Any]


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
        """How strongly the strongest of these binds."""
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
    """A run that was, as its report tells it.

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
    """Read a JSON report.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        written = json.loads(path.read_bytes())
    except OSError as error:
        raise _useless(path, f"it cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _useless(path, "it is no JSON") from error
    name = written.get("format") if isinstance(written, dict) else None
    if name != FORMAT:
        what = f"{shown(str(name), 60)}, " if name else ""
        raise _useless(path, f"it is {what}not {FORMAT}")
    if written.get("judged") == "clients":
        raise _useless(path, "it is of clients, which alone can send that again")
    try:
        return _past(written)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        why = shown(f"{type(error).__name__}: {error}", 200)
        raise _useless(path, f"it does not keep to {FORMAT}: {why}") from error


def _useless(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} cannot be replayed: {why}",
        hint="give what `ringspec run --report json=PATH` wrote",
    )


def _past(written: dict[str, Json]) -> PastRun:
    contract = written["contract"]
    failed: dict[str, FailedCase] = {}
    for rule in written["rules"]:
        for each in rule["failures"]:
            found = failed.setdefault(each["case"], _failed(each))
            found.reasons[RuleId(rule["id"])] = str(each["reason"])
            found.levels[RuleId(rule["id"])] = Level(each["level"])
    return PastRun(
        level=Level(written["level"]),
        seed=int(written["seed"]),
        target=str(written["target"]),
        title=str(contract["title"]),
        version=str(contract["version"]),
        sha256=str(contract["sha256"]),
        dialect=contract["dialect"],
        operation=contract.get("operation"),
        failed=failed,
    )


def _failed(written: dict[str, Json]) -> FailedCase:
    name = str(written["case"])
    request = written["request"]
    size = counted(int(request.get("size", 0)), "byte")
    unfit = f"the report holds only a part of its body of {size}"
    if written.get("phase") != Phase.EXPLORE:
        explored = name.startswith(f"{Phase.EXPLORE}/")
        return FailedCase(
            id=name,
            request=None if request.get("truncated") else parse_request(request),
            unfit="the report is of an earlier version" if explored else "",
        )
    cut = _cut(written)
    return FailedCase(
        id=name,
        unfit=unfit if cut else "",
        found=None if cut else _case(written),
    )


def _cut(written: dict[str, Json]) -> bool:
    requests = [written["request"], *(it["request"] for it in written.get("steps", []))]
    return any(each.get("truncated") for each in requests)


def _case(written: dict[str, Json]) -> Case:
    steps = tuple(map(parse_step, written.get("steps", [])))
    fault = written["fault"]
    broken = tuple(map(RuleId, written["broken"]))
    return Case(
        id=written["case"],
        rule=RuleId(written["rule"]),
        level=Level(written["case_level"]),
        expect=Expect(written["expect"]),
        status=tuple(written["status"]),
        request=steps[0].request if steps else parse_request(written["request"]),
        fault=tuple(fault) if isinstance(fault, list) else fault,
        broken=broken,
        coupled=len(broken) > 1,
        phase=Phase.EXPLORE,
        steps=steps,
    )


_KIND = FORMAT.partition("/")[0]


def read_reports(paths: Iterable[Path]) -> list[dict[str, Json]]:
    """Read reports, and hold them to their schema.

    Raises:
        UsageError: some cannot be read, each named with the reason.
    """
    reports: list[dict[str, Json]] = []
    troubles: list[str] = []
    for path in paths:
        try:
            reports.append(_report(path))
        except _UnreadableError as trouble:
            troubles.append(f"{shown(str(path), 300)}: {trouble}")
    if troubles:
        raise UsageError(
            "\nringspec: ".join(troubles),
            hint="`ringspec run … --report json=PATH` writes what can be compared",
        )
    return reports


class _UnreadableError(Exception):
    """Says why a report is none."""


def _report(path: Path) -> dict[str, Json]:
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise _UnreadableError(f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _UnreadableError("is no text in UTF-8, and so no report") from error
    data = _parsed(text)
    _check_format(data)
    _check_form(data)
    report: dict[str, Json] = data
    return report


def _parsed(text: str) -> Json:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise _UnreadableError("is empty") from error
        # Where a string breaks off, the error is told of its beginning.
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        if cut and text.lstrip().startswith("{"):
            raise _UnreadableError("is cut off: JSON that does not end") from error
        where = f"line {error.lineno}, column {error.colno}"
        raise _UnreadableError(f"is not JSON: {error.msg} at {where}") from error
    except (RecursionError, ValueError) as error:
        raise _UnreadableError("is JSON that no report is made of") from error


def _check_format(data: Json) -> None:
    told = data.get("format") if isinstance(data, dict) else None
    if told == FORMAT:
        return
    if not isinstance(told, str):
        raise _UnreadableError(f"is no report: it does not say {FORMAT!r}")
    kind, _, version = told.partition("/")
    if kind == _KIND:
        said = f"is of version {shown(version, 20)} of the format; this one reads"
        raise _UnreadableError(f"{said} {FORMAT.partition('/')[2]}")
    raise _UnreadableError(f"is of the format {shown(told, 60)!r}, not {FORMAT!r}")


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))


def _check_form(data: Json) -> None:
    try:
        error = next(iter(_schema().iter_errors(data)), None)
    except ValueError as trouble:  # a lone surrogate, or a number beyond all bounds
        raise _UnreadableError("is JSON that no report is made of") from trouble
    if error is not None:
        place = "".join(f"/{each}" for each in error.instance_path) or "as a whole"
        what = shown(error.message, 120)
        raise _UnreadableError(f"is no whole report: {shown(place, 80)}: {what}")


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


def record_of(report: Report) -> Record:
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
        case=_whole_case(entry, request),
        exchange=_exchange(entry, request),
        twin=twin,
    )


def _whole_case(entry: Report, request: Request) -> Case:
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
