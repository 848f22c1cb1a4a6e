"""The server's behaviour: the parts that a mutant or lawful variant replaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ringspec.reference import tokens
from ringspec.reference.body_checks import CHECKS, Check
from ringspec.reference.json_values import FACTS, Json, JsonObject
from ringspec.reference.messages import Reply, demand_json, parse, refused
from ringspec.reference.store import TRANSITIONS, StateChange, Store

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ringspec.reference.serving import ServerSettings

Operation: TypeAlias = "Callable[[Request], Awaitable[Reply]]"
Defect: TypeAlias = "Callable[[Behaviour], Behaviour]"
T = TypeVar("T")


def same(value: T) -> T:
    """Return the value unchanged."""
    return value


async def turn_away(_operation: Operation, _request: Request) -> Reply:
    """Refuse a request without the token."""
    challenge = {"WWW-Authenticate": "Bearer"}
    raise refused(401, "A bearer token is needed.", challenge)


def unchanged(operation: Operation, _store: Store) -> Operation:
    """Return the operation unchanged."""
    return operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The replaceable parts. Bodies are in canonical spelling in all of them.

    Of a body, in this order:
    label: raises RefusedError for a Content-Type that is not taken.
    parse: bytes to JSON, or raises RefusedError.
    read: the body as the checks see it; the sent one is kept.
    checks: the rules it must keep.
    keep: the part of an accepted body that is kept.
    store: makes the place where broadcasts are kept.
    defaults: values that an answer fills in.
    show: a broadcast, as it is answered to create, get and update.

    Of an operation:
    transitions: by command, which states it leads from and to.
    around: an operation, given the store, with more or less done than it should.
    during: by name of an operation, the changes to this behaviour while it is done.

    Of authorization:
    admit: true if a request is let in, given the token that was issued.
    turn_away: answers a request that is not let in.
    issue: answers a request for a token, given its form.

    Of every answer:
    elsewhere: the answer where there is no operation for a path or method.
    reply: every answer of the API.
    wire: the application around all of this, for HTTP itself.
    """

    label: Callable[[str], None] = demand_json
    parse: Callable[[bytes], Json] = parse
    read: Callable[[Json], Json] = same
    checks: tuple[Check, ...] = CHECKS
    keep: Callable[[JsonObject], JsonObject] = same
    store: Callable[[], Store] = Store
    defaults: Mapping[str, Json] = field(default_factory=lambda: FACTS["defaults"])
    show: Callable[[JsonObject], JsonObject] = same
    transitions: Mapping[str, StateChange] = field(default_factory=lambda: TRANSITIONS)
    around: Callable[[Operation, Store], Operation] = unchanged
    during: Mapping[str, Callable[[Behaviour], Behaviour]] = field(default_factory=dict)
    admit: Callable[[Request, str], bool] = tokens.brings_token
    turn_away: Callable[[Operation, Request], Awaitable[Reply]] = turn_away
    issue: Callable[[Mapping[str, str], ServerSettings], Reply] = tokens.issue
    elsewhere: Callable[[Reply], Reply] = same
    reply: Callable[[Reply], Reply] = same
    wire: Callable[[ASGIApp], ASGIApp] = same
