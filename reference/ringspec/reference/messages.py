"""HTTP messages: bodies of requests, read within bounds, and replies.

A reply is put on the wire by `endpoints`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ringspec.reference.body_checks import Problem
from ringspec.reference.json_values import FACTS, Json, JsonObject

if TYPE_CHECKING:
    from starlette.requests import Request

JSON_TYPE = "application/json"
# Deeper values could be read, but not written.
MAX_DEPTH = 200
# Overhead of a Python value, in bytes.
_VALUE = 64


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers and JSON; no content with status 204."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON_TYPE


class RefusedError(Exception):
    """Raised to refuse a request; carries the answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class CrashError(Exception):
    """Raised by a mutant where the server it stands for would crash."""


def envelope(
    status: int,
    message: str,
    *,
    headers: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
) -> Reply:
    """Make the answer to a request that failed. Source: facts.md F."""
    found: dict[str, list[str]] = {}
    for each in problems:
        # As a JSON pointer. Source: RFC 6901, section 3.
        steps = (str(it).replace("~", "~0").replace("/", "~1") for it in each.path)
        place = "".join(f"/{step}" for step in steps)
        found.setdefault(place, []).append(each.message)
    error: JsonObject = {
        "code": FACTS["codes"].get(str(status), "error"),
        "message": message,
        "details": {place: "; ".join(messages) for place, messages in found.items()},
    }
    if problems:
        error["rules"] = list(_rules(problems))
    return Reply(status, {"error": error}, headers or {})


def refused(
    status: int, message: str, headers: Mapping[str, str] | None = None
) -> RefusedError:
    """Make the exception that ends a request with an error."""
    return RefusedError(envelope(status, message, headers=headers))


def invalid(problems: Sequence[Problem]) -> RefusedError:
    """Make the exception for a request that breaks rules."""
    message = f"The request breaks {', '.join(_rules(problems))}."
    return RefusedError(envelope(422, message, problems=problems))


def _rules(problems: Iterable[Problem]) -> list[str]:
    return sorted({each.rule for each in problems})


def memory_of(raw: bytes) -> int:
    """Estimate the memory of a body's JSON, in bytes."""
    return len(raw) + _VALUE * (_brackets(raw) + raw.count(b","))


async def read_bytes(request: Request) -> bytes:
    """Read a request's body, unless it is larger than the application's limit."""
    # Imported late: a process that only starts a server as its child needs none.
    from starlette.requests import ClientDisconnect  # noqa: PLC0415

    most: int = request.app.state.limits.body_bytes
    length = request.headers.get("content-length", "")
    # Not isdigit(), which takes a superscript two for a digit.
    if length.isdecimal() and int(length) > most:
        raise _too_large(most)
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > most:
                raise _too_large(most)
    except ClientDisconnect as error:
        raise refused(400, "The body was cut off.") from error
    return bytes(raw)


def _too_large(most: int) -> RefusedError:
    # The rest is not read, so that no other request can follow on the connection.
    # Source: RFC 9110, 15.5.14.
    closing = {"Connection": "close"}
    return refused(413, f"A body may have at most {most} bytes.", closing)


def parse(raw: bytes) -> Json:
    """Parse JSON as RFC 8259 has it. Of a member sent twice the last one counts."""
    try:
        body: Json = json.loads(
            raw.decode(), parse_constant=_finite, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        # UnicodeDecodeError and JSONDecodeError are ValueErrors; so is the
        # error for an integer of too many digits.
        raise refused(400, f"The body is not JSON: {_reason(error)}.") from error
    if _brackets(raw) > MAX_DEPTH and _is_deep(body):
        raise refused(400, f"The body is nested deeper than {MAX_DEPTH} levels.")
    return body


def demand_json(content_type: str) -> None:
    """Raise RefusedError for a Content-Type that is not JSON in UTF-8."""
    kind, _, parameters = content_type.partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if kind.strip().lower() != JSON_TYPE:
        raise refused(415, f"The body must be {JSON_TYPE}.")
    if "charset=" in charset and "charset=utf-8" not in charset:
        raise refused(415, "The body must be in UTF-8.")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        large = "a number is too large"
        raise ValueError(large if digits[-1].isdigit() else f"{digits} is no number")
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 at byte {error.start}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _brackets(raw: bytes) -> int:
    return raw.count(b"[") + raw.count(b"{")


def _is_deep(body: Json, left: int = MAX_DEPTH) -> bool:
    if isinstance(body, dict):
        body = [*body.values()]
    below = body if isinstance(body, list) else ()
    return left < 0 or any(_is_deep(each, left - 1) for each in below)
