"""The kill matrix for people: what was missed first, what is as it should be last.

In: a matrix, or the trials one by one as they end. Out: text on a console.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from ringspec.reports.consoles import Color, console, line, live, row
from ringspec.reports.matrix.model import Kind, LevelRow, Mark, Matrix, Trial
from ringspec.reports.text import counted, shown, visible

_NAME = 34
_UNTIL = 6
_REASON = 300
# In a log, so long without a word and somebody thinks that it hangs.
_PAUSE_S = 5.0
_STYLES = {
    Mark.SURVIVED: "bold red",
    Mark.MISNAMED: "bold yellow",
    Mark.FALSE_ALARM: "bold red",
}
_BAD = tuple(_STYLES)


def print_matrix(matrix: Matrix, stdout: TextIO, *, color: Color = "auto") -> None:
    """Print the whole matrix, and what follows from it."""
    out = console(stdout, color)
    _print_head(out, matrix)
    for mark in _BAD:
        for trial in matrix.marked(mark):
            _print_bad(out, matrix, trial)
    _print_noticed(out, matrix)
    _print_weaker(out, matrix)
    _print_quiet(out, matrix)
    _print_unisolated(out, matrix)
    _print_levels(out, matrix)
    for told in _summary(matrix):
        line(out, told)
    out.file.flush()


def _print_head(out: Console, matrix: Matrix) -> None:
    contract = matrix.contract
    dialect = f", dialect {contract.dialect}" if contract.dialect else ""
    title = shown(f"{contract.title} {contract.version}", 200) + dialect
    row(out, "api", Text(title, "bold"), indent=0)
    kinds = [
        counted(len(matrix.of(Kind.MUTANT)), "mutant"),
        counted(len(matrix.of(Kind.LAWFUL)), "lawful variant"),
        *("the reference" for _ in matrix.of(Kind.REFERENCE)),
    ]
    row(out, "fleet", f"{', '.join(kinds)}; at level {matrix.level}", indent=0)
    line(out)


def _print_bad(out: Console, matrix: Matrix, trial: Trial) -> None:
    """Print a trial that came out wrong, with what is needed to act on it."""
    style = _STYLES[trial.mark]
    title = Text.assemble(
        (trial.mark.upper(), style), " ", (visible(trial.name), "bold")
    )
    line(out, title)
    if trial.defect:
        row(out, "", shown(trial.defect, _REASON))
    if trial.rule:
        row(out, "expected", f" {_expected(matrix, trial)}")
    if trial.noticed:
        row(out, "noticed", f" {_rules(trial)}")
    if trial.reason:
        row(out, "why", f" {shown(trial.reason, _REASON)}")
    for case in list(trial.cases)[:1]:
        row(out, "case", f" {visible(case)}")
    line(out)


def _expected(matrix: Matrix, trial: Trial) -> str:
    level = f"{trial.binding.upper()}"
    known = trial.rule in {str(each) for each in matrix.contract.rules}
    return f"{visible(trial.rule)} ({level if known else 'a rule that nobody has'})"


def _rules(trial: Trial) -> str:
    """Name the rules that noticed, the expected one first."""
    names = sorted(trial.noticed, key=lambda name: name != trial.rule)
    return ", ".join(map(visible, names))


def _print_noticed(out: Console, matrix: Matrix) -> None:
    noticed = matrix.marked(Mark.NOTICED)
    if not noticed:
        return
    line(out, f"{'until':>{_UNTIL}}  {'mutant':<{_NAME}}  noticed by", "dim")
    for trial in noticed:
        name = visible(trial.name)
        head = f"{trial.until or 0:>{_UNTIL}}  {name:<{_NAME}}  "
        if len(name) > _NAME:
            line(out, head.rstrip())
            head = " " * (_UNTIL + _NAME + 4)
        _hanging(out, head, _rules(trial))
    line(out)


def _hanging(out: Console, head: str, text: str) -> None:
    """Print a text that wraps beside its head."""
    width = max(out.width - len(head), 20)
    for part in Text(text).wrap(out, width, overflow="fold"):
        part.rstrip()
        line(out, Text.assemble(head, part))
        head = " " * len(head)


def _print_weaker(out: Console, matrix: Matrix) -> None:
    """Print the mutants that no case of their rule's own level notices."""
    weaker = matrix.weaker()
    if weaker:
        line(out, f"BELOW ITS LEVEL {counted(len(weaker), 'mutant')}", "yellow")
        said = "noticed by their rule, but only by cases of a weaker level: "
        row(out, "", said + ", ".join(visible(each.name) for each in weaker))
        line(out)


def _print_quiet(out: Console, matrix: Matrix) -> None:
    quiet = [visible(each.name) for each in matrix.marked(Mark.QUIET)]
    if quiet:
        _hanging(out, "never accused  ", ", ".join(quiet))
        line(out)


