"""Exchanges of clients, as reports have them: no credential stands in them.

In: a request as it was heard. Out: what was sent and answered, `{token}` where the
access token stood, `[redacted]` for whatever else a client may want to keep secret.
"""

from __future__ import annotations

import re

from ringspec.harness.recording.addresses import Address
from ringspec.harness.recording.forms import HIDDEN, hidden_form
from ringspec.harness.recording.tap import Headers, Heard
from ringspec.harness.sending.exchange import (
    Exchange,
    Failure,
    Response,
    Trouble,
)
from ringspec.harness.sending.placeholders import Filling
from ringspec.spec import TokenHeader
from ringspec.strategies import TOKEN, TOKEN_URL, Request

_SECRET = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
)
# What says how a connection is used, and nothing of a request.
_OF_CONNECTION = frozenset({"host", "connection", "content-length"})
_QUERY = re.compile(
    r"(?<=[?&])([^=&]*(?:token|secret|password|key)[^=&]*)=[^&]*", re.IGNORECASE
)


def exchange_of(heard: Heard, address: Address, url: str, filling: Filling) -> Exchange:
    """Return what was heard as an exchange, free of credentials.

    Args:
        heard: the request with its answer.
        address: what it asked for.
        url: of the server, without a slash at its end.
        filling: the credentials that clients should bring.
    """
    target = _QUERY.sub(rf"\1={HIDDEN}", heard.target)
    token_url = address.is_token and "?" not in target
    request = Request(
        method=heard.method,
        path=TOKEN_URL if token_url else target,
        headers=_hidden(heard.headers, address.guard, filling),
        body=hidden_form(heard, filling) if address.is_token else heard.body,
    )
    failure = None
    if heard.status is None:
        failure = Failure(trouble=Trouble.DROPPED, message="it was not answered")
    return Exchange(
        url=url + target,
        request=request,
        response=_response(heard),
        failure=failure,
        began_s=heard.began_s,
        elapsed_s=heard.elapsed_s,
    )


def _response(heard: Heard) -> Response | None:
    if heard.status is None:
        return None
    return Response(
        status=heard.status,
        headers=_hidden(heard.answer_headers, None, Filling()),
        body=heard.answer,
    )


def _hidden(headers: Headers, guard: TokenHeader | None, filling: Filling) -> Headers:
    known = guard.header.lower() if guard else ""
    return tuple(
        (name, _value(name.lower() == known, name, value, guard, filling))
        for name, value in headers
        if name.lower() not in _OF_CONNECTION
    )


def _value(
    guards: bool,  # noqa: FBT001 - private, and called once
    name: str,
    value: str,
    guard: TokenHeader | None,
    filling: Filling,
) -> str:
    if guards and guard and value.endswith(filling.token or "\0"):
        before = value.removesuffix(filling.token or "").strip()
        if before.lower() == guard.scheme.lower():
            return guard.value(TOKEN)
    return HIDDEN if guards or name.lower() in _SECRET else value
