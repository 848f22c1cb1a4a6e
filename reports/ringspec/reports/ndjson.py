"""The event stream, `ringspec-events/1`: a line of JSON for each event, as it happens.

Each line is flushed, so that a crash leaves all that was told until then. `event` says
what a line is; members may be added.

started  `format`, `target`, `level`, `seed`, `cases` (how many will be fired),
         `contract{title,version,sha256,dialect}`
judged   `case`, `rule`, `level`, `expect`, `twin` (an id, or null), `time` (when it was
         sent, ISO 8601, UTC; or null), `elapsed_s`, `sent` (how often), `request`,
         `response` and `before` as in the JSON report, `findings[{rule,verdict,level,
         reason}]`, passes too
notice   `message`
ended    `conclusion`, `exit_code`, `level`, `duration_s`, `counts`, `message`, `hint`,
         `interrupted`, `rules[{id,level,outcome,cases,failures,inconclusive,known}]`
         (numbers; `known` says whether all that fails was known beforehand),
         `stale[{id,why}]`
"""

from __future__ import annotations

import json
import os
from collections import deque
from contextlib import suppress
from io import FileIO
from pathlib import Path

from ringspec.harness import Ended, Event, Judged, Notice, RuleResult, Started
from ringspec.reports.files import Record, refused
from ringspec.reports.json_report import answer_json, earlier_json, request_json, utc
from ringspec.reports.redact import Redactor
from ringspec.spec import Json

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
FORMAT = "ringspec-events/1"
# Bodies beyond are cut: a line is to be read by line readers.
_LIMIT = 16 * 1024
# Once a stream has this size, answers are cut shorter, so that it stays one that opens.
_LONG, _SHORT = 8 * 2**20, 512


class EventStream:
    """A reporter that writes events to a path, and goes silent if that fails."""

    def __init__(self, path: Path, redactor: Redactor | None = None) -> None:
        self._path = path
        self._redactor = redactor or Redactor()
        self._file: FileIO | None = None
        # Not yet written: events and the rest of a line. An interrupt on the way to
        # the file leaves them for the next time.
        self._waiting: deque[Event] = deque()
        self._left = b""
        self._told = 0
        # Of all whole lines that are written.
        self._size = 0
        self._error: OSError | None = None

    def handle(self, event: Event) -> None:
        """Write an event, as long as that is possible."""
        if self._error is not None:
            return
        self._waiting.append(event)
        try:
            if self._file is None:
                self._file = FileIO(self._path, "w")
            self._write(self._file)
        except OSError as error:
            self._error = error
            self._cut()

    def _write(self, file: FileIO) -> None:
        while self._left or self._waiting:
            if not self._left:
                limit = _LIMIT if self._told < _LONG else _SHORT
                self._left = line(self._redactor.event(self._waiting[0]), limit)
                self._waiting.popleft()
                self._told += len(self._left)
            self._left = self._left[file.write(self._left) :]
            if not self._left:
                self._size = file.tell() if file.seekable() else 0

    def close(self) -> None:
        """Close the file; what became of it is told by `check`."""
        if self._file is None or self._file.closed:
            return
        if self._error is None and not self._stands(self._file.fileno()):
            self._error = FileNotFoundError(0, "it was removed during the run")
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error

    def check(self) -> None:
        """Complain if not all events could be written.

        Raises:
            ReportError: some could not.
        """
        if self._error is not None:
            raise refused(self._path, "ndjson", self._error)

    def _cut(self) -> None:
        """Cut off what was written of a line, so that whole lines remain."""
        if self._file is not None:
            with suppress(OSError):  # devices and pipes cannot be cut
                self._file.truncate(self._size)

    def _stands(self, written: int) -> bool:
        """Tell whether the path still leads to the file that is written."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(written))
        except OSError:
            return False


def render(record: Record) -> bytes:
    """Write the whole run at once; the notices come before its end."""
    notices = [Notice(message=each) for each in record.notices]
    events: list[Event] = [record.started, *record.judged, *notices]
    events.append(Ended(result=record.result))
    lines: list[bytes] = []
    size = 0
    for event in events:
        lines.append(line(event, _LIMIT if size < _LONG else _SHORT))
        size += len(lines[-1])
    return b"".join(lines)


def line(event: Event, limit: int = _LIMIT) -> bytes:
    """Write one event, free of secrets, as a line; answers are cut at a limit."""
    text = _ENCODER.encode(_told(event, limit))
    # Only lone surrogates are beyond UTF-8, and JSON spells them as Python does.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _told(event: Event, limit: int) -> dict[str, Json]:
    match event:
        case Started():
            return _started(event)
        case Judged():
            return _judged(event, limit)
        case Notice():
            return {"event": "notice", "message": event.message}
    return _ended(event)


def _started(started: Started) -> dict[str, Json]:
    contract = started.contract
    return {
        "event": "started",
        "format": FORMAT,
        "target": started.target,
        "level": started.level,
        "seed": started.seed,
        "cases": started.total,
        "contract": {
            "title": contract.title,
            "version": contract.version,
            "sha256": contract.sha256,
            "dialect": contract.dialect,
        },
    }


def _judged(judged: Judged, limit: int) -> dict[str, Json]:
    case, exchange = judged.case, judged.exchange
    return {
        "event": "judged",
        "case": case.id,
        "rule": case.rule,
        "level": case.level,
        "expect": case.expect,
        "twin": case.twin,
        "time": utc(exchange.began_s),
        "elapsed_s": round(exchange.elapsed_s, 6),
        "sent": exchange.sent,
        "request": request_json(exchange.request, exchange.url, _LIMIT),
        "response": answer_json(exchange, limit),
        "before": earlier_json(exchange, limit),
        "findings": [
            {
                "rule": each.rule,
                "verdict": each.verdict,
                "level": each.level,
                "reason": each.reason,
            }
            for each in judged.findings
        ],
    }


def _ended(ended: Ended) -> dict[str, Json]:
    result = ended.result
    return {
        "event": "ended",
        "conclusion": result.conclusion,
        "exit_code": result.exit_code,
        "level": result.level,
        "duration_s": round(result.duration_s, 3),
        "counts": {
            "rules": result.counts.rules,
            "cases": result.counts.cases,
            "requests": result.counts.requests,
        },
        "message": result.message,
        "hint": result.hint,
        "interrupted": result.interrupted,
        "rules": [_rule(each) for each in result.rules],
        "stale": [{"id": each.known.id, "why": each.why} for each in result.stale],
    }


def _rule(result: RuleResult) -> dict[str, Json]:
    return {
        "id": result.rule.id,
        "level": result.rule.level,
        "outcome": result.outcome,
        "cases": result.cases,
        "failures": len(result.failures),
        "inconclusive": len(result.inconclusive),
        "known": result.excused,
    }
