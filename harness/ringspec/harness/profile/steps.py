"""Steps: one thing after the other that is tried, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What became of a step."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was tried, what became of it, and what to do about that."""

    name: str
    state: State
    said: str
    hint: str = ""


def passed(name: str, said: str) -> Step:
    """Return a step that went well."""
    return Step(name=name, state=State.OK, said=said)


def failed(name: str, said: str, hint: str) -> Step:
    """Return a step that did not, with what to do about it."""
    return Step(name=name, state=State.FAILED, said=said, hint=hint)


def skipped(name: str, said: str, hint: str = "") -> Step:
    """Return a step that was not tried, with the reason."""
    return Step(name=name, state=State.SKIPPED, said=said, hint=hint)
