"""The JSON report, `ringspec-report/1`, as report.schema.json describes it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from ringspec.harness import Exchange, Finding, Known, Result, Share
from ringspec.reports.case_text import earlier
from ringspec.reports.causes import refusal
from ringspec.reports.curl import LIMIT as CURL_LIMIT
from ringspec.reports.curl import curl
from ringspec.reports.files import Record
from ringspec.reports.printable import utf8, utf8_start
from ringspec.spec import Json, Rule
from ringspec.strategies import Phase, Request, wire_request

REPORT_FORMAT = "ringspec-report/1"
SCHEMA = Path(__file__).parent / "report.schema.json"
# Bytes beyond which a body is cut.
LIMIT = 64 * 1024
# Bytes of the bodies of all answers, of all command lines, of all twins.
_ANSWERS, _INLINE, _TWINS = 5 * 2**19, 2**20, 2 * 2**20
# What the report says of a share in the words that it has itself.
_SHARED = ("phases", "select", "exclude", "quick", "learnt", "lent", "places")
# Report, rules, rule, failures, failure.
_DEPTH = 5
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def render(record: Record) -> bytes:
    """Write the whole report."""
    return report_bytes(report_json(record))


def report_bytes(report: dict[str, Json]) -> bytes:
    """Write a report that is at hand as data."""
    return utf8(_indented(report))


def _indented(value: Json, depth: int = 0) -> str:
    """Write JSON for readers too: down to a failure's members, each on one line."""
    if depth == _DEPTH or not value or not isinstance(value, dict | list | tuple):
        return _encode(value)
    start = "\n" + "  " * (depth + 1)
    end = "\n" + "  " * depth
    if not isinstance(value, dict):
        written = (_indented(each, depth + 1) for each in value)
        return f"[{start}{f',{start}'.join(written)}{end}]"
    members = (f"{json.dumps(k)}: {_indented(v, depth + 1)}" for k, v in value.items())
    return f"{{{start}{f',{start}'.join(members)}{end}}}"


def report_json(record: Record) -> dict[str, Json]:
    """Return the report as data."""
    started, result = record.started, record.result
    return {
        "format": REPORT_FORMAT,
        "conclusion": result.conclusion,
        "part": part_json(result),
        "level": result.level,
        "seed": started.seed,
        "duration_s": round(result.duration_s, 3),
        "target": started.target,
        **({"judged": "clients"} if started.clients else {}),
        **({"shard": _shard(result.share)} if result.share else {}),
        "run": {**asdict(started.made), "ended": result.ended},
        "contract": asdict(started.contract),
        "counts": asdict(result.counts),
        **operations_json(result),
        **attributes(result, "message", "hint", "interrupted"),
        **({"fail_untested": True} if result.fail_untested else {}),
        "notices": list(record.notices),
        **refused_json(result),
        "stale": [{**_known(each.known), "why": each.why} for each in result.stale],
        "rules": _rules(result),
    }


def operations_json(result: Result) -> dict[str, Json]:
    """Return what was found about each operation, if there are several."""
    found = [asdict(each) for each in result.operations]
    return {"operations": found} if found else {}


def refused_json(result: Result) -> dict[str, Json]:
    """Return the valid bodies whose refusal leaves rules open, if there are any."""
    found = refusal(result)
    if found is None:
        return {}
    rules = [each.rule.id for each in found.rules]
    return {"refused": {"reason": found.title, "cases": found.cases, "rules": rules}}


def part_json(result: Result) -> Json:
    """Return how much of the whole was judged, and what made it a part; or null."""
    if not result.narrowed:
        return None
    judged, of = result.judged, result.counts.rules
    return {"rules": judged, "of": of, "by": list(result.narrowed)}


def _rules(result: Result) -> list[Json]:
    """Return rules with their failures, in short where there are very many.

    A report shall open: beyond a budget the longest answers are cut, command lines
    leave longer bodies to the replay, and a twin's body stands only where the twin is
    first named. Requests stay whole.
    """
    found = [each for rule in result.rules for each in rule.failures]
    steps = ((*earlier(each.exchange), each.exchange) for each in found)
    answers = (
        sum(len(it.response.body) for it in every if it.response) for every in steps
    )
    answer = water_level(answers, _ANSWERS)
    bodies = (len(each.exchange.request.body) for each in found)
    inline = water_level(bodies, _INLINE, CURL_LIMIT)
    heavy = sum(len(each.twin.request.body) for each in found if each.twin) > _TWINS
    named: set[str] = set()
    rules: list[Json] = []
    for each in result.rules:
        failures: list[Json] = []
        for it in each.failures:
            known = any(entry.covers(it) for entry in each.known)
            failures.append(failure_json(it, answer, inline, known=known))
            if it.twin and heavy:
                if it.twin.id in named:
                    short = request_json(it.twin.request, limit=0)
                    failures[-1]["twin"] = {"case": it.twin.id, "request": short}
                named.add(it.twin.id)
        for_merge: dict[str, Json] = {}
        if result.share is not None:
            for_merge["places"] = list(each.rule.places)
            if each.excused:
                for_merge["otherwise"] = each.otherwise
        rules.append(
            {
                **rule_json(each.rule),
                **for_merge,
                "outcome": each.outcome,
                "cases": each.cases,
                "known": list(map(_known, each.known)),
                "excused": each.excused,
                "failures": failures,
                "inconclusive": [
                    {"case": it.case.id, "reason": it.reason}
                    for it in each.inconclusive
                ],
                "why": each.why,
            }
        )
    return rules


