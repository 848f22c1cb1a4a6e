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
    """The replaceable parts. Bodies are in canonical spelling in all of them."""

    # Of a body, in this order.
    label: Callable[[str], None] = demand_json  # refuses other types of content
    parse: Callable[[bytes], Json] = parse  # or raises RefusedError
    read: Callable[[Json], Json] = same  # as the checks see it; the sent one is kept
    checks: tuple[Check, ...] = CHECKS  # the rules it must keep
    keep: Callable[[JsonObject], JsonObject] = same  # what of an accepted one is kept
    store: Callable[[], Store] = Store  # makes the place where broadcasts are kept
    # Values that an answer fills in.
    defaults: Mapping[str, Json] = field(default_factory=lambda: FACTS["defaults"])
    # A broadcast, as it is answered to create, get and update.
    show: Callable[[JsonObject], JsonObject] = same
    # Of an operation: by command, which states it leads from and to.
    transitions: Mapping[str, StateChange] = field(default_factory=lambda: TRANSITIONS)
    # An operation, given the store, with more or less done than it should.
    around: Callable[[Operation, Store], Operation] = unchanged
    # By name of an operation, the changes to this behaviour while it is done.
    during: Mapping[str, Callable[[Behaviour], Behaviour]] = field(default_factory=dict)
    # Of authorization: true if a request is let in, given the token that was issued;
    # what answers one that is not, and a request for a token, given its form.
    admit: Callable[[Request, str], bool] = tokens.brings_token
    turn_away: Callable[[Operation, Request], Awaitable[Reply]] = turn_away
    issue: Callable[[Mapping[str, str], ServerSettings], Reply] = tokens.issue
    # Where there is no operation for a path or method.
    elsewhere: Callable[[Reply], Reply] = same
    reply: Callable[[Reply], Reply] = same  # every answer of the API
    # The application around all of this, for HTTP itself.
    wire: Callable[[ASGIApp], ASGIApp] = same
