"""The phase wire: what HTTP has to say, whatever the body.

In: the plain accepted case. Out: cases that differ from it in bytes, headers, method or
path. What httpx does not send is left out: a body shorter than its length (a server may
close without a word), a chunked body (a server may ask for a length), malformed heads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from ringspec.spec import Contract, Json, Link, Role, RuleId, TokenHeader
from ringspec.strategies.case import (
    CLIENT_ID,
    CLIENT_SECRET,
    CLIENT_SECRET_CUT,
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

TOKEN_RULE = RuleId("auth.token")
CLIENT_RULE = RuleId("auth.client")
_UNKNOWN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.bm9ib2R5"
_REFUSED: Status = (401,)

# Whoever lets one of these in was asked for a token, and did not look at it.
_ELSEWHERE = ("missing", "unknown")


def auth_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send no token, and others than the one that was given out."""
    guard = contract.operation.token_header
    if guard is None:
        return
    for label, value in _values(guard):
        request = closing(with_header(plain.request, guard.header, value))
        yield _refused(contract, plain, (label, request, _fault(guard, value)))
    yield from _wrong_clients(contract, plain)
    for relative in contract.links:
        if relative.token_header is not None:
            yield from _of_relative(contract, plain, relative, relative.token_header)


def _values(guard: TokenHeader) -> Iterator[tuple[str, str | None]]:
    """Yield what may stand in the header; none is the token as it was given out."""
    yield "missing", None
    yield "unknown", guard.value(_UNKNOWN)
    yield "empty", guard.value("")
    if guard.scheme:
        yield "bare", _UNKNOWN
        yield "other-scheme", f"Basic {TOKEN}"
    yield "cut", guard.value(TOKEN_CUT)
    yield "longer", guard.value(f"{TOKEN}x")
    yield "other-case", guard.value(TOKEN_SWAPPED)
    yield "null", guard.value("null")


def _fault(guard: TokenHeader, value: str | None) -> dict[str, Json]:
    return {"header": guard.header, "value": value}


def _refused(
    contract: Contract, plain: Case, made: tuple[str, Request, dict[str, Json]]
) -> Case:
    label, request, fault = made
    return replace(
        plain,
        id=f"{TOKEN_RULE}/{label}",
        rule=TOKEN_RULE,
        level=contract.rules[TOKEN_RULE].level,
        expect=Expect.REJECT,
        status=_REFUSED,
        request=request,
        twin=plain.id,
        fault=fault,
        phase=Phase.AUTH,
    )


def _of_relative(
    contract: Contract, plain: Case, relative: Link, guard: TokenHeader
) -> Iterator[Case]:
    requests = Requests(contract)
    content = plain.request.body if relative.role == Role.REPLACE else b""
    create = Step(request=plain.request, status=("2xx",), capture=relative.captures)
    for label, value in _values(guard):
        if label not in _ELSEWHERE:
            continue
        request = closing(
            with_header(requests.relative(relative, content), guard.header, value)
        )
        last = Step(request=request, status=_REFUSED, link=relative.name)
        yield replace(
            _refused(
                contract,
                plain,
                (f"{relative.name}-{label}", request, _fault(guard, value)),
            ),
            # A case that creates is known by its create.
            request=plain.request if relative.captures else request,
            expect=Expect.ACCEPT if relative.captures else Expect.REJECT,
            steps=(create, last) if relative.captures else (last,),
        )


def _wrong_clients(contract: Contract, plain: Case) -> Iterator[Case]:
    """Ask for a token without being the client. Source: RFC 6749, 4.4 and 5.2."""
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
        yield replace(
            plain,
            id=f"{CLIENT_RULE}/{label}",
            rule=CLIENT_RULE,
            level=contract.rules[CLIENT_RULE].level,
            expect=Expect.REJECT,
            status=(400, 401, 403),
            request=Request(
                method="POST",
                path=TOKEN_URL,
                headers=(
                    ("Content-Type", "application/x-www-form-urlencoded"),
                    ("Accept", "application/json"),
                ),
                body=urlencode({**right, **wrong}, safe="{}").encode(),
            ),
            twin=None,
            fault=wrong,
            phase=Phase.AUTH,
        )


ROBUSTNESS = RuleId("robustness")
ACCEPTABLE: Status = ("2xx",)
REFUSABLE: Status = ("4xx",)
SURVIVAL: Status = ("2xx", "3xx", "4xx")
_JSON = RuleId("wire.json")
_MEDIA = RuleId("wire.media")
_METHOD = RuleId("wire.method")
_PATH = RuleId("wire.path")

_Made = tuple[str, Request, dict[str, Json]]


