"""The suite: one run of `ringspec run`, and a test for each rule that reads its result.

A flag goes before a variable of the environment, that before the ini file, and that
before the profile: click and the profile see to it, as for the command. Of several
processes of one test run, the first fires and the others read its result.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ringspec.cli.exits import as_error, terminable
from ringspec.cli.known_file import KnownFile
from ringspec.cli.outputs import Outputs, report_run
from ringspec.cli.run_command import RunOptions, parsed
from ringspec.harness import Event, Judged, Outcome, Started, Verdict
from ringspec.harness.profile import variables
from ringspec.harness.running.run import run as run_events
from ringspec.harness.running.whole import run_each, unread_rule
from ringspec.plugin.entry import (
    GROUP,
    OPTIONS,
    PROFILE,
    URL,
    Server,
    brief_errors,
    is_flagged,
    reference_server,
    spelt,
)
from ringspec.reports import (
    ProgressLine,
    Recorder,
    Redactor,
    RuleText,
    RuleTexts,
    console,
    counted,
    shown,
)
from ringspec.spec import Rule, RuleId, check_known

NAME = "ringspec-suite"
_FOLDER = "ringspec_folder"
_LOCK, _RESULT = "lock", "result.json"
_INCONCLUSIVE = "inconclusive", "i", ("INCONCLUSIVE", {"yellow": True})
_COLOURS = {"conformant": "green", "nonconformant": "red"}
_MARKERS = (
    f"{GROUP}(rule, group, level, evidence): a rule of the server under test",
    "must: a rule that the documentation states",
    "should: a rule that is witnessed elsewhere",
    "may: a rule that is inferred or assumed",
)


def run_options(config: pytest.Config) -> RunOptions:
    """Parse the options of the run; check them as far as possible without sending.

    Flags are arguments of the command, what stands in the ini file is a default.
    """
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
    options = parsed([*arguments, *(["--", url] if url else ())], defaults)
    own = config.getini(URL.key)
    # A profile of a flag or variable goes before the URL of the ini file.
    profile = config.getoption(PROFILE.key, None) or os.environ.get("RINGSPEC_PROFILE")
    if own and not url and not (profile and options.setup.profile.url):
        options.url = own
    options.check()
    options.setup.check_target(options.address)
    return options


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """The texts of one run, free of secrets; one process writes and all read them."""

    rules: dict[RuleId, RuleText] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # notices of the run, such as of what is left behind
    rest: str = ""  # what belongs to no single rule
    conclusion: str = ""  # the last line, with message and hint below it
    status: int = 0  # the exit status that `ringspec run` would have
    trouble: str = ""  # why there was no run, or no whole one; or empty

    def of(self, rule: RuleId) -> RuleText:
        """Return the text of a rule; inconclusive if it was not judged."""
        why = self.trouble or "the run ended before it"
        unjudged = RuleText(outcome=Outcome.INCONCLUSIVE, reason=why)
        return self.rules.get(rule, unjudged)


class _ProgressRecorder(Recorder):
    """Keeps the events of a run, and shows its progress on a terminal."""

    def __init__(self, redactor: Redactor, terminal: Any) -> None:
        super().__init__(redactor)
        self._terminal = terminal if terminal is not None and terminal.isatty else None
        self._line: ProgressLine | None = None
        self._failures = 0

    def handle(self, event: Event) -> None:
        """Keep an event; show from time to time how many cases are done."""
        super().handle(event)
        if self._terminal is not None and isinstance(event, Started):
            self._terminal.ensure_newline()
            screen = console(self._terminal._tw._file)  # noqa: SLF001 - it has no name
            self._line = ProgressLine(screen, "case", event.total)
        if self._line is not None and isinstance(event, Judged):
            failed = any(each.verdict is Verdict.FAIL for each in event.findings)
            self._failures += failed
            self._line.advance(self._failures, "failure")

    def close(self) -> None:
        """Wipe the line."""
        if self._line is not None:
            self._line.close()


class RuleCollector(pytest.Collector):
    """Collects an item for each rule that is wanted, by operation if it has one."""

    suite: Suite
    operation = ""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yield an item for each rule, or a collector for each operation."""
        rules = self.suite.wanted_rules()
        operations = () if self.operation else {it.operation: it for it in rules}
        for each in filter(None, operations):
            collector: RuleCollector = RuleCollector.from_parent(self, name=each)
            collector.suite, collector.operation = self.suite, each
            yield collector
        for rule in (it for it in rules if it.operation == self.operation):
            given = {"rule": rule, "suite": self.suite}
            name = rule.id.removeprefix(f"{self.operation}/")
            yield RuleItem.from_parent(self, name=name, **given)


