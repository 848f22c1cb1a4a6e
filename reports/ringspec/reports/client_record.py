"""Requests of clients: the record `ringspec-record/1`, a line each, and the summary.

A line's members are described on the documentation's page of reports.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TextIO

from ringspec.harness import ClientSession, Exchange, JudgedRequest, Result, Verdict
from ringspec.reports.console import Color, console, print_template
from ringspec.reports.files import LineFile, check, refused
from ringspec.reports.json_report import answer_json, attributes, request_json, utc
from ringspec.reports.printable import counted, json_line, shown
from ringspec.reports.redact import Redactor
from ringspec.spec import Json, is_shallow

FORMAT = "ringspec-record/1"
# Bodies beyond are cut: a line is to be read by line readers.
_LIMIT = 16 * 1024
_WIDTH = 200


def record_file(path: Path) -> LineFile:
    """Open the file of a record, or raise a ReportError."""
    check(path)
    file = LineFile(path, "record", "a")
    try:
        file.open()
    except OSError as error:
        raise refused(path, "record", error) from error
    return file


def record_line(request: JudgedRequest) -> bytes:
    """Write one request as a line of the record."""
    exchange = request.judged.exchange
    return json_line(
        {
            "format": FORMAT,
            "number": request.number,
            "time": utc(exchange.began_s),
            "elapsed_s": round(exchange.elapsed_s, 6),
            **attributes(request, "client", "operation"),
            "request": _request(exchange),
            "response": answer_json(exchange, _LIMIT),
            "broken": [
                attributes(each, "rule", "level", "reason")
                for each in request.judged.findings
                if each.verdict is Verdict.FAIL
            ],
            "kept": list(request.rules(Verdict.PASS)),
            "unspecified": [
                {"what": about, "reason": why}
                for about, why in request.unspecified.items()
            ],
            "remarks": list(request.remarks),
        }
    )


def _request(exchange: Exchange) -> dict[str, Json]:
    written = request_json(exchange.request, exchange.url, _LIMIT)
    if "body_base64" in written and "truncated" not in written:
        try:
            body = json.loads(exchange.request.body)
            json_line(body)  # Python reads as JSON what is none
        except (ValueError, RecursionError):
            return written
        if is_shallow(body):
            written["body"] = body
    return written


def screen_line(request: JudgedRequest) -> str:
    """Write one request as a line for people: the rules that it breaks."""
    sent, exchange = request.judged.exchange.request, request.judged.exchange
    status = exchange.response.status if exchange.response else "no answer"
    path = shown(exchange.url, 10_000).partition("://")[2].partition("/")[2]
    asked = f"{request.number} {shown(sent.method, 20)} /{shown(path, 120)} {status}"
    broken = request.rules(Verdict.FAIL)
    named = (("breaks", broken), ("unspecified:", tuple(request.unspecified)))
    parts = [
        f"{label} {', '.join(shown(each, _WIDTH) for each in names)}"
        for label, names in named
        if names
    ]
    parts += [shown(each, _WIDTH) for each in request.remarks]
    kept = f"keeps to {counted(len(request.rules(Verdict.PASS)), 'rule')}"
    return f"{asked}  {'; '.join(parts) or kept}"


def print_account(
    session: ClientSession,
    result: Result,
    redactor: Redactor,
    *,
    stdout: TextIO | None = None,
    color: Color = "auto",
) -> None:
    """Print the rules that clients broke and never touched, and the conclusion."""
    print_template(
        console(stdout or sys.stdout, color),
        "account.txt",
        session=session,
        result=result,
        redacted=redactor.text,
    )
