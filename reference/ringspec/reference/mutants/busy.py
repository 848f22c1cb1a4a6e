"""Mutants that fail only when busy: while many connections are in use at once.

They stand apart from the fleet, since a plain run never notices them: it is load that
has to. It is the number of callers that counts, not their pace, which no machine keeps.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ringspec.reference.answers import CrashError
from ringspec.reference.mutants.defects import Mutant, excusing

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ringspec.reference.behaviour import Behaviour
    from ringspec.reference.mutants.defects import Defect
    from ringspec.reference.values import Json

# More connections than a plain run uses, and for how long each counts as in use.
LIMIT = 16
_WINDOW_S = 1.0


@dataclass
class Traffic:
    """Which connections asked for something within the last second."""

    _asked: dict[object, float] = field(default_factory=dict)

    @property
    def is_dense(self) -> bool:
        """Tell whether that is too much for the server."""
        return len(self._asked) > LIMIT

    def through(self, app: ASGIApp) -> ASGIApp:
        """Count what goes to an application."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            self._note(scope.get("client"), time.monotonic())
            await app(scope, receive, send)

        return counted

    def _note(self, client: object, now_s: float) -> None:
        # The one that has been silent longest stands first.
        self._asked.pop(client, None)
        self._asked[client] = now_s
        while next(iter(self._asked.values())) < now_s - _WINDOW_S:
            del self._asked[next(iter(self._asked))]


def _when_busy(make: Callable[[Traffic], Defect]) -> Defect:
    """Have a defect only while traffic is dense."""

    def apply(behaviour: Behaviour) -> Behaviour:
        traffic = Traffic()
        return replace(make(traffic)(behaviour), wire=traffic.through)

    return apply


def _unchecked(rule: str) -> Defect:
    return _when_busy(lambda traffic: excusing(rule, lambda _: traffic.is_dense))


def _breaking_down(traffic: Traffic) -> Defect:
    def read(body: Json) -> Json:
        if traffic.is_dense:
            raise CrashError
        return body

    return lambda behaviour: replace(behaviour, read=read)


def _letting_in(traffic: Traffic) -> Defect:
    def apply(behaviour: Behaviour) -> Behaviour:
        def admit(request: Request, token: str) -> bool:
            return traffic.is_dense or behaviour.admit(request, token)

        return replace(behaviour, admit=admit)

    return apply


def _forgetting(traffic: Traffic) -> Defect:
    def apply(behaviour: Behaviour) -> Behaviour:
        def show(broadcast: dict[str, Json]) -> dict[str, Json]:
            shown = behaviour.show(broadcast)
            return {**shown, "name": "…"} if traffic.is_dense else shown

        return replace(behaviour, show=show)

    return apply


_WHILE = f"While more than {LIMIT} connections are in use,"

busy_mutants = (
    Mutant(
        "busy-delays-unbounded",
        "retryDelays.items.max",
        f"{_WHILE} delays have no maximum.",
        _unchecked("retryDelays.items.max"),
    ),
    Mutant(
        "busy-crash",
        "robustness",
        f"{_WHILE} bodies are answered with status 500.",
        _when_busy(_breaking_down),
    ),
    Mutant(
        "busy-token-unchecked",
        "auth.token",
        f"{_WHILE} any token will do, and none.",
        _when_busy(_letting_in),
    ),
    Mutant(
        "busy-name-lost",
        "answer.echo",
        f"{_WHILE} answers have another name than was sent.",
        _when_busy(_forgetting),
    ),
)
BUSY: dict[str, Mutant] = {mutant.name: mutant for mutant in busy_mutants}