def failure_json(
    finding: Finding,
    answer: int = _ANSWERS,
    inline: int = CURL_LIMIT,
    *,
    known: bool = False,
) -> dict[str, Json]:
    """Return a failure, free of secrets, as the report has it.

    `answer` is in bytes of a body beyond which it is cut, `inline` in those beyond
    which the command line leaves a request's body out.
    """
    case, exchange, twin = finding.case, finding.exchange, finding.twin
    # A case that is on no list is judged again by its steps.
    steps = case.steps if case.phase == Phase.EXPLORE else ()
    return {
        "case": case.id,
        "phase": case.phase,
        "rule": case.rule,
        "case_level": case.level,
        "expect": case.expect,
        "status": list(case.status),
        **({"steps": [step.wire() for step in steps]} if steps else {}),
        "level": finding.level,
        "known": known,
        "reason": finding.reason,
        "request": request_json(exchange.request, exchange.url),
        "response": answer_json(exchange, answer),
        "twin": {"case": twin.id, "request": request_json(twin.request)}
        if twin
        else None,
        "fault": list(case.fault) if isinstance(case.fault, tuple) else case.fault,
        "broken": list(case.broken),
        "before": earlier_json(exchange, answer),
        "curl": curl(exchange, case.id, inline),
    }


def rule_json(rule: Rule) -> dict[str, Json]:
    """Return the description of a rule that every JSON report has."""
    names = ("operation", "id", "level", "evidence", "sentence", "source", "holds")
    return attributes(rule, *(each for each in names if getattr(rule, each)))


def attributes(value: object, *names: str) -> dict[str, Json]:
    """Return some attributes under their names."""
    return {name: getattr(value, name) for name in names}


def _shard(share: Share) -> dict[str, Json]:
    return {
        **attributes(share, "part", "of"),
        "list": share.digest,
        **attributes(share, *_SHARED),
        "known": [
            {**_known(known), "standing": standing} for known, standing in share.known
        ],
    }


def _known(known: Known) -> dict[str, Json]:
    expires = known.expires.isoformat() if known.expires else None
    return {**attributes(known, "id", "reason", "issue", "owner"), "expires": expires}


def request_json(
    request: Request, url: str | None = None, limit: int = LIMIT
) -> dict[str, Json]:
    """Return a request; a body beyond the limit is cut and marked so."""
    written = wire_request(request)
    if len(request.body) > limit:
        written.pop("body", None)
        written["body_base64"] = base64.b64encode(request.body[:limit]).decode()
        written |= {"truncated": True, "size": len(request.body)}
    return written if url is None else {"url": url, **written}


def answer_json(exchange: Exchange, limit: int = LIMIT) -> dict[str, Json]:
    """Return the answer, cut to a limit, or how the transport failed."""
    response = exchange.response
    if response is None:
        trouble = exchange.failure.trouble if exchange.failure else None
        return {"error": exchange.summary, "trouble": trouble}
    headers, body = _headers(response.headers), response.body
    written: dict[str, Json] = {"status": response.status, "headers": headers}
    text = utf8_start(body, limit)
    if text is None:
        written["body_base64"] = base64.b64encode(body[:limit]).decode()
    else:
        written["body"] = text
    if len(body) > limit:
        written |= {"truncated": True, "size": len(body)}
    return written


def earlier_json(exchange: Exchange, limit: int = LIMIT) -> list[dict[str, Json]]:
    """Return the steps before, each with its answer, cut to a limit."""
    return [
        {
            "request": request_json(each.request, each.url, limit),
            "response": answer_json(each, limit),
        }
        for each in earlier(exchange)
    ]


def water_level(sizes: Iterable[int], budget: int, most: int = LIMIT) -> int:
    """Return the size to cut texts to so that all together fit into a budget."""
    ordered = sorted(min(each, most) for each in sizes)
    for number, size in enumerate(ordered):
        left = len(ordered) - number
        if size * left > budget:
            return budget // left
        budget -= size
    return most


def utc(seconds: float) -> str | None:
    """Write seconds since the epoch as ISO 8601; None for an unknown time."""
    if not seconds:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _headers(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Join repeated headers, in any case, under the first spelling."""
    spelling: dict[str, str] = {}
    joined: dict[str, str] = {}
    for name, value in headers:
        first = spelling.setdefault(name.lower(), name)
        joined[first] = f"{joined[first]}, {value}" if first in joined else value
    return joined