class RuleItem(pytest.Item):
    """A rule as a test, which reads its text in the result of the run."""

    def __init__(self, *, rule: Rule, suite: Suite, **given: Any) -> None:
        super().__init__(**given)
        self.rule, self._suite = rule, suite
        self._crash = ""
        properties = {"level": str(rule.level), "evidence": str(rule.evidence)}
        if rule.operation:
            properties["operation"] = rule.operation
        self.user_properties += [*properties.items(), ("source", str(rule.source))]
        self.add_marker(str(rule.level))
        self.add_marker(
            pytest.mark.ringspec(rule=str(rule.id), group=rule.group, **properties)
        )

    @property
    def _text(self) -> RuleText | None:
        """The text of the rule; none where pytest runs no tests."""
        result = self._suite.result
        return result.of(self.rule.id) if result else None

    def setup(self) -> None:
        """Fail as an error, not as a test, if the rule is inconclusive."""
        text = self._text
        if text is not None and text.outcome is Outcome.INCONCLUSIVE:
            self._fail(f"inconclusive: {text.reason}", text.text)

    def runtest(self) -> None:
        """Pass, fail, skip or xfail as the rule did."""
        text = self._text
        if text is None:
            return
        if text.warnings:
            self.add_report_section("call", "warnings", text.warnings)
            self.user_properties.append(("warnings", text.warnings))
        if text.excused:
            pytest.xfail(text.reason)
        if text.outcome is Outcome.FAIL or text.excused:  # with --runxfail
            self._fail(text.reason, text.text)
        if text.outcome is Outcome.UNTESTED:
            pytest.skip(f"untested: {text.reason}")
        if text.outcome in {Outcome.SKIPPED, Outcome.NOT_APPLICABLE}:
            pytest.skip(text.reason)

    def _fail(self, reason: str, text: str) -> None:
        self._crash = reason
        pytest.fail(text or reason, pytrace=False)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> Any:
        """Return the failing cases, summed up by the reason."""
        representation = super().repr_failure(excinfo, style)
        crash = getattr(representation, "reprcrash", None)
        if crash is not None and self._crash:
            crash.message = self._crash
        return representation

    def reportinfo(self) -> tuple[str, None, str]:
        """Return a path, no line, and the headline of a failure."""
        # If that were the end of its id, pytest would take the dots for `::`.
        return str(self.config.rootpath / GROUP), None, f"rule {self.rule.id}"


