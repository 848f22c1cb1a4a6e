"""The plan of a run: what is fired at whom, and how its failures weigh."""

from __future__ import annotations

from dataclasses import dataclass

from ringspec.spec import Contract, Level
from ringspec.strategies import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do.

    Attributes:
        cases: the whole list; its first is fired first, whatever is selected.
        token: the access token, if there are credentials.
        select: prefixes of rule ids to be run; all without any.
        exclude: prefixes of rule ids to be left out.
    """

    contract: Contract
    cases: tuple[Case, ...]
    url: str
    token: str | None = None
    level: Level = Level.MUST
    seed: int = 0
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    workers: int = 4
    timeout_s: float = 5.0
    fail_fast: bool = False
