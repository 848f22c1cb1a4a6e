"""The end of a run in short: a table by group, and the line that says it all."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ringspec.harness import Conclusion, Outcome, Result, RuleResult
from ringspec.reports.consoles import line, live, row
from ringspec.reports.text import counted, shown, visible

# Of a rule that fails only by what is known beforehand.
KNOWN = "known"
STYLES: dict[str, str] = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    KNOWN: "cyan",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.SKIPPED: "dim",
    Outcome.NOT_APPLICABLE: "dim",
}
# More groups than these, and those that pass are one line.
_GROUPS = 8
_HEADS: dict[str, str] = {
    Outcome.NOT_APPLICABLE: "n/a",
    Outcome.INCONCLUSIVE: "inconcl.",
}
_CONCLUSIONS = {
    Conclusion.CONFORMANT: "bold green",
    Conclusion.NONCONFORMANT: "bold red",
    Conclusion.INCONCLUSIVE: "bold yellow",
}


def print_table(console: Console, result: Result) -> None:
    """Print how many rules of each group came out how."""
    groups: dict[str, Counter[str]] = {}
    for each in result.rules:
        groups.setdefault(each.rule.group, Counter())[_outcome(each)] += 1
    total = sum(groups.values(), Counter[str]())
    groups = _folded(groups)
    columns = [each for each in STYLES if total[each] or each == Outcome.PASS]
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False, show_footer=True)
    table.add_column("group", overflow="fold", footer="total", min_width=8)
    heads = ("rules", *(_HEADS.get(each, str(each)) for each in columns))
    for name, number in zip(heads, _cells(total, columns), strict=True):
        table.add_column(
            name,
            justify="right",
            footer=number,
            min_width=min(len(name), 5),
            no_wrap=True,
        )
    for group, counts in groups.items():
        table.add_row(Text(visible(group)), *_cells(counts, columns))
    roomy = console.options.update(width=10 * console.width)
    if Measurement.get(console, roomy, table).maximum <= console.width:
        console.print(table)
        return
    for group, counts in {**groups, "total": total}.items():
        told = [f"{counts[each]} {_HEADS.get(each, each)}" for each in columns]
        told = [each for each in told if not each.startswith("0 ")]
        row(console, "", f"{visible(group)}: {', '.join(told)}", indent=0)


def _folded(groups: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """Put the groups together in which every rule passes, if there are many groups."""
    good = [name for name, each in groups.items() if set(each) == {Outcome.PASS}]
    if len(groups) <= _GROUPS or len(good) < 2:
        return groups
    folded = {name: each for name, each in groups.items() if name not in good}
    name = f"{len(good)} {'other groups' if folded else 'groups'}"
    return {**folded, name: sum((groups[each] for each in good), Counter[str]())}


def _outcome(result: RuleResult) -> str:
    return KNOWN if result.excused else result.outcome


def _cells(counts: Counter[str], columns: list[str]) -> list[Text]:
    cells = [Text(str(counts.total()))]
    for outcome in columns:
        number = counts[outcome]
        cells.append(Text(str(number), STYLES[outcome]) if number else Text("-", "dim"))
    return cells


def print_conclusion(console: Console, result: Result) -> None:
    """Print the last line, with the message and the hint if there are any."""
    conclusion = Text(str(result.conclusion), _CONCLUSIONS[result.conclusion])
    told = Text.assemble(conclusion, ": ", _account(result))
    if live(console.file):
        row(console, "", told, indent=0)
    else:
        line(console, told)  # one line to look for in a log
    if result.message:
        line(console, shown(result.message, 1000))
    if result.hint:
        line(console, Text.assemble(("hint: ", "bold"), shown(result.hint, 1000)))


def _account(result: Result) -> str:
    """Write how many rules came out how, and what it took."""
    counts = Counter(map(_outcome, result.rules))
    rules = ", ".join(_outcomes(counts)) or "no rule was looked at"
    took = ", ".join(
        (
            counted(result.counts.cases, "case"),
            counted(result.counts.requests, "request"),
            f"{result.duration_s:.1f} s",
            *(["interrupted"] if result.interrupted else []),
        )
    )
    return f"{rules} at level {result.level} ({took})"


def _outcomes(counts: Counter[str]) -> list[str]:
    """Write `2 rules fail`, `1 inconclusive`, `119 pass`: the noun only once."""
    order = (
        (Outcome.FAIL, "fails", "fail"),
        (KNOWN, "fails as known", "fail as known"),
        (Outcome.INCONCLUSIVE, "inconclusive", "inconclusive"),
        (Outcome.PASS, "passes", "pass"),
        (Outcome.SKIPPED, "skipped", "skipped"),
        (Outcome.NOT_APPLICABLE, "not applicable", "not applicable"),
    )
    told: list[str] = []
    for outcome, one, many in order:
        number = counts[outcome]
        if number:
            subject = str(number) if told else counted(number, "rule")
            told.append(f"{subject} {one if number == 1 else many}")
    return told
