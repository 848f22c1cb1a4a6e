"""The one run behind pytest's items: its options, its result, and who fires it.

The options are those of `ringspec run`, and the run is the same. A flag goes before a
variable of the environment, that before the ini file, and that before the profile:
click and the profile see to it, as for the command. Of several processes of one test
run, the first fires and the others read its result.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import click
import pytest

from ringspec.cli.exits import as_error, terminable
from ringspec.cli.known_file import KnownFile
from ringspec.cli.outputs import Outputs, report_run
from ringspec.cli.run_command import RunOptions, command
from ringspec.harness import (
    Ended,
    Event,
    Judged,
    Notice,
    Outcome,
    Result,
    Started,
    Verdict,
)
from ringspec.harness.profile import variables
from ringspec.harness.running.run import run as run_events
from ringspec.plugin.entry import GROUP, OPTIONS, PROFILE, URL, PytestOption, spelt
from ringspec.reports import Redactor, RuleText, RuleTexts, counted
from ringspec.spec import InternalError, RingspecError, RuleId

# What a profile, too, takes from a variable of its own name: parameter and table.
_TABLES = {
    **dict.fromkeys(
        ("bearer", "client_id", "client_secret", "token_url"), "credentials"
    ),
    **dict.fromkeys(("workers", "rate", "timeout"), "pacing"),
}
_LOCK, _RESULT = "lock", "result.json"
_MORE = "-vv or --ringspec-report json=PATH"
# Seconds between two updates of the progress line.
_BLINK_S = 0.2


def run_options(config: pytest.Config) -> RunOptions:
    """Return the options of the run, checked as far as possible without sending.

    Raises:
        pytest.UsageError: the options, the profile or the environment make no sense.
    """
    try:
        options = _with_url(_parsed(config), config)
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


def _parsed(config: pytest.Config) -> RunOptions:
    """Parse the options by click, as those of the command."""
    defaults = {
        each.parameter: value for each, value in _ini_values(config) if each is not URL
    }
    context = command.make_context(
        GROUP, list(_arguments(config)), default_map=defaults, allow_extra_args=False
    )
    with context:
        return RunOptions(**context.params)


def _arguments(config: pytest.Config) -> Iterator[str]:
    """Yield the flags as arguments of the command."""
    for each in OPTIONS:
        value = config.getoption(each.key, None)
        for one in value if isinstance(value, list) else [value]:
            if one is True:
                yield f"--{each.name}"
            elif one is not None and each is not URL:
                yield f"--{each.name}={one}"
    url = config.getoption(URL.key, None) or _variable(URL)
    if url:
        yield from ("--", url)


def _variable(option: PytestOption) -> str:
    return os.environ.get(f"RINGSPEC_{option.name.upper()}", "")


def _ini_values(config: pytest.Config) -> Iterator[tuple[PytestOption, Any]]:
    """Yield the values of the ini file that no variable of a profile goes before."""
    known = variables()
    for each in OPTIONS:
        value = config.getini(each.key)
        keys = (_TABLES.get(each.parameter, ""), each.parameter)
        if value in (None, "", []) or keys in known:
            continue
        yield each, _beside(config, value) if each.is_path else value


def _beside(config: pytest.Config, value: str) -> str:
    """Return the path of a file beside the ini file, if there is one."""
    folder = config.inipath.parent if config.inipath else config.invocation_params.dir
    path = Path(folder, value)
    return str(path) if path.is_file() else value


def _with_url(options: RunOptions, config: pytest.Config) -> RunOptions:
    """Add the ini file's URL, unless a profile of a flag or variable has its own."""
    below = config.getini(URL.key)
    if options.url is not None or not below:
        return options
    above = config.getoption(PROFILE.key, None) or _variable(PROFILE)
    if above and options.setup.profile.url:
        return options
    return replace(options, url=below)


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
    notes: list[str] = field(default_factory=list)
    rest: str = ""
    conclusion: str = ""
    status: int = 0
    trouble: str = ""

    def of(self, rule: RuleId) -> RuleText:
        """Return the text of a rule; inconclusive if it was not judged."""
        why = self.trouble or "the run ended before it"
        return self.rules.get(rule) or RuleText(
            outcome=Outcome.INCONCLUSIVE, reason=why
        )

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read the result that a process has written to a folder, if any has."""
        try:
            data = json.loads((folder / _RESULT).read_text("utf-8"))
        except FileNotFoundError:
            return None
        texts = {
            RuleId(name): RuleText(**{**each, "outcome": Outcome(each["outcome"])})
            for name, each in data.pop("rules").items()
        }
        return cls(rules=texts, **data)

    def write(self, folder: Path) -> None:
        """Write it to a folder."""
        (folder / _RESULT).write_text(json.dumps(asdict(self)), "utf-8")


def shared_result(folder: Path | None, fire: Callable[[], SuiteResult]) -> SuiteResult:
    """Return the result of another process, or else fire and write it.

    Args:
        folder: known to all processes of a test run; None if there is one.
        fire: runs. A process that dies meanwhile leaves that to the next.
    """
    if folder is None:
        return fire()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder / _LOCK):
        result = SuiteResult.read(folder)
        if result is None:
            result = fire()
            result.write(folder)
        return result


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, however that ends."""
    import fcntl  # noqa: PLC0415 - not everywhere, and only needed by several processes

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


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
    reporter = _SuiteReporter(terminal)
    try:
        with terminable():
            status = _run(options, rules, reporter)
        result = reporter.result
        texts = RuleTexts(
            result, reporter.judged, width=width, verbose=verbose, more=_MORE
        )
        return SuiteResult(
            rules={name: each for name, each in texts.rules().items() if name in rules},
            notes=reporter.notes,
            rest=texts.other_text(),
            conclusion=texts.conclusion(),
            status=status,
            trouble="interrupted" if result.interrupted else "",
        )
    except Exception as error:  # noqa: BLE001 - the last resort
        found = as_error(error)
        hint = f"\nhint: {spelt(found.hint)}" if found.hint else ""
        message = spelt(found.message)
        return SuiteResult(
            trouble=message, conclusion=message + hint, status=found.exit_code
        )
    finally:
        reporter.wipe()


