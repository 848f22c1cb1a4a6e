"""Firing: one run of the rules that are left, and what it said.

The run is that of `ringspec run`: the same target, gate, journal and clean-up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from ringspec.cli.exits import as_error, terminable
from ringspec.cli.known_file import KnownFile
from ringspec.cli.outputs import report_run
from ringspec.cli.run_command import RunOptions
from ringspec.harness import Ended, Event, Judged, Notice, Result, Started, Verdict
from ringspec.harness.running.run import run as events_of
from ringspec.plugin.options import spelt
from ringspec.plugin.said import Said
from ringspec.reports import Redactor, RuleTexts, counted
from ringspec.spec import InternalError, RuleId

# Told that so many of so many cases are done, and what failed so far.
Progress = Callable[[str], None]
_MORE = "-vv or --ringspec-report json=PATH"


def fired(
    run: RunOptions,
    rules: Collection[RuleId],
    progress: Progress,
    *,
    verbose: bool = False,
    width: int = 80,
) -> Said:
    """Run, for some rules alone, and return what is said of them.

    What keeps us from it is told in the same way: whoever asks next need not try again.
    """
    try:
        with terminable():
            return _fired(run, rules, _Watch(progress), verbose=verbose, width=width)
    except Exception as error:  # noqa: BLE001 - the last resort
        found = as_error(error)
        hint = f"\nhint: {spelt(found.hint)}" if found.hint else ""
        said = spelt(found.message)
        return Said(trouble=said, conclusion=said + hint, status=found.exit_code)


def _fired(
    run: RunOptions,
    rules: Collection[RuleId],
    watch: _Watch,
    *,
    verbose: bool,
    width: int,
) -> Said:
    known_file = KnownFile.open(run.known_failures, renews=False)
    with run.plan(known_file) as (whole, redactor):
        watch.redactor = redactor
        events = events_of(replace(whole, rules=frozenset(rules)))
        status, _ = report_run(
            events, run.report_paths(), watch, redactor, annotates=False
        )
    result = watch.result
    teller = RuleTexts(result, watch.judged, width=width, verbose=verbose, more=_MORE)
    return Said(
        rules={name: each for name, each in teller.rules().items() if name in rules},
        notes=watch.notes,
        rest=teller.rest(),
        conclusion=teller.conclusion(),
        status=status,
        trouble="interrupted" if result.interrupted else "",
    )


class _Watch:
    """A reporter that keeps what a run found, and tells how far it is.

    Attributes:
        redactor: knows the secrets that are taken out of the result.
        judged: all that was judged.
        notes: what was worth a line on the way, without secrets.
    """

    def __init__(self, progress: Progress) -> None:
        self.redactor = Redactor()
        self.judged: list[Judged] = []
        self.notes: list[str] = []
        self._progress = progress
        self._total = self._failures = 0
        self._ended: Ended | None = None

    @property
    def result(self) -> Result:
        """What the run found, without secrets, its advice spelt as it is here."""
        if self._ended is None:
            raise InternalError("the run ended without a result")
        found = self._ended.result
        return replace(found, message=spelt(found.message), hint=spelt(found.hint))

    def handle(self, event: Event) -> None:
        """Take the next event."""
        match event:
            case Started():
                self._total = event.total
            case Judged():
                self._advance(event)
            case Notice():
                told = self.redactor.event(event)
                self.notes += [told.message] if isinstance(told, Notice) else []
            case Ended():
                told = self.redactor.event(event)
                self._ended = told if isinstance(told, Ended) else None

    def close(self) -> None:
        """Leave nothing open: there is nothing."""

    def _advance(self, judged: Judged) -> None:
        self.judged.append(judged)
        self._failures += any(e.verdict is Verdict.FAIL for e in judged.findings)
        said = f"{len(self.judged):,}/{counted(self._total, 'case')}"
        self._progress(f"{said}, {counted(self._failures, 'failure')}")
