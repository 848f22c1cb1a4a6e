"""Joining: the reports of all parts of a list made one, as if nothing had been divided.

In: reports in the order of their parts. Out: a report of the whole, of the same form. A
failure in any part is one of the whole; a rule that stays open in one part stays open;
skipped or not applicable is only what is so in all parts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from ringspec.harness import EXPIRED, GONE, Ended, Notice, Outcome, Standing
from ringspec.reports.files import (
    FORMATS,
    Record,
    Reporter,
    check,
    rendered,
    write_data,
)
from ringspec.reports.json_report import FORMAT, written
from ringspec.reports.printable import counted, shown
from ringspec.reports.report_reader import Report, read_reports, record_of
from ringspec.spec import Json, Level, UsageError

# What one part says of a rule beats what comes after it.
_ORDER = (
    Outcome.FAIL,
    Outcome.INCONCLUSIVE,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
    Outcome.SKIPPED,
)
_STALE = "take out of the known failures what is stale, or mend it"


def joined(parts: Sequence[Report]) -> Report:
    """Return the report of the whole, its conclusion still to be drawn."""
    first = parts[0]
    targets = [str(each["target"]) for each in parts]
    stale = list(_stale(parts))
    rules = [_rule(parts, number) for number in range(len(first["rules"]))]
    return {
        "format": FORMAT,
        "conclusion": "",
        "level": first["level"],
        "seed": first["seed"],
        # They run beside each other.
        "duration_s": max(each["duration_s"] for each in parts),
        "target": first["target"],
        "merged": {
            "of": len(parts),
            "targets": targets,
            "spent_s": round(sum(each["duration_s"] for each in parts), 3),
        },
        "contract": first["contract"],
        "counts": {
            "rules": len(rules),
            "cases": sum(_own_cases(each) for each in parts),
            "requests": sum(each["counts"]["requests"] for each in parts),
        },
        "message": _told(parts, "message"),
        "hint": _hint(parts) or (_STALE if stale else ""),
        "interrupted": False,
        "notices": list(_notices(parts, targets)),
        "stale": stale,
        "rules": rules,
    }


def _own_cases(part: Report) -> int:
    return int(part["counts"]["cases"]) - len(part["shard"]["lent"])


def _told(parts: Sequence[Report], member: str) -> str:
    """Write what all parts say once, and else who says it."""
    said = [str(each[member]) for each in parts]
    if len(set(said)) == 1:
        return said[0]
    told = (f"part {number}: {text}" for number, text in enumerate(said, 1) if text)
    return "; ".join(told)


def _hint(parts: Sequence[Report]) -> str:
    return "; ".join(dict.fromkeys(str(it["hint"]) for it in parts if it["hint"]))


def _notices(parts: Sequence[Report], targets: Sequence[str]) -> Iterator[str]:
    if len(set(targets)) > 1:
        listed = (f"{url} ({part})" for part, url in enumerate(targets, 1))
        yield f"the parts went to several URLs: {', '.join(listed)}"
    yield from dict.fromkeys(
        str(text) for each in parts for text in each.get("notices", ())
    )


def _rule(parts: Sequence[Report], number: int) -> dict[str, Json]:
    """Join what all parts say of one rule."""
    said = [each["rules"][number] for each in parts]
    first = said[0]
    level = Level(parts[0]["level"])
    outcomes = [_outcome(each, level) for each in said]
    outcome = min(outcomes, key=_ORDER.index)
    deciding = [it for it, out in zip(said, outcomes, strict=True) if out == outcome]
    fails = outcome is Outcome.FAIL
    excused = fails and all(_is_excused(each, level) for each in deciding)
    joined = {
        **{name: first[name] for name in _DESCRIBED if name in first},
        "outcome": str(outcome),
        "cases": sum(each["cases"] for each in said) - _lent(parts, first["id"]),
        "known": _by_id(known for each in said for known in each["known"]),
        "excused": excused,
        "failures": _in_order(parts, number, "failures"),
        "inconclusive": _in_order(parts, number, "inconclusive"),
        "why": next((it["why"] for it in deciding if it["why"]), ""),
    }
    if excused:
        left = (Outcome(each.get("otherwise", each["outcome"])) for each in said)
        settled = (it for it in left if it is not Outcome.FAIL)
        joined["otherwise"] = str(min(settled, key=_ORDER.index, default=Outcome.PASS))
    return joined


_DESCRIBED = ("id", "level", "evidence", "sentence", "source", "places")


def _outcome(rule: Report, level: Level) -> Outcome:
    """Return what a part says of a rule, even if only what was lent to it tells."""
    told = Outcome(rule["outcome"])
    return Outcome.FAIL if told is Outcome.SKIPPED and _gating(rule, level) else told


def _is_excused(rule: Report, level: Level) -> bool:
    if rule["outcome"] == Outcome.FAIL:
        return bool(rule["excused"])
    return all(each["known"] for each in _gating(rule, level))


def _gating(rule: Report, level: Level) -> list[Report]:
    return [it for it in rule["failures"] if Level(it["level"]).gates(level)]


def _lent(parts: Iterable[Report], rule: str) -> int:
    """Count how often parts judged a rule by what belongs to another part."""
    lent = (rules for each in parts for rules in each["shard"]["lent"].values())
    return sum(rules.count(rule) for rules in lent)


def _in_order(parts: Sequence[Report], number: int, member: str) -> list[Json]:
    """Return what stands under a rule, each case once, as a whole run comes to it."""
    found: dict[str, Json] = {}
    places: dict[str, int] = {}
    for part in parts:
        places |= part["shard"]["places"]
        for each in part["rules"][number][member]:
            found.setdefault(each["case"], each)
    # What is explored has no place, and comes last.
    last = max(places.values(), default=0) + 1
    return sorted(found.values(), key=lambda it: places.get(it["case"], last))


def _by_id(known: Iterable[Report]) -> list[Json]:
    return list({each["id"]: each for each in known}.values())


def _stale(parts: Sequence[Report]) -> Iterator[dict[str, Json]]:
    """Yield the known failures that no part has a use for, or whose day is over."""
    told = {
        each["id"]: str(each["why"]) for part in parts for each in part.get("stale", ())
    }
    for number, entry in enumerate(parts[0]["shard"]["known"]):
        standings = {it["shard"]["known"][number]["standing"] for it in parts}
        why = told.get(entry["id"], "")
        if Standing.WRONG not in standings:
            why = ", and ".join(_whys(entry, why, standings))
        if why:
            known: dict[str, Any] = dict(entry)
            del known["standing"]
            yield {**known, "why": why}


def _whys(entry: Report, told: str, standings: set[str]) -> Iterator[str]:
    expired = f"{EXPIRED} {entry['expires']}"
    if told.startswith(expired):
        yield expired
    if Standing.PASSED in standings and Standing.HELD not in standings:
        yield GONE


Named: TypeAlias = tuple[Path, Report]

_SHORT = 12
_MISSING = 10


def ordered(named: Sequence[Named], *, one_deployment: bool = False) -> list[Report]:
    """Return reports in the order of their parts.

    Args:
        named: reports that were held to their schema.
        one_deployment: whether parts that went to several URLs are of one target.

    Raises:
        UsageError: they are not the parts of one whole.
    """
    troubles = [trouble for each in named for trouble in _unfit(*each)]
    if not troubles:
        troubles = [*_numbering(named), *_differences(named, one_deployment)]
    if troubles:
        raise UsageError(
            "\nringspec: ".join(troubles),
            hint="give what each `ringspec run --shard I/N --report json=PATH` wrote,"
            " with the same options but for I",
        )
    return [report for _, report in sorted(named, key=lambda it: _part(it[1]))]


def _unfit(path: Path, report: Report) -> Iterator[str]:
    """Say why a report can be no part of anything."""
    name = shown(str(path), 300)
    if report.get("judged") == "clients":
        yield f"{name} is of clients, whose requests nobody divides"
    elif "merged" in report:
        yield f"{name} is of a whole: its parts are joined already"
    elif "shard" not in report:
        yield f"{name} is of a run that was not divided by --shard"
    elif _part(report) > report["shard"]["of"]:
        yield f"{name} says it is part {_part(report)} of {report['shard']['of']}"
    elif report.get("interrupted", False):
        yield f"{name} was interrupted: run part {_part(report)} again"


def _part(report: Report) -> int:
    return int(report["shard"]["part"])


def _numbering(named: Sequence[Named]) -> Iterator[str]:
    """Say which parts are there twice, and which are not."""
    wholes = {int(report["shard"]["of"]) for _, report in named}
    if len(wholes) > 1:
        yield _listed("the number of parts", named, lambda it: str(it["shard"]["of"]))
        return
    seen = Counter(_part(report) for _, report in named)
    for part, times in sorted(seen.items()):
        if times > 1:
            paths = [str(path) for path, it in named if _part(it) == part]
            yield f"part {part} is there {times} times: {', '.join(paths)}"
    whole = wholes.pop()
    missing = [part for part in range(1, whole + 1) if part not in seen]
    if missing:
        more = f" and {len(missing) - _MISSING} more" if missing[_MISSING:] else ""
        parts = "part" if len(missing) == 1 else "parts"
        listed = ", ".join(map(str, missing[:_MISSING]))
        yield f"{parts} {listed}{more} of {whole} missing"


def _known(report: Report) -> str:
    entries = [
        {name: value for name, value in each.items() if name != "standing"}
        for each in report["shard"]["known"]
    ]
    return shown(json.dumps([each["id"] for each in entries]), 120) if entries else "no"


# What has to be the same in all parts: in words, and how it is read and shown.
_ALIKE: tuple[tuple[str, Callable[[Report], str]], ...] = (
    ("the API", lambda it: f"{it['contract']['title']} {it['contract']['version']}"),
    ("the contract's digest", lambda it: it["contract"]["sha256"][:_SHORT]),
    ("the operation", lambda it: it["contract"].get("operation") or "none"),
    ("the dialect", lambda it: it["contract"]["dialect"] or "none"),
    ("the level", lambda it: str(it["level"])),
    ("the seed", lambda it: str(it["seed"])),
    ("the list of cases", lambda it: it["shard"]["list"][:_SHORT]),
    ("the phases", lambda it: ",".join(it["shard"]["phases"])),
    ("--select", lambda it: " ".join(it["shard"]["select"]) or "none"),
    ("--exclude", lambda it: " ".join(it["shard"]["exclude"]) or "none"),
    ("--quick", lambda it: "yes" if it["shard"]["quick"] else "no"),
    ("the known failures", _known),
    ("the rules", lambda it: counted(len(it["rules"]), "rule")),
)


def _rules(report: Report) -> list[str]:
    return [str(each["id"]) for each in report["rules"]]


def _differences(named: Sequence[Named], one_deployment: bool) -> Iterator[str]:  # noqa: FBT001 - handed on
    for what, read in _ALIKE:
        if len({read(report) for _, report in named}) > 1:
            yield _listed(what, named, read)
    if len({tuple(_rules(report)) for _, report in named}) > 1:
        yield "the parts do not judge the same rules: were they run by one version?"
    if not one_deployment and len({report["target"] for _, report in named}) > 1:
        told = _listed("the target", named, lambda it: shown(it["target"], 200))
        yield f"{told}; if these are of one deployment, say --one-deployment"


def _listed(what: str, named: Sequence[Named], read: Callable[[Report], str]) -> str:
    """Write each value with the reports that have it."""
    holders: dict[str, list[str]] = {}
    for path, report in named:
        holders.setdefault(read(report), []).append(shown(str(path), 100))
    told = (f"{shown(value, 120)} ({', '.join(it)})" for value, it in holders.items())
    return f"the parts differ in {what}: {'; '.join(told)}"


# These tell of every exchange, and reports of parts hold those that failed.
_ALL = {"har": "every exchange", "ndjson": "every event"}
MERGED_FORMATS = tuple(name for name in FORMATS if name not in _ALL)


@dataclass(frozen=True)
class MergedReport:
    """The report of a whole, and the record that other formats are made of."""

    report: Report
    record: Record

    @property
    def exit_code(self) -> int:
        """The status that a run of the whole would have ended with."""
        return self.record.result.exit_code

    def render(self, name: str) -> bytes:
        """Return the whole in a format that there is for it."""
        make: Callable[[], bytes] = partial(rendered, name, self.record)
        return written(self.report) if name == "json" else make()

    def write(self, name: str, path: Path) -> None:
        """Write the whole in a format to a path.

        Raises:
            ReportError: the path cannot be written.
        """
        write_data(name, path, self.render(name))


def merge_reports(
    paths: Sequence[Path], *, one_deployment: bool = False
) -> MergedReport:
    """Read the reports of all parts of a list, and join them.

    Args:
        paths: of JSON reports, in any order.
        one_deployment: whether parts that went to several URLs are of one target.

    Raises:
        UsageError: some cannot be read, or they are not the parts of one whole.
    """
    if not paths:
        raise UsageError("nothing to join", hint="give the report of every part")
    named = list(zip(paths, read_reports(paths), strict=True))
    parts = ordered(named, one_deployment=one_deployment)
    report = joined(parts)
    learnt = any(each["shard"]["learnt"] for each in parts)
    record = record_of({**report, "learnt": learnt})
    return MergedReport({**report, "conclusion": str(record.result.conclusion)}, record)


def send_events(record: Record, reporter: Reporter) -> None:
    """Tell of a run that is over, without its beginning: as its last lines."""
    for notice in record.notices:
        reporter.handle(Notice(message=notice))
    for judged in record.judged:
        reporter.handle(judged)
    reporter.handle(Ended(result=record.result))


def check_merged(name: str, path: Path) -> None:
    """Find out beforehand whether a whole can be written in a format.

    Raises:
        UsageError: there is no such format, or none for a whole.
        ReportError: the path does not look writable.
    """
    if name in _ALL:
        raise UsageError(
            f"a whole cannot be written as {name}, which tells of {_ALL[name]}",
            hint="the reports of parts hold only what failed: write it for each part",
        )
    check(path, name)
