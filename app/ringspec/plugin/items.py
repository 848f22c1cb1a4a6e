"""Items: a test for each rule, which reads what the one run said of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ringspec.harness import Outcome
from ringspec.plugin.options import GROUP
from ringspec.spec import Rule

if TYPE_CHECKING:
    from ringspec.plugin.said import Said
    from ringspec.reports import RuleText

MARKERS = (
    f"{GROUP}(rule, group, level, evidence): a rule of the server under test",
    "must: a rule that the documentation states",
    "should: a rule that is witnessed elsewhere",
    "may: a rule that is inferred or assumed",
)


class Rules(pytest.Collector):
    """Collects an item for each rule.

    Attributes:
        rules: those that there are to be items of.
        said: what the run said, once there was one.
    """

    rules: tuple[Rule, ...] = ()
    said: Said | None = None

    @classmethod
    def under(cls, session: pytest.Session, rules: Iterable[Rule]) -> Rules:
        """Return the collector of some rules."""
        made: Rules = cls.from_parent(session, name=GROUP, nodeid=GROUP)
        made.rules = tuple(rules)
        return made

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each rule."""
        for each in self.rules:
            yield RuleItem.from_parent(self, name=str(each.id), rule=each)


class RuleItem(pytest.Item):
    """A rule as a test.

    Attributes:
        rule: of the contract.
    """

    def __init__(self, *, rule: Rule, **given: Any) -> None:
        super().__init__(**given)
        self.rule = rule
        self._crash = ""
        self.add_marker(str(rule.level))
        self.add_marker(
            pytest.mark.ringspec(
                rule=str(rule.id),
                group=rule.group,
                level=str(rule.level),
                evidence=str(rule.evidence),
            )
        )
        told = {"level": rule.level, "evidence": rule.evidence, "source": rule.source}
        self.user_properties += [(name, str(value)) for name, value in told.items()]

    @property
    def _apart(self) -> RuleText | None:
        """What the run said of the rule; nothing where pytest runs no tests."""
        said = self.parent.said if isinstance(self.parent, Rules) else None
        return said.of(self.rule.id) if said else None

    def setup(self) -> None:
        """Fail, as what is no test's fault does, if the rule is inconclusive."""
        apart = self._apart
        if apart is not None and apart.outcome is Outcome.INCONCLUSIVE:
            self._fail(f"inconclusive: {apart.reason}", apart.text)

    def runtest(self) -> None:
        """Say what the run said of the rule."""
        apart = self._apart
        if apart is None:
            return
        if apart.warnings:
            self.add_report_section("call", "warnings", apart.warnings)
            self.user_properties.append(("warnings", apart.warnings))
        if apart.excused:
            pytest.xfail(apart.reason)
        if apart.outcome is Outcome.FAIL or apart.excused:  # --runxfail goes on
            self._fail(apart.reason, apart.text)
        if apart.outcome in {Outcome.SKIPPED, Outcome.NOT_APPLICABLE}:
            pytest.skip(apart.reason)

    def _fail(self, reason: str, text: str) -> None:
        self._crash = reason
        pytest.fail(text or reason, pytrace=False)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> Any:
        """Return the blocks, and the reason as the line that sums them up."""
        shown = super().repr_failure(excinfo, style)
        crash = getattr(shown, "reprcrash", None)
        if crash is not None and self._crash:
            crash.message = self._crash
        return shown

    def reportinfo(self) -> tuple[str, None, str]:
        """Return where it stands: in no file; and what heads its failure."""
        # Were that the end of its id, pytest would take the dots for `::`.
        return str(self.config.rootpath / GROUP), None, f"rule {self.name}"