def _run(
    options: RunOptions, rules: Collection[RuleId], reporter: _SuiteReporter
) -> int:
    known_file = KnownFile.open(options.known_failures, renews=False)
    with options.plan(known_file) as (plan, redactor):
        reporter.redactor = redactor
        events = run_events(replace(plan, rules=frozenset(rules)))
        wanted = options.report_paths()
        outputs = Outputs(wanted, reporter, redactor, annotates=False)
        status, _ = report_run(events, outputs)
    return status


class _SuiteReporter:
    """Keeps the findings of a run, and shows its progress on a terminal.

    Attributes:
        redactor: removes the secrets.
        judged: all cases that were judged.
        notes: messages of notices, without secrets.
    """

    def __init__(self, terminal: Any) -> None:
        self.redactor = Redactor()
        self.judged: list[Judged] = []
        self.notes: list[str] = []
        self._terminal = terminal if terminal is not None and terminal.isatty else None
        self._shown = 0.0
        self._total = self._failures = 0
        self._ended: Ended | None = None

    @property
    def result(self) -> Result:
        """The result of the run, without secrets, its options spelt as pytest's."""
        if self._ended is None:
            raise InternalError("the run ended without a result")
        found = self._ended.result
        return replace(found, message=spelt(found.message), hint=spelt(found.hint))

    def handle(self, event: Event) -> None:
        """Take the next event."""
        redacted = event if isinstance(event, Judged) else self.redactor.event(event)
        match redacted:
            case Started():
                self._total = redacted.total
            case Judged():
                self.judged.append(redacted)
                self._failures += any(
                    each.verdict is Verdict.FAIL for each in redacted.findings
                )
                done = f"{len(self.judged):,}/{counted(self._total, 'case')}"
                self.show(f"{done}, {counted(self._failures, 'failure')}")
            case Notice():
                self.notes.append(redacted.message)
            case Ended():
                self._ended = redacted

    def close(self) -> None:
        """Do nothing: what is shown is wiped later."""

    def show(self, text: str) -> None:
        """Show a line in place of the one before, on a terminal."""
        now = time.monotonic()
        if self._terminal is None or now - self._shown < _BLINK_S:
            return
        if not self._shown:
            self._terminal.ensure_newline()
        self._shown = now
        self._terminal.rewrite(f"{GROUP}: {text}", erase=True)

    def wipe(self) -> None:
        """Wipe the line."""
        if self._terminal is not None and self._shown:
            self._terminal.rewrite("", erase=True)
            self._terminal.rewrite("")
