"""The kill matrix: which run noticed which defect, by which rules and cases.

In: trials, one for each server of the fleet that was run. Out: survivors, false alarms
and figures, all of them computed from the trials and from the contract's rules.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from ringspec.reports.console import Color, console, line, live, row
from ringspec.reports.files import check, write_data
from ringspec.reports.printable import counted, shown, visible
from ringspec.spec import Contract, Json, Level, Rule, UsageError


class ServerKind(StrEnum):
    """What sort of server a trial was of."""

    MUTANT = "mutant"
    LAWFUL = "lawful"
    REFERENCE = "reference"


class Channel(StrEnum):
    """How a trial reached its server."""

    IN_PROCESS = "in process"
    NETWORK = "network"


class RunMark(StrEnum):
    """What a trial came to, worst first."""

    SURVIVED = "survived"
    MISNAMED = "misnamed"
    FALSE_ALARM = "false alarm"
    NOTICED = "noticed"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRun:
    """One server of the fleet, and what a whole run found in it.

    Attributes:
        rule: the id that a run is expected to name; empty where nothing is wrong.
        level: of the run.
        binding: the level at which the defect shows: that of its rule, or a weaker one
            where it shows only in what is attested less well.
        noticed: the rules with a gating failure, with the strongest level among them.
        cases: the cases with a gating failure, each with the requests it took.
        until: requests until the first of them, itself included.
        reason: the first of them in words, or else why the run was no success.
    """

    kind: ServerKind
    name: str
    rule: str = ""
    defect: str = ""
    level: Level
    way: Channel
    binding: Level = Level.MAY
    exit_code: int
    noticed: Mapping[str, Level] = field(default_factory=dict)
    cases: Mapping[str, int] = field(default_factory=dict)
    until: int | None = None
    requests: int = 0
    reason: str = ""

    @property
    def mark(self) -> RunMark:
        """Tell what the trial came to."""
        if self.kind is not ServerKind.MUTANT:
            return RunMark.QUIET if self.exit_code == 0 else RunMark.FALSE_ALARM
        if not self.noticed:
            return RunMark.SURVIVED
        return RunMark.NOTICED if self.rule in self.noticed else RunMark.MISNAMED

    def noticed_at(self, level: Level) -> bool:
        """Tell whether a run at that level would have failed."""
        return any(each.gates(level) for each in self.noticed.values())

    def named_at(self, level: Level) -> bool:
        """Tell whether a run at that level would have named the expected rule."""
        return self.rule in self.noticed and self.noticed[self.rule].gates(level)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRow:
    """How many of the mutants whose rule binds at a level are noticed there."""

    level: Level
    mutants: int
    noticed: int
    named: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCounts:
    """What noticing takes: until the first sign, a whole run, and the least there is.

    Attributes:
        minimum: requests of a greedily smallest set of cases that notices all that
            any case notices.
    """

    median: float
    worst: int
    whole: int
    minimum: int


@dataclass(frozen=True)
class KillMatrix:
    """The trials, and what follows from them.

    Attributes:
        expected: how many trials there would have been without an interrupt.
        equivalents: defects that no request can show, each with the reason.
        shared: rules that no mutant can break alone, each with the reason.
        whole: whether the whole fleet was asked for.
        duration_s: of all trials, as a clock on the wall tells it.
    """

    contract: Contract
    level: Level
    trials: tuple[FleetRun, ...]
    expected: int
    equivalents: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True
    duration_s: float = 0.0

    @property
    def interrupted(self) -> bool:
        """Tell whether some trials are missing."""
        return len(self.trials) < self.expected

    def weaker(self) -> tuple[FleetRun, ...]:
        """Return the mutants that their rule notices only below its own level."""
        return tuple(
            each
            for each in self.marked(RunMark.NOTICED)
            if not each.named_at(each.binding)
        )

    @property
    def exit_code(self) -> int:
        """Return 0, 1 or 130, as product.md has it."""
        if self.interrupted:
            return 130
        bad = {RunMark.SURVIVED, RunMark.MISNAMED, RunMark.FALSE_ALARM}
        return 1 if any(each.mark in bad for each in self.trials) else 0

    def of(self, *kinds: ServerKind) -> tuple[FleetRun, ...]:
        """Return the trials of some kinds."""
        return tuple(each for each in self.trials if each.kind in kinds)

    def marked(self, mark: RunMark) -> tuple[FleetRun, ...]:
        """Return the trials that came to something."""
        return tuple(each for each in self.trials if each.mark is mark)

    @cached_property
    def _rules(self) -> dict[str, Rule]:
        return {str(name): rule for name, rule in self.contract.rules.items()}

    @cached_property
    def levels(self) -> tuple[LevelRow, ...]:
        """Count what is noticed at each level up to that of the runs."""
        return tuple(self._row(level) for level in Level if level.gates(self.level))

    def _row(self, level: Level) -> LevelRow:
        bound = [
            each for each in self.of(ServerKind.MUTANT) if each.binding.gates(level)
        ]
        return LevelRow(
            level=level,
            mutants=len(bound),
            noticed=sum(each.noticed_at(level) for each in bound),
            named=sum(each.named_at(level) for each in bound),
        )

    @cached_property
    def requests(self) -> RequestCounts:
        """Tell what noticing takes."""
        noticed = [
            each for each in self.of(ServerKind.MUTANT) if each.until is not None
        ]
        untils = [each.until or 0 for each in noticed]
        whole = [each.requests for each in self.of(ServerKind.REFERENCE)]
        return RequestCounts(
            median=_median(untils),
            worst=max(untils, default=0),
            whole=max(whole, default=0),
            minimum=sum(cost for _, cost in self.cover),
        )

    @cached_property
    def cover(self) -> tuple[tuple[str, int], ...]:
        """Return the cases of a greedily smallest list, with the requests of each.

        Each next case is the one that notices most more for its requests.
        """
        costs: dict[str, int] = {}
        noticing: dict[str, set[str]] = {}
        for trial in self.of(ServerKind.MUTANT):
            for case, sent in trial.cases.items():
                # A dropped request is repeated: the least tells what a case takes.
                costs[case] = min(sent, costs.get(case, sent))
                noticing.setdefault(case, set()).add(trial.name)
        return tuple(_greedy(noticing, costs))

    @cached_property
    def unisolated(self) -> tuple[tuple[str, str], ...]:
        """Return the rules without a mutant that they alone notice, with the reason.

        The reason is empty where nobody has stated one.
        """
        alone = {
            each.rule
            for each in self.of(ServerKind.MUTANT)
            if set(each.noticed) == {each.rule}
        }
        return tuple(
            (name, self._reason(name))
            for name, rule in self._rules.items()
            if name not in alone and rule.level.gates(self.level)
        )

    def _reason(self, rule: str) -> str:
        stated = self.contract.catalogue.not_isolated.items()
        found = (reason for name, reason in stated if name == rule)
        return next(found, self.shared.get(rule, ""))


def _greedy(
    noticing: Mapping[str, set[str]], costs: Mapping[str, int]
) -> Iterable[tuple[str, int]]:
    left = set().union(*noticing.values())
    while left:
        # Ties go to the first by name, so that the list is always the same.
        best = min(
            sorted(noticing),
            key=lambda case: -len(noticing[case] & left) / costs[case],
        )
        left -= noticing[best]
        yield best, costs[best]


def _median(numbers: list[int]) -> float:
    # By hand: the module that has it takes longer to load than the rest of ours.
    ordered = sorted(numbers)
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return sum(middle) / len(middle) if middle else 0


_NAME = 34
_UNTIL = 6
_REASON = 300
# In a log, so long without a word and somebody thinks that it hangs.
_PAUSE_S = 5.0
_STYLES = {
    RunMark.SURVIVED: "bold red",
    RunMark.MISNAMED: "bold yellow",
    RunMark.FALSE_ALARM: "bold red",
}
_BAD = tuple(_STYLES)


def print_matrix(matrix: KillMatrix, stdout: TextIO, *, color: Color = "auto") -> None:
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


def _print_head(out: Console, matrix: KillMatrix) -> None:
    contract = matrix.contract
    dialect = f", dialect {contract.dialect}" if contract.dialect else ""
    title = shown(f"{contract.title} {contract.version}", 200) + dialect
    row(out, "api", Text(title, "bold"), indent=0)
    kinds = [
        counted(len(matrix.of(ServerKind.MUTANT)), "mutant"),
        counted(len(matrix.of(ServerKind.LAWFUL)), "lawful variant"),
        *("the reference" for _ in matrix.of(ServerKind.REFERENCE)),
    ]
    row(out, "fleet", f"{', '.join(kinds)}; at level {matrix.level}", indent=0)
    line(out)


def _print_bad(out: Console, matrix: KillMatrix, trial: FleetRun) -> None:
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


def _expected(matrix: KillMatrix, trial: FleetRun) -> str:
    level = f"{trial.binding.upper()}"
    known = trial.rule in {str(each) for each in matrix.contract.rules}
    return f"{visible(trial.rule)} ({level if known else 'a rule that nobody has'})"


def _rules(trial: FleetRun) -> str:
    """Name the rules that noticed, the expected one first."""
    names = sorted(trial.noticed, key=lambda name: name != trial.rule)
    return ", ".join(map(visible, names))


def _print_noticed(out: Console, matrix: KillMatrix) -> None:
    noticed = matrix.marked(RunMark.NOTICED)
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


def _print_weaker(out: Console, matrix: KillMatrix) -> None:
    """Print the mutants that no case of their rule's own level notices."""
    weaker = matrix.weaker()
    if weaker:
        line(out, f"BELOW ITS LEVEL {counted(len(weaker), 'mutant')}", "yellow")
        said = "noticed by their rule, but only by cases of a weaker level: "
        row(out, "", said + ", ".join(visible(each.name) for each in weaker))
        line(out)


