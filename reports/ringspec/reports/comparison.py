"""Comparisons of JSON reports: several providers, or two runs of one target.

Rules are compared by id, and the cases that fail them by theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ringspec.reports.printable import by_value, counted, shown
from ringspec.reports.report_reader import Report, read_reports
from ringspec.spec import Level, UsageError

_LABEL = 24
_LOCAL = ("localhost", "127.", "[::1]", "::1")


class RuleMark(StrEnum):
    """The outcome of a rule in a report, worst first."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    KNOWN = "known"  # fails only by known failures
    WARN = "warn"  # fails below the level only
    PASS = "pass"  # noqa: S105 - no password
    NOT_APPLICABLE = "not-applicable"
    SKIPPED = "skipped"
    ABSENT = "absent"  # the report has no such rule


_UNJUDGED = {RuleMark.NOT_APPLICABLE, RuleMark.SKIPPED, RuleMark.ABSENT}


class ChangeKind(StrEnum):
    """How a rule changed from one run to the next, worst first."""

    REGRESSION = "regression"
    WORSE = "worse"
    UNSETTLED = "unsettled"
    NEW_FAILURE = "new failure"
    EXCUSED = "excused"
    FIXED = "fixed"
    BETTER = "better"
    SETTLED = "settled"
    ADDED = "added"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


