"""The JSON report, `ringspec-report/1`, as report.schema.json describes it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from ringspec.harness import (
    Exchange,
    Finding,
    Known,
    Response,
    Result,
    RuleResult,
    Share,
    Titled,
)
from ringspec.reports.catalogue import rule_json
from ringspec.reports.curl import LIMIT as CURL_LIMIT
from ringspec.reports.curl import curl
from ringspec.reports.files import Record
from ringspec.spec import Json
from ringspec.strategies import Case, Phase, Request, wire_request

FORMAT = "ringspec-report/1"
# Bytes of the bodies of all answers, of all command lines, of all twins.
_ANSWERS, _INLINE, _TWINS = 5 * 2**19, 2**20, 2 * 2**20
# Report, rules, rule, failures, failure.
_DEEP = 5
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
SCHEMA = Path(__file__).parent / "report.schema.json"


def render(record: Record) -> bytes:
    """Write the whole report."""
    return written(report(record))


def written(report: dict[str, Json]) -> bytes:
    """Write a report that is at hand as data."""
    text = _indented(report)
    # Only lone surrogates are beyond UTF-8, and JSON spells them as Python does.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _indented(value: Json, depth: int = 0) -> str:
    """Write JSON for readers too: down to a failure's members, each on one line."""
    if depth == _DEEP or not value or not isinstance(value, dict | list):
        return _ENCODER.encode(value)
    start = "\n" + "  " * (depth + 1)
    end = "\n" + "  " * depth
    if isinstance(value, list):
        written = (_indented(each, depth + 1) for each in value)
        return f"[{start}{f',{start}'.join(written)}{end}]"
    members = (f"{json.dumps(k)}: {_indented(v, depth + 1)}" for k, v in value.items())
    return f"{{{start}{f',{start}'.join(members)}{end}}}"


def report(record: Record) -> dict[str, Json]:
    """Return the report as data."""
    started, result = record.started, record.result
    return {
        "format": FORMAT,
        "conclusion": result.conclusion,
        "level": result.level,
        "seed": started.seed,
        "duration_s": round(result.duration_s, 3),
        "target": started.target,
        **({"judged": "clients"} if started.clients else {}),
        **({"shard": _shard(result.share)} if result.share else {}),
        "contract": contract_json(started.contract),
        "counts": {
            "rules": result.counts.rules,
            "cases": result.counts.cases,
            "requests": result.counts.requests,
        },
        "message": result.message,
        "hint": result.hint,
        "interrupted": result.interrupted,
        "notices": list(record.notices),
        "stale": [{**_known(each.known), "why": each.why} for each in result.stale],
        "rules": _Failures(result).rules(),
    }


def contract_json(contract: Titled) -> dict[str, Json]:
    """Return what a report says of the contract."""
    return {
        "title": contract.title,
        "version": contract.version,
        "sha256": contract.sha256,
        "dialect": contract.dialect,
        "operation": contract.operation.id,
    }


class _Failures:
    """Writes rules with their failures, in short where there are very many.

    A report shall open: beyond a budget the longest answers are cut, command lines
    leave longer bodies to the replay, and a twin's body stands only where the twin is
    first named. Requests stay whole.
    """

    def __init__(self, result: Result) -> None:
        self._result = result
        found = [each for rule in result.rules for each in rule.failures]
        twins = [each.twin for each in found if each.twin]
        self._answer = level_of(map(_answer_size, found), _ANSWERS)
        bodies = (len(each.exchange.request.body) for each in found)
        self._inline = level_of(bodies, _INLINE, CURL_LIMIT)
        self._twins_whole = sum(len(each.request.body) for each in twins) <= _TWINS
        self._twins: dict[str, dict[str, Json]] = {}

    def rules(self) -> list[Json]:
        """Return all rules, with what was found about each."""
        return [self._rule(each) for each in self._result.rules]

    def _rule(self, result: RuleResult) -> dict[str, Json]:
        return {
            **rule_json(result.rule),
            **self._joinable(result),
            "outcome": result.outcome,
            "cases": result.cases,
            "known": [_known(each) for each in result.known],
            "excused": result.excused,
            "failures": [self._failure(each, result) for each in result.failures],
            "inconclusive": [
                {"case": each.case.id, "reason": each.reason}
                for each in result.inconclusive
            ],
            "why": result.why,
        }

    def _joinable(self, result: RuleResult) -> dict[str, Json]:
        """Return what is needed of a rule to join the reports of all parts."""
        if self._result.share is None:
            return {}
        otherwise = {"otherwise": result.otherwise} if result.excused else {}
        return {"places": list(result.rule.places), **otherwise}

    def _failure(self, finding: Finding, result: RuleResult) -> dict[str, Json]:
        known = any(each.covers(finding) for each in result.known)
        written = failure_json(finding, self._answer, self._inline, known=known)
        return {**written, "twin": self._twin(finding.twin)}

    def _twin(self, twin: Case | None) -> dict[str, Json] | None:
        if twin is None:
            return None
        known = self._twins.get(twin.id)
        if known is None:
            known = {"case": twin.id, "request": request_json(twin.request)}
            short = request_json(twin.request, limit=0)
            later = known if self._twins_whole else {**known, "request": short}
            self._twins[twin.id] = later
        return known