def _print_quiet(out: Console, matrix: KillMatrix) -> None:
    quiet = [visible(each.name) for each in matrix.marked(RunMark.QUIET)]
    if quiet:
        _hanging(out, "never accused  ", ", ".join(quiet))
        line(out)


def _print_unisolated(out: Console, matrix: KillMatrix) -> None:
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


def _print_levels(out: Console, matrix: KillMatrix) -> None:
    line(out, f"{'level':<8}{'mutants':>10}{'noticed':>10}{'by their rule':>16}", "dim")
    for each in matrix.levels:
        line(out, _level(each))
    line(out)


def _level(each: LevelRow) -> str:
    return f"{each.level:<8}{each.mutants:>10}{each.noticed:>10}{each.named:>16}"


def _summary(matrix: KillMatrix) -> Iterator[str]:
    """Write the lines that say it all."""
    mutants = matrix.of(ServerKind.MUTANT)
    lawful = matrix.of(ServerKind.LAWFUL, ServerKind.REFERENCE)
    found = sum(bool(each.noticed) for each in mutants)
    named = len(matrix.marked(RunMark.NOTICED))
    alarms = len(matrix.marked(RunMark.FALSE_ALARM))
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


def _verdict(matrix: KillMatrix) -> str:
    counts = (
        (len(matrix.marked(RunMark.SURVIVED)), "survivor"),
        (len(matrix.marked(RunMark.MISNAMED)), "misnamed mutant"),
        (len(matrix.marked(RunMark.FALSE_ALARM)), "false alarm"),
    )
    told = [counted(number, noun) for number, noun in counts if number]
    return ", ".join(told) or "every defect noticed by its rule, nobody accused falsely"


