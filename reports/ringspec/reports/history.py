"""Histories: the runs of several providers by days, and what changed between them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from ringspec.reports.comparison import (
    COMPARISON_FORMATS,
    LETTERS,
    LOCAL,
    UNJUDGED,
    Comparison,
    RuleMark,
    changes_json,
    comparison_of,
    mark_of,
    short_label,
)
from ringspec.reports.console import Color, console, print_template
from ringspec.reports.printable import by_value, counted, json_page, listed
from ringspec.reports.report_reader import (
    Report,
    members,
    read_reports,
    readable_reports,
)
from ringspec.spec import Level, UsageError

_UNDATED = "no date"
# Names of folders that tell of days or runs, not of providers.
_OF_RUNS = re.compile(r"(?i).*\d{4}-?\d\d-?\d\d.*|(run|build|job|shard)?[\W_]*\d+")


class Cell(NamedTuple):
    """A verdict in words, in short, and as the mark that it looks like."""

    words: str = ""
    short: str = ""
    mark: RuleMark = RuleMark.ABSENT


@dataclass(frozen=True, kw_only=True)
class HistoryRun:
    """A report, and when its run began; None where it does not say."""

    path: str
    report: Report
    began: datetime | None

    @property
    def day(self) -> str:
        """The day on which it began, in UTC."""
        return f"{self.began:%Y-%m-%d}" if self.began else _UNDATED

    @cached_property
    def marks(self) -> dict[str, RuleMark]:
        """The outcomes of its rules at its level."""
        level = Level(self.report["level"])
        return {it["id"]: mark_of(it, level) for it in self.report["rules"]}

    @property
    def fails(self) -> list[str]:
        """The rules that make it nonconformant."""
        return [it for it, mark in self.marks.items() if mark is RuleMark.FAIL]

    def judged(self, rule: str) -> bool:
        """Return whether it says something of a rule."""
        return self.marks.get(rule, RuleMark.ABSENT) not in UNJUDGED

    def is_like(self, other: HistoryRun) -> bool:
        """Return whether both were judged at one level, by one contract."""
        mine, its = (
            (it["level"], it["contract"]["sha256"])
            for it in (self.report, other.report)
        )
        return mine == its

    def cell(self, runs: int = 1) -> Cell:
        """Return the verdict, as that of the last of some runs."""
        counts = Counter(self.marks.values())
        word = self.report["conclusion"].removesuffix(" in part")
        mark = {"conformant": RuleMark.PASS, "nonconformant": RuleMark.FAIL}.get(
            word, RuleMark.INCONCLUSIVE
        )
        told = [self.report.get(it) for it in ("part", "shard", "interrupted")]
        said = [(word, LETTERS[mark])]
        if mark is RuleMark.PASS and any((*told, counts[RuleMark.SKIPPED])):
            mark, said = RuleMark.WARN, [("in part", "~")]
        elif mark is not RuleMark.PASS and counts[mark]:
            said.append((f" {counts[mark]}", str(counts[mark])))
        if known := counts[RuleMark.KNOWN]:
            said.append((f", {known} known", f"k{known}"))
        if runs > 1:
            said.append((f" ({runs} runs)", f"/{runs}"))
        words, short = map("".join, zip(*said, strict=True))
        return Cell(words, short, mark)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A server with its runs, in order of time; those without a date apart."""

    name: str
    dated: tuple[HistoryRun, ...]
    undated: tuple[HistoryRun, ...]

    @property
    def latest(self) -> HistoryRun:
        """The last run."""
        return (self.dated or self.undated)[-1]

    @cached_property
    def steps(self) -> list[Comparison]:
        """Each run compared with the one before it."""
        return list(_steps(self.dated))

    def cell(self, day: str) -> Cell:
        """Return the verdict of the last run of a day; a star: by other terms."""
        found = [it for it in (*self.undated, *self.dated) if it.day == day]
        # Nobody knows which of those without a date is the last.
        if day == _UNDATED and len({it.cell() for it in found}) > 1:
            return Cell(f"{len(found)} that differ", "?", RuleMark.INCONCLUSIVE)
        if not found:
            return Cell()
        words, short, mark = found[-1].cell(len(found))
        star = "" if found[-1].is_like(self.latest) else " *"
        return Cell(words + star, short + star, mark)


