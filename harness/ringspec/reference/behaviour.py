"""How the server behaves, as parts that a mutant can replace one by one."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ringspec.reference.checks import CHECKS, Check
from ringspec.reference.lifecycle import TRANSITIONS, Transition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp

    from ringspec.reference.answers import Reply
    from ringspec.reference.values import Json, JsonObject

T = TypeVar("T")

# What an answer fills in where nothing, or null, was sent. Source: facts.md A.
DEFAULTS: Mapping[str, Json] = {
    "distribution": "none",
    "language": "fr-BE",
    "voice": "woman",
}


def same(value: T) -> T:
    """Change nothing."""
    return value


def bearer(header: str | None) -> str | None:
    """Take the token out of an Authorization header. Source: RFC 6750, 2.1."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def holds_token(header: str | None, token: str) -> bool:
    """Tell whether an Authorization header brings the token that was issued."""
    given = bearer(header)
    return given is not None and hmac.compare_digest(given.encode(), token.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The replaceable parts. Bodies are in canonical spelling in all of them.

    checks: what a body is held to.
    read: what of a body the checks see; it is kept as it was sent all the same.
    keep: what of an accepted body is kept.
    defaults: what an answer fills in.
    show: a broadcast, as it is answered to create, get and update.
    created: status of the answer to a create.
    refuse: every error of the API, as it is answered.
    reply: every answer of the API.
    admit: whether an Authorization header will do, given the token that was issued.
    transitions: what each command does.
    wire: the application around all of this, for what happens below JSON.
    """

    checks: tuple[Check, ...] = CHECKS
    read: Callable[[Json], Json] = same
    keep: Callable[[JsonObject], JsonObject] = same
    defaults: Mapping[str, Json] = field(default_factory=lambda: DEFAULTS)
    show: Callable[[JsonObject], JsonObject] = same
    created: int = 201
    refuse: Callable[[Reply], Reply] = same
    reply: Callable[[Reply], Reply] = same
    admit: Callable[[str | None, str], bool] = holds_token
    transitions: Mapping[str, Transition] = field(default_factory=lambda: TRANSITIONS)
    wire: Callable[[ASGIApp], ASGIApp] = same
