"""The event stream, `ringspec-events/1`: a line of JSON for each event, as it happens.

Each line is flushed, so that a crash leaves all events until then. Its members are
described on the documentation's page of reports.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from pathlib import Path

from ringspec.harness import Event, Judged, Notice, Outcome, Result, Started
from ringspec.reports.files import LineFile, Record
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
from ringspec.spec import Json

FORMAT = "ringspec-events/1"
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