@dataclass(frozen=True, kw_only=True)
class History:
    """The providers by name, what names them, and what makes them hard to compare."""

    providers: tuple[Provider, ...]
    named_by: str
    remarks: tuple[str, ...]

    @cached_property
    def days(self) -> list[str]:
        """The days with a run; first what has no date."""
        days = sorted({run.day for it in self.providers for run in it.dated})
        return [_UNDATED] * any(it.undated for it in self.providers) + days

    @property
    def exit_code(self) -> int:
        """That of the last steps: 1 if a rule got worse, else 3 if one is open now."""
        codes = {it.steps[-1].exit_code for it in self.providers if it.steps}
        return next((code for code in (1, 3) if code in codes), 0)


def _steps(runs: Sequence[HistoryRun]) -> Iterator[Comparison]:
    """Compare each run with the one before it.

    A rule that had no turn there is compared with the last run of that level and
    contract in which it had: a run of a part hides no regression.
    """
    days = Counter(it.day for it in runs)
    labels = [it.day if days[it.day] == 1 else f"{it.began:%F %T}" for it in runs]
    rules = [{it["id"]: it for it in run.report["rules"]} for run in runs]
    last: dict[str, int] = {}
    for number, (earlier, later) in enumerate(pairwise(runs)):
        missed = {
            rule: since
            for rule, since in last.items()
            if later.judged(rule) and not earlier.judged(rule)
            if runs[since].is_like(later)
        }
        last |= {rule: number for rule in rules[number] if earlier.judged(rule)}
        before = rules[number] | {it: rules[since][it] for it, since in missed.items()}
        report = {**earlier.report, "rules": [*before.values()]}
        turns = Counter(labels[since] for since in missed.values())
        yield comparison_of(
            (
                (earlier.path, labels[number], report),
                (later.path, labels[number + 1], later.report),
            ),
            "runs",
            tuple(
                f"{counted(size, 'rule')} compared with {label}, the last that judged"
                for label, size in turns.items()
            ),
        )


def read_history(paths: Sequence[Path]) -> History:
    """Read all reports in folders, and others.

    Raises:
        UsageError: a file that was named is no report, or there is none at all.
    """
    folders = [it for it in paths if it.is_dir()]
    files = [it for it in paths if it not in folders]
    found = [("", *it) for it in zip(files, read_reports(files), strict=True)]
    skipped: list[str] = []
    for folder in folders:
        inside = list(_files(folder, skipped))
        texts = [it for it in inside if it.suffix.lower() == ".json"]
        if others := [str(it) for it in inside if it not in texts]:
            skipped.append(f"{listed(others, 8)}: no JSON")
        for path in texts:
            read, unread = readable_reports([path])
            skipped += unread
            above = path.relative_to(folder).parts[:-1]
            home = folder.resolve().name if len(folders) > 1 else "".join(above[:1])
            found += [(home, path, _slim(report)) for _, report in read]
    clients = [path for _, path, it in found if it.get("judged") == "clients"]
    skipped += [f"{path}: is of clients, not of a server" for path in clients]
    remarks = [f"skipped: {each}" for each in skipped]
    found = [it for it in found if it[1] not in clients]
    if not found:
        raise UsageError(
            "\nringspec: ".join(("there is no report", *remarks)),
            hint="`ringspec run … --report json=PATH` writes one",
        )
    runs = [
        HistoryRun(path=str(path), report=report, began=_began(report))
        for _, path, report in found
    ]
    named_by, names = _names(runs, [home for home, *_ in found])
    rows: dict[str, list[HistoryRun]] = {}
    for name, run in sorted(
        zip(names, runs, strict=True), key=lambda it: (str(it[1].began), it[1].path)
    ):
        rows.setdefault(name, []).append(run)
    titles = [it.report["contract"]["title"] for it in runs]
    if len(set(titles)) > 1:
        remarks.insert(0, f"another contract: {by_value(titles, names)}")
    if undated := [it.path for it in runs if not it.began]:
        of = f"{counted(len(undated), 'report')} without a date, as earlier versions"
        remarks.append(f"{of} wrote them, compared with none: {listed(undated, 3)}")
    return History(
        providers=tuple(
            Provider(
                name=name,
                dated=tuple(it for it in rows[name] if it.began),
                undated=tuple(it for it in rows[name] if not it.began),
            )
            for name in sorted(rows)
        ),
        named_by=named_by,
        remarks=tuple(remarks),
    )


