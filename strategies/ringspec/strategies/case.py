"""Cases: one request each, with its expectation and the rule it serves."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ringspec.spec.contract import Contract
from ringspec.spec.links import Link, Paging
from ringspec.spec.plain import UUID
from ringspec.spec.rules import Level, RuleId
from ringspec.spec.security import TOKEN as _TOKEN
from ringspec.spec.security import Security, TokenPlace
from ringspec.spec.values import Json, is_shallow
from ringspec.strategies.shapes.locations import NOTHING, lawful_defaults

FORMAT = "ringspec-case/1"
# JSON Schema of a case as a line of JSON.
CASE_SCHEMA = Path(__file__).parent / "case.schema.json"
# Marks the edits of a fault that only give a body values of its own.
OWN = "own"

Status = tuple[str | int, ...]


class Slot(StrEnum):
    """A part of a request that is filled in when it is sent."""

    TOKEN = _TOKEN
    TOKEN_CUT = "{token-cut}"  # noqa: S105 - without its last character
    TOKEN_SWAPPED = "{token-swapped}"  # noqa: S105 - with letters in the other case
    TOKEN_WEAKER = "{token-weaker}"  # noqa: S105 - of who may do less
    TOKEN_URL = "{token_url}"  # noqa: S105 - the token endpoint, as a path
    CLIENT_ID = "{client_id}"
    CLIENT_SECRET = "{client_secret}"  # noqa: S105 - no secret
    CLIENT_SECRET_CUT = "{client_secret-cut}"  # noqa: S105 - as above


class Phase(StrEnum):
    """A part of a run, in order."""

    CASES = "cases"
    WIRE = "wire"
    AUTH = "auth"
    LIFECYCLE = "lifecycle"
    EXPLORE = "explore"


class Expect(StrEnum):
    """The reaction of a conforming target to a case's request."""

    ACCEPT = "accept"
    REJECT = "reject"
    SURVIVE = "survive"


