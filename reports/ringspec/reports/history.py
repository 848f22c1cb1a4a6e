"""Histories: the runs of several providers by days, and what changed between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from ringspec.reports.comparison import (
    LOCAL,
    UNJUDGED,
    Column,
    Compared,
    Comparison,
    RuleMark,
    changes_json,
    comparison_of,
)
from ringspec.reports.printable import counted
from ringspec.reports.report_reader import Report, members, read_reports
from ringspec.spec import Level, UsageError

# A verdict in words, and the mark that it looks like.
Cell: TypeAlias = tuple[str, RuleMark]

# Names of folders that tell of days or runs, not of providers.
_OF_RUNS = re.compile(r"(?i).*\d{4}-?\d\d-?\d\d.*|(run|build|job|shard)?[\W_]*\d+")
_MARKS = {
    "conformant": RuleMark.PASS,
    "conformant in part": RuleMark.WARN,
    "nonconformant": RuleMark.FAIL,
}


@dataclass(frozen=True, kw_only=True)
class HistoryRun(Column):
    """A report at its own level, and when its run began."""

    began: datetime

    @property
    def day(self) -> str:
        """The day on which it began, in UTC."""
        return f"{self.began:%Y-%m-%d}"

    @property
    def terms(self) -> tuple[str, str]:
        """The level and the contract that it was judged by."""
        return self.report["level"], self.report["contract"]["sha256"]

    @property
    def fails(self) -> list[str]:
        """The rules that make it nonconformant."""
        return [it for it, mark in self.marks.items() if mark is RuleMark.FAIL]

    @property
    def is_whole(self) -> bool:
        """Whether it was to judge all rules, and did not end early."""
        return not any(self.report.get(it) for it in ("part", "shard", "interrupted"))

    @cached_property
    def judged(self) -> dict[str, Report]:
        """The rules that it says something of."""
        marks = self.marks
        return {it: self.rules[it] for it in marks if marks[it] not in UNJUDGED}

    def cell(self, runs: int = 1) -> Cell:
        """Return the verdict, as that of the last of some runs."""
        counts, words = Counter(self.marks.values()), self.report["conclusion"]
        mark = _MARKS.get(words, RuleMark.INCONCLUSIVE)
        if mark is RuleMark.WARN:
            words = "in part"
        elif mark is not RuleMark.PASS and counts[mark]:
            words += f" {counts[mark]}"
            if mark is RuleMark.FAIL and not self.is_whole:
                words = f"in part, {counts[mark]} fail"
        if known := counts[RuleMark.KNOWN]:
            words += f", {known} known"
        return f"{words} ({runs} runs)" if runs > 1 else words, mark


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A server with its runs, in order of time."""

    name: str
    runs: tuple[HistoryRun, ...]

    @cached_property
    def steps(self) -> list[Comparison]:
        """Each run compared with the one before it."""
        return list(_steps(self.runs))

    @property
    def latest(self) -> HistoryRun:
        """The last run of the whole, or the last of a part where no run was whole."""
        return _latest(self.runs)

    def cell(self, day: str) -> Cell:
        """Return the verdict of a day, by the same choice of a run."""
        found = [it for it in self.runs if it.day == day]
        return _latest(found).cell(len(found)) if found else ("", RuleMark.ABSENT)


def _latest(runs: Sequence[HistoryRun]) -> HistoryRun:
    return ([it for it in runs if it.is_whole] or runs)[-1]


@dataclass(frozen=True, kw_only=True)
class History(Compared):
    """The providers by name, and what makes them hard to compare."""

    templates = "history"
    providers: tuple[Provider, ...]
    remarks: tuple[str, ...]

    @cached_property
    def days(self) -> list[str]:
        """The days with a run."""
        return sorted({run.day for it in self.providers for run in it.runs})

    @property
    def exit_code(self) -> int:
        """That of the last steps: 1 if a rule got worse, else 3 if one is open now."""
        codes = {it.steps[-1].exit_code for it in self.providers if it.steps}
        return next((code for code in (1, 3) if code in codes), 0)

    def data(self) -> dict[str, Any]:
        """Return it as JSON."""
        told = ("target", "conclusion", "level", "seed", "contract", "run")
        return {
            "format": "ringspec-history/1",
            "exit_code": self.exit_code,
            "remarks": list(self.remarks),
            "days": self.days,
            "providers": [
                {
                    "name": it.name,
                    "runs": [
                        {
                            "path": run.path,
                            "day": run.day,
                            "verdict": run.cell()[0],
                            **members(run.report, *told),
                            "fails": run.fails,
                        }
                        for run in it.runs
                    ],
                    "steps": [
                        {
                            "from": step.columns[0].path,
                            "to": step.columns[1].path,
                            "exit_code": step.exit_code,
                            "remarks": step.remarks,
                            "changes": changes_json(step.changed),
                        }
                        for step in it.steps
                    ],
                }
                for it in self.providers
            ],
        }


