"""How the server behaves, as parts that a mutant can replace one by one."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ringspec.reference import bodies, tokens
from ringspec.reference.answers import refused
from ringspec.reference.checks import CHECKS, Check
from ringspec.reference.lifecycle import TRANSITIONS, Transition
from ringspec.reference.store import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ringspec.reference.answers import Reply
    from ringspec.reference.settings import ServerSettings
    from ringspec.reference.values import Json, JsonObject

    Operation: TypeAlias = "Callable[[Request], Awaitable[Reply]]"

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


def admits(request: Request, token: str) -> bool:
    """Tell whether a request brings the token that was issued."""
    return holds_token(request.headers.get("authorization"), token)


async def turn_away(_operation: Operation, _request: Request) -> Reply:
    """Refuse whoever is not admitted, and do nothing else."""
    challenge = {"WWW-Authenticate": "Bearer"}
    raise refused(401, "A bearer token is needed.", challenge)


def just_so(operation: Operation, _store: Store) -> Operation:
    """Do an operation, and nothing else."""
    return operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The replaceable parts. Bodies are in canonical spelling in all of them.

    What a body goes through, in this order:
    label: raises what refuses a Content-Type.
    parse: bytes to JSON, or raises what refuses them.
    read: what of a body the checks see; it is kept as it was sent all the same.
    checks: what a body is held to.
    keep: what of an accepted body is kept.
    store: makes the place where broadcasts are kept.
    defaults: what an answer fills in.
    show: a broadcast, as it is answered to create, get and update.

    What an operation does beside that:
    created: status of the answer to a create.
    transitions: what each command does.
    around: an operation, given the store, with more or less done than it should.
    during: by name of an operation, how this behaviour differs while it is done.

    Who is let in:
    admit: whether a request will do, given the token that was issued.
    turn_away: answers those who are not admitted, given what they asked for.
    issue: answers a request for a token, given its Content-Type and bytes.

    How all of it is put:
    elsewhere: the answer where no operation is asked for, or not so.
    refuse: every error of the API, as it is answered.
    reply: every answer of the API.
    wire: the application around all of this, for what happens below JSON.
    """

    label: Callable[[str], None] = bodies.demand_json
    parse: Callable[[bytes], Json] = bodies.parse
    read: Callable[[Json], Json] = same
    checks: tuple[Check, ...] = CHECKS
    keep: Callable[[JsonObject], JsonObject] = same
    store: Callable[[], Store] = Store
    defaults: Mapping[str, Json] = field(default_factory=lambda: DEFAULTS)
    show: Callable[[JsonObject], JsonObject] = same
    created: int = 201
    transitions: Mapping[str, Transition] = field(default_factory=lambda: TRANSITIONS)
    around: Callable[[Operation, Store], Operation] = just_so
    during: Mapping[str, Callable[[Behaviour], Behaviour]] = field(default_factory=dict)
    admit: Callable[[Request, str], bool] = admits
    turn_away: Callable[[Operation, Request], Awaitable[Reply]] = turn_away
    issue: Callable[[str, bytes, ServerSettings], Reply] = tokens.issue
    elsewhere: Callable[[Reply], Reply] = same
    refuse: Callable[[Reply], Reply] = same
    reply: Callable[[Reply], Reply] = same
    wire: Callable[[ASGIApp], ASGIApp] = same
