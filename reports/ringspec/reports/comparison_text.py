"""Comparisons on a terminal and as files: JSON, Markdown, a page of HTML.

A terminal shows what differs, or how it changed, and counts the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from ringspec.reports.comparison import (
    ChangeKind,
    Column,
    Comparison,
    RuleChange,
    RuleMark,
)
from ringspec.reports.console import Color, console, hanging, line, row
from ringspec.reports.files import check, check_format
from ringspec.reports.markdown import code, plain
from ringspec.reports.printable import counted, json_page, listed, shown, visible

# Names, with the template and its styles.
COMPARISON_FORMATS: dict[str, tuple[str, ...]] = {
    "json": (),
    "markdown": ("compare.md",),
    "html": ("compare.html", "report.css", "compare.css"),
}
_WORDS = {
    RuleMark.FAIL: "FAIL",
    RuleMark.INCONCLUSIVE: "open",
    RuleMark.KNOWN: "known",
    RuleMark.WARN: "warn",
    RuleMark.PASS: "pass",
    RuleMark.NOT_APPLICABLE: "n/a",
    RuleMark.SKIPPED: "skip",
    RuleMark.ABSENT: "none",
}
# Where there is no room for words.
_LETTERS = dict(zip(_WORDS, "F?kw.-s ", strict=True))
_LEGEND = (
    "F fails, ? inconclusive, k fails as known, w warns, . passes, - n/a, s skipped"
)
_STYLES = {
    RuleMark.FAIL: "bold red",
    RuleMark.INCONCLUSIVE: "yellow",
    RuleMark.KNOWN: "cyan",
    RuleMark.WARN: "yellow",
    RuleMark.PASS: "green",
}
_CONCLUSIONS = {"conformant": "green", "nonconformant": "bold red"}
_HEADS = {
    ChangeKind.REGRESSION: ("bold red", "did not fail before, and fails now"),
    ChangeKind.WORSE: ("bold red", "failed before, and now by more cases"),
    ChangeKind.UNSETTLED: ("bold yellow", "was judged before, and is inconclusive now"),
    ChangeKind.NEW_FAILURE: ("red", "was not judged before, and fails now"),
    ChangeKind.EXCUSED: ("cyan", "did not fail before, and fails as known now"),
    ChangeKind.FIXED: ("green", "failed before, and no longer does"),
    ChangeKind.BETTER: ("green", "fails by fewer cases than before"),
    ChangeKind.SETTLED: ("green", "was inconclusive before, and passes now"),
}
# Kinds of which the ids suffice: the good ones, and the neutral ones.
_GOOD = list(_HEADS)[4:]
_LISTED = {
    ChangeKind.ADDED: "judged now and not before",
    ChangeKind.REMOVED: "judged before and not now",
}
# Cases of a change that are named.
_CASES = 3
# The room for an id beside the columns, before these are cut to letters.
_ID = 34


def print_comparison(
    found: Comparison,
    stdout: TextIO,
    *,
    everything: bool = False,
    color: Color = "auto",
) -> None:
    """Print a comparison; everything: also the rules that are alike, or unchanged."""
    out = console(stdout, color)
    first = found.columns[0]
    dialect = f", dialect {first.dialect}" if first.dialect else ""
    title = shown(f"{first.title}{dialect}", 200)
    line(out, Text.assemble("api     ", (title, "bold")))
    row(out, "level", str(found.level), indent=0)
    for each in found.remarks:
        row(out, "note", Text(shown(each, 600), "yellow"), indent=0)
    line(out)
    if found.mode == "runs":
        _print_runs(out, found, everything=everything)
    else:
        _print_providers(out, found, everything=everything)
    out.file.flush()


def _account(column: Column) -> str:
    """Write how many rules of a report have which outcome."""
    words = {RuleMark.INCONCLUSIVE: "open", RuleMark.NOT_APPLICABLE: "n/a"}
    counts = column.counts
    parts = (f"{counts[it]} {words.get(it, it)}" for it in RuleMark if counts[it])
    return ", ".join(parts) or "no rules"


def _conclusion(name: Text, column: Column) -> Text:
    conclusion = column.report["conclusion"]
    style = _CONCLUSIONS.get(conclusion, "yellow")
    counts = f", {_account(column)}"
    return Text.assemble(name, ": ", (conclusion, style), (counts, "dim"))


def _print_providers(out: Console, found: Comparison, *, everything: bool) -> None:
    """Print a matrix of the rules that differ, outcomes first: no id need be cut."""
    names: Sequence[str] = [column.label for column in found.columns]
    widths = [max(len(label), 5) + 2 for label in names]
    words: Mapping[RuleMark, str] = _WORDS
    if sum(widths) + _ID > out.width:
        pairs = map("".join, product(ascii_lowercase, repeat=2))
        names = [*ascii_lowercase, *pairs][: len(names)]
        widths = [3 if len(names) > 26 else 2] * len(names)
        words = _LETTERS
    for name, column in zip(names, found.columns, strict=True):
        head = f"{name}  " if words is _LETTERS else ""
        hanging(out, Text(head), _conclusion(Text(column.label, "bold"), column))
    line(out)
    if found.differing:
        heads = (f"{it:<{width}}" for it, width in zip(names, widths, strict=True))
        line(out, f"{''.join(heads)}rule", "dim")
        for rule in found.differing:
            marks = zip(found.marks(rule), widths, strict=True)
            parts = (
                (f"{words[it]:<{width}}", _STYLES.get(it, "dim")) for it, width in marks
            )
            hanging(out, Text.assemble(*parts), _named(found, rule))
        line(out)
    if words is _LETTERS and (found.differing or everything):
        row(out, "", Text(_LEGEND, "dim"), indent=0)
        line(out)
    for mark, rules in found.alike.items():
        _print_alike(out, found, mark, rules, everything=everything)
    same = len(found.rules) - len(found.differing)
    are = f"{same} {'is' if same == 1 else 'are'}"
    line(out, f"{found.summary}, {are} alike in all {counted(len(names), 'report')}")


def _named(found: Comparison, rule: str) -> Text:
    level = f" {found.rules[rule].level.upper()}"
    return Text.assemble(visible(rule), (level, "dim"))


def _print_alike(
    out: Console,
    found: Comparison,
    mark: RuleMark,
    rules: Sequence[str],
    *,
    everything: bool,
) -> None:
    """Print the rules that have one outcome in all reports; failures by name."""
    words = {RuleMark.KNOWN: "fail as known", RuleMark.NOT_APPLICABLE: "not applicable"}
    head = f"{words.get(mark, mark)} everywhere: {counted(len(rules), 'rule')}"
    bad = mark in {RuleMark.FAIL, RuleMark.KNOWN, RuleMark.INCONCLUSIVE}
    most = len(rules) if everything else _CASES if bad else 0
    line(out, head, _STYLES.get(mark, "dim") if most else "dim")
    for rule in rules[:most]:
        row(out, "", _named(found, rule))
    if bad and len(rules) > most:
        row(out, "", Text(f"and {len(rules) - most} more, see --all", "dim"))


def _print_runs(out: Console, found: Comparison, *, everything: bool) -> None:
    for name, column in zip(("before", "after"), found.columns, strict=True):
        row(out, name, _conclusion(Text(shown(column.path, 200)), column), indent=0)
    row(out, "target", shown(found.columns[1].report["target"], 300), indent=0)
    line(out)
    for kind, (style, about) in _HEADS.items():
        if kind in _GOOD:
            _print_ids(out, kind, about, found.of(kind), style)
            continue
        for change in found.of(kind):
            _print_change(out, change, style, about)
    for kind, about in _LISTED.items():
        _print_ids(out, kind, about, found.of(kind))
    if everything:
        unchanged = found.of(ChangeKind.UNCHANGED)
        _print_ids(out, ChangeKind.UNCHANGED, "", unchanged)
    line(out, found.summary)


def _print_change(out: Console, change: RuleChange, style: str, about: str) -> None:
    entry = change.entry
    level = (f"  {entry.level.upper()}", "dim")
    title = Text.assemble((visible(entry.id), "bold"), level)
    hanging(out, Text.assemble((change.kind.upper(), style), " "), title)
    row(out, "", shown(entry.sentence, 600))
    row(out, "", Text(f"{about} ({_step(change)})", "dim"))
    if change.after is RuleMark.FAIL and change.new:
        row(out, "why", shown(next(iter(change.new.values())), 200))
        row(out, "cases", listed(list(map(visible, change.new)), _CASES))
    elif change.after is RuleMark.INCONCLUSIVE:
        row(out, "why", shown(entry.why, 200) or "no reason")
    if change.gone and change.kind is ChangeKind.WORSE:
        row(out, "gone", listed(list(map(visible, change.gone)), _CASES))
    line(out)


def _print_ids(
    out: Console,
    kind: ChangeKind,
    about: str,
    changes: Sequence[RuleChange],
    style: str = "",
) -> None:
    """Print the rules of a kind, a line each."""
    if not changes:
        return
    explained = f" {counted(len(changes), 'rule')}{': ' if about else ''}{about}"
    hanging(out, Text(), Text.assemble((kind.upper(), style), (explained, "dim")))
    for each in changes:
        better = kind is ChangeKind.BETTER
        fewer = f", {len(each.gone):,} cases fewer" if better else ""
        step = (f" {_step(each)}{fewer}", "dim")
        row(out, "", Text.assemble(visible(each.entry.id), step))
    line(out)


def _step(change: RuleChange) -> str:
    return f"{_WORDS[change.before]} -> {_WORDS[change.after]}"


def check_comparison(name: str, path: Path) -> None:
    """Raise a UsageError or ReportError if a comparison cannot be written."""
    check_format(name, COMPARISON_FORMATS, f"comparison format {name!r}")
    check(path)


def render_comparison(name: str, found: Comparison, *, everything: bool) -> bytes:
    """Return a comparison in one of its formats; JSON has all rules, those alike too.

    The page of HTML has no scripts, and the style of the HTML report.
    """
    if name == "json":
        return json_page(_data(found))
    from ringspec.reports.html_templates import filled  # noqa: PLC0415 - slow to import

    rules = found.differing
    if everything and name == "html":
        rules += tuple(each for each in found.rules if each not in rules)
    elif everything:
        rules = tuple(found.rules)
    template, *styles = COMPARISON_FORMATS[name]
    return filled(
        template,
        styles=tuple(styles),
        found=found,
        runs=found.mode == "runs",
        rules=rules,
        words=_WORDS,
        heads=_HEADS,
        listed=_LISTED,
        account=_account,
        cases=5,
        code=code,
        plain=plain,
        counted=counted,
        named=lambda cases: listed(list(map(code, cases)), 5),
    )


def _data(found: Comparison) -> dict[str, Any]:
    data: dict[str, Any] = {
        "format": "ringspec-comparison/1",
        "mode": found.mode,
        "level": found.level,
        "exit_code": found.exit_code,
        "remarks": list(found.remarks),
        "reports": list(map(_report_data, found.columns)),
    }
    if found.mode == "runs":
        data["counts"] = {str(kind): len(found.of(kind)) for kind in ChangeKind}
        data["changes"] = [
            {
                "id": it.entry.id,
                "level": it.entry.level,
                "kind": it.kind,
                "before": it.before,
                "after": it.after,
                "new": [{"case": case, "reason": why} for case, why in it.new.items()],
                "gone": list(it.gone),
            }
            for it in found.changes
        ]
        return data
    number, labels = len(found.differing), [column.label for column in found.columns]
    data["counts"] = {"differing": number, "alike": len(found.rules) - number}
    data["rules"] = [
        {
            "id": name,
            "level": entry.level,
            "differs": name in found.differing,
            "outcomes": dict(zip(labels, found.marks(name), strict=True)),
        }
        for name, entry in found.rules.items()
    ]
    return data


def _report_data(column: Column) -> dict[str, Any]:
    report, contract = column.report, column.report["contract"]
    return {
        "label": column.label,
        "path": column.path,
        **{name: report[name] for name in ("target", "conclusion", "level", "seed")},
        "contract": {
            **{name: contract[name] for name in ("title", "version", "sha256")},
            "dialect": column.dialect or None,
        },
        "counts": {str(mark): column.counts[mark] for mark in RuleMark},
    }
