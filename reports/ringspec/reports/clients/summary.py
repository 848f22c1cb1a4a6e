"""What clients broke in all: rule by rule, how often, with the first example."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from ringspec.harness import Account, Outcome, Result
from ringspec.reports.consoles import Color, console, hanging, line
from ringspec.reports.redact import Redactor
from ringspec.reports.summary import STYLES
from ringspec.reports.text import counted, shown, visible
from ringspec.spec import Rule, RuleId

_TEXT = 300


def print_account(
    account: Account,
    result: Result,
    redactor: Redactor,
    *,
    stdout: TextIO | None = None,
    color: Color = "auto",
) -> None:
    """Print what clients broke, left open and never touched, and the conclusion."""
    out = console(stdout or sys.stdout, color)
    told = _Account(account, redactor, out)
    told.broken()
    told.open()
    told.remarks()
    told.unexercised()
    line(out, _conclusion(account, result))
    for text in filter(None, (result.message, result.hint)):
        line(out, shown(redactor.text(text), 1000))
    out.file.flush()


class _Account:
    """Prints the parts of an account, each only where there is something in it."""

    def __init__(self, account: Account, redactor: Redactor, out: Console) -> None:
        self._account = account
        self._redactor = redactor
        self._out = out

    def broken(self) -> None:
        """Print each rule that was broken, the strongest first."""
        rules = self._account.contract.rules
        found = [rules[each] for each in rules if self._account.broken[each]]
        for rule in sorted(found, key=lambda each: each.level.rank):
            self._rule(rule)

    def _rule(self, rule: Rule) -> None:
        account = self._account
        gates = rule.level.gates(account.level)
        label, style = ("FAIL", "bold red") if gates else ("warn", "yellow")
        head = Text.assemble((label, style), " ", (visible(rule.id), "bold"))
        number = account.broken[rule.id]
        of = counted(account.exercised(rule.id), "request")
        line(
            self._out, Text.assemble(head, f"  {rule.level.upper()}, {number} of {of}")
        )
        hanging(self._out, Text("  rule    ", "dim"), shown(rule.sentence, _TEXT))
        hanging(self._out, Text("  first   ", "dim"), self._example(rule.id))
        line(self._out)

    def _example(self, name: str) -> str:
        number, why = self._account.examples[name]
        return f"request {number} {shown(self._redactor.text(why), _TEXT)}"

    def open(self) -> None:
        """Print what is unspecified."""
        self._list(
            "unspecified, neither right nor wrong:",
            (
                f"{visible(name)}, {times(number)}: {self._example(name)}"
                for name, number in self._account.open.items()
            ),
        )

    def remarks(self) -> None:
        """Print what was remarked."""
        self._list(
            "remarks:",
            (
                f"{shown(self._redactor.text(why), _TEXT)}, {times(number)}"
                for why, number in self._account.remarks.items()
            ),
        )

    def unexercised(self) -> None:
        """Print the rules that nothing was sent for."""
        left = self._account.unexercised()
        if left and self._account.requests:
            self._list("never exercised:", [_names(left)])

    def _list(self, head: str, entries: Iterable[str]) -> None:
        entries = list(entries)
        if entries:
            line(self._out, head, "bold")
            for each in entries:
                hanging(self._out, Text("  "), each)
            line(self._out)


def times(number: int) -> str:
    """Write `once`, `3 times`."""
    return "once" if number == 1 else f"{number:,} times"


def _names(rules: tuple[RuleId, ...]) -> str:
    return f"{counted(len(rules), 'rule')}: {', '.join(map(visible, rules))}"


def _conclusion(account: Account, result: Result) -> Text:
    outcomes = [each.outcome for each in result.rules]
    warned = sum(
        bool(account.broken[each.rule.id]) and each.outcome is not Outcome.FAIL
        for each in result.rules
    )
    kept = outcomes.count(Outcome.PASS) - warned
    told = (
        f"{counted(outcomes.count(Outcome.FAIL), 'rule')} broken",
        *([f"{warned} broken below the level"] if warned else []),
        f"{kept} kept",
        f"{len(account.unexercised())} never exercised",
    )
    took = f"({counted(account.requests, 'request')}, {result.duration_s:.1f} s)"
    style = {
        "conformant": STYLES[Outcome.PASS],
        "nonconformant": STYLES[Outcome.FAIL],
    }.get(result.conclusion, STYLES[Outcome.INCONCLUSIVE])
    rest = f": {', '.join(told)} at level {result.level} {took}"
    return Text.assemble((str(result.conclusion), style), rest)
