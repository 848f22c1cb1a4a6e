"""Annotations that GitHub Actions shows beside a job, by workflow commands.

What is printed may cite the target, which could give commands: they are stopped
meanwhile. Source: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

from ringspec.harness import Ended, Event, Finding, Outcome, Result, Started
from ringspec.reports.case_text import by_reason, status_line
from ringspec.reports.causes import Cause, causes, refusal
from ringspec.reports.files import Display, rule_link
from ringspec.reports.printable import counted, listed, shown
from ringspec.reports.redact import Redactor

# Most annotations of each kind that GitHub shows for a step.
LIMIT = 10
_TEXT = 500


def on_github() -> bool:
    """Return whether this is a step of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


class GitHubAnnotations:
    """Another reporter, with commands stopped around it, and annotations after it."""

    def __init__(
        self,
        inner: Display,
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
        self._inner.handle(event)
        if isinstance(event, Ended):
            self._resume()
            result = self._redactor.event(event).result
            for each in commands(result, self._docs):
                self._print(each)

    def close(self) -> None:
        """Close the other reporter; commands are heard again."""
        try:
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


def commands(result: Result, docs: str = "") -> Iterator[str]:
    """Yield a result, free of secrets, as workflow commands."""
    found = causes(result) if result.learnt else ()
    new = [_cause(each, docs) for each in found if not each.known]
    new += [
        _command("error", f"known failure {each.known.id}", each.why)
        for each in result.stale
    ]
    if not new and result.conclusion.exit_code:
        title = f"ringspec: {result.conclusion}"
        new.append(_command("error", title, result.message, result.hint))
    known = [_cause(each, docs) for each in found if each.known]
    known += [
        _command("notice", f"untested: {', '.join(it.rule.id for it in rules)}", why)
        for why, rules in by_reason(result, Outcome.UNTESTED).items()
    ]
    yield from _limited("error", new)
    yield from _limited("warning", list(_warnings(result)))
    yield from _limited("notice", known)


def _limited(kind: str, lines: list[str]) -> Iterator[str]:
    if len(lines) <= LIMIT:
        yield from lines
        return
    yield from lines[: LIMIT - 1]
    left = len(lines) - LIMIT + 1
    yield _command(kind, "ringspec", f"{left:,} more of this kind: see the log")


def _cause(cause: Cause, docs: str) -> str:
    result = cause.rules[0]
    rule = result.rule
    more = len(cause.rules) - 1
    others = f" and {counted(more, 'other rule')}" if more else ""
    title = f"{rule.id}{others} ({cause.level.upper()})"
    sentence, link = cause.title or rule.sentence, rule_link(docs, rule.id)
    case = _case(cause.findings)
    if not cause.known:
        return _command("error", title, sentence, *case, link)
    known = [it for each in result.known[:1] for it in (each.reason, each.issue) if it]
    excuse = " ".join(("known:", *known)) if result.known else ""
    return _command("notice", f"known failure: {title}", sentence, excuse, *case, link)


def _case(findings: Sequence[Finding]) -> tuple[str, str]:
    first, more = findings[0], len(findings) - 1
    others = f" (and {counted(more, 'more case')})" if more else ""
    return first.reason, f"case {first.case.id}: {status_line(first.exchange)}{others}"


def _warnings(result: Result) -> Iterator[str]:
    reasons = by_reason(result) if result.learnt else {}
    if refused := refusal(result):
        named = listed([it.rule.id for it in refused.rules], LIMIT)
        yield _command("warning", "a valid body is refused", refused.title, named)
    for reason, rules in reasons.items():
        more = f" and {counted(len(rules) - 1, 'other rule')}" if rules[1:] else ""
        yield _command("warning", f"inconclusive: {rules[0].rule.id}{more}", reason)
    for each in result.rules:
        warnings = each.warnings(result.level)
        if warnings:
            title = f"{each.rule.id} ({warnings[0].level.upper()})"
            lines = (each.rule.sentence, *_case(warnings))
            yield _command("warning", title, *lines)


def _command(kind: str, title: str, *lines: str) -> str:
    message = "\n".join(dict.fromkeys(shown(line, _TEXT) for line in lines if line))
    escaped = _escaped(shown(title, _TEXT)).replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={escaped}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
