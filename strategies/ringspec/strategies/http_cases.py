"""Cases that are about HTTP, whatever the body: the phases wire and authentication.

In: the plain accepted case. Out: cases that differ from it in bytes, headers, method or
path, or that lack a valid token. Requests that httpx cannot send are left out: a body
shorter than its length (a server may close without an answer), a chunked body (a server
may require a length), malformed heads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TypeAlias
from urllib.parse import urlencode

from ringspec.spec import (
    ROBUSTNESS,
    Answers,
    Contract,
    Json,
    Operation,
    Role,
    RuleId,
    TokenHeader,
)
from ringspec.strategies.case import (
    CLIENT_ID,
    CLIENT_SECRET,
    CLIENT_SECRET_CUT,
    STATUS,
    TOKEN,
    TOKEN_CUT,
    TOKEN_SWAPPED,
    TOKEN_URL,
    Case,
    Expect,
    Phase,
    Request,
    Requests,
    Status,
    Step,
    closing,
    with_header,
)

_JSON = RuleId("wire.json")
_MEDIA = RuleId("wire.media")
_METHOD = RuleId("wire.method")
_PATH = RuleId("wire.path")
TOKEN_RULE = RuleId("auth.token")
CLIENT_RULE = RuleId("auth.client")
_UNKNOWN_TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.bm9ib2R5"  # noqa: S105

# The name of a case, its request, and the difference from the plain one.
_Made: TypeAlias = tuple[str, Request, dict[str, Json]]


def header_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send each optional header that has a settled value, and unsettled ones."""
    for header in contract.operation.headers:
        if header.required or header.value is None:
            continue
        for label, name in (
            ("valid-given", header.name),
            ("valid-lower-case", header.name.lower()),
            ("valid-upper-case", header.name.upper()),
        ):
            made = _header(label, plain.request, name, header.value)
            yield _case(contract, plain, header.rule, made)
        for label, value in (
            ("unknown", "no-such-value"),
            ("empty", ""),
            ("long", "2" * 4000),
            ("not-ascii", "2023\u00a003\u00ff"),
            ("template", "${jndi:x}%00"),
        ):
            made = _header(f"{header.name}-{label}", plain.request, header.name, value)
            yield _case(contract, plain, ROBUSTNESS, made, Expect.SURVIVE)


def wire_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send bytes that are no JSON, other labels, methods and paths."""
    operation, answers = contract.operation, contract.answers
    sent, good = plain.request, plain.request.body
    # JSON with a label that it may have. Source: RFC 9110, 8.3.1.
    charset = f"{operation.media_type}; charset=utf-8"
    made = _header("valid-charset", sent, "Content-Type", charset)
    yield _case(contract, plain, _MEDIA, made)
    for label, content in {
        "no-bytes": b"",
        "blank": b" \r\n",
        "cut-off": good[: len(good) // 2],
        "last-byte-missing": good[:-1],
        "not-utf-8": good[:-1] + b',"x":"\xff\xfe"}',
        "trailing-rubbish": good + b"}",
        "two-bodies": good + b"\n" + good,
        "text": b"Please create a broadcast.",
        "form": b"name=x&type=default",
        "markup": b"<create/>",
    }.items():
        made = label, closing(replace(sent, body=content)), {"bytes": label}
        if content or operation.needs_body or not answers.bind:
            yield _case(contract, plain, _JSON, made, Expect.REJECT, ("4xx",))
    for value in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        label = value.replace("/", "-")
        made = _header(label, sent, "Content-Type", value, closes=True)
        if not any(fnmatchcase(value, each) for each in operation.takes):
            status = answers.also(415)
            yield _case(contract, plain, _MEDIA, made, Expect.REJECT, status)
    # Methods that the path does not have, without a body.
    for method in ("PUT", "PATCH", "DELETE"):
        if method.lower() not in operation.methods:
            bare = with_header(sent, "Content-Type", None)
            request = replace(bare, method=method, body=b"")
            made = method.lower(), request, {"method": method}
            # 501: the server knows the method nowhere. Source: RFC 9110, 15.6.2.
            status = answers.also(405, 501)
            yield _case(contract, plain, _METHOD, made, Expect.REJECT, status)
    for label, other in _other_paths(operation):
        made = label, closing(replace(sent, path=other)), {"path": other}
        status = answers.also(404)
        yield _case(contract, plain, _PATH, made, Expect.REJECT, status)
    for label, name, unsettled in (
        ("no-media-type", "Content-Type", None),
        ("media-type-rubbish", "Content-Type", "json"),
        # Case is ignored by RFC 9110, 8.3.1, but many compare it.
        ("media-type-in-capitals", "Content-Type", "APPLICATION/JSON"),
        ("latin-1", "Content-Type", "application/json; charset=iso-8859-1"),
        ("utf-16", "Content-Type", "application/json; charset=utf-16"),
        ("accept-nothing-known", "Accept", "image/png"),
        ("accept-rubbish", "Accept", ";;,"),
        ("encoding-unknown", "Content-Encoding", "no-such-coding"),
        ("many-cookies", "Cookie", "; ".join(f"c{n}=v" for n in range(100))),
    ):
        made = _header(label, sent, name, unsettled, closes=True)
        yield _case(contract, plain, ROBUSTNESS, made, Expect.SURVIVE)
    huge = good[:-1] + b',"x":"' + b"x" * 300_000 + b'"}'
    label = "300-kilobytes"
    made = label, closing(replace(sent, body=huge)), {"bytes": label}
    yield _case(contract, plain, ROBUSTNESS, made, Expect.SURVIVE)


def _other_paths(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield paths that the contract lacks: with a longer name, and with one cut.

    The last name is changed, or one before where another path would fit.
    """
    holes = (re.sub(r"\{[^}]*\}", "*", each.rstrip("/")) for each in operation.paths)
    known = [re.compile("[^/]+".join(map(re.escape, it.split("*")))) for it in holes]
    names = operation.path.partition("?")[0].rstrip("/").split("/")
    for label, cut, more in (("longer-name", None, "-ringspec"), ("cut-name", -1, "")):
        for at in reversed(range(1, len(names))):
            changed = f"{names[at][:cut]}{more}"
            other = "/".join((*names[:at], changed, *names[at + 1 :]))
            if changed and not any(each.fullmatch(other) for each in known):
                yield label, other
                break


