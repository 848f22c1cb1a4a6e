"""Requests of clients: the record `ringspec-record/1`, a line each, and the summary.

A line's members are described on the documentation's page of reports.
"""

from __future__ import annotations

import json
from pathlib import Path

from ringspec.harness import Exchange, JudgedRequest, Verdict
from ringspec.reports.files import LineFile, check, refused
from ringspec.reports.json_report import answer_json, attributes, request_json, utc
from ringspec.reports.printable import json_line
from ringspec.spec import Json, is_shallow

FORMAT = "ringspec-record/1"
# Bodies beyond are cut: a line is to be read by line readers.
_LIMIT = 16 * 1024


def record_file(path: Path) -> LineFile:
    """Open the file of a record, or raise a ReportError."""
    check("", path)
    file = LineFile(path, "record", "a")
    try:
        file.open()
    except OSError as error:
        raise refused(path, "record", error) from error
    return file


def record_line(request: JudgedRequest) -> bytes:
    """Write one request as a line of the record."""
    exchange = request.exchange
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
                for each in request.findings
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
    from ringspec.reports.html_templates import filled  # noqa: PLC0415 - slow to import

    exchange = request.exchange
    path = exchange.url.partition("://")[2].partition("/")[2]
    return filled(
        "heard.txt",
        request=request,
        exchange=exchange,
        path=path,
        broken=request.rules(Verdict.FAIL),
        kept=request.rules(Verdict.PASS),
    ).decode()
