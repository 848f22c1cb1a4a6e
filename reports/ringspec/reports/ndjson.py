"""Lines of JSON, as it happens: the event stream, and the record of clients' requests.

Each line is flushed, so that a crash leaves all until then. Their members are described
on the documentation's page of reports.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict
from pathlib import Path

from ringspec.harness import (
    Event,
    Exchange,
    Judged,
    JudgedRequest,
    Notice,
    Outcome,
    Result,
    Started,
    Verdict,
)
from ringspec.reports.console import filled
from ringspec.reports.files import LineFile, Record, check, refused
from ringspec.reports.json_report import (
    answer_json,
    attributes,
    earlier_json,
    operations_json,
    part_json,
    request_json,
    utc,
)
from ringspec.reports.printable import json_line
from ringspec.reports.redact import Redactor
from ringspec.spec import Json, is_shallow

FORMAT, RECORD_FORMAT = "ringspec-events/1", "ringspec-record/1"
# Bodies beyond are cut: a line is to be read by line readers.
_LIMIT = 16 * 1024
# Once a stream has this size, answers are cut shorter, so that it stays one that opens.
_LONG, _SHORT = 8 * 2**20, 512


class EventStream(LineFile):
    """A reporter that writes events to a path, and goes silent if that fails."""

    def __init__(self, path: Path, redactor: Redactor | None = None) -> None:
        super().__init__(path, "ndjson", "w")
        self._redactor = redactor or Redactor()
        # Events not yet written: an interrupt leaves them for the next time.
        self._waiting: deque[Event] = deque()
        self._written = 0

    def handle(self, event: Event) -> None:
        """Write an event, as long as that is possible."""
        if self.failed:
            return
        self._waiting.append(event)
        while self._waiting:
            written = line(self._redactor.event(self._waiting[0]), self._written)
            self._waiting.popleft()
            self._written += len(written)
            self.add(written)


def render(record: Record) -> bytes:
    """Write the whole run at once."""
    data = bytearray()
    for event in record.events:
        data += line(event, len(data))
    return bytes(data)


def line(event: Event, size: int) -> bytes:
    """Write one event, free of secrets, as a line of a stream that has some size."""
    match event:
        case Started():
            contract = asdict(event.contract)
            del contract["operation"]
            return json_line(
                {
                    "event": "started",
                    "format": FORMAT,
                    **attributes(event, "target", "level", "seed"),
                    "cases": event.total,
                    **({"operations": event.operations} if event.operations else {}),
                    "contract": contract,
                    "run": asdict(event.made),
                }
            )
        case Judged():
            return json_line(_judged(event, _LIMIT if size < _LONG else _SHORT))
        case Notice():
            return json_line({"event": "notice", "message": event.message})
    return json_line(_ended(event.result))


def _judged(judged: Judged, limit: int) -> dict[str, Json]:
    case, exchange = judged.case, judged.exchange
    return {
        "event": "judged",
        "case": case.id,
        **attributes(case, "rule", "level", "expect", "twin"),
        "time": utc(exchange.began_s),
        "elapsed_s": round(exchange.elapsed_s, 6),
        "sent": exchange.sent,
        "request": request_json(exchange.request, exchange.url, _LIMIT),
        "response": answer_json(exchange, limit),
        "before": earlier_json(exchange, limit),
        "findings": [
            attributes(each, "rule", "verdict", "level", "reason")
            for each in judged.findings
        ],
    }


def _ended(result: Result) -> dict[str, Json]:
    return {
        "event": "ended",
        "conclusion": result.conclusion,
        "part": part_json(result),
        **attributes(result, "ended", "exit_code", "level"),
        "duration_s": round(result.duration_s, 3),
        "counts": asdict(result.counts),
        **operations_json(result),
        **attributes(result, "message", "hint", "interrupted"),
        "rules": [
            {
                "id": each.rule.id,
                "level": each.rule.level,
                "outcome": each.outcome,
                "cases": each.cases,
                "failures": len(each.failures),
                "inconclusive": len(each.inconclusive),
                "known": each.excused,
                **({"why": each.why} if each.outcome is Outcome.UNTESTED else {}),
            }
            for each in result.rules
        ],
        "stale": [{"id": each.known.id, "why": each.why} for each in result.stale],
    }


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
            "format": RECORD_FORMAT,
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