def _header(
    label: str, sent: Request, name: str, value: str | None, *, closes: bool = False
) -> _Made:
    request = with_header(sent, name, value)
    fault = {"header": name, "value": value}
    return label, closing(request) if closes else request, fault


def _case(
    contract: Contract,
    plain: Case,
    rule: RuleId,
    made: _Made,
    expect: Expect = Expect.ACCEPT,
    status: Status = (),
    phase: Phase = Phase.WIRE,
) -> Case:
    label, request, fault = made
    return replace(
        plain,
        id=f"{rule}/{label}",
        rule=rule,
        level=contract.rules[rule].level,
        expect=expect,
        status=status or STATUS[expect],
        request=request,
        twin=plain.id,
        fault=fault,
        phase=phase,
    )


def auth_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send no token, and wrong ones."""
    header = contract.operation.token_header
    if header is None:
        return

    def unauthorized(
        made: _Made, rule: RuleId = TOKEN_RULE, answers: Answers = contract.answers
    ) -> Case:
        status = (400, 401, 403) if rule == CLIENT_RULE else answers.also(401)
        return _case(
            contract, plain, rule, made, Expect.REJECT, status, phase=Phase.AUTH
        )

    for label, value in _tokens(header):
        made = _header(label, plain.request, header.header, value, closes=True)
        yield unauthorized(made)
    # Wrong credentials of a client. Source: RFC 6749, 4.4 and 5.2.
    right = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    for label, wrong in (
        ("wrong-secret", {"client_secret": "ringspec-no-secret"}),
        ("empty-secret", {"client_secret": ""}),
        ("cut-secret", {"client_secret": CLIENT_SECRET_CUT}),
        ("other-client", {"client_id": "no-such-client"}),
        ("other-grant", {"grant_type": "authorization_code"}),
    ):
        request = Request(
            method="POST",
            path=TOKEN_URL,
            headers=(
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Accept", "application/json"),
            ),
            body=urlencode({**right, **wrong}, safe="{}").encode(),
        )
        case = unauthorized((label, request, wrong), CLIENT_RULE)
        yield replace(case, twin=None)
    # No token, and an unknown one, for each linked operation.
    for link in contract.links:
        if link.token_header is None:
            continue
        content = plain.request.body if link.role == Role.REPLACE else b""
        request = Requests(contract).relative(link, content)
        create = Step(request=plain.request, status=("2xx",), capture=link.captures)
        for label, value in list(_tokens(link.token_header))[:2]:
            name, field = f"{link.name}-{label}", link.token_header.header
            made = _header(name, request, field, value, closes=True)
            case = unauthorized(made, answers=link.answers)
            last = Step(request=made[1], status=case.status, link=link.name)
            if link.captures:
                # A created resource is known by its create.
                yield replace(
                    case,
                    request=plain.request,
                    expect=Expect.ACCEPT,
                    steps=(create, last),
                )
            else:
                yield replace(case, steps=(last,))


def _tokens(header: TokenHeader) -> Iterator[tuple[str, str | None]]:
    """Yield values of the header; None for no header."""
    yield "missing", None
    yield "unknown", header.value(_UNKNOWN_TOKEN)
    yield "empty", header.value("")
    if header.scheme:
        yield "bare", _UNKNOWN_TOKEN
        yield "other-scheme", f"Basic {TOKEN}"
    yield "cut", header.value(TOKEN_CUT)
    yield "longer", header.value(f"{TOKEN}x")
    yield "other-case", header.value(TOKEN_SWAPPED)
    yield "null", header.value("null")
