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
from dataclasses import replace

from ringspec.harness import Exchange, Judged, Told, Verdict, Word
from ringspec.reports.exchanges import answer_json, request_json, utc
from ringspec.reports.redact import Redactor
from ringspec.reports.text import counted, shown
from ringspec.spec import Json, is_shallow

FORMAT = "ringspec-record/1"
# Bodies beyond are cut: a line is to be read by line readers.
_LIMIT = 16 * 1024
_WIDTH = 200
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def hidden(told: Told, redactor: Redactor) -> Told:
    """Take the secrets out of all that is told of a request."""
    judged = redactor.event(told.judged)
    words = tuple(replace(each, why=redactor.text(each.why)) for each in told.words)
    assert isinstance(judged, Judged)
    return replace(told, judged=judged, words=words, client=redactor.text(told.client))


def record_line(told: Told) -> bytes:
    """Write one request as a line."""
    text = _ENCODER.encode(_written(told))
    # Only lone surrogates are beyond UTF-8, and JSON spells them as Python does.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _written(told: Told) -> dict[str, Json]:
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
        "kept": [each.about for each in told.kept],
        "unspecified": [
            {"what": each.about, "reason": each.why} for each in told.unspecified
        ],
        "remarks": [each.why for each in told.remarks],
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


def screen_line(told: Told) -> str:
    """Write one request as a line for people: what it breaks, by rule."""
    request, exchange = told.judged.exchange.request, told.judged.exchange
    status = exchange.response.status if exchange.response else "no answer"
    path = shown(exchange.url, 10_000).partition("://")[2].partition("/")[2]
    asked = f"{told.number} {shown(request.method, 20)} /{shown(path, 120)} {status}"
    kept = f"keeps to {counted(len(told.kept), 'rule')}"
    said = [
        *_told("breaks", told.broken),
        *_told("unspecified:", told.unspecified),
        *(shown(each.why, _WIDTH) for each in told.remarks),
    ]
    return f"{asked}  {'; '.join(said) or kept}"


def _told(label: str, words: tuple[Word, ...]) -> list[str]:
    if not words:
        return []
    return [f"{label} {', '.join(shown(each.about, _WIDTH) for each in words)}"]
