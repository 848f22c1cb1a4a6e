"""Comparisons of JSON reports: several providers, or two runs of one target."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import chain, product
from pathlib import Path
from typing import Any, ClassVar, Literal, TextIO

from ringspec.reports.console import Color, console, filled, print_template
from ringspec.reports.printable import by_value, json_page, short_label
from ringspec.reports.report_reader import Report, members, read_reports
from ringspec.spec import Level, UsageError

# Names, with the end of the template's name and its styles.
COMPARISON_FORMATS: dict[str, tuple[str, ...]] = {
    "json": (),
    "markdown": ("md",),
    "html": ("html", "report.css", "table.css", "compare.css"),
}
# What a report says of a rule that it does not have.
_NO_RULE: Report = {"failures": (), "inconclusive": (), "why": ""}
LOCAL = ("localhost", "127.", "[::1]", "::1")


class RuleMark(StrEnum):
    """The outcome of a rule in a report, worst first."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    UNTESTED = "untested"  # no case breaks it
    KNOWN = "known"  # fails only by known failures
    WARN = "warn"  # fails below the level only
    PASS = "pass"  # noqa: S105 - no password
    NOT_APPLICABLE = "not-applicable"
    SKIPPED = "skipped"
    ABSENT = "absent"  # the report has no such rule


_FAILS = {RuleMark.FAIL, RuleMark.KNOWN}
UNJUDGED = {
    RuleMark.UNTESTED,
    RuleMark.NOT_APPLICABLE,
    RuleMark.SKIPPED,
    RuleMark.ABSENT,
}

