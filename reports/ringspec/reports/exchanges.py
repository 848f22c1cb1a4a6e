"""Exchanges as JSON: requests and answers, as every report of ours writes them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime

from ringspec.harness import Exchange, Response
from ringspec.spec import Json
from ringspec.strategies import Request, wire_request

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
