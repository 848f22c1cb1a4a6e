"""The terminal report: results on standard output, progress on standard error."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ringspec.harness import (
    Conclusion,
    Ended,
    Event,
    Judged,
    Notice,
    Outcome,
    Result,
    Started,
    Verdict,
)
from ringspec.reports.blocks import (
    LIMIT,
    OUTCOMES,
    chosen,
    outcome_of,
    print_conclusion,
    print_failing_ids,
    print_failures,
    print_others,
    print_refusal,
)
from ringspec.reports.causes import Cause, explained
from ringspec.reports.console import Color, ProgressLine, console, line, print_note, row
from ringspec.reports.printable import counted, shown, visible
from ringspec.reports.redact import Redactor
from ringspec.spec import Level
from ringspec.strategies import Phase

# More groups than these, and those that pass are one line.
_GROUPS = 8
# Commands to run next.
_COMMANDS = 3


class Terminal:
    """A reporter for people: all that fails, some of it, or if quiet only the ids.

    `again` are the options that a replay of a case needs, as they were given; without
    them, the dialect and seed of the run.
    """

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        *,
        quiet: bool = False,
        verbose: bool = False,
        color: Color = "auto",
        redactor: Redactor | None = None,
        again: Sequence[str] | None = None,
    ) -> None:
        stderr = stderr or sys.stderr
        self._out = console(stdout or sys.stdout, color)
        self._err = console(stderr, color)
        self._quiet = quiet
        self._verbose = verbose
        self._redactor = redactor or Redactor()
        self._again = again
        self._progress: ProgressLine | None = None
        self._started: Started | None = None
        self._level = Level.MUST
        self._failures = 0
        self._judged: list[Judged] = []

    def close(self) -> None:
        """Take the bar off the screen, if one is there."""
        if self._progress is not None:
            self._progress.close()
            self._progress = None

    def handle(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, Judged):
            self._advance(event)
            return
        event = self._redactor.event(event)
        match event:
            case Started():
                self._begin(event)
            case Notice() if not self._quiet:
                print_note(self._err, event.message)
            case Ended():
                self.close()
                if self._quiet:
                    print_failing_ids(self._out, event.result)
                    print_conclusion(self._out, event.result)
                else:
                    self._print(event.result)
                self._out.file.flush()

    def _begin(self, started: Started) -> None:
        self._started, self._level = started, started.level
        if self._quiet:
            return
        contract = started.contract
        title = shown(f"{contract.title} {contract.version}", 200)
        dialect = f", dialect {contract.dialect}" if contract.dialect else ""
        row(self._out, "api", Text(f"{title}{dialect}", "bold"), indent=0)
        row(self._out, "target", shown(started.target, 1000), indent=0)
        cases = counted(started.total, "case")
        plan = f"{cases} at level {started.level}, seed {started.seed}"
        row(self._out, "run", plan, indent=0)
        line(self._out)
        self._out.file.flush()  # before the first line on standard error
        self._progress = ProgressLine(self._err, "case", started.total)

    def _advance(self, judged: Judged) -> None:
        self._judged.append(judged)
        self._failures += any(
            each.verdict is Verdict.FAIL and each.level.gates(self._level)
            for each in judged.findings
        )
        if self._progress is not None:
            self._progress.advance(self._failures, "failure")

    def _print(self, result: Result) -> None:
        print_refusal(self._out, result, verbose=self._verbose)
        if result.learnt:
            print_table(self._out, result)
            line(self._out)
        found, warned = explained(result, self._judged)
        found = tuple(each for each in found if not each.known)
        print_failures(self._out, found, verbose=self._verbose)
        print_others(self._out, result, warned, verbose=self._verbose)
        print_conclusion(self._out, result)
        if self._started is not None:
            again = self._again
            words = tuple(replay_options(self._started) if again is None else again)
            _print_next(self._out, list(_next(self._started, result, found, words)))


def print_table(console: Console, result: Result) -> None:
    """Print the number of rules of each group by outcome, but for those not run."""
    groups: dict[str, Counter[str]] = {}
    run = [each for each in result.rules if each.outcome is not Outcome.SKIPPED]
    for each in run:
        groups.setdefault(each.rule.group, Counter())[outcome_of(each)] += 1
    total = sum(groups.values(), Counter[str]())
    groups = _folded(groups)
    others = (each for each in OUTCOMES if total[each] and each != Outcome.PASS)
    columns = [Outcome.PASS, *others]
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False, show_footer=True)
    table.add_column("group", overflow="fold", footer="total", min_width=8)
    heads = ("rules", *(OUTCOMES[each][1] for each in columns))
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
        groups = {}
    else:
        groups["total"] = total
    for group, counts in groups.items():
        cells = [
            f"{counts[each]} {OUTCOMES[each][1]}" for each in columns if counts[each]
        ]
        row(console, "", f"{visible(group)}: {', '.join(cells)}", indent=0)
    if left := len(result.rules) - len(run):
        text = f"{counted(left, 'rule')} skipped: not selected"
        row(console, "", Text(text, "dim"), indent=0)


def _folded(groups: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """Join the groups in which every rule passes, if there are many groups."""
    good = [name for name, each in groups.items() if set(each) == {Outcome.PASS}]
    if len(groups) <= _GROUPS or len(good) < 2:
        return groups
    folded = {name: each for name, each in groups.items() if name not in good}
    name = f"{len(good)} {'other groups' if folded else 'groups'}"
    return {**folded, name: sum((groups[each] for each in good), Counter[str]())}


def _cells(counts: Counter[str], columns: list[str]) -> list[Text]:
    cells = [Text(str(counts.total()))]
    for outcome in columns:
        number = counts[outcome]
        cells.append(
            Text(str(number), OUTCOMES[outcome][0]) if number else Text("-", "dim")
        )
    return cells


def _print_next(console: Console, commands: Sequence[tuple[str, str]]) -> None:
    if commands:
        line(console)
        line(console, "next", "dim")
    for command, why in commands[:_COMMANDS]:
        # Not wrapped: it is there to be pasted.
        text = Text.assemble("  ", (command, "cyan"))
        remark = Text(f"  # {why}", "dim")
        fits = text.cell_len + remark.cell_len <= console.width
        line(console, text + remark if fits else text)


def _next(
    started: Started, result: Result, found: Sequence[Cause], words: Sequence[str]
) -> Iterator[tuple[str, str]]:
    if not result.learnt or result.interrupted:
        return  # the message and the hint say it
    printed = (each for cause in found for each in chosen(cause.findings))
    # The first that is on the list.
    first = next((it for it in printed if it.case.phase != Phase.EXPLORE), None)
    if first is not None:
        command = ["ringspec", "replay", first.case.id, started.target, *words]
        yield shlex.join(map(visible, command)), "the first of them again"
    if any(len(each.findings) > LIMIT for each in found):
        yield "ringspec run … --report html=report.html", "every case, side by side"
    if result.stale:
        known = "ringspec run … --known-failures FILE --update-known-failures"
        yield known, "after the stale entries are reviewed"
    warns = any(each.warnings(result.level) for each in result.rules)
    if result.conclusion is Conclusion.CONFORMANT and not warns:
        for level in Level:
            if level.rank == result.level.rank + 1:
                yield f"ringspec run … --level {level}", "what binds less strongly, too"


def replay_options(started: Started) -> Iterator[str]:
    """Yield the options without which there would be other cases."""
    if started.contract.dialect:
        yield from ("--dialect", started.contract.dialect)
    if started.seed:
        yield from ("--seed", str(started.seed))