# How a rule changed from one run to the next, worst first.
_BAD = ("regression", "worse", "unsettled", "new failure")
_OTHER = ("excused", "fixed", "better", "settled", "added", "removed", "unchanged")
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
_GROUPS = {**dict.fromkeys(UNJUDGED, "unjudged"), RuleMark.WARN: "pass"}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A report that is compared at a level; its label is short and unique."""

    path: str
    label: str = ""
    report: Report
    level: Level

    @cached_property
    def rules(self) -> dict[str, Report]:
        """Its rules by id."""
        return {it["id"]: it for it in self.report["rules"]}

    @cached_property
    def marks(self) -> dict[str, RuleMark]:
        """The outcomes of its rules, at its level."""
        found: dict[str, RuleMark] = {}
        for name, rule in self.rules.items():
            mark = RuleMark(rule["outcome"])
            if mark is RuleMark.FAIL and rule.get("excused", False):
                mark = RuleMark.KNOWN
            if mark in {*_FAILS, RuleMark.PASS} and not _failing(rule, self.level):
                # What fails, fails below the level that all are compared at.
                mark = RuleMark.WARN if rule["failures"] else RuleMark.PASS
            found[name] = mark
        return found

    @property
    def title(self) -> str:
        """The API, with its version."""
        contract = self.report["contract"]
        return f"{contract['title']} {contract['version']}"


class Compared:
    """What is shown in the formats of comparisons, by templates of one name."""

    templates: ClassVar[str]

    def data(self) -> dict[str, Any]:
        """Return it as JSON, which has everything."""
        raise NotImplementedError

    def show(
        self, stdout: TextIO, *, everything: bool = False, color: Color = "auto"
    ) -> None:
        """Print it; everything: rules that are alike, or changes of all days, too."""
        out, told = console(stdout, color), {"found": self, "everything": everything}
        print_template(out, f"{self.templates}.txt", **told)

    def render(self, name: str, *, everything: bool) -> bytes:
        """Return it in one of the formats."""
        if name == "json":
            return json_page(self.data())
        end, *styles = COMPARISON_FORMATS[name]
        told = {"found": self, "everything": everything, "styles": tuple(styles)}
        return filled(f"{self.templates}.{end}", **told)


@dataclass(frozen=True, kw_only=True)
class Comparison(Compared):
    """Reports in their order, all compared at the strongest level of theirs."""

    templates = "compare"
    mode: Literal["runs", "providers"]
    columns: tuple[Column, ...]
    level: Level
    notes: tuple[str, ...] = ()

    @cached_property
    def rules(self) -> dict[str, Report]:
        """All rules by id, as the first report that has one describes it."""
        found: dict[str, Report] = {}
        for column in self.columns:
            found = {**found, **column.rules, **found}
        return found

    @cached_property
    def remarks(self) -> list[str]:
        """What makes the reports hard to compare."""
        reports = [column.report for column in self.columns]
        titles = [column.title for column in self.columns]
        one_name = len(set(titles)) == 1
        compared = {
            "contract": titles,
            "contract of the same name": [
                it["contract"]["sha256"][:12] if one_name else "" for it in reports
            ],
            "dialect": [it["contract"]["dialect"] or "none" for it in reports],
            "level": [it["level"] for it in reports],
            "seed": [str(it["seed"]) for it in reports],
            "version of ringspec": [
                it.get("run", {}).get("ringspec") or "unknown" for it in reports
            ],
        }
        labels = [column.label for column in self.columns]
        remarks: list[str] = []
        for name, values in compared.items():
            if len(set(values)) > 1:
                at = f"; compared at {self.level}" if name == "level" else ""
                remarks.append(f"another {name}: {by_value(values, labels)}{at}")
        interrupted = (it.label for it in self.columns if it.report.get("interrupted"))
        return [*self.notes, *remarks, *(f"interrupted: {it}" for it in interrupted)]

    @cached_property
    def marks(self) -> dict[str, tuple[RuleMark, ...]]:
        """The outcome of each rule in each report."""
        return {
            rule: tuple(it.marks.get(rule, RuleMark.ABSENT) for it in self.columns)
            for rule in self.rules
        }

    @cached_property
    def differing(self) -> tuple[str, ...]:
        """The rules with several outcomes, the strongest and worst first."""

        def rank(rule: str) -> tuple[bool, int, int, int]:
            marks = Counter(self.marks[rule])
            return (
                # Not judged differs from judged least of all.
                len(marks.keys() - UNJUDGED) < 2,
                Level(self.rules[rule]["level"]).rank,
                -marks[RuleMark.FAIL],
                -marks[RuleMark.INCONCLUSIVE],
            )

        differing = (it for it, marks in self.marks.items() if len(set(marks)) > 1)
        return tuple(sorted(differing, key=rank))

    @cached_property
    def alike(self) -> dict[RuleMark, list[str]]:
        """The rules with one outcome in all reports, by outcome."""
        found: dict[RuleMark, list[str]] = {}
        for mark, (rule, marks) in product(RuleMark, self.marks.items()):
            if set(marks) == {mark}:
                found.setdefault(mark, []).append(rule)
        return found

    @cached_property
    def changes(self) -> dict[str, list[Report]]:
        """The rules of two runs by the kind of change, the strongest first."""
        changes: dict[str, list[Report]] = {kind: [] for kind in (*_BAD, *_OTHER)}
        found = map(self._change, self.rules)
        for each in sorted(found, key=lambda it: Level(it["level"]).rank):
            changes[each["kind"]].append(each)
        return changes

    @property
    def changed(self) -> dict[str, list[Report]]:
        """The rules of two runs that changed, the worst first."""
        kinds = self.changes.items()
        return {it: rules for it, rules in kinds if rules and it != "unchanged"}

    def _change(self, rule: str) -> Report:
        """Return a rule as the later report has it, or else the earlier one.

        `new` cases fail only in the later run, and `gone` ones only in the earlier;
        `why` is the first reason that the later report has.
        """
        earlier, later = (it.rules.get(rule, _NO_RULE) for it in self.columns)
        before, after = self.marks[rule]
        failed, fails = _failing(earlier, self.level), _failing(later, self.level)
        known = {it["case"] for it in later["failures"] if it.get("known", False)}
        new = [
            {"case": case, "reason": why}
            for case, why in fails.items()
            if case not in {*failed, *known}
        ]
        gone = [case for case in failed if case not in fails]
        kinds = _KINDS[_GROUPS.get(before, before)]
        kind = kinds[_AFTER.index(_GROUPS.get(after, after))]
        reports = [column.report for column in self.columns]
        # Cases of another list cannot be compared.
        one_list = len({(it["seed"], it["contract"]["sha256"]) for it in reports}) == 1
        if one_list and {before, after} <= _FAILS:
            if new and after is RuleMark.FAIL:
                kind = "worse"
            elif gone:
                kind = "better"
        reasons = (*fails.values(), *(it["reason"] for it in later["inconclusive"]))
        described = self.columns[1].rules.get(rule, self.rules[rule])
        return {
            **members(described, "id", "level", "sentence"),
            "kind": kind,
            "before": before,
            "after": after,
            "new": new,
            "gone": gone,
            "why": next(iter(reasons), later["why"]),
        }

    @property
    def exit_code(self) -> int:
        """Of two runs 1 if a rule got worse, else 3 if it is open now, else 0."""
        if self.mode == "providers":
            return 0
        if self.changes["regression"] or self.changes["worse"]:
            return 1
        return 3 if self.changes["unsettled"] else 0

    def data(self) -> dict[str, Any]:
        """Return it as JSON, with the rules that are alike."""
        data: dict[str, Any] = {
            "format": "ringspec-comparison/1",
            "mode": self.mode,
            "level": self.level,
            "exit_code": self.exit_code,
            "remarks": self.remarks,
            "reports": [
                {
                    "label": it.label,
                    "path": it.path,
                    **members(it.report, "target", "conclusion", "level", "seed"),
                    "contract": members(
                        it.report["contract"], "title", "version", "sha256", "dialect"
                    ),
                    "counts": {
                        str(mark): list(it.marks.values()).count(mark)
                        for mark in RuleMark
                    },
                }
                for it in self.columns
            ],
        }
        if self.mode == "runs":
            data["counts"] = {kind: len(it) for kind, it in self.changes.items()}
            data["changes"] = changes_json(self.changes)
            return data
        number, labels = len(self.differing), [column.label for column in self.columns]
        data["counts"] = {"differing": number, "alike": len(self.rules) - number}
        data["rules"] = [
            {
                **members(rule, "id", "level"),
                "differs": name in self.differing,
                "outcomes": dict(zip(labels, self.marks[name], strict=True)),
            }
            for name, rule in self.rules.items()
        ]
        return data


def compare_reports(
    paths: Sequence[Path], mode: Literal["runs", "providers"] | None = None
) -> Comparison:
    """Compare reports; without a mode, two of one target are two runs of it."""
    if len(paths) < 2:
        raise UsageError("nothing to compare", hint="give two reports at least")
    reports = read_reports(paths)
    if mode == "runs" and len(reports) != 2:
        raise UsageError(
            f"--runs compares two reports, not {len(reports)}",
            hint="give the earlier one, then the later one",
        )
    targets = [it["target"] for it in reports]
    same = len(targets) == 2 and targets[0] == targets[1]
    named = zip(map(str, paths), _labels(paths, targets), reports, strict=True)
    return comparison_of(tuple(named), mode or ("runs" if same else "providers"))


def comparison_of(
    named: Sequence[tuple[str, str, Report]],
    mode: Literal["runs", "providers"],
    notes: tuple[str, ...] = (),
) -> Comparison:
    """Compare reports, each with its path and a label."""
    level = min((Level(it["level"]) for *_, it in named), key=lambda it: it.rank)
    columns = (
        Column(path=path, label=label, report=report, level=level)
        for path, label, report in named
    )
    return Comparison(mode=mode, columns=tuple(columns), level=level, notes=notes)


def _failing(rule: Report, level: Level) -> dict[str, str]:
    """Return the cases that fail a rule at a level, each with the reason."""
    gating = (it for it in rule["failures"] if Level(it["level"]).gates(level))
    return {each["case"]: each["reason"] for each in gating}


def _labels(paths: Sequence[Path], targets: Sequence[str]) -> list[str]:
    """Label each report by its target if these differ, else by its file."""
    hosts = [re.split("[/?#]", it.partition("://")[2])[0] for it in targets]
    stems = [short_label(each.stem) for each in paths]
    ways = [stems, ["/".join(it.with_suffix("").parts[-2:]) for it in paths]]
    if not any(each.startswith(LOCAL) for each in hosts):
        ways = [hosts, [it.partition("://")[2].rstrip("/") for it in targets], *ways]
    for way in ways:
        labels = list(map(short_label, way))
        if all(labels) and len(set(labels)) == len(labels):
            return labels
    return [f"{it}#{number}" for number, it in enumerate(stems, 1)]


def changes_json(found: Mapping[str, list[Report]]) -> list[Report]:
    """Return what became of rules."""
    told = ("id", "level", "kind", "before", "after", "new", "gone")
    return [members(it, *told) for it in chain.from_iterable(found.values())]