# Kinds by the outcome before, and after in the order of _AFTER. Rules that fail both
# times are told apart by their cases.
_AFTER = ("fail", "known", "inconclusive", "pass", "unjudged")
_KINDS = {
    "fail": ("unchanged", "unchanged", "unsettled", "fixed", "removed"),
    "known": ("unchanged", "unchanged", "unsettled", "fixed", "removed"),
    "inconclusive": ("regression", "excused", "unchanged", "settled", "removed"),
    "pass": ("regression", "excused", "unsettled", "unchanged", "removed"),
    "unjudged": ("new failure", "added", "added", "added", "unchanged"),
}
_GROUPS = {**dict.fromkeys(_UNJUDGED, "unjudged"), RuleMark.WARN: "pass"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """A rule in a report.

    Attributes:
        failing: ids of the cases that fail at the level, each with the reason.
        known: those of them that are known failures.
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
    """A report that is compared; its label is short and unique."""

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

    @property
    def counts(self) -> Counter[RuleMark]:
        """The number of rules by outcome."""
        return Counter(each.mark for each in self.entries.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """A rule in two runs.

    Attributes:
        entry: the rule, as the later report has it, or else the earlier one.
        new: the cases that fail only in the later run, with the reasons.
        gone: the cases that fail only in the earlier run.
    """

    kind: ChangeKind
    entry: RuleEntry
    before: RuleMark
    after: RuleMark
    new: Mapping[str, str]
    gone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Reports in their given order: of providers, or the earlier run and the later.

    Attributes:
        level: the strongest of theirs, which all are compared at.
    """

    mode: Literal["runs", "providers"]
    columns: tuple[Column, ...]
    level: Level

    @cached_property
    def rules(self) -> dict[str, RuleEntry]:
        """All rules by id, as the first report that has one describes it."""
        found: dict[str, RuleEntry] = {}
        for column in self.columns:
            found = {**found, **column.entries, **found}
        return found

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What makes the reports hard to compare."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[str]:
        compared = {
            "contract": [it.title for it in self.columns],
            "dialect": [it.dialect or "none" for it in self.columns],
            "level": [it.report["level"] for it in self.columns],
            "seed": [str(it.report["seed"]) for it in self.columns],
        }
        labels = [column.label for column in self.columns]
        digests = [it.report["contract"]["sha256"] for it in self.columns]
        for name, values in compared.items():
            if len(set(values)) > 1:
                at = f"; compared at {self.level}" if name == "level" else ""
                yield f"another {name}: {by_value(values, labels)}{at}"
            elif name == "contract" and len(set(digests)) > 1:
                short = by_value([each[:12] for each in digests], labels)
                yield f"another contract of the same name: {short}"
        for column in self.columns:
            if column.report.get("interrupted", False):
                yield f"interrupted: {column.label}"

    def marks(self, rule: str) -> tuple[RuleMark, ...]:
        """Return the outcome of a rule in each report."""
        found = (column.entries.get(rule) for column in self.columns)
        return tuple(each.mark if each else RuleMark.ABSENT for each in found)

    @cached_property
    def differing(self) -> tuple[str, ...]:
        """The rules with several outcomes, the strongest and worst first."""

        def rank(rule: str) -> tuple[bool, int, int, int]:
            marks = Counter(self.marks(rule))
            return (
                # Not judged differs from judged least of all.
                len(marks.keys() - _UNJUDGED) < 2,
                self.rules[rule].level.rank,
                -marks[RuleMark.FAIL],
                -marks[RuleMark.INCONCLUSIVE],
            )

        return tuple(
            sorted((it for it in self.rules if len(set(self.marks(it))) > 1), key=rank)
        )

    @cached_property
    def alike(self) -> dict[RuleMark, tuple[str, ...]]:
        """The rules with one outcome in all reports, by outcome."""
        found = {
            mark: tuple(it for it in self.rules if set(self.marks(it)) == {mark})
            for mark in RuleMark
        }
        return {mark: names for mark, names in found.items() if names}

    @cached_property
    def changes(self) -> tuple[RuleChange, ...]:
        """The rules of two runs, worst first."""
        kinds = list(ChangeKind)
        return tuple(
            sorted(
                map(self._change, self.rules),
                key=lambda it: (kinds.index(it.kind), it.entry.level.rank),
            )
        )

    def of(self, kind: ChangeKind) -> tuple[RuleChange, ...]:
        """Return the changes of a kind."""
        return tuple(each for each in self.changes if each.kind is kind)

    @property
    def exit_code(self) -> int:
        """Of two runs 1 if a rule got worse, else 3 if it is open now, else 0."""
        if self.mode == "providers":
            return 0
        if self.of(ChangeKind.REGRESSION) or self.of(ChangeKind.WORSE):
            return 1
        return 3 if self.of(ChangeKind.UNSETTLED) else 0

    @property
    def summary(self) -> str:
        """The number of rules that differ, or that changed, by kind."""
        if self.mode == "providers":
            number = len(self.differing)
            verb = "differs" if number == 1 else "differ"
            return f"{counted(number, 'rule')} {verb}"
        counts = {kind: len(self.of(kind)) for kind in ChangeKind}
        parts = [counted(counts.pop(ChangeKind.REGRESSION), "regression")]
        parts += [
            f"{number:,} {kind}"
            for kind, number in counts.items()
            if number or kind in {ChangeKind.FIXED, ChangeKind.UNCHANGED}
        ]
        return ", ".join(parts)

    def _change(self, rule: str) -> RuleChange:
        earlier, later = (column.entries.get(rule) for column in self.columns)
        before, after = self.marks(rule)
        failed = earlier.failing if earlier else {}
        fails = later.failing if later else {}
        new = {
            name: why
            for name, why in fails.items()
            if name not in failed and later and name not in later.known
        }
        gone = tuple(name for name in failed if name not in fails)
        kinds = _KINDS[_GROUPS.get(before, before)]
        kind = ChangeKind(kinds[_AFTER.index(_GROUPS.get(after, after))])
        reports = [column.report for column in self.columns]
        # Cases of another list cannot be compared.
        one_list = len({(it["seed"], it["contract"]["sha256"]) for it in reports}) == 1
        if one_list and {before, after} <= {RuleMark.FAIL, RuleMark.KNOWN}:
            if new and after is RuleMark.FAIL:
                kind = ChangeKind.WORSE
            elif gone:
                kind = ChangeKind.BETTER
        return RuleChange(
            kind=kind,
            entry=later or self.rules[rule],
            before=before,
            after=after,
            new=new,
            gone=gone,
        )


def compare_reports(
    paths: Sequence[Path], mode: Literal["runs", "providers"] | None = None
) -> Comparison:
    """Read at least two reports, and compare them.

    Without a mode, two reports of one target are two runs of it.

    Raises:
        UsageError: reports that cannot be read, each named with the reason; or too few
            or too many of them.
    """
    if len(paths) < 2:
        raise UsageError("nothing to compare", hint="give two reports at least")
    reports = read_reports(paths)
    if mode == "runs" and len(reports) != 2:
        raise UsageError(
            f"--runs compares two reports, not {len(reports)}",
            hint="give the earlier one, then the later one",
        )
    level = min((Level(it["level"]) for it in reports), key=lambda it: it.rank)
    labels = _labels(paths, [it["target"] for it in reports])
    same = len(reports) == 2 and reports[0]["target"] == reports[1]["target"]
    return Comparison(
        mode=mode or ("runs" if same else "providers"),
        columns=tuple(
            Column(
                path=str(path),
                label=label,
                report=report,
                entries={it["id"]: _entry(it, level) for it in report["rules"]},
            )
            for path, label, report in zip(paths, labels, reports, strict=True)
        ),
        level=level,
    )


def _entry(rule: Report, level: Level) -> RuleEntry:
    gating = {
        each["case"]: each["reason"]
        for each in rule["failures"]
        if Level(each["level"]).gates(level)
    }
    known = (it["case"] for it in rule["failures"] if it.get("known", False))
    mark = RuleMark(rule["outcome"])
    if mark is RuleMark.FAIL and rule.get("excused", False):
        mark = RuleMark.KNOWN
    if not gating and mark in {RuleMark.FAIL, RuleMark.KNOWN, RuleMark.PASS}:
        # What fails, fails below the level that all are compared at.
        mark = RuleMark.WARN if rule["failures"] else RuleMark.PASS
    reasons = (*gating.values(), *(each["reason"] for each in rule["inconclusive"]))
    return RuleEntry(
        id=rule["id"],
        level=Level(rule["level"]),
        sentence=rule["sentence"],
        mark=mark,
        failing=gating,
        known=frozenset(known) & gating.keys(),
        why=next(iter(reasons), rule["why"]),
    )


def _labels(paths: Sequence[Path], targets: Sequence[str]) -> list[str]:
    """Label each report by its target if these differ, else by its file."""
    hosts = list(map(_host, targets))
    stems = [_short(each.stem) for each in paths]
    ways = [stems, ["/".join(it.with_suffix("").parts[-2:]) for it in paths]]
    if not any(each.startswith(_LOCAL) for each in hosts):
        ways = [hosts, [it.partition("://")[2].rstrip("/") for it in targets], *ways]
    for way in ways:
        labels = list(map(_short, way))
        if all(labels) and len(set(labels)) == len(labels):
            return labels
    return [
        f"{it}#{stems[: number + 1].count(it)}" if stems.count(it) > 1 else it
        for number, it in enumerate(stems)
    ]


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _short(text: str) -> str:
    """Cut a label in its middle: its ends differ most."""
    text = shown(text, 300)
    if len(text) <= _LABEL:
        return text
    half = (_LABEL - 1) // 2
    return f"{text[:half]}…{text[-(_LABEL - 1 - half) :]}"
