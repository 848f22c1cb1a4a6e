"""Exchanges: a request with its answer, or the transport's failure.

`Connection` is the interface of everything that answers requests.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from ringspec.spec import Json
from ringspec.strategies import Request

MISSING = object()


class Trouble(StrEnum):
    """How the transport failed."""

    UNREACHABLE = "unreachable"  # nothing listens
    NAME = "name"  # the host's name is not known
    TLS = "tls"
    TIMEOUT = "timeout"
    DROPPED = "dropped"  # closed or reset before the answer was complete
    GARBLED = "garbled"  # not HTTP, or cannot be read completely
    WITHHELD = "withheld"  # never sent: it might do harm


# Sending again changes nothing here.
HOPELESS = frozenset({Trouble.NAME, Trouble.TLS, Trouble.WITHHELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The transport's failure.

    Attributes:
        some: whether any byte of an answer came.
        went_out: whether any byte of the request may have been sent.
    """

    trouble: Trouble
    message: str
    some: bool = False
    went_out: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer; header names as received, values decoded as latin-1."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in any case."""
        for known, value in self.headers:
            if known.lower() == name.lower():
                return value
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How far a case of several steps came.

    Attributes:
        at: number of the step that this exchange is of.
        items: of a list, those on all pages that were read.
        stuck: why the case could not go on; empty if it came to its last step.
        unsure: whether a request that changes something was sent again, so that it may
            have been carried out twice.
    """

    earlier: tuple[Exchange, ...] = ()
    at: int = 0
    captured: dict[str, Json] = field(default_factory=dict)
    items: tuple[Json, ...] | None = None
    complete: bool = False
    stuck: str = ""
    unsure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request as sent, with its answer or the failure: exactly one of the two.

    Attributes:
        request: with secrets still as `{token}`, so that it may be shown.
        began_s: when it was last sent, in seconds since the epoch (UTC).
        sent: how many times it went out; with all earlier steps, if there are any.
        twice: whether it may have been taken more than once.
    """

    url: str
    request: Request
    response: Response | None = None
    failure: Failure | None = None
    began_s: float = 0.0
    elapsed_s: float = 0.0
    sent: int = 1
    twice: bool = False
    played: Played | None = None

    @property
    def is_withheld(self) -> bool:
        """True if nothing was sent, on purpose."""
        return self.failure is not None and self.failure.trouble is Trouble.WITHHELD

    @property
    def summary(self) -> str:
        """The result in a few words."""
        if self.response is not None:
            return f"HTTP {self.response.status}"
        return self.failure.message if self.failure else "nothing was sent"


class Connection(Protocol):
    """Answers requests: a server over the network, or one in this process."""

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; up to `repeats` times again if the transport fails."""

    async def close(self) -> None:
        """Close the connection."""


class Passing:
    """The part of a connection that passes requests on to another one."""

    def __init__(self, inner: Connection) -> None:
        self._inner = inner

    async def close(self) -> None:
        """Close the connection."""
        await self._inner.close()


async def repeated(once: Callable[[], Awaitable[Exchange]], repeats: int) -> Exchange:
    """Send up to `repeats` times more while the transport fails and may not always."""
    sent = 0
    while True:
        exchange = await once()
        sent += exchange.sent
        failure = exchange.failure
        if failure is None or failure.trouble in HOPELESS or sent > repeats:
            return exchange if sent == exchange.sent else replace(exchange, sent=sent)


def parse(response: Response) -> tuple[Json, str]:
    """Return an answer's JSON, or MISSING and the reason."""
    media = (response.header("content-type") or "").split(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        return MISSING, f"the answer is labelled {media or 'nothing'}, not JSON"
    try:
        # Not as bytes, which Python would also take in UTF-16. Source: RFC 8259, 8.1.
        return json.loads(response.body.decode(), parse_constant=no_constant), ""
    except (ValueError, RecursionError) as error:
        return MISSING, f"the answer is no JSON: {error}"


def no_constant(name: str) -> Json:
    """Refuse NaN and infinities, which Python reads as JSON."""
    raise ValueError(f"{name} is no JSON")
