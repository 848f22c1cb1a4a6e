"""The HAR report, HTTP Archive 1.2: every exchange, for a browser's network panel.

Bytes that texts cannot hold are base64: of an answer's body as the format has it, of a
request's as its successor 1.3 does.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Iterator
from http.client import responses
from importlib import metadata
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import harfile

from ringspec.harness import Exchange, Response, Verdict
from ringspec.reports.case_text import earlier, provenance
from ringspec.reports.curl import sendable
from ringspec.reports.files import Record
from ringspec.reports.json_report import utc, water_level
from ringspec.reports.printable import cut, utf8_start
from ringspec.spec import Json, leading
from ringspec.strategies import Request

# Of the bodies of all answers; the longest are cut first, none beyond its limit.
_ALL, _LIMIT = 3 * 2**20, 256 * 1024
_COMMENT = 1000
# The type that browsers write for a body without one.
_UNKNOWN = "x-unknown"


class _PostData(harfile.PostData):
    """A request's body that is no text."""

    def asdict(self) -> dict[str, Any]:
        return {**super().asdict(), "encoding": "base64"}


class _NoResponse(harfile.Response):
    """No answer; browsers look for the reason in a member of their own."""

    def asdict(self) -> dict[str, Any]:
        return {**super().asdict(), "_error": self.comment}


def render(record: Record) -> bytes:
    """Write the whole report, exchanges in the order in which they were sent."""
    fired = sorted(_fired(record), key=lambda each: each[0].began_s)
    sizes = [len(each.response.body) for each, _ in fired if each.response]
    limit = water_level(sizes, _ALL, _LIMIT)
    text = io.StringIO()
    creator = harfile.Creator(name="ringspec", version=metadata.version("ringspec"))
    made = provenance(record.started, record.result).items()
    comment = "; ".join(f"{name}: {value}" for name, value in made if value)
    with harfile.HarFile(text, creator=creator, comment=comment) as archive:
        for exchange, comment in fired:
            elapsed_ms = round(exchange.elapsed_s * 1000, 3)
            archive.add_entry(
                startedDateTime=utc(exchange.began_s) or "1970-01-01T00:00:00.000Z",
                time=elapsed_ms,
                request=_request(exchange),
                response=_response(exchange, limit),
                # How much of it was waiting is not known.
                timings=harfile.Timings(send=0, wait=elapsed_ms, receive=0),
                comment=comment,
            )
    if record.result.operations:
        _group(written := json.loads(text.getvalue()), record)
        return json.dumps(written, ensure_ascii=False).encode() + b"\n"
    return text.getvalue().encode() + b"\n"


def _group(archive: Json, record: Record) -> None:
    """Put the exchanges of each operation on a page of its own."""
    log, first = archive["log"], dict[str, str]()
    ids = [each.id for each in record.result.operations]
    for entry in log["entries"]:
        entry["pageref"] = page = leading(entry["comment"], ids)
        first.setdefault(page, entry["startedDateTime"])
    log["pages"] = [
        {"startedDateTime": began, "id": page, "title": page, "pageTimings": {}}
        for page, began in first.items()
    ]


def _fired(record: Record) -> Iterator[tuple[Exchange, str]]:
    """Yield all that was sent, each with its case and the rules that fail by it."""
    for judged in record.judged:
        case, exchange = judged.case.id, judged.exchange
        for each in earlier(exchange):
            yield each, f"{case}: a step before"
        if exchange.is_withheld:
            continue
        failed = (it for it in judged.findings if it.verdict is Verdict.FAIL)
        parts = [case, *(f"{it.rule} fails: {it.reason}" for it in failed)]
        if exchange.sent > 1 and exchange.played is None:
            parts.append(f"sent {exchange.sent} times, the last is shown")
        yield exchange, cut("; ".join(parts), _COMMENT)


def _request(exchange: Exchange) -> harfile.Request:
    request = exchange.request
    url = sendable(exchange.url)
    return harfile.Request(
        method=request.method.upper(),
        url=url,
        httpVersion="HTTP/1.1",
        headers=_records(request.headers),
        queryString=_records(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        postData=_post_data(request) if request.body else None,
        bodySize=len(request.body),
    )


def _post_data(request: Request) -> harfile.PostData:
    sort = _content_type(request.headers)
    text = utf8_start(request.body, len(request.body))
    if text is not None:
        return harfile.PostData(mimeType=sort, text=text)
    encoded = base64.b64encode(request.body).decode()
    return _PostData(mimeType=sort, text=encoded, comment="the text is base64")


def _response(exchange: Exchange, limit: int) -> harfile.Response:
    response = exchange.response
    if response is None:
        nothing = harfile.Content(mimeType=_UNKNOWN)
        return _NoResponse(0, "", "", content=nothing, comment=exchange.summary)
    return harfile.Response(
        status=response.status,
        statusText=responses.get(response.status, ""),
        httpVersion="HTTP/1.1",
        headers=_records(response.headers),
        content=_content(response, limit),
        redirectURL=response.header("Location") or "",
        bodySize=len(response.body),
    )


def _content(response: Response, limit: int) -> harfile.Content:
    body = response.body[:limit]
    left = len(response.body) - len(body)
    text = utf8_start(response.body, limit)
    return harfile.Content(
        size=len(response.body),
        mimeType=_content_type(response.headers),
        text=base64.b64encode(body).decode() if text is None else text,
        encoding="base64" if text is None else None,
        comment=f"{left} more bytes are left out" if left else None,
    )


def _records(pairs: Iterable[tuple[str, str]]) -> list[harfile.Record]:
    return [harfile.Record(name=name, value=value) for name, value in pairs]


def _content_type(headers: tuple[tuple[str, str], ...]) -> str:
    named = (value for name, value in headers if name.lower() == "content-type")
    return next(named, "") or _UNKNOWN