def _files(folder: Path, skipped: list[str]) -> Iterator[Path]:
    """Yield the files below a folder, but hidden ones; note what cannot be entered."""

    def note(error: OSError) -> None:
        skipped.append(f"{error.filename}: {error.strerror}")

    for home, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(it for it in folders if not it.startswith("."))
        # The other files of an evidence are no reports.
        is_evidence = {"manifest.json", "report.json"} <= {*names}
        wanted = ["report.json"] if is_evidence else sorted(names)
        inside = (Path(home, it) for it in wanted if not it.startswith("."))
        # A pipe would be waited for.
        yield from (it for it in inside if it.is_file())


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


def _names(runs: Sequence[HistoryRun], homes: Sequence[str]) -> tuple[str, list[str]]:
    """Say what names the providers, and name that of each run.

    Folders do unless the runs of a provider lie in several. A profile does where it
    stands for one target, all of whose runs have it; a target on this machine may have
    another port each time.
    """
    targets, keys = [], []
    for run in runs:
        url = re.split("[?#]", run.report["target"])[0].rstrip("/")
        targets.append(url.partition("://")[2] or url)
        profile = run.report.get("run", {}).get("profile", "")
        keys.append((profile, "" if targets[-1].startswith(LOCAL) else targets[-1]))
    profiles = Counter(profile for profile, _ in set(keys))
    places = Counter(place for _, place in set(keys) if place)
    names = [
        profile if profile and profiles[profile] == 1 and places[place] < 2 else target
        for (profile, place), target in zip(keys, targets, strict=True)
    ]
    spread = {it[:2] for it in zip(names, homes, keys, strict=True) if any(it[2])}
    apart = len({name for name, _ in spread}) == len(spread)
    several = len(set(homes)) > 1 or len({name for name, _ in spread}) < 2
    if all(homes) and several and apart and not any(map(_OF_RUNS.fullmatch, homes)):
        return "folder", list(homes)
    return "profile" if set(names).isdisjoint(targets) else "target", names


def print_history(
    found: History, stdout: TextIO, *, everything: bool = False, color: Color = "auto"
) -> None:
    """Print the last days that fit; everything: all changes, and all rules in them."""
    out = console(stdout, color)
    names = [short_label(it.name) for it in found.providers]
    label = max(map(len, names)) + 2
    cells = [[it.cell(day) for it in found.providers] for day in found.days]
    # In words; in short where these leave no room for all days.
    for field in (0, 1):
        heads = [it[5:] if field and it != _UNDATED else it for it in found.days]
        texts = (*heads, *(it[field] for column in cells for it in column))
        size = max(map(len, texts)) + 2
        fitting = max((out.width + 2 - label) // size, 1)
        if fitting >= len(heads):
            break
    print_template(
        out,
        "history.txt",
        found=found,
        first=found.days[-fitting:][0],
        left=max(len(heads) - fitting, 0),
        names=[it.ljust(label) for it in names],
        columns=list(zip(heads, cells, strict=True))[-fitting:],
        size=size,
        field=field,
        everything=everything,
        most=999 if everything else 6,
    )


def render_history(name: str, found: History, *, everything: bool) -> bytes:
    """Return a history in one of the formats of comparisons; JSON has everything."""
    if name == "json":
        return json_page(_data(found))
    from ringspec.reports.html_templates import filled  # noqa: PLC0415 - slow to import

    template, *styles = COMPARISON_FORMATS[name]
    template = template.replace("compare", "history")
    most = 999 if everything else 12
    return filled(template, styles=tuple(styles), found=found, most=most)


def _data(found: History) -> dict[str, Any]:
    told = ("target", "conclusion", "level", "seed", "contract")
    return {
        "format": "ringspec-history/1",
        "exit_code": found.exit_code,
        "named_by": found.named_by,
        "remarks": list(found.remarks),
        "days": found.days,
        "providers": [
            {
                "name": it.name,
                "runs": [
                    {
                        "path": run.path,
                        "day": run.day,
                        "verdict": run.cell().words,
                        **members(run.report, *told),
                        "run": run.report.get("run", {}),
                        "fails": run.fails,
                    }
                    for run in (*it.undated, *it.dated)
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
            for it in found.providers
        ],
    }
