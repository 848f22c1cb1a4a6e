"""Answers of the server, before they are put on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ringspec.reference.body_checks import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ringspec.reference.json_values import Json, JsonObject, Path

JSON_TYPE = "application/json"

# Source: facts.md F; the codes are one of two tables that disagree.
CODES: dict[int, str] = {
    400: "bad_request",
    401: "authentication_failed",
    404: "resource_not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    500: "server_error",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers and JSON; no content with status 204."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON_TYPE


class RefusedError(Exception):
    """Raised where a request cannot be served; carries the answer to it."""

    def __init__(self, reply: Reply) -> None:
        """Take the answer."""
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
    error: JsonObject = {
        "code": CODES.get(status, "error"),
        "message": message,
        "details": dict(_details(problems)),
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


def _pointer(path: Path) -> str:
    """Write a path as a JSON pointer. Source: RFC 6901, section 3."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "".join(f"/{step}" for step in steps)


def _details(problems: Iterable[Problem]) -> dict[str, str]:
    """Join the messages about each place under its JSON pointer."""
    messages: dict[str, list[str]] = {}
    for each in problems:
        messages.setdefault(_pointer(each.path), []).append(each.message)
    return {place: "; ".join(found) for place, found in messages.items()}


def _rules(problems: Iterable[Problem]) -> list[str]:
    return sorted({each.rule for each in problems})