class FleetProgress:
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

    def add(self, trial: FleetRun) -> None:
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


def in_fleet_order(
    trials: Iterable[FleetRun], names: Iterable[str]
) -> tuple[FleetRun, ...]:
    """Bring trials, which end in any order, into the order of the fleet."""
    place = {name: number for number, name in enumerate(names)}
    return tuple(sorted(trials, key=lambda each: place[each.name]))


FORMAT = "ringspec-matrix/1"
SCHEMA = Path(__file__).parent / "matrix.schema.json"

_CSS = """
:root { color-scheme: light dark; --text: #1b1b1b; --ground: #fff; --muted: #555;
  --line: #ddd; --bad: #b00020; --odd: #8a5a00; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ee; --ground: #14171c; --muted: #a3a9b3; --line: #333942;
    --bad: #ff8a80; --odd: #e5a55b; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem;
  padding: 0 1rem; color: var(--text); background: var(--ground);
  overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
.wide td { min-width: 5rem; overflow-wrap: normal; }
table { border-collapse: collapse; margin: 1rem 0 2rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
  border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
tr.survived td:first-child, tr.false-alarm td:first-child { color: var(--bad); }
tr.misnamed td:first-child { color: var(--odd); }
small { color: var(--muted); display: block; }
""".strip()


def render_json(matrix: KillMatrix) -> bytes:
    """Write the matrix as JSON."""
    text = json.dumps(report(matrix), indent=2, ensure_ascii=False, allow_nan=False)
    # Only lone surrogates are beyond UTF-8, and JSON spells them as Python does.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def report(matrix: KillMatrix) -> dict[str, Json]:
    """Return the matrix as data."""
    contract, took = matrix.contract, matrix.requests
    return {
        "format": FORMAT,
        "level": matrix.level,
        "contract": {
            "title": contract.title,
            "version": contract.version,
            "sha256": contract.sha256,
            "dialect": contract.dialect,
        },
        "interrupted": matrix.interrupted,
        "duration_s": round(matrix.duration_s, 3),
        "counts": _counts(matrix),
        "levels": [
            {
                "level": each.level,
                "mutants": each.mutants,
                "noticed": each.noticed,
                "named": each.named,
            }
            for each in matrix.levels
        ],
        "requests": {
            "median": took.median,
            "worst": took.worst,
            "whole": took.whole,
            "minimum": took.minimum,
        },
        "cover": [name for name, _ in matrix.cover],
        "trials": [_trial(each) for each in matrix.trials],
        "unisolated": [
            {"rule": rule, "reason": reason}
            for rule, reason in (matrix.unisolated if matrix.whole else ())
        ],
        "equivalents": [
            {"name": name, "reason": reason}
            for name, reason in matrix.equivalents.items()
        ],
    }


