"""Exchanges: a request with its answer, or the transport's failure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ringspec.strategies import Request


class Trouble(StrEnum):
    """How the transport failed."""

    UNREACHABLE = "unreachable"  # nothing listens
    NAME = "name"  # the host's name is not known
    TLS = "tls"
    TIMEOUT = "timeout"
    DROPPED = "dropped"  # closed or reset before the answer was whole
    GARBLED = "garbled"  # not HTTP, or nothing anyone could read whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The transport's failure.

    Attributes:
        some: whether any byte of an answer came.
    """

    trouble: Trouble
    message: str
    some: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back; header names as received, values decoded as latin-1."""

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
class Exchange:
    """A request as sent, with its answer or the failure: exactly one of the two.

    Attributes:
        url: absolute.
        request: with secrets still as `{token}`, so that it may be shown.
        sent: how many times it went out.
    """

    url: str
    request: Request
    response: Response | None = None
    failure: Failure | None = None
    elapsed_s: float = 0.0
    sent: int = 1

    @property
    def summary(self) -> str:
        """Say in a few words what came back."""
        if self.response is not None:
            return f"HTTP {self.response.status}"
        return self.failure.message if self.failure else "nothing was sent"
