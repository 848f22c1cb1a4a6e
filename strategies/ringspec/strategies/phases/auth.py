"""The phase auth: who is let in, and what becomes of the credentials.

In: the plain accepted case. Out: cases that lack a valid token, on the operation itself
and on those linked to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from ringspec.spec import Contract, Guard, Json, Relative, Role, RuleId
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
    Status,
    Step,
)
from ringspec.strategies.requests import Requests, closing, with_header

TOKEN_RULE = RuleId("auth.token")
CLIENT_RULE = RuleId("auth.client")
_UNKNOWN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.bm9ib2R5"
_REFUSED: Status = (401,)

# Whoever lets one of these in was asked for a token, and did not look at it.
_ELSEWHERE = ("missing", "unknown")


def auth_cases(contract: Contract, plain: Case) -> Iterator[Case]:
    """Send no token, and others than the one that was given out."""
    guard = contract.operation.guard
    if guard is None:
        return
    for label, value in _values(guard):
        request = closing(with_header(plain.request, guard.header, value))
        yield _refused(contract, plain, (label, request, _fault(guard, value)))
    yield from _wrong_clients(contract, plain)
    for relative in contract.relatives:
        if relative.guard is not None:
            yield from _of_relative(contract, plain, relative, relative.guard)


def _values(guard: Guard) -> Iterator[tuple[str, str | None]]:
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


def _fault(guard: Guard, value: str | None) -> dict[str, Json]:
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
    contract: Contract, plain: Case, relative: Relative, guard: Guard
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
