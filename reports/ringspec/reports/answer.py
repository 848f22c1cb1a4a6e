"""Answers for people: the status line and the start of the body."""

from __future__ import annotations

from http import HTTPStatus

from ringspec.harness import Exchange
from ringspec.reports.text import counted, decoded, shown

# Bytes that are looked at, so that megabytes cost nothing.
_BYTES = 4096
_KNOWN = frozenset(HTTPStatus)


def status_line(exchange: Exchange) -> str:
    """Write `HTTP 201 Created`, or how the transport failed."""
    if exchange.response is None:
        trouble = f"{exchange.failure.trouble}: " if exchange.failure else ""
        return f"no answer, {trouble}{shown(exchange.summary, 300)}"
    status = exchange.response.status
    phrase = HTTPStatus(status).phrase if status in _KNOWN else ""
    return f"HTTP {status} {phrase}".rstrip()


def step_lines(exchange: Exchange) -> list[str]:
    """Write what was sent before, and how it was answered, a request a line."""
    earlier = exchange.played.earlier if exchange.played else ()
    return [
        f"{each.request.method} {shown(each.request.path, 200)}: {each.summary}"
        for each in earlier
    ]


def body_start(exchange: Exchange, limit: int = 300) -> str:
    """Write the first characters of the body on one line, made visible."""
    if exchange.response is None:
        return ""
    body = exchange.response.body
    text = shown(decoded(body[:_BYTES])[:limit], limit)
    if len(body) <= _BYTES and len(decoded(body).strip()) <= limit:
        return text
    return f"{text}… ({counted(len(body), 'byte')} in all)"
