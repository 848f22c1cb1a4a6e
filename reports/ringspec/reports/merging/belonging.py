"""Belonging: whether some reports are the parts of one whole, each there just once.

In: reports, each with its path. Out: the same in the order of their parts, or one error
that says all that keeps them apart.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ringspec.reports.text import counted, shown
from ringspec.spec import UsageError

Report: TypeAlias = dict[str, Any]
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
