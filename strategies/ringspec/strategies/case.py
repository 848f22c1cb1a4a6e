"""Cases: one request each, with its expectation and the rule it serves."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from ringspec.spec import Json, Level, Paging, RuleId, is_shallow

FORMAT = "ringspec-case/1"
# What a line of it keeps to.
CASE_SCHEMA = Path(__file__).parent / "case.schema.json"
# Stands in a header where the access token goes; likewise without its last character,
# and with its letters in the other case.
TOKEN = "{token}"  # noqa: S105 - its place, not a token
TOKEN_CUT = "{token-cut}"  # noqa: S105 - likewise
TOKEN_SWAPPED = "{token-swapped}"  # noqa: S105 - likewise
# Stand for the token endpoint, as a path, and for the client's id and secret.
TOKEN_URL = "{token_url}"  # noqa: S105 - likewise
CLIENT_ID = "{client_id}"
CLIENT_SECRET = "{client_secret}"  # noqa: S105 - likewise
CLIENT_SECRET_CUT = "{client_secret-cut}"  # noqa: S105 - likewise

Status = tuple[str | int, ...]


class Phase(StrEnum):
    """A part of a run, in the order of a run."""

    CASES = "cases"
    WIRE = "wire"
    AUTH = "auth"
    LIFECYCLE = "lifecycle"
    EXPLORE = "explore"


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


class What(StrEnum):
    """What is wanted of an answer."""

    ONE_OF = "one-of"  # what stands there is one of the values
    IF_SHOWN = "if-shown"  # likewise, but nothing may stand there at all
    DIFFERS = "differs"  # it is not the value
    SHOWS = "shows"  # it gives back the value, as far as it has its members
    HAS = "has"  # an item has the value at a pointer
    LACKS = "lacks"  # none has
    UNLIKE = "unlike"  # no item gives back the value, save those known before


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """Something wanted of an answer.

    Attributes:
        at: pointer to it; of a list, pointer inside each item.
        value: `{name}` in it stands for what was captured.
        known: name of the captured list of items that are left aside, by `at`.
    """

    what: What
    at: str = ""
    value: Json = None
    known: str = ""

    def wire(self) -> dict[str, Json]:
        """Return it as JSON."""
        known = {"known": self.known} if self.known else {}
        return {"what": self.what, "at": self.at, "value": self.value, **known}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of a case that needs several.

    Attributes:
        request: `{name}` in its path stands for what was captured.
        status: what the answer's status has to be for the case to go on.
        capture: pointers into the answer, by the names they are captured under; in
            the answer of a list, pointers inside each item.
        wants: what else has to be so; of the last step, what is judged.
        link: name of the link to its operation; empty for the one under test.
        paging: how to turn over the pages of a list.
    """

    request: Request
    status: Status
    capture: dict[str, str] = field(default_factory=dict)
    wants: tuple[Want, ...] = ()
    link: str = ""
    paging: Paging | None = None

    def wire(self) -> dict[str, Json]:
        """Return it as JSON."""
        written: dict[str, Json] = {
            "request": wire_request(self.request),
            "status": list(self.status),
            "capture": self.capture,
            "link": self.link,
            "wants": [want.wire() for want in self.wants],
        }
        if self.paging is not None:
            written["paging"] = asdict(self.paging)
        return written


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request with its expectation and the rule it serves.

    Attributes:
        status: what the answer's status may be, such as `("2xx",)` or `(400, 422)`.
        twin: id of the accepted case that this one was made from.
        fault: an RFC 6902 patch from the twin's body to this one, or an object
            that says what else differs.
        broken: the rules that both validators find broken; two where coupled.
        steps: all requests of a case that needs several, `request` among them; the
            last one is judged.
    """

    id: str
    rule: RuleId
    level: Level
    expect: Expect
    status: Status
    request: Request
    twin: str | None = None
    fault: tuple[Json, ...] | dict[str, Json] | None = None
    broken: tuple[RuleId, ...] = ()
    coupled: bool = False
    phase: Phase = Phase.CASES
    steps: tuple[Step, ...] = ()

    @cached_property
    def body(self) -> Json:
        """The body as data; None where the bytes are no JSON."""
        try:
            return json.loads(self.request.body)
        except (ValueError, RecursionError):
            return None

    @property
    def is_about_body(self) -> bool:
        """Tell whether its expectation says something of the body."""
        return self.expect == Expect.ACCEPT or bool(self.broken)

    def wire(self) -> dict[str, Json]:
        """Return the case as `ringspec cases` prints it."""
        return {
            "format": FORMAT,
            "id": self.id,
            "phase": self.phase,
            "rule": self.rule,
            "level": self.level,
            "expect": self.expect,
            "status": list(self.status),
            "request": wire_request(self.request),
            "twin": self.twin,
            "fault": list(self.fault) if isinstance(self.fault, tuple) else self.fault,
            "broken": list(self.broken),
            "coupled": self.coupled,
            **({"steps": [step.wire() for step in self.steps]} if self.steps else {}),
        }


# What such a method sends has no meaning, so that none is sent, or written.
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


def status_fits(status: int, wanted: Status) -> bool:
    """Tell whether a status is among some, or of a class such as `4xx`."""
    return status in wanted or f"{status // 100}xx" in wanted


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
    if not request.body and request.method.upper() in _BODILESS:
        return written
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
