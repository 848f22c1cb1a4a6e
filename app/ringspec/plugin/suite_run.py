"""The one run behind pytest's items; its options are those of `ringspec run`.

A flag goes before a variable of the environment, that before the ini file, and that
before the profile: click and the profile see to it, as for the command.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import pytest

from ringspec.cli.exits import as_error, terminable
from ringspec.cli.known_file import KnownFile
from ringspec.cli.outputs import Outputs, report_run
from ringspec.cli.run_command import RunOptions, command
from ringspec.harness import Event, Judged, Outcome, Started, Verdict
from ringspec.harness.profile import variables
from ringspec.harness.running.run import run as run_events
from ringspec.plugin.entry import GROUP, OPTIONS, PROFILE, URL, spelt
from ringspec.reports import Recorder, Redactor, RuleText, RuleTexts, counted
from ringspec.spec import RingspecError, RuleId

_MORE = "-vv or --ringspec-report json=PATH"
# Seconds between two updates of the progress line.
_BLINK_S = 0.2


def run_options(config: pytest.Config) -> RunOptions:
    """Return the options of the run, checked as far as possible without sending.

    Raises:
        pytest.UsageError: the options, the profile or the environment make no sense.
    """
    try:
        options, url = RunOptions(**_parameters(config)), config.getini(URL.key)
        if options.url is None and url:
            # A profile of a flag or variable goes before the ini file.
            profile = config.getoption(PROFILE.key, None)
            above = profile or os.environ.get("RINGSPEC_PROFILE")
            if not above or not options.setup.profile.url:
                options = replace(options, url=url)
        options.checked()
        options.setup.check_target(options.address)
    except click.UsageError as error:
        raise usage_error(error.format_message()) from error
    except RingspecError as error:
        raise usage_error(error.message, error.hint) from error
    return options


def usage_error(message: str, hint: str = "") -> pytest.UsageError:
    """Return an error that pytest shows as one message."""
    text = f"{GROUP}: {message}" + (f"\n    hint: {hint}" if hint else "")
    return pytest.UsageError(spelt(text))


def _parameters(config: pytest.Config) -> dict[str, Any]:
    """Parse the options by click: flags as arguments, the ini file as defaults."""
    arguments: list[str] = []
    defaults: dict[str, Any] = {}
    folder = config.inipath.parent if config.inipath else config.invocation_params.dir
    # Variables of a profile's keys go before the ini file.
    above = {keys[-1] for keys in variables()}
    for each in OPTIONS:
        if each is URL:
            continue
        given, value = config.getoption(each.key, None), config.getini(each.key)
        arguments += [
            f"--{each.name}" + ("" if one is True else f"={one}")
            for one in (given if isinstance(given, list) else [given])
            if one is not None
        ]
        if value not in (None, "", []) and each.parameter not in above:
            is_beside = each.is_path and Path(folder, value).is_file()
            defaults[each.parameter] = str(Path(folder, value)) if is_beside else value
    url = config.getoption(URL.key, None) or os.environ.get("RINGSPEC_URL")
    if url:
        arguments += ["--", url]
    with command.make_context(GROUP, arguments, default_map=defaults) as context:
        return context.params


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """The texts of one run, free of secrets; one process writes and all read them.

    Attributes:
        rules: of each rule that was judged.
        notes: notices of the run, such as of what is left behind.
        rest: what belongs to no single rule.
        conclusion: the last line, with message and hint below it.
        status: the exit status that `ringspec run` would have.
        trouble: why there was no run, or no whole one; or empty.
    """

    rules: dict[RuleId, RuleText] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rest: str = ""
    conclusion: str = ""
    status: int = 0
    trouble: str = ""

    def of(self, rule: RuleId) -> RuleText:
        """Return the text of a rule; inconclusive if it was not judged."""
        why = self.trouble or "the run ended before it"
        unjudged = RuleText(outcome=Outcome.INCONCLUSIVE, reason=why)
        return self.rules.get(rule, unjudged)


def suite_result(
    options: RunOptions,
    rules: Collection[RuleId],
    terminal: Any,
    *,
    verbose: bool = False,
    width: int = 80,
) -> SuiteResult:
    """Run for some rules alone, and return the result; an error is a result as well.

    Args:
        options: of the run.
        rules: ids of those that are judged.
        terminal: pytest's terminal reporter, which shows the progress; or None.
        verbose: whether every failing case is written out.
        width: columns of the texts.
    """
    try:
        known = KnownFile.open(options.known_failures, renews=False)
        with terminable(), options.plan(known) as (plan, redactor):
            recorder = _ProgressRecorder(redactor, terminal)
            wanted = options.report_paths()
            outputs = Outputs(wanted, recorder, redactor, options.docs, annotates=False)
            events = run_events(replace(plan, rules=frozenset(rules)))
            status, _ = report_run(events, outputs)
        record = recorder.record
        found = record.result
        found = replace(found, message=spelt(found.message), hint=spelt(found.hint))
        texts = RuleTexts(
            found, record.judged, width=width, verbose=verbose, more=_MORE
        )
        return SuiteResult(
            rules=texts.rules(),
            notes=record.notices,
            rest=texts.other_text(),
            conclusion=texts.conclusion(),
            status=status,
            trouble="interrupted" if found.interrupted else "",
        )
    except Exception as bug:  # noqa: BLE001 - the last resort
        error = as_error(bug)
        hint = f"\nhint: {spelt(error.hint)}" if error.hint else ""
        message = spelt(error.message)
        return SuiteResult(
            trouble=message, conclusion=message + hint, status=error.exit_code
        )


class _ProgressRecorder(Recorder):
    """Keeps the events of a run, and shows its progress on a terminal."""

    def __init__(self, redactor: Redactor, terminal: Any) -> None:
        super().__init__(redactor)
        self._terminal = terminal if terminal is not None and terminal.isatty else None
        self._shown_s = 0.0
        self._total = self._done = self._failures = 0

    def handle(self, event: Event) -> None:
        """Keep an event; show from time to time how many cases are done."""
        super().handle(event)
        if isinstance(event, Started):
            self._total = event.total
        if not isinstance(event, Judged):
            return
        self._done += 1
        self._failures += any(each.verdict is Verdict.FAIL for each in event.findings)
        now_s = time.monotonic()
        if self._terminal is None or now_s - self._shown_s < _BLINK_S:
            return
        if not self._shown_s:
            self._terminal.ensure_newline()
        self._shown_s = now_s
        done = f"{self._done:,}/{counted(self._total, 'case')}"
        text = f"{GROUP}: {done}, {counted(self._failures, 'failure')}"
        self._terminal.rewrite(text, erase=True)

    def close(self) -> None:
        """Wipe the line."""
        if self._terminal is not None and self._shown_s:
            self._terminal.rewrite("", erase=True)
            self._terminal.rewrite("")
