"""The states of a broadcast, and the commands that lead from one to another.

Source: facts.md D; the transitions are inferred from names there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringspec.reference.values import JsonObject

DRAFT = "draft"
SCHEDULED = "scheduled"
STARTED = "started"
PAUSED = "paused"
CANCELED = "canceled"

EDITABLE = frozenset({DRAFT, SCHEDULED})
RUNNING = frozenset({STARTED, PAUSED})


@dataclass(frozen=True, slots=True)
class Transition:
    """What a command does: where it may start, what it answers, where it ends.

    stamp: the member that tells when it was last given, if any does.
    """

    sources: frozenset[str]
    answered: str
    target: str
    stamp: str | None = None


# This server calls nobody, so that what is begun is done by the next request.
TRANSITIONS: Mapping[str, Transition] = {
    "start": Transition(EDITABLE, "starting", STARTED, "startedAt"),
    "pause": Transition(frozenset({STARTED}), "pausing", PAUSED, "pausedAt"),
    "resume": Transition(frozenset({PAUSED}), "resuming", STARTED),
    "cancel": Transition(RUNNING, "canceling", CANCELED, "canceledAt"),
}


def first_state(body: JsonObject) -> str:
    """Tell the state of a broadcast that nobody has started."""
    return DRAFT if body.get("scheduledAt") is None else SCHEDULED
