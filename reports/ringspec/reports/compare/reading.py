"""Reading reports that are to be compared: JSON, as report.schema.json describes it.

In: paths. Out: columns, each with a label of its own. A report may come from anybody:
it is taken for data, and held to its schema before anything is read from it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from ringspec.reports.compare.model import (
    Column,
    Comparison,
    Entry,
    Mark,
    Providers,
    Runs,
)
from ringspec.reports.json_report import FORMAT, SCHEMA
from ringspec.reports.text import shown
from ringspec.spec import Json, Level, UsageError

_KIND = FORMAT.partition("/")[0]
_LABEL = 24
_SELF = ("localhost", "127.", "[::1]", "::1")


def compared(paths: Sequence[Path], mode: str = "") -> Comparison:
    """Read reports, and set them side by side.

    Args:
        paths: of two reports at least.
        mode: `runs`, `providers`, or empty to choose: two reports of one target are
            two runs of it.

    Raises:
        UsageError: reports that cannot be read, each named with the reason; or too few
            or too many of them.
    """
    if len(paths) < 2:
        raise UsageError("nothing to compare", hint="give two reports at least")
    reports = read_reports(paths)
    level = min((Level(it["level"]) for it in reports), key=lambda it: it.rank)
    pairs = zip(paths, reports, strict=True)
    columns = _labelled([_column(path, it, level) for path, it in pairs])
    same = len(columns) == 2 and columns[0].target == columns[1].target
    if mode == "runs" and len(columns) != 2:
        raise UsageError(
            f"--runs compares two reports, not {len(columns)}",
            hint="give the earlier one, then the later one",
        )
    if mode == "runs" or (same and not mode):
        return Runs(columns=columns, level=level)
    return Providers(columns=columns, level=level)


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


def _column(path: Path, report: dict[str, Any], level: Level) -> Column:
    contract = report["contract"]
    entries = [_entry(each, level) for each in report["rules"]]
    return Column(
        path=str(path),
        label=path.stem,
        target=report["target"],
        conclusion=report["conclusion"],
        level=Level(report["level"]),
        seed=report["seed"],
        title=contract["title"],
        version=contract["version"],
        sha256=contract["sha256"],
        dialect=contract["dialect"] or "",
        interrupted=report.get("interrupted", False),
        entries={each.id: each for each in entries},
    )


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


def _entry(rule: dict[str, Any], level: Level) -> Entry:
    gating = {
        each["case"]: each["reason"]
        for each in rule["failures"]
        if Level(each["level"]).gates(level)
    }
    known = (it["case"] for it in rule["failures"] if it.get("known", False))
    first = next(iter(rule["inconclusive"]), {"reason": rule["why"]})
    return Entry(
        id=rule["id"],
        level=Level(rule["level"]),
        evidence=rule["evidence"],
        sentence=rule["sentence"],
        source=rule["source"],
        mark=_mark(rule, failing=bool(gating)),
        failing=gating,
        known=frozenset(known) & gating.keys(),
        why=next(iter(gating.values()), first["reason"]),
    )


def _mark(rule: dict[str, Any], *, failing: bool) -> Mark:
    told = Mark(rule["outcome"])
    if told is Mark.FAIL and rule.get("excused", False):
        told = Mark.KNOWN
    if told in {Mark.FAIL, Mark.KNOWN, Mark.PASS} and not failing:
        # What fails, fails below the level that all are compared at.
        return Mark.WARN if rule["failures"] else Mark.PASS
    return told


def _labelled(columns: list[Column]) -> tuple[Column, ...]:
    """Give each column a label: of its target if that tells them, else of its file."""
    ways: list[Callable[[Column], str]] = [
        lambda it: it.label,
        lambda it: "/".join(Path(it.path).with_suffix("").parts[-2:]),
    ]
    if not any(_host(each).startswith(_SELF) for each in columns):
        ways = [_host, _address, *ways]
    for way in ways:
        labels = [_short(way(each)) for each in columns]
        if all(labels) and len(set(labels)) == len(labels):
            break
    else:
        labels = _numbered([_short(ways[-2](each)) for each in columns])
    pairs = zip(columns, labels, strict=True)
    return tuple(replace(column, label=label) for column, label in pairs)


def _host(column: Column) -> str:
    try:
        return urlsplit(column.target).netloc
    except ValueError:
        return ""


def _address(column: Column) -> str:
    return column.target.partition("://")[2].rstrip("/")


def _short(text: str) -> str:
    """Cut a label in its middle: the ends tell more."""
    text = shown(text, 300)
    if len(text) <= _LABEL:
        return text
    half = (_LABEL - 1) // 2
    return f"{text[:half]}…{text[-(_LABEL - 1 - half) :]}"


def _numbered(labels: list[str]) -> list[str]:
    total, seen = Counter(labels), Counter[str]()
    numbered: list[str] = []
    for label in labels:
        seen[label] += 1
        numbered.append(f"{label}#{seen[label]}" if total[label] > 1 else label)
    return numbered
