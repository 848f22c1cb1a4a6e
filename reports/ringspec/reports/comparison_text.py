"""Comparisons on a terminal: what differs, or what became of it, the rest as counts.

Many reports are named by letters: the outcomes stand left, so that the rule's id need
not be cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from ringspec.reports.printable import counted, listed, shown, visible

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
# Where there is no room for words.
_SIGNS = dict(zip(WORDS, "F?kw.-s ", strict=True))
_MEANING = (
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
_EVERYWHERE = {
    RuleMark.KNOWN: "fail as known",
    RuleMark.NOT_APPLICABLE: "not applicable",
}
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
# Kinds of which the ids suffice: the good ones, and the neutral ones.
_GOOD = frozenset(list(HEADS)[4:])
LISTED = {
    ChangeKind.ADDED: "judged now and not before",
    ChangeKind.REMOVED: "judged before and not now",
}
_CASES = 3
_REASON = 200
# The room for an id beside the columns, before these are cut to letters.
_ID = 34


def print_comparison(
    comparison: Comparison,
    stdout: TextIO,
    *,
    everything: bool = False,
    color: Color = "auto",
) -> None:
    """Print a comparison; everything: also the rules that are alike, or unchanged."""
    out = console(stdout, color)
    first = comparison.columns[0]
    dialect = f", dialect {first.dialect}" if first.dialect else ""
    title = shown(f"{first.title}{dialect}", 200)
    line(out, Text.assemble("api     ", (title, "bold")))
    row(out, "level", str(comparison.level), indent=0)
    for each in comparison.remarks:
        row(out, "note", Text(shown(each, 600), "yellow"), indent=0)
    line(out)
    if isinstance(comparison, Runs):
        _print_runs(out, comparison, everything=everything)
    elif isinstance(comparison, Providers):
        _print_providers(out, comparison, everything=everything)
    out.file.flush()


def account(column: Column) -> str:
    """Write how many rules of a report came out how."""
    plurals = {RuleMark.INCONCLUSIVE: "open", RuleMark.NOT_APPLICABLE: "n/a"}
    counts = column.counts
    parts = (f"{counts[it]} {plurals.get(it, it)}" for it in WORDS if counts[it])
    return ", ".join(parts) or "no rules"


def _conclusion(name: str, column: Column) -> Text:
    conclusion = column.report["conclusion"]
    style = _CONCLUSIONS.get(conclusion, "yellow")
    counts = f", {account(column)}"
    return Text.assemble(name, ": ", (conclusion, style), (counts, "dim"))


def _print_providers(out: Console, found: Providers, *, everything: bool) -> None:
    labels = [column.label for column in found.columns]
    widths = [max(len(label), 5) + 2 for label in labels]
    letters = sum(widths) + _ID > out.width
    # A to z, then aa, ab and so on.
    doubled = (one + other for one in ascii_lowercase for other in ascii_lowercase)
    names = [*ascii_lowercase, *doubled][: len(labels)] if letters else labels
    for name, column in zip(names, found.columns, strict=True):
        label = Text(column.label, "bold")
        text = Text.assemble(label, _conclusion("", column))
        hanging(out, Text(f"{name}  " if letters else ""), text)
    line(out)
    if letters:
        widths = [3 if len(names) > 26 else 2] * len(names)
    words = _SIGNS if letters else WORDS
    if found.differing:
        pairs = zip(names, widths, strict=True)
        head = "".join(f"{name:<{width}}" for name, width in pairs)
        line(out, f"{head}rule", "dim")
        for name in found.differing:
            marks = zip(found.marks(name), widths, strict=True)
            cells = (
                (f"{words[mark]:<{width}}", _STYLES.get(mark, "dim"))
                for mark, width in marks
            )
            hanging(out, Text.assemble(*cells), _named(found, name))
        line(out)
    if letters and (found.differing or everything):
        row(out, "", Text(_MEANING, "dim"), indent=0)
        line(out)
    for mark, alike in found.alike.items():
        _print_alike(out, found, mark, alike, everything=everything)
    differ, same = len(found.differing), len(found.rules) - len(found.differing)
    differs = f"{counted(differ, 'rule')} {'differs' if differ == 1 else 'differ'}"
    are = f"{same} {'is' if same == 1 else 'are'}"
    line(out, f"{differs}, {are} alike in all {counted(len(labels), 'report')}")


def _named(found: Comparison, name: str) -> Text:
    level = f" {found.rules[name].level.upper()}"
    return Text.assemble(visible(name), (level, "dim"))


def _print_alike(
    out: Console,
    found: Providers,
    mark: RuleMark,
    names: Sequence[str],
    *,
    everything: bool,
) -> None:
    """Print the rules that come out the same in all reports; failures by name."""
    head = f"{_EVERYWHERE.get(mark, mark)} everywhere: {counted(len(names), 'rule')}"
    if not everything and mark not in {
        RuleMark.FAIL,
        RuleMark.KNOWN,
        RuleMark.INCONCLUSIVE,
    }:
        line(out, head, "dim")
        return
    line(out, head, _STYLES.get(mark, "dim"))
    for name in names if everything else names[:_CASES]:
        row(out, "", _named(found, name))
    if not everything and len(names) > _CASES:
        row(out, "", Text(f"and {len(names) - _CASES} more, see --all", "dim"))


def _print_runs(out: Console, found: Runs, *, everything: bool) -> None:
    for name, column in zip(("before", "after"), found.columns, strict=True):
        row(out, name, _conclusion(shown(column.path, 200), column), indent=0)
    row(out, "target", shown(found.columns[1].report["target"], 300), indent=0)
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
        unchanged = found.of(ChangeKind.UNCHANGED)
        _print_ids(out, ChangeKind.UNCHANGED, "", unchanged)
    line(out, summary(found))


def _print_change(out: Console, change: RuleChange) -> None:
    style, said = HEADS[change.kind]
    entry = change.entry
    level = (f"  {entry.level.upper()}", "dim")
    title = Text.assemble((visible(entry.id), "bold"), level)
    hanging(out, Text.assemble((change.kind.upper(), style), " "), title)
    row(out, "", shown(entry.sentence, 600))
    row(out, "", Text(f"{said} ({_step(change)})", "dim"))
    for label, text in _rows(change):
        row(out, label, text)
    line(out)


def _rows(change: RuleChange) -> Iterator[tuple[str, str]]:
    if change.after is RuleMark.FAIL and change.new:
        yield "why", shown(next(iter(change.new.values())), _REASON)
        yield "cases", listed(list(map(visible, change.new)), _CASES)
    elif change.after is RuleMark.INCONCLUSIVE:
        yield "why", shown(change.entry.why, _REASON) or "no reason"
    if change.gone and change.kind is ChangeKind.WORSE:
        yield "gone", listed(list(map(visible, change.gone)), _CASES)


def _print_ids(
    out: Console,
    kind: ChangeKind,
    said: str,
    changes: Sequence[RuleChange],
    style: str = "",
) -> None:
    """Print the rules of a kind, a line each."""
    if not changes:
        return
    explained = f" {counted(len(changes), 'rule')}{': ' if said else ''}{said}"
    hanging(out, Text(), Text.assemble((kind.upper(), style), (explained, "dim")))
    for each in changes:
        better = each.kind is ChangeKind.BETTER
        fewer = f", {len(each.gone):,} cases fewer" if better else ""
        step = (f" {_step(each)}{fewer}", "dim")
        row(out, "", Text.assemble(visible(each.entry.id), step))
    line(out)


def _step(change: RuleChange) -> str:
    return f"{WORDS[change.before]} -> {WORDS[change.after]}"


def summary(found: Runs) -> str:
    """Write in a line how many rules became what."""
    counts = {kind: len(found.of(kind)) for kind in ChangeKind}
    parts = [counted(counts.pop(ChangeKind.REGRESSION), "regression")]
    parts += [
        f"{number:,} {kind}"
        for kind, number in counts.items()
        if number or kind in {ChangeKind.FIXED, ChangeKind.UNCHANGED}
    ]
    return ", ".join(parts)
