"""Access tokens: issued for a client's secret, required of every request.

Source: facts.md E, else RFC 6749, sections 4.4, 5.1 and 5.2.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from ringspec.reference.json_values import JsonObject
from ringspec.reference.messages import RefusedError, Reply

if TYPE_CHECKING:
    from starlette.requests import Request

    from ringspec.reference.serving import ServerSettings

FORM_TYPE = "application/x-www-form-urlencoded"
LIFETIME_S = 86400
_NEVER_CACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _failed(code: str, description: str, status: int = 400) -> RefusedError:
    body: JsonObject = {"error": code, "error_description": description}
    return RefusedError(Reply(status, body, _NEVER_CACHED))


def issue(form: Mapping[str, str], settings: ServerSettings) -> Reply:
    """Answer a request for a token, or raise RefusedError."""
    names_client = _same(form.get("client_id", ""), settings.client_id)
    secret = form.get("client_secret", "")
    if not (_same(secret, settings.client_secret) and names_client):
        raise _failed("invalid_client", "Unknown client, or a wrong secret.", 401)
    if "grant_type" not in form:
        raise _failed("invalid_request", "grant_type is required.")
    if form["grant_type"] != "client_credentials":
        message = "Only client_credentials is known."
        raise _failed("unsupported_grant_type", message)
    token: JsonObject = {
        "access_token": settings.token,
        "expires_in": LIFETIME_S,
        "token_type": "bearer",
    }
    return Reply(200, token, _NEVER_CACHED)


def read_form(content_type: str, raw: bytes) -> dict[str, str]:
    """Read the form of a request for a token, or raise RefusedError."""
    fault = _failed("invalid_request", f"The body must be {FORM_TYPE}.")
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        raise fault
    try:
        pairs = parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise fault from error
    if any(len(values) > 1 for values in pairs.values()):
        raise _failed("invalid_request", "A parameter must not be repeated.")
    return {name: values[0] for name, values in pairs.items()}


def bearer(header: str | None) -> str | None:
    """Return the token of an Authorization header. Source: RFC 6750, 2.1."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def brings_token(request: Request, token: str) -> bool:
    """Return whether a request brings the token that was issued."""
    given = bearer(request.headers.get("authorization"))
    return given is not None and _same(given, token)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