def failure_json(
    finding: Finding,
    answer: int = _ANSWERS,
    inline: int = CURL_LIMIT,
    *,
    known: bool = False,
) -> dict[str, Json]:
    """Return a failure as the report has it.

    Args:
        finding: free of secrets.
        answer: bytes of an answer's body beyond which it is cut.
        inline: bytes of a request's body beyond which the command line leaves it out.
        known: whether it is known beforehand.
    """
    case, exchange, twin = finding.case, finding.exchange, finding.twin
    return {
        **_described(case),
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


def _described(case: Case) -> dict[str, Json]:
    """Return what a failure says of its case, so that it can be judged again.

    Of one that no list has that includes its steps.
    """
    described: dict[str, Json] = {
        "case": case.id,
        "phase": case.phase,
        "rule": case.rule,
        "case_level": case.level,
        "expect": case.expect,
        "status": list(case.status),
    }
    if case.steps and case.phase == Phase.EXPLORE:
        described["steps"] = [step.wire() for step in case.steps]
    return described


def _shard(share: Share) -> dict[str, Json]:
    """Return which part of a list was fired, and what joins it with the others."""
    return {
        "part": share.part,
        "of": share.of,
        "list": share.digest,
        "phases": list(share.phases),
        "select": list(share.select),
        "exclude": list(share.exclude),
        "quick": share.quick,
        "learnt": share.learnt,
        "lent": {case: list(rules) for case, rules in share.lent.items()},
        "places": share.places,
        "known": [
            {**_known(known), "standing": standing} for known, standing in share.known
        ],
    }


def _known(known: Known) -> dict[str, Json]:
    return {
        "id": known.id,
        "reason": known.reason,
        "issue": known.issue,
        "owner": known.owner,
        "expires": known.expires.isoformat() if known.expires else None,
    }


def _answer_size(finding: Finding) -> int:
    exchange = finding.exchange
    earlier = exchange.played.earlier if exchange.played else ()
    answers = (each.response for each in (exchange, *earlier))
    return sum(len(each.body) for each in answers if each)


# Bodies beyond are cut.
LIMIT = 64 * 1024


def request_json(
    request: Request, url: str | None = None, limit: int = LIMIT
) -> dict[str, Json]:
    """Write a request; a body of more bytes than the limit is cut, and says so."""
    written = wire_request(request)
    if len(request.body) > limit:
        written.pop("body", None)
        written |= _cut(request.body, limit)
    return written if url is None else {"url": url, **written}


def answer_json(exchange: Exchange, limit: int = LIMIT) -> dict[str, Json]:
    """Write what came back, or how the transport failed; cut likewise."""
    if exchange.response is not None:
        return _response(exchange.response, limit)
    trouble = exchange.failure.trouble if exchange.failure else None
    return {"error": exchange.summary, "trouble": trouble}


def earlier_json(exchange: Exchange, limit: int = LIMIT) -> list[dict[str, Json]]:
    """Write what was sent before, each with its answer; cut likewise."""
    earlier = exchange.played.earlier if exchange.played else ()
    return [
        {
            "request": request_json(each.request, each.url, limit),
            "response": answer_json(each, limit),
        }
        for each in earlier
    ]


def level_of(sizes: Iterable[int], budget: int, most: int = LIMIT) -> int:
    """Return the size to cut texts to so that all together fit into a budget.

    The longest are cut first, as water finds its level: those below it stay whole.
    """
    ordered = sorted(min(each, most) for each in sizes)
    for number, size in enumerate(ordered):
        left = len(ordered) - number
        if size * left > budget:
            return budget // left
        budget -= size
    return most


def utc(seconds: float) -> str | None:
    """Write seconds since the epoch as ISO 8601; None where the time is not known."""
    if not seconds:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _response(response: Response, limit: int) -> dict[str, Json]:
    written: dict[str, Json] = {
        "status": response.status,
        "headers": _headers(response.headers),
    }
    body = response.body
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = None
    if len(body) > limit and text is not None:
        # A character cut in two is left out.
        start = body[:limit].decode("utf-8", "ignore")
        return {**written, "body": start, "truncated": True, "size": len(body)}
    if len(body) > limit:
        return written | _cut(body, limit)
    if text is None:
        return {**written, "body_base64": base64.b64encode(body).decode()}
    return {**written, "body": text}


def _cut(body: bytes, limit: int) -> dict[str, Json]:
    return {
        "body_base64": base64.b64encode(body[:limit]).decode(),
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