# The allowed statuses, unless a rule is about the status; of refusals, see `Requests`.
STATUS: dict[Expect, Status] = {
    Expect.ACCEPT: ("2xx",),
    Expect.SURVIVE: ("2xx", "3xx", "4xx"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request."""

    method: str
    path: str  # relative to the server URL; its query may have a token, as headers
    # In order; `{token}` stands for the access token.
    headers: tuple[tuple[str, str], ...]
    body: bytes  # the bytes as they go out


class What(StrEnum):
    """A kind of requirement on an answer."""

    ONE_OF = "one-of"  # one of the values stands there
    IF_SHOWN = "if-shown"  # one of the values, or nothing, stands there
    DIFFERS = "differs"  # the value does not stand there
    SHOWS = "shows"  # the value stands there, as far as it has its members
    HAS = "has"  # an item has the value at a pointer
    LACKS = "lacks"  # no item has it
    UNLIKE = "unlike"  # no item shows the value, except those captured before


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One requirement of an answer."""

    what: What
    at: str = ""  # pointer to it; of a list, pointer inside each item
    value: Json = None  # `{name}` in it stands for a captured value
    known: str = ""  # name of the captured list of items that are ignored, by `at`


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of a case that needs several."""

    request: Request  # `{name}` in its path stands for a captured value
    status: Status  # of the answer, for the case to go on
    # Pointers into the answer, by the names they are captured under; in the answer of a
    # list, pointers inside each item.
    capture: dict[str, str] = field(default_factory=dict)
    link: str = ""  # name of the link to its operation; empty for the one under test
    # Further requirements; those of the last step are judged.
    wants: tuple[Want, ...] = ()
    paging: Paging | None = None  # how the pages of a list are fetched

    def wire(self) -> dict[str, Json]:
        """Return it as JSON."""
        return dict(_written(self))


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request with its expectation and the rule it serves."""

    id: str
    phase: Phase = Phase.CASES
    rule: RuleId
    level: Level
    expect: Expect
    status: Status  # that the answer may have, such as `("2xx",)` or `(400, 422)`
    request: Request
    twin: str | None = None  # id of the accepted case that this one was made from
    # An RFC 6902 patch from the twin's body to this one, or an object that names other
    # differences.
    fault: tuple[Json, ...] | dict[str, Json] | None = None
    # The rules that both validators find broken; two if coupled.
    broken: tuple[RuleId, ...] = ()
    # What an answer shows that accepts the body lawfully, by pointer.
    or_default: dict[str, Json] = field(default_factory=dict)
    # All requests of a case that needs several, `request` among them; the last one is
    # judged.
    steps: tuple[Step, ...] = ()
    # Of each broken rule, if it is explored; the case has that of the first.
    levels: dict[RuleId, Level] = field(default_factory=dict)

    @cached_property
    def body(self) -> Json:
        """The body as data; None where the bytes are no JSON."""
        try:
            return json.loads(self.request.body)
        except (ValueError, RecursionError):
            return None

    @property
    def edits(self) -> tuple[Json, ...]:
        """The operations of the fault that make it one."""
        fault = self.fault if isinstance(self.fault, tuple) else ()
        return tuple(each for each in fault if OWN not in each)

    @property
    def coupled(self) -> bool:
        """Whether it breaks two rules."""
        return len(self.broken) > 1

    @property
    def is_about_body(self) -> bool:
        """Whether its expectation depends on the body."""
        return self.expect == Expect.ACCEPT or bool(self.broken)


# Methods whose bodies have no meaning, so that none is sent, or written.
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
# Attributes that are not written where they are empty.
_LEFT_OUT = frozenset({"known", "next", "or_default", "paging", "steps", "levels"})


def status_fits(status: int, wanted: Status) -> bool:
    """Return whether a status is among some, or of a class such as `4xx`."""
    return status in wanted or f"{status // 100}xx" in wanted


def encode(body: Json) -> bytes:
    """Write a body as it is sent: compact UTF-8, members in their order."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate only exists escaped
        return json.dumps(body, separators=(",", ":")).encode()


def line(case: Case) -> str:
    """Write a case as a line of JSON, its members in their stated order."""
    written = _written(case)
    steps = {"steps": written.pop("steps")} if case.steps else {}
    row = {"format": FORMAT, **written, "coupled": case.coupled, **steps}
    return encode(row).decode()


def _written(value: Any) -> Json:
    """Return an attribute of a case as JSON, in the order of its own attributes."""
    if isinstance(value, Request):
        return wire_request(value)
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    if not is_dataclass(value):
        return value
    return {
        each.name: _written(child)
        for each in fields(value)
        if (child := getattr(value, each.name)) or each.name not in _LEFT_OUT
    }


def wire_request(request: Request) -> dict[str, Json]:
    """Return a request as JSON, its body as data where writing that gives its bytes."""
    written: dict[str, Json] = {
        "method": request.method.upper(),
        "path": request.path,
        "headers": dict(request.headers),
    }
    if not request.body and request.method.upper() in _BODILESS:
        return written
    body = read_body(request.body)
    if body is not NOTHING and encode(body) == request.body:
        return {**written, "body": body}
    return {**written, "body_base64": base64.b64encode(request.body).decode()}


def read_body(content: bytes) -> Json:
    """Read JSON; NOTHING if a usual reader would not."""
    try:
        body = json.loads(content.decode())
        # Python reads NaN and Infinity, which are no JSON.
        json.dumps(body, allow_nan=False)
    except (ValueError, RecursionError):
        return NOTHING
    return body if is_shallow(body) else NOTHING


@dataclass(frozen=True)
class Requests:
    """Writes the requests and cases of one contract."""

    contract: Contract

    def create(self, content: bytes) -> Request:
        """Return the request of the operation under test."""
        operation = self.contract.operation
        media = [("Content-Type", operation.media_type)] * bool(operation.schema_place)
        # What is to come back has to be sent, once.
        echoes = [it.echo for it in self.contract.checks if it.echo]
        headers = {it.lower(): (it, UUID) for it in echoes}
        headers |= {
            it.name.lower(): (it.name, it.value)
            for it in operation.headers
            if it.required and it.value is not None
        }
        accept = "Accept", self.contract.answers.media_type
        request = Request(
            method=operation.method.upper(),
            path=operation.path,
            headers=(*media, accept, *headers.values()),
            body=content,
        )
        return with_credentials(request, operation.security)

    def varied(self, request: Request, value: Json) -> Request:
        """Return a request with other parameters."""
        wire = self.contract.operation.wire
        path, headers = wire.written(value)
        names = {it.name.lower() for it in wire.parameters if it.where == "header"}
        names.add("cookie")
        others = (it for it in request.headers if it[0].lower() not in names)
        made = replace(request, path=path, headers=(*others, *headers))
        return with_credentials(made, self.contract.operation.security)

    def relative(self, relative: Link, content: bytes = b"") -> Request:
        """Return the request of a linked operation; ids stand as `{name}` in it."""
        media = [("Content-Type", self.contract.operation.media_type)] * bool(content)
        request = Request(
            method=relative.method,
            path=relative.path,
            headers=(*media, ("Accept", relative.answers.media_type)),
            body=content,
        )
        return with_credentials(request, relative.security)

    def status(self, expect: Expect) -> Status:
        """Return the statuses that a case expects, unless its rule is about them."""
        rejects = expect == Expect.REJECT
        known = self.contract.answers.refusing
        refusals = dict.fromkeys((400, 422, *known) if known else ("4xx",))
        return tuple(refusals) if rejects else STATUS[expect]

    def case(
        self, rule: RuleId, label: str, expect: Expect, content: bytes, **more: Any
    ) -> Case:
        """Return the case that a body is sent for; `more` are its other attributes."""
        edits = more.get("fault", ()) if more.get("broken") else ()
        if any(it["op"] == "remove" or it["value"] is None for it in edits):
            more["or_default"] = lawful_defaults(self.contract, json.loads(content))
        known = self.contract.rules[rule]
        status = self.status(expect)
        if expect == Expect.REJECT and "status" in known.answer:
            status = (known.answer["status"],)
        return Case(
            id=f"{rule}/{'-'.join(label.split())}",
            rule=rule,
            level=more.pop("level", known.level),
            expect=expect,
            status=status,
            request=self.create(content),
            **more,
        )


def with_credentials(request: Request, security: Security) -> Request:
    """Return a request with all the credentials that are asked for."""
    for place in security.places:
        request = with_token(request, place, place.value(place.slot))
    return request


def with_token(request: Request, place: TokenPlace, value: str | None) -> Request:
    """Return a request with another value where a token goes, or without it."""
    if place.where == "header":
        return with_header(request, place.name, value)
    path, _, query = request.path.partition("?")
    cookies = (text for name, text in request.headers if name.lower() == "cookie")
    is_query, mark = place.where == "query", "&" if place.where == "query" else "; "
    name = quote(place.name, safe="[]$") if is_query else place.name
    held = (query if is_query else next(cookies, "")).split(mark)
    pairs = [it for it in held if it and it.partition("=")[0] != name]
    joined = mark.join([*pairs, *([] if value is None else [f"{name}={value}"])])
    if is_query:
        return replace(request, path=f"{path}?{joined}" if joined else path)
    return with_header(request, "Cookie", joined or None)


def with_header(request: Request, name: str, value: str | None) -> Request:
    """Return a request with a header set, or taken away."""
    others = [each for each in request.headers if each[0].lower() != name.lower()]
    added = [] if value is None else [(name, value)]
    return replace(request, headers=(*others, *added))


def closing(request: Request) -> Request:
    """Return a request after which the connection is closed.

    The rest of a body that is refused unread may be taken for the next request.
    """
    return with_header(request, "Connection", "close")


def led(case: Case, prefix: str) -> Case:
    """Return a case whose ids, and those of its rules, begin with a prefix."""
    return _named(case, prefix.__add__) if prefix else case


def unled(case: Case, prefix: str) -> Case:
    """Return a case with the ids that it has without a prefix."""
    return _named(case, lambda name: name.removeprefix(prefix))


def _named(case: Case, name: Callable[[str], str]) -> Case:
    return replace(
        case,
        id=name(case.id),
        rule=RuleId(name(case.rule)),
        twin=name(case.twin) if case.twin else case.twin,
        broken=tuple(RuleId(name(rule)) for rule in case.broken),
        levels={RuleId(name(rule)): level for rule, level in case.levels.items()},
    )


def expecting(
    cases: tuple[Case, ...], success: int | None, rejection: tuple[int, ...]
) -> tuple[Case, ...]:
    """Return cases that expect exact statuses.

    The success is any 2xx if None, and rejections by default those of the contract.
    """
    accepted = () if success is None else (success,)
    by_expect = {Expect.ACCEPT: accepted, Expect.REJECT: rejection}
    return tuple(
        replace(case, status=status)
        if case.phase == Phase.CASES
        and not case.steps
        and case.is_about_body
        and (status := by_expect[case.expect])
        else case
        for case in cases
    )


def rules_without_case(contract: Contract, cases: Iterable[Case]) -> tuple[RuleId, ...]:
    """List the rules of the request that no case breaks by itself.

    In the contract's order; those that the catalogue excuses are left out. So are the
    headers that some case is about.
    """
    cases = tuple(cases)
    broken = {case.broken[0] for case in cases if len(case.broken) == 1}
    broken |= contract.catalogue.not_isolated.keys()
    headers = {it.rule for it in contract.operation.headers} & contract.rules.keys()
    broken |= {case.rule for case in cases}.intersection(headers)
    own = contract.of_parameters
    members = filter(own.wire.is_testable, own.assertions) if own and own.wire else ()
    stated = [each.rule for each in (*contract.assertions, *members)]
    stated += [it.rule for it in contract.operation.headers if it.rule in headers]
    stated = list(dict.fromkeys(stated))
    return tuple(rule for rule in stated if rule not in broken)


def parse_case(row: dict[str, Json]) -> Case:
    """Read a case from a line of `ringspec cases`; KeyError if it is none."""
    fault = row["fault"]
    return Case(
        id=row["id"],
        phase=Phase(row["phase"]),
        rule=RuleId(row["rule"]),
        level=Level(row["level"]),
        expect=Expect(row["expect"]),
        status=tuple(row["status"]),
        request=parse_request(row["request"]),
        twin=row["twin"],
        fault=tuple(fault) if isinstance(fault, list) else fault,
        broken=tuple(row["broken"]),
        or_default=row.get("or_default", {}),
        steps=tuple(map(_parse_step, row.get("steps", ()))),
        levels={RuleId(k): Level(v) for k, v in row.get("levels", {}).items()},
    )


def parse_request(row: dict[str, Json]) -> Request:
    """Read a request, byte for byte, from what `wire_request` wrote."""
    if "body_base64" in row:
        body = base64.b64decode(row["body_base64"], validate=True)
    else:
        body = encode(row["body"]) if "body" in row else b""
    return Request(
        method=row["method"],
        path=row["path"],
        headers=tuple(row["headers"].items()),
        body=body,
    )


def _parse_step(row: dict[str, Json]) -> Step:
    wants = tuple(Want(**it | {"what": What(it["what"])}) for it in row["wants"])
    paging = Paging(**row["paging"]) if "paging" in row else None
    read = {"request": parse_request(row["request"]), "status": tuple(row["status"])}
    return Step(**row | read | {"wants": wants, "paging": paging})
