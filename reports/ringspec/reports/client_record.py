"""The record of clients, `ringspec-record/1`: a line of JSON for each request.

`format`, `number` (from 1), `time` (ISO 8601, UTC), `elapsed_s`, `client` (what it
calls itself), `operation` (what was asked for; empty where there is no such),
`request` and `response` as in the JSON report (a body of JSON stands there as data,
and beside it as `body_base64` where its bytes are other than we write),
`broken[{rule,level,reason}]`, `kept` (ids of the rules that applied and were kept),
`unspecified[{what,reason}]` (no source settles whether it may be sent), `remarks`.
Members may be added.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from ringspec.harness import (
    ClientTally,
    Exchange,
    Judged,
    JudgedRequest,
    Outcome,
    Result,
    Unspecified,
    Verdict,
)
from ringspec.reports.console import Color, console, hanging, line
from ringspec.reports.files import check, refused
from ringspec.reports.json_report import answer_json, request_json, utc
from ringspec.reports.printable import counted, shown, visible
from ringspec.reports.redact import Redactor
from ringspec.reports.terminal import STYLES
from ringspec.spec import Json, Rule, RuleId, is_shallow

FORMAT = "ringspec-record/1"
# Bodies beyond are cut: a line is to be read by line readers.
_LIMIT = 16 * 1024
_WIDTH = 200
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def hidden(told: JudgedRequest, redactor: Redactor) -> JudgedRequest:
    """Take the secrets out of all that is told of a request."""
    judged = redactor.event(told.judged)
    assert isinstance(judged, Judged)
    return replace(
        told,
        judged=judged,
        client=redactor.text(told.client),
        unspecified=tuple(
            Unspecified(about, redactor.text(why)) for about, why in told.unspecified
        ),
        remarks=tuple(map(redactor.text, told.remarks)),
    )


def record_line(told: JudgedRequest) -> bytes:
    """Write one request as a line."""
    text = _ENCODER.encode(_written(told))
    # Only lone surrogates are beyond UTF-8, and JSON spells them as Python does.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _written(told: JudgedRequest) -> dict[str, Json]:
    exchange = told.judged.exchange
    return {
        "format": FORMAT,
        "number": told.number,
        "time": utc(exchange.began_s),
        "elapsed_s": round(exchange.elapsed_s, 6),
        "client": told.client,
        "operation": told.operation,
        "request": _request(exchange),
        "response": answer_json(exchange, _LIMIT),
        "broken": [
            {"rule": each.rule, "level": each.level, "reason": each.reason}
            for each in told.judged.findings
            if each.verdict is Verdict.FAIL
        ],
        "kept": list(told.rules(Verdict.PASS)),
        "unspecified": [
            {"what": each.about, "reason": each.why} for each in told.unspecified
        ],
        "remarks": list(told.remarks),
    }


def _request(exchange: Exchange) -> dict[str, Json]:
    written = request_json(exchange.request, exchange.url, _LIMIT)
    if "body_base64" in written and "truncated" not in written:
        try:
            body = json.loads(exchange.request.body)
            _ENCODER.encode(body)  # what Python reads may be no JSON
        except (ValueError, RecursionError):
            return written
        if is_shallow(body):
            written["body"] = body
    return written


def screen_line(told: JudgedRequest) -> str:
    """Write one request as a line for people: what it breaks, by rule."""
    request, exchange = told.judged.exchange.request, told.judged.exchange
    status = exchange.response.status if exchange.response else "no answer"
    path = shown(exchange.url, 10_000).partition("://")[2].partition("/")[2]
    asked = f"{told.number} {shown(request.method, 20)} /{shown(path, 120)} {status}"
    kept = f"keeps to {counted(len(told.rules(Verdict.PASS)), 'rule')}"
    said = [
        *_told("breaks", told.rules(Verdict.FAIL)),
        *_told("unspecified:", [each.about for each in told.unspecified]),
        *(shown(each, _WIDTH) for each in told.remarks),
    ]
    return f"{asked}  {'; '.join(said) or kept}"


def _told(label: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [f"{label} {', '.join(shown(each, _WIDTH) for each in names)}"]


_NAME = "record"


class RecordFile:
    """A file to which lines are added; it goes silent if that fails.

    Raises:
        ReportError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        check(path)
        self._path = path
        self._error: OSError | None = None
        try:
            self._file = FileIO(path, "a")
        except OSError as error:
            raise refused(path, _NAME, error) from error

    def add(self, line: bytes) -> None:
        """Add a whole line, or nothing."""
        if self._error is not None:
            return
        size = self._file.tell() if self._file.seekable() else 0
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            self._error = error
            with suppress(OSError):  # devices and pipes cannot be cut
                self._file.truncate(size)

    def close(self) -> None:
        """Close the file; what became of it is told by `check`."""
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error

    def check(self) -> None:
        """Complain if not all lines could be written.

        Raises:
            ReportError: some could not.
        """
        if self._error is not None:
            raise refused(self._path, _NAME, self._error)


_TEXT = 300


def print_account(
    account: ClientTally,
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

    def __init__(self, account: ClientTally, redactor: Redactor, out: Console) -> None:
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
                for name, number in self._account.unspecified.items()
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


def _conclusion(account: ClientTally, result: Result) -> Text:
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
