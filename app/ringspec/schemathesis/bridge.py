"""Judges the answers that schemathesis got, by the oracle of a run.

In: a case of ours or any body that was sent, with its answer. Out: findings that fail a
run; at the end, the result of each rule. A refusal counts only if the twin was
accepted, and an answer that shows nothing leaves a rule open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ringspec.cli.run_setup import RunSetup
from ringspec.harness import Exchange, Finding, Outcome, Response, RuleResult, Verdict
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.judging.outcome import Reachability, Tally
from ringspec.harness.judging.selection import ROBUSTNESS, Selection, pending
from ringspec.harness.profile import load as load_profile
from ringspec.spec import Contract, Level, UsageError, did_you_mean
from ringspec.strategies import Case, Drawn, Example, Expect, Label, Labeller, Phase

UNSENT = "not all of its cases were sent"


@dataclass(frozen=True, kw_only=True)
class BridgeSettings:
    """Settings of the bridge, from the environment: a hooks module has no flags.

    Attributes:
        level: what fails a run; weaker failures only show.
        select: prefixes of the ids of the rules that are judged; empty for all.
        profile: a name or file; only its dialect, fixtures and `expect` count, the rest
            is for schemathesis to say.
    """

    level: Level = Level.MUST
    dialect: str | None = None
    contract: Path | None = None
    operation: str | None = None
    select: tuple[str, ...] = ()
    profile: str | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> BridgeSettings:
        """Read the variables, which the command takes for its flags of these names.

        Raises:
            UsageError: one has a value that cannot be used.
        """

        def given(name: str) -> str | None:
            return environ.get(f"RINGSPEC_{name}", "").strip() or None

        contract = given("CONTRACT")
        return cls(
            level=_level(given("LEVEL") or Level.MUST),
            dialect=given("DIALECT"),
            contract=Path(contract) if contract else None,
            operation=given("OPERATION"),
            select=tuple((given("SELECT") or "").replace(",", " ").split()),
            profile=given("PROFILE"),
        )

    @cached_property
    def _setup(self) -> RunSetup:
        return RunSetup(
            profile=load_profile(self.profile, {}),
            contract_file=self.contract,
            operation=self.operation,
            dialect=self.dialect,
        )

    @property
    def loaded(self) -> Contract:
        """The contract, in its dialect and with the fixtures of the profile.

        Raises:
            UsageError: a file is missing, or the profile does not fit.
            SpecError: the contract or the dialect is at fault.
        """
        return self._setup.contract

    @cached_property
    def selection(self) -> Selection:
        """The rules that are judged.

        Raises:
            UsageError: a prefix fits no rule.
        """
        return Selection.of(self.loaded, self.select, ())

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The certified cases that are sent: creates with a body, twins first."""
        return self.selection.fired(self._setup.cases, _is_create)


def _is_create(case: Case) -> bool:
    is_judged = case.phase is Phase.CASES and case.expect is not Expect.SURVIVE
    return is_judged and not case.steps


def _level(text: str) -> Level:
    names = [str(each) for each in Level]
    if text.lower() in names:
        return Level(text.lower())
    raise UsageError(
        f"RINGSPEC_LEVEL is {text!r}, which is no level",
        hint=f"{did_you_mean(text.lower(), names)}one of: {', '.join(names)}",
    )


