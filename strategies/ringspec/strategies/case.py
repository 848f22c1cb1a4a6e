"""Cases: one request each, with its expectation and the rule it serves."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from ringspec.spec import Json, Level, RuleId, is_shallow

FORMAT = "ringspec-case/1"
# Stands in a header where the access token goes.
TOKEN = "{token}"  # noqa: S105 - its place, not a token


class Expect(StrEnum):
    """What a conforming target does with a case's request."""

    ACCEPT = "accept"
    REJECT = "reject"
    SURVIVE = "survive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent.

    Attributes:
        path: relative to the server URL.
        headers: in order; `{token}` stands for the access token.
        body: the bytes as they go out.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request with its expectation and the rule it serves.

    Attributes:
        status: what the answer's status may be, such as `("2xx",)` or `(400, 422)`.
        twin: id of the accepted case that this one was made from.
        fault: an RFC 6902 patch from the twin's body to this one, or an object
            that says what else differs.
        broken: the rules that both validators find broken; two where coupled.
    """

    id: str
    rule: RuleId
    level: Level
    expect: Expect
    status: tuple[str | int, ...]
    request: Request
    twin: str | None = None
    fault: tuple[Json, ...] | dict[str, Json] | None = None
    broken: tuple[RuleId, ...] = ()
    coupled: bool = False
    note: str = field(default="", compare=False)

    @cached_property
    def body(self) -> Json:
        """The body as data; None where the bytes are no JSON."""
        try:
            return json.loads(self.request.body)
        except (ValueError, RecursionError):
            return None

    def wire(self) -> dict[str, Json]:
        """Return the case as `ringspec cases` prints it."""
        return {
            "format": FORMAT,
            "id": self.id,
            "rule": self.rule,
            "level": self.level,
            "expect": self.expect,
            "status": list(self.status),
            "request": wire_request(self.request),
            "twin": self.twin,
            "fault": list(self.fault) if isinstance(self.fault, tuple) else self.fault,
            "broken": list(self.broken),
            "coupled": self.coupled,
        }


def encode(body: Json) -> bytes:
    """Write a body as it is sent: compact UTF-8, members in their order."""
    try:
        return _compact(body, ascii_only=False).encode()
    except UnicodeEncodeError:  # a lone surrogate only exists escaped
        return _compact(body, ascii_only=True).encode()


def _compact(body: Json, *, ascii_only: bool) -> str:
    return json.dumps(body, ensure_ascii=ascii_only, separators=(",", ":"))


def line(case: Case) -> str:
    """Write a case as a line of JSON, its members in their stated order."""
    return encode(case.wire()).decode()


def wire_request(request: Request) -> dict[str, Json]:
    """Return a request as JSON, its body as data where writing that gives its bytes."""
    written: dict[str, Json] = {
        "method": request.method.upper(),
        "path": request.path,
        "headers": dict(request.headers),
    }
    try:
        body = json.loads(request.body, parse_constant=_no_json)
        exact = is_shallow(body) and encode(body) == request.body
    except (ValueError, RecursionError):
        exact = False
    if exact:
        written["body"] = body
    else:
        written["body_base64"] = base64.b64encode(request.body).decode()
    return written


def _no_json(name: str) -> Json:
    raise ValueError(name)  # Python reads NaN and Infinity, which JSON has not
