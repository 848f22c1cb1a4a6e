"""Annotations that GitHub Actions shows beside a job, by workflow commands.

What is printed may cite the target, which could give commands: they are stopped
meanwhile. Source: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

import os
import secrets
import sys
from typing import TextIO

from ringspec.harness import Ended, Event, Result, Started
from ringspec.reports.causes import explained
from ringspec.reports.console import filled
from ringspec.reports.files import Display, rule_link
from ringspec.reports.redact import Redactor

# Most annotations of each kind that GitHub shows for a step.
LIMIT = 10


def on_github() -> bool:
    """Return whether this is a step of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


class GitHubAnnotations:
    """Another reporter, with commands stopped around it, and annotations after it."""

    def __init__(
        self,
        inner: Display | None,
        redactor: Redactor | None = None,
        stdout: TextIO | None = None,
        docs: str = "",
    ) -> None:
        self._inner = inner
        self._redactor = redactor or Redactor()
        self._out = stdout or sys.stdout
        self._docs = docs
        self._word = ""

    def handle(self, event: Event) -> None:
        """Show an event; stop commands before the first, annotate after the last."""
        if not self._word and isinstance(event, Started):
            self._word = secrets.token_hex(16)
            self._print(f"::stop-commands::{self._word}")
        if self._inner:
            self._inner.handle(event)
        if isinstance(event, Ended):
            self._resume()
            result = self._redactor.event(event).result
            for each in commands(result, self._docs):
                self._print(each)

    def close(self) -> None:
        """Close the other reporter; commands are heard again."""
        try:
            if self._inner:
                self._inner.close()
        finally:
            self._resume()

    def _resume(self) -> None:
        if self._word:
            self._print(f"::{self._word}::")
            self._word = ""

    def _print(self, line: str) -> None:
        self._out.write(f"{line}\n")
        self._out.flush()


def commands(result: Result, docs: str = "") -> list[str]:
    """Write a result, free of secrets, as workflow commands."""
    written = filled(
        "github.txt",
        result=result,
        causes=explained(result)[0] if result.learnt else (),
        most=LIMIT,
        link=lambda rule: rule_link(docs, rule.id),
    )
    return written.decode().split("\n")[:-1]
