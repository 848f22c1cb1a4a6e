"""The JSON report, `ringspec-report/1`, as report.schema.json describes it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from ringspec.harness import Exchange, Finding, Response, RuleResult
from ringspec.reports.curl import curl
from ringspec.reports.record import Record
from ringspec.reports.rules import described
from ringspec.spec import Json
from ringspec.strategies import Case, Request, wire_request

FORMAT = "ringspec-report/1"
SCHEMA = Path(__file__).parent / "report.schema.json"
# Bodies beyond are cut.
LIMIT = 64 * 1024


def render(record: Record) -> bytes:
    """Write the whole report."""
    text = json.dumps(report(record), indent=2, ensure_ascii=False, allow_nan=False)
    # Only lone surrogates are beyond UTF-8, and JSON spells them as Python does.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def report(record: Record) -> dict[str, Json]:
    """Return the report as data."""
    started, result = record.started, record.result
    contract = started.contract
    return {
        "format": FORMAT,
        "conclusion": result.conclusion,
        "level": result.level,
        "seed": started.seed,
        "duration_s": round(result.duration_s, 3),
        "target": started.target,
        "contract": {
            "title": contract.title,
            "version": contract.version,
            "sha256": contract.sha256,
            "dialect": contract.dialect,
        },
        "counts": {
            "rules": result.counts.rules,
            "cases": result.counts.cases,
            "requests": result.counts.requests,
        },
        "message": result.message,
        "hint": result.hint,
        "interrupted": result.interrupted,
        "notices": list(record.notices),
        "rules": [_rule(each) for each in result.rules],
    }


def _rule(result: RuleResult) -> dict[str, Json]:
    return {
        **described(result.rule),
        "outcome": result.outcome,
        "cases": result.cases,
        "failures": [_failure(each) for each in result.failures],
        "inconclusive": [
            {"case": each.case.id, "reason": each.reason}
            for each in result.inconclusive
        ],
        "why": result.why,
    }


def _failure(finding: Finding) -> dict[str, Json]:
    case, exchange = finding.case, finding.exchange
    return {
        "case": case.id,
        "level": finding.level,
        "reason": finding.reason,
        "request": _request(exchange.request, exchange.url),
        "response": _answer(exchange),
        "twin": _twin(finding.twin),
        "fault": list(case.fault) if isinstance(case.fault, tuple) else case.fault,
        "broken": list(case.broken),
        "before": _before(exchange),
        "curl": curl(exchange),
    }


def _before(exchange: Exchange) -> list[dict[str, Json]]:
    """Return what was sent before, each with its answer."""
    earlier = exchange.played.earlier if exchange.played else ()
    return [
        {"request": _request(each.request, each.url), "response": _answer(each)}
        for each in earlier
    ]


def _twin(twin: Case | None) -> dict[str, Json] | None:
    if twin is None:
        return None
    return {"case": twin.id, "request": _request(twin.request)}


def _request(request: Request, url: str | None = None) -> dict[str, Json]:
    written = wire_request(request)
    if len(request.body) > LIMIT:
        written.pop("body", None)
        written |= _cut(request.body)
    return written if url is None else {"url": url, **written}


def _answer(exchange: Exchange) -> dict[str, Json]:
    if exchange.response is not None:
        return _response(exchange.response)
    trouble = exchange.failure.trouble if exchange.failure else None
    return {"error": exchange.summary, "trouble": trouble}


def _response(response: Response) -> dict[str, Json]:
    written: dict[str, Json] = {
        "status": response.status,
        "headers": _headers(response.headers),
    }
    body = response.body
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = None
    if len(body) > LIMIT and text is not None:
        # A character cut in two is left out.
        start = body[:LIMIT].decode("utf-8", "ignore")
        return {**written, "body": start, "truncated": True, "size": len(body)}
    if len(body) > LIMIT:
        return written | _cut(body)
    if text is None:
        return {**written, "body_base64": base64.b64encode(body).decode()}
    return {**written, "body": text}


def _cut(body: bytes) -> dict[str, Json]:
    return {
        "body_base64": base64.b64encode(body[:LIMIT]).decode(),
        "truncated": True,
        "size": len(body),
    }


def _headers(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Join repeated headers, in any case, under the first spelling."""
    spelling: dict[str, str] = {}
    joined: dict[str, str] = {}
    for name, value in headers:
        first = spelling.setdefault(name.lower(), name)
        joined[first] = f"{joined[first]}, {value}" if first in joined else value
    return joined
