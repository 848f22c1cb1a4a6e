"""Ammunition: what is fired at whom, once it is sure that nobody is harmed by it.

In: options and a URL. Out: cases of one request each, their credentials, and what hides
these. Cases of several steps are left out: they are about a life that others disturb.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ringspec.harness import Exchange
from ringspec.harness.judging.selection import Selection, served
from ringspec.harness.profile import Profile
from ringspec.harness.profile import load as load_profile
from ringspec.harness.running.plan import Plan, lacking_rules, refusal
from ringspec.harness.sending.hosts import Hosts, checked_url
from ringspec.harness.sending.placeholders import Filling
from ringspec.reports import Redactor
from ringspec.spec import Contract, Level, RuleId, UsageError, load
from ringspec.strategies import Case, Phase, cases_of, expecting

_PHASES = frozenset({Phase.CASES, Phase.WIRE, Phase.AUTH})
TIMEOUT_S = 5.0
# Where credentials are looked for, as `ringspec run` does: they are no options, which
# Locust sends to its workers, and shows.
_VARIABLES = {
    "bearer": ("RINGSPEC_BEARER", "RINGSPEC_TOKEN"),
    "client_id": ("RINGSPEC_CLIENT_ID",),
    "client_secret": ("RINGSPEC_CLIENT_SECRET",),
    "token_url": ("RINGSPEC_TOKEN_URL",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user may say; all of it means what it means to `ringspec run`.

    Attributes:
        timeout_s: how long an answer may take.
    """

    contract: str | None = None
    operation: str | None = None
    dialect: str | None = None
    profile: str | None = None
    level: Level = Level.MUST
    seed: int = 0
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, kw_only=True)
class Ammunition:
    """What is fired.

    Attributes:
        cases: in their order, twins first.
        selected: the rules that are judged.
        left_out: the rules that are not, each with the reason.
        inapplicable: those that cannot be judged here, likewise.
    """

    url: str
    options: Options
    contract: Contract
    cases: tuple[Case, ...]
    filling: Filling
    redactor: Redactor
    hosts: Hosts
    selected: frozenset[RuleId]
    left_out: Mapping[RuleId, str] = field(default_factory=dict)
    inapplicable: Mapping[RuleId, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, url: str | None, options: Options, environ: Mapping[str, str] = os.environ
    ) -> Ammunition:
        """Load what is fired at a URL.

        Raises:
            UsageError: there is no URL, the target is live, or an option is wrong.
            SpecError: the contract is at fault.
            TargetError: the token endpoint gives no token.
        """
        given = _given(options, environ)
        target = given.address(url or None)
        if target is None:
            raise UsageError(
                "nobody said what to put load on",
                hint="name it: --host http://127.0.0.1:8000",
            )
        checked = checked_url(target)
        hosts = _gate(given, checked)
        contract = load(
            Path(options.contract) if options.contract else None,
            operation=options.operation,
            dialect=given.dialect,
            overrides=given.overrides,
        )
        filling = given.credentials.filling(
            given.pacing.timeout_s, given.route.to(checked), hosts
        )
        secrets = (*given.credentials.secrets(), *filling.secrets())
        return _chosen(
            cls(
                url=checked,
                options=replace(options, timeout_s=given.pacing.timeout_s),
                contract=contract,
                cases=expecting(
                    cases_of(contract, options.seed),
                    given.expect.success,
                    given.expect.rejection,
                ),
                filling=filling,
                redactor=Redactor(secrets),
                hosts=hosts,
                selected=frozenset(),
            )
        )

    @property
    def plan(self) -> Plan:
        """What a run would be told to do."""
        return Plan(
            contract=self.contract,
            cases=self.cases,
            url=self.url,
            filling=self.filling,
            phases=_PHASES,
        )

    def refusal(self, exchange: Exchange) -> tuple[str, str] | None:
        """Say why there is no point in any load after the first case, with a hint."""
        return refusal(self.plan, exchange)


def _given(options: Options, environ: Mapping[str, str]) -> Profile:
    credentials = {
        key: value
        for key, names in _VARIABLES.items()
        for value in (next((environ[it] for it in names if environ.get(it)), None),)
        if value
    }
    flags: dict[str, Any] = {
        "credentials": credentials,
        "pacing": {"timeout": options.timeout_s},
        **({"dialect": options.dialect} if options.dialect else {}),
    }
    return load_profile(options.profile, flags)


def _gate(given: Profile, url: str) -> Hosts:
    """Make sure that load harms nobody, whatever a profile allows.

    Raises:
        UsageError: the target is live, or not among the allowed hosts.
    """
    if given.safety.is_live(url):
        raise UsageError(
            f"{url} is live: no load is ever put on it",
            hint="a live target may ring phones; give one on this machine, such as"
            " http://127.0.0.1:8000",
        )
    return given.safety.hosts(url)


def _chosen(all_: Ammunition) -> Ammunition:
    """Keep the cases that are fired, and say which rules are judged by none."""
    contract, options = all_.contract, all_.options
    selection = Selection.of(contract, options.select, options.exclude)
    lacking = lacking_rules(all_.plan)
    fired = tuple(
        case
        for case in selection.fired(all_.cases, _is_fired)
        if case.rule not in lacking and not case.steps
    )
    chosen = frozenset(selection.rules)
    inapplicable = {rule: why for rule, why in lacking.items() if rule in chosen}
    left_out = {
        rule: "deselected" if rule not in chosen else _LEFT_OUT
        for rule in contract.rules
        if rule not in chosen or not _is_served(rule, fired)
    }
    return replace(
        all_,
        cases=fired,
        selected=chosen,
        inapplicable=inapplicable,
        left_out={
            rule: why for rule, why in left_out.items() if rule not in inapplicable
        },
    )


_LEFT_OUT = "no case of one request serves it, and no others are fired under load"


def _is_fired(case: Case) -> bool:
    return case.phase in _PHASES and not case.steps


def _is_served(rule: RuleId, cases: tuple[Case, ...]) -> bool:
    return rule in served([rule], cases)
