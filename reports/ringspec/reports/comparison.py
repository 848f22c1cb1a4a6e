"""Comparisons: several providers side by side, or two runs of one target.

Rules are compared by id, and the cases that fail them by theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from ringspec.reports.printable import by_value, shown
from ringspec.reports.report_reader import Report, read_reports
from ringspec.spec import Level, UsageError

_LABEL = 24
_LOCAL = ("localhost", "127.", "[::1]", "::1")


class RuleMark(StrEnum):
    """The outcome of a rule in a report, worst first."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    KNOWN = "known"  # fails only by what is known beforehand
    WARN = "warn"  # fails below the level only
    PASS = "pass"  # noqa: S105 - no password
    NOT_APPLICABLE = "not-applicable"
    SKIPPED = "skipped"
    ABSENT = "absent"  # the report has no such rule


_FAILS = frozenset({RuleMark.FAIL, RuleMark.KNOWN})
_UNJUDGED = frozenset({RuleMark.NOT_APPLICABLE, RuleMark.SKIPPED, RuleMark.ABSENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """A rule in a report.

    Attributes:
        failing: ids of the cases that fail at the level, each with the reason.
        known: those of them that are known beforehand.
    """

    id: str
    level: Level
    sentence: str
    mark: RuleMark
    failing: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A report that is compared.

    Attributes:
        path: as it was given.
        label: short, and of this column alone.
    """

    path: str
    label: str
    report: Report
    entries: Mapping[str, RuleEntry]

    @property
    def title(self) -> str:
        """The API, with its version."""
        contract = self.report["contract"]
        return f"{contract['title']} {contract['version']}"

    @property
    def dialect(self) -> str:
        """The dialect of the API; empty for none."""
        return self.report["contract"]["dialect"] or ""

    def mark(self, rule: str) -> RuleMark:
        """Return the outcome of a rule."""
        return self.entries[rule].mark if rule in self.entries else RuleMark.ABSENT

    @property
    def counts(self) -> Counter[RuleMark]:
        """The number of rules by outcome."""
        return Counter(each.mark for each in self.entries.values())


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Reports that are compared, in the order they were given in.

    Attributes:
        level: the strongest of theirs, which all are compared at.
    """

    columns: tuple[Column, ...]
    level: Level

    @cached_property
    def rules(self) -> dict[str, RuleEntry]:
        """All rules by id, as the first report that has one describes it."""
        found: dict[str, RuleEntry] = {}
        for column in self.columns:
            found = {**found, **column.entries, **found}
        return found

    @property
    def exit_code(self) -> int:
        """The status of the command; a difference is no fault by itself."""
        return 0

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What makes the reports hard to compare."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[str]:
        digests = [it.report["contract"]["sha256"] for it in self.columns]
        compared = (
            ("contract", [it.title for it in self.columns]),
            ("dialect", [it.dialect or "none" for it in self.columns]),
            ("level", [it.report["level"] for it in self.columns]),
            ("seed", [str(it.report["seed"]) for it in self.columns]),
        )
        for name, values in compared:
            if len(set(values)) > 1:
                at = f"; compared at {self.level}" if name == "level" else ""
                yield f"another {name}: {self._listed(values)}{at}"
            elif name == "contract" and len(set(digests)) > 1:
                listed = self._listed([each[:12] for each in digests])
                yield f"another contract of the same name: {listed}"
        for column in self.columns:
            if column.report.get("interrupted", False):
                yield f"interrupted: {column.label}"

    def _listed(self, values: list[str]) -> str:
        """Write each value with the columns that have it."""
        return by_value(values, [column.label for column in self.columns])

    def marks(self, rule: str) -> tuple[RuleMark, ...]:
        """Return the outcome of a rule in each report."""
        return tuple(column.mark(rule) for column in self.columns)


@dataclass(frozen=True, kw_only=True)
class Providers(Comparison):
    """Several targets side by side."""

    @cached_property
    def differing(self) -> tuple[str, ...]:
        """The rules that the reports differ in, the strongest and worst first."""
        found = [name for name in self.rules if len(set(self.marks(name))) > 1]
        return tuple(sorted(found, key=self._rank))

    def _rank(self, rule: str) -> tuple[bool, int, int, int]:
        marks = Counter(self.marks(rule))
        return (
            # Not judged differs from judged least of all.
            len(marks.keys() - _UNJUDGED) < 2,
            self.rules[rule].level.rank,
            -marks[RuleMark.FAIL],
            -marks[RuleMark.INCONCLUSIVE],
        )

    @cached_property
    def alike(self) -> dict[RuleMark, tuple[str, ...]]:
        """The rules that come out the same in all reports, by outcome."""
        found: dict[RuleMark, list[str]] = {mark: [] for mark in RuleMark}
        for name in self.rules:
            first, *others = set(self.marks(name))
            if not others:
                found[first].append(name)
        return {mark: tuple(names) for mark, names in found.items() if names}


class ChangeKind(StrEnum):
    """What became of a rule from one run to the next, worst first."""

    REGRESSION = "regression"  # did not fail, and fails
    WORSE = "worse"  # failed, and does so by more cases
    UNSETTLED = "unsettled"  # was conclusive, and is not
    NEW_FAILURE = "new failure"  # was not judged, and fails
    EXCUSED = "excused"  # did not fail, and fails as is known
    FIXED = "fixed"
    BETTER = "better"  # fails by fewer cases
    SETTLED = "settled"  # was inconclusive, and passes
    ADDED = "added"  # was not judged, and is
    REMOVED = "removed"  # was judged, and is not
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """What became of a rule.

    Attributes:
        entry: the rule, as the later report has it, or else the earlier one.
        new: the cases that fail now and did not, with the reasons.
        gone: the cases that failed and no longer do.
    """

    kind: ChangeKind
    entry: RuleEntry
    before: RuleMark
    after: RuleMark
    new: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Runs(Comparison):
    """Two runs of one target: the first column is the earlier one."""

    @cached_property
    def changes(self) -> tuple[RuleChange, ...]:
        """What became of each rule, worst first."""
        found = [self._change(name) for name in self.rules]
        kinds = list(ChangeKind)
        return tuple(
            sorted(found, key=lambda it: (kinds.index(it.kind), it.entry.level.rank))
        )

    def of(self, kind: ChangeKind) -> tuple[RuleChange, ...]:
        """Return the changes of a kind."""
        return tuple(each for each in self.changes if each.kind is kind)

    @property
    def exit_code(self) -> int:
        """Return 1 if something got worse, 3 if it cannot be told, else 0."""
        if self.of(ChangeKind.REGRESSION) or self.of(ChangeKind.WORSE):
            return 1
        return 3 if self.of(ChangeKind.UNSETTLED) else 0

    def _change(self, rule: str) -> RuleChange:
        before, after = (column.entries.get(rule) for column in self.columns)
        old, new = self.marks(rule)
        failed = before.failing if before else {}
        fails = after.failing if after else {}
        known = after.known if after else frozenset()
        added = {
            name: why
            for name, why in fails.items()
            if name not in failed and name not in known
        }
        gone = tuple(name for name in failed if name not in fails)
        return RuleChange(
            kind=self._kind(old, new, more=bool(added), fewer=bool(gone)),
            entry=after or self.rules[rule],
            before=old,
            after=new,
            new=added,
            gone=gone,
        )

    def _kind(
        self, before: RuleMark, after: RuleMark, *, more: bool, fewer: bool
    ) -> ChangeKind:
        if before in _UNJUDGED or after in _UNJUDGED:
            return _judged_anew(before, after)
        if after is RuleMark.INCONCLUSIVE:
            unchanged = before is after
            return ChangeKind.UNCHANGED if unchanged else ChangeKind.UNSETTLED
        if after in _FAILS:
            return self._failing(before, after, more=more, fewer=fewer)
        if before in _FAILS:
            return ChangeKind.FIXED
        settled = before is RuleMark.INCONCLUSIVE
        return ChangeKind.SETTLED if settled else ChangeKind.UNCHANGED

    def _failing(
        self, before: RuleMark, after: RuleMark, *, more: bool, fewer: bool
    ) -> ChangeKind:
        fails = after is RuleMark.FAIL
        if before not in _FAILS:
            return ChangeKind.REGRESSION if fails else ChangeKind.EXCUSED
        reports = [column.report for column in self.columns]
        if len({(it["seed"], it["contract"]["sha256"]) for it in reports}) > 1:
            return ChangeKind.UNCHANGED  # cases of another list cannot be compared
        if more and fails:
            return ChangeKind.WORSE
        return ChangeKind.BETTER if fewer else ChangeKind.UNCHANGED


def _judged_anew(before: RuleMark, after: RuleMark) -> ChangeKind:
    if before not in _UNJUDGED:
        return ChangeKind.REMOVED
    if after in _UNJUDGED:
        return ChangeKind.UNCHANGED
    return ChangeKind.NEW_FAILURE if after is RuleMark.FAIL else ChangeKind.ADDED


def compare_reports(paths: Sequence[Path], mode: str = "") -> Comparison:
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
    columns = [
        Column(
            path=str(path),
            label=path.stem,
            report=report,
            entries={it["id"]: _entry(it, level) for it in report["rules"]},
        )
        for path, report in zip(paths, reports, strict=True)
    ]
    same = len(reports) == 2 and reports[0]["target"] == reports[1]["target"]
    if mode == "runs" and len(reports) != 2:
        raise UsageError(
            f"--runs compares two reports, not {len(reports)}",
            hint="give the earlier one, then the later one",
        )
    if mode == "runs" or (same and not mode):
        return Runs(columns=_labelled(columns), level=level)
    return Providers(columns=_labelled(columns), level=level)


def _entry(rule: Report, level: Level) -> RuleEntry:
    gating = {
        each["case"]: each["reason"]
        for each in rule["failures"]
        if Level(each["level"]).gates(level)
    }
    known = (it["case"] for it in rule["failures"] if it.get("known", False))
    first = next(iter(rule["inconclusive"]), {"reason": rule["why"]})
    mark = RuleMark(rule["outcome"])
    if mark is RuleMark.FAIL and rule.get("excused", False):
        mark = RuleMark.KNOWN
    if not gating and mark in {RuleMark.FAIL, RuleMark.KNOWN, RuleMark.PASS}:
        # What fails, fails below the level that all are compared at.
        mark = RuleMark.WARN if rule["failures"] else RuleMark.PASS
    return RuleEntry(
        id=rule["id"],
        level=Level(rule["level"]),
        sentence=rule["sentence"],
        mark=mark,
        failing=gating,
        known=frozenset(known) & gating.keys(),
        why=next(iter(gating.values()), first["reason"]),
    )


def _labelled(columns: list[Column]) -> tuple[Column, ...]:
    """Label each column by its target if that is enough, else by its file."""
    ways: list[Callable[[Column], str]] = [
        lambda it: it.label,
        lambda it: "/".join(Path(it.path).with_suffix("").parts[-2:]),
    ]
    if not any(_host(each).startswith(_LOCAL) for each in columns):
        ways = [
            _host,
            lambda it: it.report["target"].partition("://")[2].rstrip("/"),
            *ways,
        ]
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
        return urlsplit(column.report["target"]).netloc
    except ValueError:
        return ""


def _short(text: str) -> str:
    """Cut a label in its middle: its ends differ most."""
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