def header_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send each optional header that has a settled value, and unsettled ones."""
    for header in contract.operation.headers:
        if header.required or header.value is None:
            continue
        for label, name, value in (
            ("valid-given", header.name, header.value),
            ("valid-lower-case", header.name.lower(), header.value),
            ("valid-upper-case", header.name.upper(), header.value),
        ):
            yield _case(
                contract, plain, header.rule, (label, *_header(plain, name, value))
            )
        for label, value in (
            ("unknown", "no-such-value"),
            ("empty", ""),
            ("long", "2" * 4000),
            ("not-ascii", "2023\u00a003\u00ff"),
            ("template", "${jndi:x}%00"),
        ):
            made = _header(plain, header.name, value)
            yield _survive(contract, plain, (f"{header.name}-{label}", *made))


def wire_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send what is no JSON, is not called so, or goes elsewhere."""
    for made in _labelled(contract, plain):
        yield _case(contract, plain, _MEDIA, made)
    for label, request, fault in _no_json(plain):
        yield _refuse(
            contract, plain, _JSON, (label, closing(request), fault), REFUSABLE
        )
    for label, request, fault in _mislabelled(plain):
        yield _refuse(contract, plain, _MEDIA, (label, closing(request), fault), (415,))
    for made in _methods(contract, plain):
        # 501 is for whoever knows the method nowhere. Source: RFC 9110, 15.6.2.
        yield _refuse(contract, plain, _METHOD, made, (405, 501))
    for made in _paths(plain):
        yield _refuse(contract, plain, _PATH, made, (404,))
    for made in _odd(plain):
        yield _survive(contract, plain, made)


def _header(plain: Case, name: str, value: str) -> tuple[Request, dict[str, Json]]:
    return with_header(plain.request, name, value), {"header": name, "value": value}


def _labelled(contract: Contract, plain: Case) -> Iterator[_Made]:
    """Label JSON as it may be labelled. Source: RFC 9110, 8.3.1."""
    value = f"{contract.operation.media_type}; charset=utf-8"
    yield "valid-charset", *_header(plain, "Content-Type", value)


def _no_json(plain: Case) -> Iterator[_Made]:
    good = plain.request.body
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
        request = closing(replace(plain.request, body=content))
        yield label, request, {"bytes": label}


def _mislabelled(plain: Case) -> Iterator[_Made]:
    for value in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        request, fault = _header(plain, "Content-Type", value)
        yield value.replace("/", "-"), closing(request), fault


def _methods(contract: Contract, plain: Case) -> Iterator[_Made]:
    """Ask for methods that the path does not have, without a body."""
    for method in ("PUT", "PATCH", "DELETE"):
        if method.lower() not in contract.operation.methods:
            bare = with_header(plain.request, "Content-Type", None)
            request = replace(bare, method=method, body=b"")
            yield method.lower(), request, {"method": method}


def _paths(plain: Case) -> Iterator[_Made]:
    path = plain.request.path.partition("?")[0].rstrip("/")
    for label, other in (
        ("longer-name", f"{path}-ringspec"),
        ("cut-name", path[:-1]),
    ):
        yield label, closing(replace(plain.request, path=other)), {"path": other}


def _odd(plain: Case) -> Iterator[_Made]:
    """Send what nobody settles, and what must not bring a server down."""
    for label, value in (
        ("no-media-type", None),
        ("media-type-rubbish", "json"),
        # One and the same by RFC 9110, 8.3.1, though many compare it as it stands.
        ("media-type-in-capitals", "APPLICATION/JSON"),
        ("latin-1", "application/json; charset=iso-8859-1"),
        ("utf-16", "application/json; charset=utf-16"),
    ):
        request = with_header(plain.request, "Content-Type", value)
        fault = {"header": "Content-Type", "value": value}
        yield label, closing(request), fault
    for label, name, value in (
        ("accept-nothing-known", "Accept", "image/png"),
        ("accept-rubbish", "Accept", ";;,"),
        ("encoding-unknown", "Content-Encoding", "no-such-coding"),
        ("many-cookies", "Cookie", "; ".join(f"c{n}=v" for n in range(100))),
    ):
        request, fault = _header(plain, name, value)
        yield label, closing(request), fault
    huge = plain.request.body[:-1] + b',"x":"' + b"x" * 300_000 + b'"}'
    request = closing(replace(plain.request, body=huge))
    yield "300-kilobytes", request, {"bytes": "300-kilobytes"}


def _case(contract: Contract, plain: Case, rule: RuleId, made: _Made) -> Case:
    """Make a case that is accepted."""
    label, request, fault = made
    return replace(
        plain,
        id=f"{rule}/{label}",
        rule=rule,
        level=contract.rules[rule].level,
        request=request,
        twin=plain.id,
        fault=fault,
        phase=Phase.WIRE,
    )


def _refuse(
    contract: Contract, plain: Case, rule: RuleId, made: _Made, status: Status
) -> Case:
    made_ = _case(contract, plain, rule, made)
    return replace(made_, expect=Expect.REJECT, status=status)


def _survive(contract: Contract, plain: Case, made: _Made) -> Case:
    made_ = _case(contract, plain, ROBUSTNESS, made)
    return replace(made_, expect=Expect.SURVIVE, status=SURVIVAL)
