"""Joins the reports of all parts of a list, as `run --shard` fires them, to one.

What fails or is open in any part is so in the whole; only what is so in all parts is
skipped or not applicable.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from math import inf
from pathlib import Path
from typing import TypeAlias

from ringspec.harness import (
    EXPIRED,
    GONE,
    Counts,
    OperationResult,
    Outcome,
    Result,
    Standing,
    conclude,
)
from ringspec.reports.files import FORMATS, Record, check, rendered
from ringspec.reports.json_report import (
    REPORT_FORMAT,
    operations_json,
    part_json,
    refused_json,
    report_bytes,
)
from ringspec.reports.printable import by_value, counted, listed, shown
from ringspec.reports.report_reader import Report, members, read_reports, record_of
from ringspec.spec import Json, Level, UsageError, leading

_Named: TypeAlias = tuple[Path, Report]

# These hold every exchange, and reports of parts only those that failed.
_ALL = dict.fromkeys(("har", "evidence"), "every exchange") | {"ndjson": "every event"}
MERGED_FORMATS = tuple(name for name in FORMATS if name not in _ALL)
# The outcome in one part beats those after it.
_ORDER = ("fail", "inconclusive", "untested", "pass", "not-applicable", "skipped")
_DESCRIBED = ("id", "operation", "level", "evidence", "sentence", "source", "places")
_STALE = "remove or update the stale known failures"
_DIGEST = 12


@dataclass(frozen=True)
class MergedReport:
    """The report of a whole, and the record that other formats are made of."""

    report: Report
    record: Record

    def render(self, name: str) -> bytes:
        """Return the whole in one of its formats."""
        if name == "json":
            return report_bytes(self.report)
        return rendered(name, self.record)


def merge_reports(
    paths: Sequence[Path], *, one_deployment: bool = False
) -> MergedReport:
    """Read the reports of all parts, and join them, or raise a UsageError."""
    if not paths:
        raise UsageError("nothing to join", hint="give the report of every part")
    named = list(zip(paths, read_reports(paths), strict=True))
    troubles = [
        f"{shown(str(path), 300)} {why}" for path, it in named if (why := _unfit(it))
    ]
    troubles = troubles or list(_troubles(named, one_deployment=one_deployment))
    if troubles:
        raise UsageError(
            "\nringspec: ".join(troubles),
            hint="give what each `ringspec run --shard I/N --report json=PATH` wrote,"
            " with the same options but for I",
        )
    parts = sorted((it for _, it in named), key=lambda it: it["shard"]["part"])
    report = _joined(parts)
    learnt = any(each["shard"]["learnt"] for each in parts)
    record = record_of({**report, "learnt": learnt})
    report["conclusion"] = str(record.result.conclusion)
    record = replace(record, result=_by_operation(record.result, parts))
    report |= {**operations_json(record.result), **refused_json(record.result)}
    report["counts"] = asdict(record.result.counts)
    report["part"] = part_json(record.result)
    return MergedReport(report, record)


def _by_operation(result: Result, parts: Sequence[Report]) -> Result:
    """Return the result of a whole with what was found about each operation."""
    ids = [each.id for each in result.operations]
    lent = Counter(leading(it, ids) for each in parts for it in each["shard"]["lent"])
    found = list[OperationResult]()
    for each in result.operations:
        rules = tuple(it for it in result.rules if it.rule.operation == each.id)
        own = [it for part in parts for it in part["operations"] if it["id"] == each.id]
        cases = sum(it["counts"]["cases"] for it in own) - lent[each.id]
        requests = sum(it["counts"]["requests"] for it in own)
        drawn = conclude(
            rules,
            executed=cases > 0,
            fail_untested=result.fail_untested,
            narrowed=result.narrowed,
        )
        counts = Counts.of(rules, cases=cases, requests=requests)
        found.append(replace(each, conclusion=drawn, counts=counts))
    return replace(result, operations=tuple(found))


def check_merged(name: str, path: Path) -> None:
    """Raise a UsageError or ReportError if a whole cannot be written in a format."""
    if name in _ALL:
        raise UsageError(
            f"a whole cannot be written as {name}, which tells of {_ALL[name]}",
            hint="the reports of parts hold only what failed: write it for each part",
        )
    check(name, path)


def _troubles(named: Sequence[_Named], *, one_deployment: bool) -> Iterator[str]:
    whole, *others = {int(report["shard"]["of"]) for _, report in named}
    paths: dict[int, list[str]] = {}
    for path, report in named if not others else ():
        paths.setdefault(report["shard"]["part"], []).append(str(path))
    for part, same in sorted(paths.items()):
        if len(same) > 1:
            yield f"part {part} is there {len(same)} times: {', '.join(same)}"
    missing = [str(part) for part in range(1, whole + 1) if part not in paths]
    if missing and not others:
        parts = "part" if len(missing) == 1 else "parts"
        yield f"{parts} {listed(missing, 10)} of {whole} missing"
    for what, read in _ALIKE.items():
        if len({read(report) for _, report in named}) > 1:
            yield _values(what, named, read)
    if len({tuple(rule["id"] for rule in it["rules"]) for _, it in named}) > 1:
        yield "the parts do not judge the same rules: were they run by one version?"
    if not one_deployment and len({it["target"] for _, it in named}) > 1:
        values = _values("the target", named, lambda it: it["target"])
        yield f"{values}; if these are of one deployment, say --one-deployment"


def _unfit(report: Report) -> str:
    """Return why a report can be no part of anything, as a predicate of its file."""
    if report.get("judged") == "clients":
        return "is of clients, whose requests are not divided"
    if "merged" in report:
        return "is of a whole: its parts are joined already"
    if "shard" not in report:
        return "is of a run that was not divided by --shard"
    part, of = report["shard"]["part"], report["shard"]["of"]
    if part > of:
        return f"says it is part {part} of {of}"
    interrupted = report.get("interrupted", False)
    return f"was interrupted: run part {part} again" if interrupted else ""


# The members that have to be the same in all parts, and how each is shown.
_ALIKE: dict[str, Callable[[Report], str]] = {
    "the number of parts": lambda it: str(it["shard"]["of"]),
    "the API": lambda it: f"{it['contract']['title']} {it['contract']['version']}",
    "the contract's digest": lambda it: it["contract"]["sha256"][:_DIGEST],
    "the operation": lambda it: it["contract"].get("operation") or "none",
    "the dialect": lambda it: it["contract"]["dialect"] or "none",
    "the level": lambda it: str(it["level"]),
    "the seed": lambda it: str(it["seed"]),
    "the list of cases": lambda it: it["shard"]["list"][:_DIGEST],
    "the phases": lambda it: ",".join(it["shard"]["phases"]),
    "--select": lambda it: " ".join(it["shard"]["select"]) or "none",
    "--exclude": lambda it: " ".join(it["shard"]["exclude"]) or "none",
    "--quick": lambda it: "yes" if it["shard"]["quick"] else "no",
    "--fail-untested": lambda it: "yes" if it.get("fail_untested") else "no",
    "the known failures": lambda it: (
        json.dumps([each["id"] for each in it["shard"]["known"]])
        if it["shard"]["known"]
        else "no"
    ),
    "the rules": lambda it: counted(len(it["rules"]), "rule"),
}


def _values(what: str, named: Sequence[_Named], read: Callable[[Report], str]) -> str:
    values = [shown(read(report), 120) for _, report in named]
    paths = [shown(str(path), 100) for path, _ in named]
    return f"the parts differ in {what}: {by_value(values, paths)}"


def _joined(parts: Sequence[Report]) -> Report:
    """Return the report of the whole, its conclusion still to be drawn."""
    first, shards = parts[0], [each["shard"] for each in parts]
    targets = [each["target"] for each in parts]
    by = (first.get("part") or {}).get("by", ())
    wide = [each for each in by if not each.startswith("--shard ")]
    notices = [text for each in parts for text in each.get("notices", ())]
    if len(set(targets)) > 1:
        numbered = (f"{url} ({part})" for part, url in enumerate(targets, 1))
        notices.insert(0, f"the parts went to several URLs: {', '.join(numbered)}")
    stale, runs = list(_stale(parts)), [each.get("run", {}) for each in parts]
    hints = dict.fromkeys(each["hint"] for each in parts if each["hint"])
    messages = [each["message"] for each in parts]
    numbered = (f"part {number}: {it}" for number, it in enumerate(messages, 1) if it)
    seconds = [each["duration_s"] for each in parts]
    spent_s = round(sum(seconds), 3)
    own_cases = (it["counts"]["cases"] - len(it["shard"]["lent"]) for it in parts)
    # The rules that parts judged by a case of another part.
    lent = Counter(chain(*(ids for each in shards for ids in each["lent"].values())))
    places = {case: it for shard in shards for case, it in shard["places"].items()}
    rules = [
        _rule(entries, Level(first["level"]), lent[entries[0]["id"]], places)
        for entries in zip(*(each["rules"] for each in parts), strict=True)
    ]
    return {
        "format": REPORT_FORMAT,
        "conclusion": "",
        "part": {"by": wide} if wide else None,
        **members(first, "level", "seed"),
        # They run beside each other.
        "duration_s": max(seconds),
        "target": first["target"],
        "merged": {"of": len(parts), "targets": targets, "spent_s": spent_s},
        "run": {
            **{name: it for name, it in runs[0].items() if name != "command"},
            "began": min(it.get("began", "") for it in runs),
            "ended": max(it.get("ended", "") for it in runs),
        },
        "contract": first["contract"],
        **({it: first[it] for it in ("operations",) if it in first}),
        "counts": {
            "cases": sum(own_cases),
            "requests": sum(each["counts"]["requests"] for each in parts),
        },
        "message": messages[0] if len(set(messages)) == 1 else "; ".join(numbered),
        "hint": "; ".join(hints) or (_STALE if stale else ""),
        "interrupted": False,
        "notices": list(dict.fromkeys(notices)),
        "stale": stale,
        **({"fail_untested": True} if first.get("fail_untested") else {}),
        "rules": rules,
    }


def _rule(
    entries: Sequence[Report], level: Level, lent: int, places: Mapping[str, int]
) -> dict[str, Json]:
    """Join one rule of all parts, `lent` times judged by a case of another part."""
    gating = [
        [it for it in entry["failures"] if Level(it["level"]).gates(level)]
        for entry in entries
    ]
    outcomes = [Outcome(each["outcome"]) for each in entries]
    # In a part that skips the rule, only a case lent to it may decide.
    outcomes = [
        Outcome.FAIL if fails and each is Outcome.SKIPPED else each
        for each, fails in zip(outcomes, gating, strict=True)
    ]
    outcome = min(outcomes, key=_ORDER.index)
    deciding = [number for number, each in enumerate(outcomes) if each is outcome]
    excused = outcome is Outcome.FAIL and all(
        it.get("known", False) for number in deciding for it in gating[number]
    )

    def in_order(member: str) -> list[Json]:
        once: dict[str, Json] = {}
        for each in (it for entry in entries for it in entry[member]):
            once.setdefault(each["case"], each)

        def place(it: Json) -> tuple[int, float]:
            rank = Level(it["level"]).rank if "level" in it else 0
            return rank, places.get(it["case"], inf)

        return sorted(once.values(), key=place)

    known = {it["id"]: it for entry in entries for it in entry["known"]}
    joined = {
        **{name: entries[0][name] for name in _DESCRIBED if name in entries[0]},
        "outcome": str(outcome),
        "cases": sum(each["cases"] for each in entries) - lent,
        "known": list(known.values()),
        "excused": excused,
        "failures": in_order("failures"),
        "inconclusive": in_order("inconclusive"),
        "why": next(filter(None, (entries[it]["why"] for it in deciding)), ""),
    }
    if excused:
        left = [Outcome(each.get("otherwise") or each["outcome"]) for each in entries]
        settled = (it for it in left if it is not Outcome.FAIL)
        joined["otherwise"] = str(min(settled, key=_ORDER.index, default=Outcome.PASS))
    return joined


def _stale(parts: Sequence[Report]) -> Iterator[dict[str, Json]]:
    """Yield the known failures that no part has a use for, or whose day is over."""
    whys = {it["id"]: str(it["why"]) for part in parts for it in part.get("stale", ())}
    for number, entry in enumerate(parts[0]["shard"]["known"]):
        standings = {it["shard"]["known"][number]["standing"] for it in parts}
        why = whys.get(entry["id"], "")
        if Standing.WRONG not in standings:
            expired = f"{EXPIRED} {entry['expires']}"
            gone = Standing.PASSED in standings and Standing.HELD not in standings
            reasons = [expired] if why.startswith(expired) else []
            why = ", and ".join(reasons + [GONE] * gone)
        if why:
            known = {name: it for name, it in entry.items() if name != "standing"}
            yield {**known, "why": why}
