"""The end of a run in short: a table by group, and the line that says it all."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ringspec.harness import Conclusion, Outcome, Result
from ringspec.reports.consoles import line
from ringspec.reports.text import counted, shown, visible

STYLES = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.SKIPPED: "dim",
    Outcome.NOT_APPLICABLE: "dim",
}
_HEADS = {Outcome.NOT_APPLICABLE: "n/a"}
_CONCLUSIONS = {
    Conclusion.CONFORMANT: "bold green",
    Conclusion.NONCONFORMANT: "bold red",
    Conclusion.INCONCLUSIVE: "bold yellow",
}


def print_table(console: Console, result: Result) -> None:
    """Print how many rules of each group came out how."""
    groups: dict[str, Counter[Outcome]] = {}
    for each in result.rules:
        groups.setdefault(each.rule.group, Counter())[each.outcome] += 1
    total = sum(groups.values(), Counter[Outcome]())
    columns = [each for each in Outcome if total[each] or each is Outcome.PASS]
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
    console.print(table)


def _cells(counts: Counter[Outcome], columns: list[Outcome]) -> list[Text]:
    cells = [Text(str(counts.total()))]
    for outcome in columns:
        number = counts[outcome]
        cells.append(Text(str(number), STYLES[outcome]) if number else Text("-", "dim"))
    return cells


def print_conclusion(console: Console, result: Result) -> None:
    """Print the last line, with the message and the hint if there are any."""
    conclusion = Text(str(result.conclusion), _CONCLUSIONS[result.conclusion])
    line(console, Text.assemble(conclusion, ": ", _account(result)))
    if result.message:
        line(console, shown(result.message, 1000))
    if result.hint:
        line(console, Text.assemble(("hint: ", "bold"), shown(result.hint, 1000)))


def _account(result: Result) -> str:
    """Write how many rules came out how, and what it took."""
    counts = Counter(each.outcome for each in result.rules)
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


def _outcomes(counts: Counter[Outcome]) -> list[str]:
    """Write `2 rules fail`, `1 inconclusive`, `119 pass`: the noun only once."""
    order = (
        (Outcome.FAIL, "fails", "fail"),
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