@dataclass
class Bridge:
    """Judges one run of schemathesis.

    Attributes:
        is_offered: whether schemathesis took our cases at all.
        withheld: why it was given none; empty if none could do harm.
        has_failed: whether anything has failed the run yet.
    """

    settings: BridgeSettings
    is_offered: bool = False
    withheld: str = ""
    has_failed: bool = False
    _reachability: Reachability = field(default_factory=Reachability)
    _judged: set[str] = field(default_factory=set)
    _number: int = 0

    @cached_property
    def cases(self) -> dict[str, Case]:
        """Our cases by id, in the order in which they are to be sent."""
        return {case.id: case for case in self.settings.cases}

    @cached_property
    def _oracle(self) -> Oracle:
        return Oracle(self.settings.loaded)

    @cached_property
    def _labeller(self) -> Labeller:
        return Labeller(self.settings.loaded)

    @cached_property
    def _tally(self) -> Tally:
        contract, chosen = self.settings.loaded, self.settings.selection.rules
        return Tally(
            contract, self.settings.level, skipped=frozenset(contract.rules) - {*chosen}
        )

    def judge_certified(
        self, case: Case, url: str, response: Response
    ) -> list[Finding]:
        """Judge the answer to a case of ours; return what fails the run."""
        exchange = Exchange(url=url, request=case.request, response=response)
        self._judged.add(case.id)
        self._reachability.note(case, exchange)
        found = self._oracle.judge(case, exchange)
        self._tally.add(found)
        return self._gating(found)

    def judge_other(
        self, content: bytes, url: str, response: Response
    ) -> list[Finding]:
        """Judge the answer to any body; return what fails the run.

        Such a body has no twin, so its refusal shows nothing: only failures count.
        """
        self._number += 1
        example = self._labeller.example(Drawn(content=content), self._number)
        if example is None:
            return []
        case = example.case
        exchange = Exchange(url=url, request=case.request, response=response)
        found = tuple(
            _levelled(each, example)
            for each in self._oracle.judge(case, exchange)
            if each.verdict is Verdict.FAIL
        )
        self._tally.add(found)
        return self._gating(found)

    def label(self, content: bytes) -> Label | None:
        """Return the proven label of a body; None if validators do not agree."""
        example = self._labeller.example(Drawn(content=content), 0)
        if example is None:
            return None
        return self._labeller.label(example.case.body).label

    def _gating(self, found: tuple[Finding, ...]) -> list[Finding]:
        first: dict[str, Finding] = {}
        for each in found:
            gates = each.level.gates(self.settings.level)
            is_chosen = each.rule in self.settings.selection.rules
            if each.verdict is Verdict.FAIL and gates and is_chosen:
                first.setdefault(each.rule, each)
        self.has_failed |= bool(first)
        return list(first.values())

    def results(self) -> tuple[RuleResult, ...]:
        """Return the result of each rule, as far as it was judged."""
        left = [case for name, case in self.cases.items() if name not in self._judged]
        rules = pending(left, self.settings.selection.rules)
        # A case that was not sent says nothing of robustness, nor against it.
        return self._tally.results(UNSENT, rules - {ROBUSTNESS})

    def open_rules(self) -> list[RuleResult]:
        """Return the rules that are neither shown to hold nor to be broken."""
        return [each for each in self.results() if each.outcome is Outcome.INCONCLUSIVE]

    def reachability(self) -> tuple[str, str]:
        """Return what is odd about the answers as a whole, and a hint."""
        return self._reachability.account()

    def summary(self) -> Iterator[str]:
        """Yield the lines about our rules for schemathesis' summary."""
        level, results = self.settings.level, self.results()
        outcomes = [each.outcome for each in results]
        counts = ", ".join(
            f"{outcomes.count(outcome)} {outcome}"
            for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)
        )
        sent = f"{len(self._judged)} of {len(self.cases)} certified cases"
        stopped = self.has_failed and len(self._judged) < len(self.cases)
        more = "; --continue-on-failure sends all" if stopped else ""
        yield f"  ringspec: rules at level {level}: {counts} ({sent}{more})"
        for each in results:
            if each.outcome is Outcome.FAIL:
                yield f"    fail {each.rule.id}: {each.gating(level)[0].reason}"
            elif warnings := each.warnings(level):
                weaker = warnings[0].level.upper()
                yield f"    warning {each.rule.id} ({weaker}): {warnings[0].reason}"


def _levelled(finding: Finding, example: Example) -> Finding:
    """Return a finding as strong as its rule, where the body breaks that."""
    level = example.levels.get(finding.rule, finding.level)
    return replace(finding, level=level, gate=level)