class Suite:
    """The plugin proper, registered for one pytest process."""

    def __init__(self, config: pytest.Config) -> None:
        for each in _MARKERS:
            config.addinivalue_line("markers", each)
        self.result: SuiteResult | None = None  # of the run, once there was one
        self._config = config
        rules = {each: _named_rule(config, each) for each in config.args}
        self._other_arguments = [each for each, rule in rules.items() if rule is None]
        # The rules that are named, by an empty text all of them.
        self._named = [rule for rule in rules.values() if rule is not None]
        # The folder that several processes of this test run share.
        self._own_folder: Path | None = None
        with brief_errors(pytest.UsageError):
            self.options = run_options(config)
            parts, unread = self.options.setup.parts
            contracts = [each.contract for each in parts]
            self._contract = contracts[0]
            self._rules = [
                each.led(name)
                for each in contracts
                for name in (*each.rules, *each.dropped)
            ]
            self._rules += map(unread_rule, unread)
            self._operations = dict.fromkeys(it.operation for it in self._rules)
            known = [*(each.id for each in self._rules), *self._operations]
            for name in filter(None, self._named):
                hint = "`ringspec rules` lists them, and so does --collect-only"
                check_known("rule", shown(name, 200), known, hint)

    def wanted_rules(self) -> list[Rule]:
        """Return the rules that are named, or all."""
        is_whole = not self._named or "" in self._named
        return [
            each
            for each in self._rules
            if is_whole or not {each.id, each.operation}.isdisjoint(self._named)
        ]

    def pytest_report_header(self) -> str:
        """Return the target and the contract, for the head of the session."""
        contract, level = self._contract, self.options.level
        target = self.options.address or "the embedded reference server"
        dialect = f", dialect {contract.dialect}" if contract.dialect else ""
        against = shown(f"{contract.title} {contract.version}{dialect}", 200)
        if "" not in self._operations:
            against += f", {counted(len(self._operations), 'operation')}"
        return f"{GROUP}: {shown(target, 500)} at level {level}, {against}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Keep pytest from looking for files of our name."""
        session.config.args = self._other_arguments

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Add the rules to the other items, before any is deselected."""
        source = session.config.args_source
        is_narrow = source is pytest.Config.ArgsSource.ARGS
        if is_narrow and not (self._named or is_flagged(session.config)):
            return  # the ini file asks, but paths were named
        named = {"name": GROUP, "nodeid": GROUP}
        collector: RuleCollector = RuleCollector.from_parent(session, **named)
        collector.suite = self
        items.extend(session.genitems(collector))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Fire, once, before the first of our items."""
        is_planned = item.config.getoption("setuponly", default=False)
        if not isinstance(item, RuleItem) or self.result or is_planned:
            return
        folder = getattr(self._config, "workerinput", {}).get(_FOLDER)
        if folder is None:
            self.result = self._fire(item.session)
        else:
            self.result = self._shared_result(Path(folder), item.session)
        if self.result.trouble == "interrupted":
            pytest.exit(f"{GROUP}: interrupted", returncode=pytest.ExitCode.INTERRUPTED)

    def _fire(self, session: pytest.Session) -> SuiteResult:
        """Run for our items alone; an error is a result as well."""
        items = [each for each in session.items if isinstance(each, RuleItem)]
        options = self.options
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        try:
            known = KnownFile.open(options.known_failures, renews=False)
            with terminable(), options.plans(known) as (whole, redactor):
                recorder = _ProgressRecorder(redactor, terminal)
                paths, docs = options.wanted, options.docs
                chosen = whole.limited_to({each.rule.id for each in items})
                plan, is_led = chosen.plans[0], chosen.is_several
                outputs = Outputs(
                    paths, recorder, redactor, docs, annotates=False, plan=plan
                )
                events = run_each(chosen) if is_led else run_events(plan)
                status, _ = report_run(events, outputs)
            record = recorder.record
            found = record.result
            texts = RuleTexts(
                replace(found, message=spelt(found.message), hint=spelt(found.hint)),
                width=min(100, shutil.get_terminal_size().columns),
                verbose=self._config.get_verbosity() > 1,
                more="-vv or --ringspec-report json=PATH",
            )
            return SuiteResult(
                rules=texts.rules(),
                notes=record.notices,
                rest=texts.written(
                    *(["table"] if found.operations else []),
                    *("refusal", "known", "stale", "open", "warnings"),
                ),
                conclusion=texts.written("conclusion"),
                status=status,
                trouble="interrupted" if found.interrupted else "",
            )
        except Exception as bug:  # noqa: BLE001 - the last resort
            error = as_error(bug)
            hint = f"\nhint: {spelt(error.hint)}" if error.hint else ""
            trouble, status = spelt(error.message), error.exit_code
            conclusion = trouble + hint
            return SuiteResult(trouble=trouble, conclusion=conclusion, status=status)

    def _shared_result(self, folder: Path, session: pytest.Session) -> SuiteResult:
        """Return the result of another process, or else fire and write it."""
        import sqlite3  # noqa: PLC0415 - only for several processes

        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite has a lock on every system, which ends with this process: if that
        # dies, the next one fires. An interrupt waits for the time limit.
        with closing(sqlite3.connect(folder / _LOCK, 0.2, isolation_level=None)) as it:
            while not it.in_transaction:
                try:
                    it.execute("BEGIN EXCLUSIVE")
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                        raise
            result = _read(folder)
            if result is None:
                result = self._fire(session)
                (folder / _RESULT).write_text(json.dumps(asdict(result)), "utf-8")
            return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> Any:
        """Report a rule as inconclusive, which is neither a failure nor an error."""
        is_ours = report.nodeid.startswith(f"{GROUP}::")
        is_open = is_ours and report.failed and report.when == "setup"
        return _INCONCLUSIVE if is_open else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a session whose run failed though none of its items did."""
        result = self._final_result()
        if result and result.status and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print what belongs to no single rule, and the conclusion."""
        result = self._final_result()
        if result is None:
            return
        terminalreporter.write_sep("=", GROUP)
        notes = [f"note: {shown(each, 1000)}" for each in result.notes]
        first, *others = result.conclusion.rstrip("\n").splitlines() or [""]
        for line in (*notes, *result.rest.splitlines()):
            terminalreporter.write_line(line)
        colour = _COLOURS.get(first.partition(":")[0], "yellow")
        terminalreporter.write_line(first, **{colour: True, "bold": True})
        for line in others:
            terminalreporter.write_line(line)

    def _final_result(self) -> SuiteResult | None:
        return self.result if self._own_folder is None else _read(self._own_folder)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Pass the shared folder to a worker of xdist."""
        if self._own_folder is None:
            self._own_folder = Path(tempfile.mkdtemp(prefix=f"{GROUP}-"))
        node.workerinput[_FOLDER] = str(self._own_folder)

    def pytest_unconfigure(self) -> None:
        """Remove the shared folder."""
        if self._own_folder is not None:
            shutil.rmtree(self._own_folder, ignore_errors=True)


def _read(folder: Path) -> SuiteResult | None:
    """Read the result that a process has written to a folder, if any has."""
    try:
        data = json.loads((folder / _RESULT).read_text("utf-8"))
    except FileNotFoundError:
        return None
    data["rules"] = {
        name: RuleText(**{**each, "outcome": Outcome(each["outcome"])})
        for name, each in data["rules"].items()
    }
    return SuiteResult(**data)


def _named_rule(config: pytest.Config, argument: str) -> str | None:
    """Return the rule that `ringspec::RULE` names; empty for all; None for a path."""
    place, _, rule = argument.partition("::")
    path = Path(os.path.abspath(config.invocation_params.dir / place))  # noqa: PTH100 - links stay
    # Below the root folder, pytest shows the id of an item as `../ringspec::…`.
    is_ours = place == GROUP or path == config.rootpath / GROUP
    # That of one of several operations is led by it.
    named = rule.replace("::", "/", 1)
    return named if is_ours and (rule or not path.exists()) else None


@contextmanager
def target_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Yield the server that pytest's options name; the reference server without any."""
    suite = request.config.pluginmanager.get_plugin(NAME)
    if not isinstance(suite, Suite):
        yield request.getfixturevalue("ringspec_reference")
        return
    profile, url = suite.options.setup.profile, suite.options.address
    if url is None:
        with reference_server(dialect=profile.dialect or "canonical") as server:
            yield server
        return
    given = profile.credentials
    filling, _ = suite.options.setup.access(url)
    server = Server(
        url=url.rstrip("/"),
        token=filling.token,
        headers=filling.by_hand(),
        token_url=given.token_url or "",
        client_id=given.client_id or "",
        client_secret=given.client_secret or "",
        route=profile.route.to(url),
        only_reads=profile.safety.is_live(url),
    )
    with closing(server):
        yield server
