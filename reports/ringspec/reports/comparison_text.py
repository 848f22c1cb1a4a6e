"""Comparisons for people: what differs, or what became of it, and the rest as counts.

In: a comparison. Out: text on a console. Many reports are told by letters: what a
report says of a rule stands left, so that the rule's id need not be cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from string import ascii_lowercase
from typing import TextIO

from rich.console import Console
from rich.text import Text

from ringspec.reports.comparison import (
    ChangeKind,
    Column,
    Comparison,
    Providers,
    RuleChange,
    RuleMark,
    Runs,
)
from ringspec.reports.console import Color, console, hanging, line, row
from ringspec.reports.printable import counted, shown, visible

# In words, and where there is no room for words.
WORDS = {
    RuleMark.FAIL: "FAIL",
    RuleMark.INCONCLUSIVE: "open",
    RuleMark.KNOWN: "known",
    RuleMark.WARN: "warn",
    RuleMark.PASS: "pass",
    RuleMark.NOT_APPLICABLE: "n/a",
    RuleMark.SKIPPED: "skip",
    RuleMark.ABSENT: "none",
}
_SIGNS = dict(zip(WORDS, "F?kw.-s ", strict=True))
_STYLES = {
    RuleMark.FAIL: "bold red",
    RuleMark.INCONCLUSIVE: "yellow",
    RuleMark.KNOWN: "cyan",
    RuleMark.WARN: "yellow",
    RuleMark.PASS: "green",
}
_MEANING = (
    "F fails, ? inconclusive, k fails as known, w warns, . passes, - n/a, s skipped"
)
HEADS = {
    ChangeKind.REGRESSION: ("bold red", "did not fail before, and fails now"),
    ChangeKind.WORSE: ("bold red", "failed before, and now by more cases"),
    ChangeKind.UNSETTLED: ("bold yellow", "was judged before, and is inconclusive now"),
    ChangeKind.NEW_FAILURE: ("red", "was not judged before, and fails now"),
    ChangeKind.EXCUSED: ("cyan", "did not fail before, and fails as known now"),
    ChangeKind.FIXED: ("green", "failed before, and no longer does"),
    ChangeKind.BETTER: ("green", "fails by fewer cases than before"),
    ChangeKind.SETTLED: ("green", "was inconclusive before, and passes now"),
}
# Kinds of which the ids suffice: what is good, and what is neither.
_GOOD = frozenset(
    {ChangeKind.EXCUSED, ChangeKind.FIXED, ChangeKind.BETTER, ChangeKind.SETTLED}
)
LISTED = {
    ChangeKind.ADDED: "judged now and not before",
    ChangeKind.REMOVED: "judged before and not now",
}
_CASES = 3
_REASON = 200
# What an id needs beside the columns before these are cut to letters.
_ID = 34


def print_comparison(
    comparison: Comparison,
    stdout: TextIO,
    *,
    everything: bool = False,
    color: Color = "auto",
) -> None:
    """Print a comparison.

    Args:
        comparison: of providers, or of runs.
        stdout: where to.
        everything: also the rules that are alike, or unchanged.
        color: `auto`, `always` or `never`.
    """
    out = console(stdout, color)
    first = comparison.columns[0]
    line(out, Text.assemble("api     ", (_title(first), "bold")))
    row(out, "level", str(comparison.level), indent=0)
    for each in comparison.remarks:
        row(out, "note", Text(shown(each, 600), "yellow"), indent=0)
    line(out)
    if isinstance(comparison, Runs):
        _print_runs(out, comparison, everything=everything)
    elif isinstance(comparison, Providers):
        _print_providers(out, comparison, everything=everything)
    out.file.flush()


def _title(column: Column) -> str:
    dialect = f", dialect {column.dialect}" if column.dialect else ""
    return shown(f"{column.title} {column.version}{dialect}", 200)


def account(column: Column) -> str:
    """Say how many rules of a report came out how."""
    counts = column.counts
    told = (f"{counts[each]} {_plural(each)}" for each in WORDS if counts[each])
    return ", ".join(told) or "no rules"


def _plural(mark: RuleMark) -> str:
    return {RuleMark.INCONCLUSIVE: "open", RuleMark.NOT_APPLICABLE: "n/a"}.get(
        mark, str(mark)
    )


def _print_providers(out: Console, found: Providers, *, everything: bool) -> None:
    labels = [column.label for column in found.columns]
    widths = [max(len(label), 5) + 2 for label in labels]
    letters = sum(widths) + _ID > out.width
    names = _letters(len(labels)) if letters else labels
    for name, column in zip(names, found.columns, strict=True):
        conclusion = Text(column.conclusion, _conclusion_style(column))
        counts = (f", {account(column)}", "dim")
        told = Text.assemble((column.label, "bold"), ": ", conclusion, counts)
        hanging(out, Text(f"{name}  " if letters else ""), told)
    line(out)
    width = [3] * len(names) if len(names) > 26 else [2] * len(names)
    grid = _Grid(out, names, width if letters else widths, in_signs=letters)
    if found.differing:
        grid.print_head()
    for name in found.differing:
        grid.print_rule(found, name)
    if found.differing:
        line(out)
    if letters and (found.differing or everything):
        row(out, "", Text(_MEANING, "dim"), indent=0)
        line(out)
    for mark, alike in found.alike.items():
        _print_alike(out, found, mark, alike, everything=everything)
    differ, same = len(found.differing), len(found.rules) - len(found.differing)
    are = "is" if same == 1 else "are"
    said = f"{counted(differ, 'rule')} {'differs' if differ == 1 else 'differ'}"
    line(out, f"{said}, {same} {are} alike in all {counted(len(labels), 'report')}")


def _conclusion_style(column: Column) -> str:
    styles = {"conformant": "green", "nonconformant": "bold red"}
    return styles.get(column.conclusion, "yellow")


def _letters(number: int) -> list[str]:
    """Name columns a to z, then aa, ab and so on."""
    many = [*ascii_lowercase]
    many += [one + other for one in ascii_lowercase for other in ascii_lowercase]
    return many[:number]


class _Grid:
    """Prints what each report says of a rule, and then the rule."""

    def __init__(
        self,
        out: Console,
        names: Sequence[str],
        widths: Sequence[int],
        *,
        in_signs: bool,
    ) -> None:
        self._out = out
        self._names = names
        self._widths = widths
        self._marks = _SIGNS if in_signs else WORDS

    def print_head(self) -> None:
        """Print the names of the columns."""
        pairs = zip(self._names, self._widths, strict=True)
        cells = (f"{name:<{width}}" for name, width in pairs)
        line(self._out, Text("".join(cells) + "rule", "dim"))

    def print_rule(self, found: Comparison, name: str) -> None:
        """Print one rule."""
        marks = zip(found.marks(name), self._widths, strict=True)
        cells = [
            (f"{self._marks[mark]:<{width}}", _STYLES.get(mark, "dim"))
            for mark, width in marks
        ]
        entry = found.rules[name]
        told = Text.assemble(visible(name), (f" {entry.level.upper()}", "dim"))
        hanging(self._out, Text.assemble(*cells), told)


def _print_alike(
    out: Console,
    found: Providers,
    mark: RuleMark,
    names: Sequence[str],
    *,
    everything: bool,
) -> None:
    """Print the rules that all reports say the same of; what fails is named."""
    head = f"{_everywhere(mark)}: {counted(len(names), 'rule')}"
    if everything or mark in {RuleMark.FAIL, RuleMark.KNOWN, RuleMark.INCONCLUSIVE}:
        line(out, Text(head, _STYLES.get(mark, "dim")))
        for name in names if everything else names[:_CASES]:
            entry = found.rules[name]
            told = Text.assemble(visible(name), (f" {entry.level.upper()}", "dim"))
            row(out, "", told)
        if not everything and len(names) > _CASES:
            row(out, "", Text(f"and {len(names) - _CASES} more, see --all", "dim"))
    else:
        line(out, Text(head, "dim"))


def _everywhere(mark: RuleMark) -> str:
    said = {
        RuleMark.FAIL: "fail",
        RuleMark.PASS: "pass",
        RuleMark.WARN: "warn",
        RuleMark.KNOWN: "fail as known",
        RuleMark.SKIPPED: "skipped",
        RuleMark.NOT_APPLICABLE: "not applicable",
    }
    return f"{said.get(mark, str(mark))} everywhere"


def _print_runs(out: Console, found: Runs, *, everything: bool) -> None:
    for name, column in zip(("before", "after"), found.columns, strict=True):
        conclusion = Text(column.conclusion, _conclusion_style(column))
        told = Text.assemble(
            f"{shown(column.path, 200)}: ", conclusion, (f", {account(column)}", "dim")
        )
        row(out, name, told, indent=0)
    row(out, "target", shown(found.columns[1].target, 300), indent=0)
    line(out)
    for kind, (style, said) in HEADS.items():
        if kind in _GOOD:
            _print_ids(out, kind, said, found.of(kind), style)
            continue
        for change in found.of(kind):
            _print_change(out, change)
    for kind, said in LISTED.items():
        _print_ids(out, kind, said, found.of(kind))
    if everything:
        _print_ids(out, ChangeKind.UNCHANGED, "", found.of(ChangeKind.UNCHANGED))
    line(out, summary(found))


def _print_change(out: Console, change: RuleChange) -> None:
    style, said = HEADS[change.kind]
    entry = change.entry
    level = (f"  {entry.level.upper()}", "dim")
    title = Text.assemble((visible(entry.id), "bold"), level)
    hanging(out, Text.assemble((change.kind.upper(), style), " "), title)
    row(out, "", shown(entry.sentence, 600))
    row(out, "", Text(f"{said} ({_step(change)})", "dim"))
    for label, cases in _cases(change):
        row(out, label, cases)
    line(out)


def _cases(change: RuleChange) -> Iterator[tuple[str, str]]:
    """Yield what to say of the cases that a change shows in."""
    if change.after is RuleMark.FAIL and change.new:
        yield "why", shown(next(iter(change.new.values())), _REASON)
        yield "cases", _few(change.new)
    elif change.after is RuleMark.INCONCLUSIVE:
        yield "why", shown(change.entry.why, _REASON) or "no reason"
    if change.gone and change.kind is ChangeKind.WORSE:
        yield "gone", _few(change.gone)


def _few(names: Iterable[str]) -> str:
    names = [visible(each) for each in names]
    more = f" and {len(names) - _CASES:,} more" if len(names) > _CASES else ""
    return ", ".join(names[:_CASES]) + more


def _print_ids(
    out: Console,
    kind: ChangeKind,
    said: str,
    changes: Sequence[RuleChange],
    style: str = "",
) -> None:
    """Print the rules of a kind, a line each; what is good needs no details."""
    if not changes:
        return
    number = counted(len(changes), "rule")
    explained = f" {number}{': ' if said else ''}{said}"
    hanging(out, Text(), Text.assemble((kind.upper(), style), (explained, "dim")))
    for each in changes:
        fewer = (
            f", {len(each.gone):,} cases fewer"
            if each.kind is ChangeKind.BETTER
            else ""
        )
        told = Text.assemble(visible(each.entry.id), (f" {_step(each)}{fewer}", "dim"))
        row(out, "", told)
    line(out)


def _step(change: RuleChange) -> str:
    return f"{WORDS[change.before]} -> {WORDS[change.after]}"


def summary(found: Runs) -> str:
    """Say in a line how many rules became what."""
    counts = {kind: len(found.of(kind)) for kind in ChangeKind}
    regressions = counts.pop(ChangeKind.REGRESSION)
    told = [counted(regressions, "regression")]
    told += [
        f"{number:,} {kind}"
        for kind, number in counts.items()
        if number or kind in {ChangeKind.FIXED, ChangeKind.UNCHANGED}
    ]
    return ", ".join(told)
