"""Reporters: what takes the events of a run; the record, from which files are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ringspec.harness import Ended, Event, Judged, Notice, Result, Started
from ringspec.reports.redact import Redactor
from ringspec.spec import InternalError


class Reporter(Protocol):
    """Takes the events of a run, one after the other."""

    def handle(self, event: Event) -> None:
        """Take the next event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A whole run, free of secrets: what every file report is rendered from.

    Attributes:
        notices: what was said on the way.
        docs: base of the documentation that rules are linked to; empty for none.
    """

    started: Started
    judged: tuple[Judged, ...]
    notices: tuple[str, ...]
    result: Result
    docs: str = ""


class Recorder:
    """A reporter that keeps the events for the file reports."""

    def __init__(self, redactor: Redactor | None = None, docs: str = "") -> None:
        self._redactor = redactor or Redactor()
        self._docs = docs
        self._events: list[Event] = []

    def handle(self, event: Event) -> None:
        """Keep an event."""
        self._events.append(event)

    @property
    def record(self) -> Record:
        """The run, once it has ended.

        Raises:
            InternalError: the run told no beginning or no end.
        """
        # Redacted only now: a token fetched late may have been echoed early.
        events = [self._redactor.event(each) for each in self._events]
        started = [each for each in events if isinstance(each, Started)]
        ended = [each for each in events if isinstance(each, Ended)]
        if not started or not ended:
            raise InternalError("a report was asked for before the run had ended")
        return Record(
            started=started[0],
            judged=tuple(each for each in events if isinstance(each, Judged)),
            notices=tuple(each.message for each in events if isinstance(each, Notice)),
            result=ended[-1].result,
            docs=self._docs,
        )