def _steps(runs: Sequence[HistoryRun]) -> Iterator[Comparison]:
    """Compare each run with the one before it.

    A rule that had no turn there is compared with the last run by the same terms in
    which it had: a run of a part hides no regression.
    """
    days = Counter(it.day for it in runs)
    labels = [it.day if days[it.day] == 1 else f"{it.began:%F %T}" for it in runs]
    last: dict[tuple[str, str], dict[str, Report]] = {}
    for number, (earlier, later) in enumerate(pairwise(runs)):
        last.setdefault(earlier.terms, {}).update(earlier.judged)
        missed = {
            name: rule
            for name, rule in last.get(later.terms, {}).items()
            if name in later.judged and name not in earlier.judged
        }
        rules = earlier.rules | missed
        report = {**earlier.report, "rules": [*rules.values()]}
        note = f"{counted(len(missed), 'rule')} compared with an earlier run"
        yield comparison_of(
            (
                (earlier.path, labels[number], report),
                (later.path, labels[number + 1], later.report),
            ),
            "runs",
            (f"{note}, the last that judged",) if missed else (),
        )


def read_history(paths: Sequence[Path]) -> History:
    """Read all reports in folders, and others.

    Raises:
        UsageError: a file that was named is no report, or there is none at all.
    """
    folders = [it for it in paths if it.is_dir()]
    files = [it for it in paths if it not in folders]
    read_reports(files)
    homes = dict.fromkeys(files, "")
    for folder in folders:
        for path in _reports_in(folder):
            above = path.relative_to(folder).parts[:-1]
            homes[path] = folder.resolve().name if folders[1:] else "".join(above[:1])
    remarks: list[str] = []
    rows: dict[str, list[HistoryRun]] = {}
    for path, home in homes.items():
        try:
            (report,) = read_reports([path])
        except UsageError as error:
            remarks.append(f"skipped: {error.message}")
            continue
        began = _began(report)
        if began is None or report.get("judged") == "clients":
            why = "does not say when it began" if not began else "is of clients"
            remarks.append(f"skipped: {path}: {why}")
            continue
        slim, level = _slim(report), Level(report["level"])
        run = HistoryRun(path=str(path), report=slim, level=level, began=began)
        rows.setdefault(_name(report, home), []).append(run)
    if not rows:
        raise UsageError(
            "\nringspec: ".join(("there is no report", *remarks)),
            hint="`ringspec run … --report json=PATH` writes one",
        )
    providers = (
        Provider(name=name, runs=tuple(sorted(rows[name], key=lambda it: it.began)))
        for name in sorted(rows)
    )
    return History(providers=tuple(providers), remarks=tuple(remarks))


def _reports_in(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that may be reports, but hidden ones."""
    for path in sorted(folder.rglob("*.json")):
        # The other files of an evidence are no reports.
        evidence = path.with_name("manifest.json"), path.with_name("report.json")
        other = path.name != "report.json" and all(it.exists() for it in evidence)
        hidden = any(it[0] == "." for it in path.relative_to(folder).parts)
        # A pipe would be waited for.
        if path.is_file() and not other and not hidden:
            yield path


def _slim(report: Report) -> Report:
    """Drop the exchanges: there may be hundreds of reports."""
    for rule in report["rules"]:
        for each in rule["failures"]:
            for name in each.keys() - {"case", "level", "reason", "known"}:
                del each[name]
    return report


def _began(report: Report) -> datetime | None:
    """Return when a run began, in UTC; None if it does not say."""
    try:
        moment = datetime.fromisoformat(report.get("run", {}).get("began", ""))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _name(report: Report, home: str) -> str:
    """Name the provider of a report in a folder.

    A target on this machine may have another port each time, and so goes by its
    profile.
    """
    if home and not _OF_RUNS.fullmatch(home):
        return home
    url = re.split("[?#]", report["target"])[0].rstrip("/")
    place = url.partition("://")[2] or url
    profile: str = report["run"].get("profile", "")
    return profile if profile and place.startswith(LOCAL) else place
