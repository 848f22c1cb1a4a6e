"""The suite: what pytest calls once somebody asks for a server to be tested."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from ringspec.cli.run_command import RunOptions
from ringspec.plugin.arguments import Named
from ringspec.plugin.command import refusal, refused, run_of
from ringspec.plugin.firing import fired
from ringspec.plugin.items import MARKERS, RuleItem, Rules
from ringspec.plugin.options import GROUP, is_flagged
from ringspec.plugin.progress import Progress
from ringspec.plugin.said import Said
from ringspec.plugin.sharing import read, shared
from ringspec.reports import shown
from ringspec.spec import Contract, RingspecError, Rule, did_you_mean

NAME = "ringspec-suite"
_FOLDER = "ringspec_folder"
_INCONCLUSIVE = "inconclusive", "i", ("INCONCLUSIVE", {"yellow": True})
_COLOURS = {"conformant": "green", "nonconformant": "red"}


class Suite:
    """The plugin proper, registered for one pytest process.

    Attributes:
        run: what is asked for.
    """

    def __init__(self, config: pytest.Config) -> None:
        for each in MARKERS:
            config.addinivalue_line("markers", each)
        self.run: RunOptions = run_of(config)
        self._config = config
        self._named = Named.of(config)
        self._rules: Rules | None = None
        self._own_folder: Path | None = None
        self._check(self._named.ids)

    @cached_property
    def contract(self) -> Contract:
        """The contract, as it is adapted to the target.

        Raises:
            pytest.UsageError: it is at fault, or does not fit the profile.
        """
        try:
            return self.run.setup.contract
        except RingspecError as error:
            raise refused(error) from error

    @property
    def _all(self) -> Iterator[Rule]:
        """Yield every rule, those that the dialect has no place for at the end."""
        yield from self.contract.rules.values()
        yield from (self.contract.catalogue.rules[e] for e in self.contract.dropped)

    def _check(self, ids: Iterable[str]) -> None:
        known = [str(each.id) for each in self._all]
        for each in ids:
            if each not in known:
                raise refusal(
                    f"there is no rule {shown(each, 200)!r}",
                    did_you_mean(each, known)
                    + "`ringspec rules` lists them, and so does --collect-only",
                )

    def pytest_report_header(self) -> str:
        """Say at the top what is tested against what."""
        contract = self.contract
        target = self.run.address or "the embedded reference server"
        dialect = f", dialect {contract.dialect}" if contract.dialect else ""
        against = shown(f"{contract.title} {contract.version}{dialect}", 200)
        return f"{GROUP}: {shown(target, 500)} at level {self.run.level}, {against}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Keep pytest from looking for files of our name."""
        session.config.args = self._named.others

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Put the rules beside what else was collected, before any is deselected."""
        ids = self._named.ids
        source = session.config.args_source
        is_narrow = source is pytest.Config.ArgsSource.ARGS
        if is_narrow and not (self._named.is_any or is_flagged(session.config)):
            return  # the ini file asks, but paths were named
        rules = (each for each in self._all if not ids or each.id in ids)
        self._rules = Rules.under(session, rules)
        items.extend(session.genitems(self._rules))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Fire, once, before the first of our items."""
        rules = self._rules
        if not isinstance(item, RuleItem) or rules is None or rules.said is not None:
            return
        if item.config.getoption("setuponly", default=False):
            return  # nothing is called
        ours = [each for each in item.session.items if isinstance(each, RuleItem)]
        rules.said = shared(self._folder, lambda: self._fired(ours))
        if rules.said.trouble == "interrupted":
            pytest.exit(f"{GROUP}: interrupted", returncode=pytest.ExitCode.INTERRUPTED)

    def _fired(self, items: list[RuleItem]) -> Said:
        progress = Progress(self._config.pluginmanager.getplugin("terminalreporter"))
        try:
            return fired(
                self.run,
                [each.rule.id for each in items],
                progress.tell,
                verbose=self._config.get_verbosity() > 1,
                width=min(100, shutil.get_terminal_size().columns),
            )
        finally:
            progress.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> Any:
        """Call a rule inconclusive that is: neither a failure nor an error of ours."""
        is_ours = report.nodeid.startswith(f"{GROUP}::")
        return (
            _INCONCLUSIVE
            if is_ours and report.failed and report.when == "setup"
            else None
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let no run end well that did not, though none of its items may say so."""
        said = self._said
        if (
            said is not None
            and said.status
            and session.exitstatus == pytest.ExitCode.OK
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say at the end what is of no one rule, and what it all comes to."""
        said = self._said
        if said is None:
            return
        terminalreporter.write_sep("=", GROUP)
        for note in said.notes:
            terminalreporter.write_line(f"note: {shown(note, 1000)}")
        for line in said.rest.splitlines():
            terminalreporter.write_line(line)
        first, *others = said.conclusion.rstrip("\n").splitlines() or [""]
        colour = _COLOURS.get(first.partition(":")[0], "yellow")
        terminalreporter.write_line(first, **{colour: True, "bold": True})
        for line in others:
            terminalreporter.write_line(line)

    @property
    def _said(self) -> Said | None:
        """What the run said, in whichever process that was."""
        if self._own_folder is not None:
            return read(self._own_folder)
        return self._rules.said if self._rules else None

    @property
    def _folder(self) -> Path | None:
        """Where the processes of this test run meet, if there are several."""
        given = getattr(self._config, "workerinput", {}).get(_FOLDER)
        return Path(given) if given else None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where all of them meet."""
        if self._own_folder is None:
            self._own_folder = Path(tempfile.mkdtemp(prefix=f"{GROUP}-"))
        node.workerinput[_FOLDER] = str(self._own_folder)

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        if self._own_folder is not None:
            shutil.rmtree(self._own_folder, ignore_errors=True)