def _counts(matrix: KillMatrix) -> dict[str, Json]:
    mutants = matrix.of(ServerKind.MUTANT)
    return {
        "mutants": len(mutants),
        "noticed": sum(bool(each.noticed) for each in mutants),
        "named": len(matrix.marked(RunMark.NOTICED)),
        "lawful": len(matrix.of(ServerKind.LAWFUL)),
        "false_alarms": len(matrix.marked(RunMark.FALSE_ALARM)),
    }


def _trial(trial: FleetRun) -> dict[str, Json]:
    bound = trial.kind is ServerKind.MUTANT
    return {
        "kind": trial.kind,
        "name": trial.name,
        "mark": trial.mark,
        "rule": trial.rule or None,
        "binding": trial.binding if bound else None,
        "defect": trial.defect,
        "level": trial.level,
        "way": trial.way,
        "at_its_level": trial.named_at(trial.binding) if bound else None,
        "exit_code": trial.exit_code,
        "noticed": [
            {"rule": rule, "level": level} for rule, level in trial.noticed.items()
        ],
        "cases": list(trial.cases),
        "until": trial.until,
        "requests": trial.requests,
        "reason": trial.reason,
    }


def render_html(matrix: KillMatrix) -> bytes:
    """Write the matrix as one page that needs nothing else."""
    page = "\n".join(_page(matrix))
    return page.encode("utf-8", "backslashreplace") + b"\n"