def _print_unisolated(out: Console, matrix: Matrix) -> None:
    """Print the rules that no mutant shows to work by themselves."""
    if not matrix.whole or matrix.interrupted:
        return
    for name, reason in matrix.unisolated:
        if reason:
            head = Text.assemble(("NOT ALONE", "yellow"), " ", (visible(name), "bold"))
            line(out, head)
            row(out, "", shown(reason, _REASON))
    bare = [visible(name) for name, reason in matrix.unisolated if not reason]
    if bare:
        line(out, f"NOT ALONE {counted(len(bare), 'rule')}", "yellow")
        row(out, "", f"no mutant is noticed by that rule alone: {', '.join(bare)}")
    if matrix.unisolated:
        line(out)
    for name, reason in matrix.equivalents.items():
        line(out, Text.assemble(("EQUIVALENT", "dim"), " ", (visible(name), "bold")))
        row(out, "", shown(reason, _REASON))
    if matrix.equivalents:
        line(out)


def _print_levels(out: Console, matrix: Matrix) -> None:
    line(out, f"{'level':<8}{'mutants':>10}{'noticed':>10}{'by their rule':>16}", "dim")
    for each in matrix.levels:
        line(out, _level(each))
    line(out)


def _level(each: LevelRow) -> str:
    return f"{each.level:<8}{each.mutants:>10}{each.noticed:>10}{each.named:>16}"


def _summary(matrix: Matrix) -> Iterator[str]:
    """Write the lines that say it all."""
    mutants = matrix.of(Kind.MUTANT)
    lawful = matrix.of(Kind.LAWFUL, Kind.REFERENCE)
    found = sum(bool(each.noticed) for each in mutants)
    named = len(matrix.marked(Mark.NOTICED))
    alarms = len(matrix.marked(Mark.FALSE_ALARM))
    took = matrix.requests
    yield f"{found} of {counted(len(mutants), 'mutant')} noticed, {named} by their rule"
    correct = counted(len(lawful), "correct server")
    yield f"{counted(alarms, 'false alarm')} on {correct}"
    yield (
        f"requests until noticed: median {took.median:g}, worst {took.worst}; "
        f"a whole run {took.whole}"
    )
    yield (
        f"the least that could do: {counted(took.minimum, 'request')}, "
        "by a greedy cover of all mutants"
    )
    if matrix.interrupted:
        yield (
            f"interrupted after {len(matrix.trials)} of "
            f"{counted(matrix.expected, 'server')} ({matrix.duration_s:.1f} s)"
        )
    else:
        runs = counted(len(matrix.trials), "run")
        yield f"{_verdict(matrix)} ({runs}, {matrix.duration_s:.1f} s)"


def _verdict(matrix: Matrix) -> str:
    counts = (
        (len(matrix.marked(Mark.SURVIVED)), "survivor"),
        (len(matrix.marked(Mark.MISNAMED)), "misnamed mutant"),
        (len(matrix.marked(Mark.FALSE_ALARM)), "false alarm"),
    )
    told = [counted(number, noun) for number, noun in counts if number]
    return ", ".join(told) or "every defect noticed by its rule, nobody accused falsely"


class Watch:
    """Tells on standard error how the fleet goes: a bar, or now and then a line."""

    def __init__(self, stderr: TextIO, total: int, *, color: Color = "auto") -> None:
        self._console = console(stderr, color)
        self._total = total
        self._done = self._bad = 0
        self._told = time.monotonic()
        self._bar = _bar(self._console) if live(stderr) else None
        self._task = self._bar.add_task("", total=total, bad="") if self._bar else None
        if self._bar is not None:
            self._bar.start()

    def add(self, trial: Trial) -> None:
        """Tell of a trial that has ended."""
        self._done += 1
        self._bad += trial.mark in _BAD
        if self._bar is not None and self._task is not None:
            bad = f"{self._bad} to look at" if self._bad else ""
            self._bar.update(self._task, advance=1, bad=bad)
        elif time.monotonic() - self._told >= _PAUSE_S:
            self._told = time.monotonic()
            done = f"{self._done}/{counted(self._total, 'server')} done"
            line(self._console, f"{done}, {self._bad} to look at")

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()


def _bar(console_: Console) -> Progress:
    return Progress(
        TextColumn("servers"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[bad]}", markup=False),
        console=console_,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def ordered(trials: Iterable[Trial], names: Iterable[str]) -> tuple[Trial, ...]:
    """Bring trials, which end in any order, into the order of the fleet."""
    place = {name: number for number, name in enumerate(names)}
    return tuple(sorted(trials, key=lambda each: place[each.name]))
