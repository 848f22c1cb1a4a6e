"""Settings of the bridge, from the environment: a hooks module has no flags.

The variables are those that the command takes for its flags of the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ringspec.harness.judging.selection import Selection
from ringspec.harness.profile import Profile
from ringspec.harness.profile import load as load_profile
from ringspec.spec import Contract, Level, MisfitError, UsageError, did_you_mean, load
from ringspec.strategies import Case, Expect, Phase, cases_of, expecting


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the bridge is to do.

    Attributes:
        level: what fails a run; what is weaker only shows.
        select: how the ids of the rules begin that are judged; all without.
        profile: a name or file; only its dialect, fixtures and `expect` count, the rest
            is schemathesis' own to say.
    """

    level: Level = Level.MUST
    dialect: str | None = None
    contract: Path | None = None
    operation: str | None = None
    select: tuple[str, ...] = ()
    profile: str | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Settings:
        """Read the variables; an empty one is as good as none.

        Raises:
            UsageError: one has a value that cannot be meant.
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
    def _given(self) -> Profile:
        return load_profile(self.profile, {})

    @cached_property
    def loaded(self) -> Contract:
        """The contract, in its dialect and with the fixtures of the profile.

        Raises:
            UsageError: something is not there, or the profile does not fit.
            SpecError: the contract or the dialect is at fault.
        """
        given = self._given
        try:
            return load(
                self.contract,
                operation=self.operation,
                dialect=self.dialect or given.dialect,
                overrides=given.overrides,
            )
        except MisfitError as error:
            where = given.places.of(error.path)
            raise UsageError(f"{where}: {error}", hint=error.hint) from error

    @cached_property
    def selection(self) -> Selection:
        """The rules that are judged.

        Raises:
            UsageError: a prefix fits no rule.
        """
        return Selection.of(self.loaded, self.select, ())

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The certified cases that are sent, twins before what was made from them."""
        expect = self._given.expect
        cases = cases_of(self.loaded)
        cases = expecting(cases, expect.success, expect.rejection)
        return self.selection.fired(cases, _is_body)


def _is_body(case: Case) -> bool:
    """Tell whether a case is one create with a body of JSON, right or wrong."""
    return (
        case.phase is Phase.CASES and case.expect is not Expect.SURVIVE
    ) and not case.steps


def _level(text: str) -> Level:
    names = [str(each) for each in Level]
    if text.lower() in names:
        return Level(text.lower())
    raise UsageError(
        f"RINGSPEC_LEVEL is {text!r}, which is no level",
        hint=f"{did_you_mean(text.lower(), names)}one of: {', '.join(names)}",
    )