def _page(matrix: KillMatrix) -> Iterator[str]:
    title = _safe(f"Kill matrix of {matrix.contract.title} {matrix.contract.version}")
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>"
    yield f"<style>{_CSS}</style></head><body>"
    yield f"<h1>{title}</h1>"
    yield from _figures(matrix)
    yield '<div class="wide" tabindex="0" role="region" aria-label="Servers">'
    yield "<table><thead><tr><th>outcome</th><th>server</th><th>rule expected</th>"
    yield '<th>rules that noticed</th><th class="number">requests</th></tr></thead>'
    yield "<tbody>"
    for mark in RunMark:
        for trial in matrix.marked(mark):
            yield _line(trial)
    yield "</tbody></table></div>"
    if matrix.whole and matrix.unisolated:
        yield "<h2>Rules without a mutant that they alone notice</h2><ul>"
        for rule, reason in matrix.unisolated:
            yield f"<li>{_code(rule)}<small>{_safe(reason)}</small></li>"
        yield "</ul>"
    if matrix.equivalents:
        yield "<h2>Defects that no request can show</h2><ul>"
        for name, reason in matrix.equivalents.items():
            yield f"<li>{_code(name)}<small>{_safe(reason)}</small></li>"
        yield "</ul>"
    yield "</body></html>"


def _figures(matrix: KillMatrix) -> Iterator[str]:
    counts, took = _counts(matrix), matrix.requests
    cut = " Interrupted: some servers are missing." if matrix.interrupted else ""
    yield (
        f"<p>{counts['noticed']} of {counts['mutants']} mutants noticed at level "
        f"{matrix.level}, {counts['named']} by their rule; {counts['false_alarms']} "
        f"false alarms on {counts['lawful']} lawful variants and the reference. "
        f"Requests until noticed: median {took.median:g}, worst {took.worst}; a whole "
        f"run {took.whole}, the least that could do {took.minimum}.{cut}</p>"
    )
    yield "<table><thead><tr><th>level</th>"
    for head in ("mutants", "noticed", "by their rule"):
        yield f'<th class="number">{head}</th>'
    yield "</tr></thead><tbody>"
    for each in matrix.levels:
        cells = _numbers(each.mutants, each.noticed, each.named)
        yield f"<tr><td>{each.level}</td>{cells}</tr>"
    yield "</tbody></table>"


def _line(trial: FleetRun) -> str:
    noticed = ", ".join(map(_code, trial.noticed)) or _safe(trial.reason)
    until = "" if trial.until is None else str(trial.until)
    return (
        f'<tr class="{trial.mark.replace(" ", "-")}"><td>{trial.mark}</td>'
        f"<td>{_code(trial.name)}<small>{_safe(trial.defect)}</small></td>"
        f"<td>{_code(trial.rule) if trial.rule else ''}</td><td>{noticed}</td>"
        f"{_numbers(until)}</tr>"
    )


def _numbers(*numbers: int | str) -> str:
    return "".join(f'<td class="number">{each}</td>' for each in numbers)


def _code(text: str) -> str:
    return f"<code>{_safe(text)}</code>"


def _safe(text: str) -> str:
    return escape(visible(text))


# What renders each format of a matrix.
MATRIX_FORMATS: dict[str, Callable[[KillMatrix], bytes]] = {
    "json": render_json,
    "html": render_html,
}


def check_matrix(name: str, path: Path) -> None:
    """Find out before the runs whether a matrix can be written.

    Raises:
        UsageError: there is no such format.
        ReportError: the path does not look writable.
    """
    if name not in MATRIX_FORMATS:
        known = ", ".join(MATRIX_FORMATS)
        raise UsageError(f"no format {name!r} of a matrix", hint=f"one of: {known}")
    check(path)


def write_matrix(name: str, path: Path, matrix: KillMatrix) -> None:
    """Write a matrix in a format to a path.

    Raises:
        ReportError: the path cannot be written.
    """
    write_data(name, path, MATRIX_FORMATS[name](matrix))
