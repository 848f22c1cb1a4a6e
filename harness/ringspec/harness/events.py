"""Events: what a run tells while it goes on, for any number of reports.

A run yields one `Started`, then a `Judged` for each case in the order of the cases,
with a `Notice` wherever something is to be said, and always one `Ended`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ringspec.harness.exchange import Exchange
from ringspec.harness.verdict import Finding, Result
from ringspec.spec import Level
from ringspec.strategies import Case


class Identified(Protocol):
    """Whatever has an id."""

    @property
    def id(self) -> str:
        """The id."""


class Titled(Protocol):
    """A contract, as far as it is told of."""

    @property
    def title(self) -> str:
        """What the API is called."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def sha256(self) -> str:
        """The digest of the contract."""

    @property
    def dialect(self) -> str | None:
        """The dialect, if it was adapted."""

    @property
    def operation(self) -> Identified:
        """The operation under test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The run begins.

    Attributes:
        total: how many cases will be fired.
        clients: whether clients of the target are judged, and not the target itself.
    """

    contract: Titled
    target: str
    level: Level
    seed: int
    total: int
    clients: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A case has been fired and judged; `findings` holds its passes too."""

    case: Case
    exchange: Exchange
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something worth a line on the way."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The run is over."""

    result: Result


Event: TypeAlias = Started | Judged | Notice | Ended
