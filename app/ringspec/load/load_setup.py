"""Set-up of a load: which cases are fired at which target, once that harms nobody.

In: options and a URL. Out: cases of one request each, credentials, and what hides
these. Cases of several steps are left out: other users disturb what they are about.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ringspec.cli.run_setup import RunSetup
from ringspec.harness import Exchange
from ringspec.harness.judging.selection import Selection, served
from ringspec.harness.profile import load as load_profile
from ringspec.harness.running.plan import Plan, lacking_rules, refusal
from ringspec.harness.sending.hosts import Hosts, checked_url
from ringspec.harness.sending.placeholders import Filling
from ringspec.reports import Redactor
from ringspec.spec import Contract, Level, RuleId, UsageError
from ringspec.strategies import Case, Phase

_PHASES = frozenset({Phase.CASES, Phase.WIRE, Phase.AUTH})
_TIMEOUT_S = 5.0
# Credentials are no options, which Locust sends to its workers, and shows.
_CREDENTIALS = {
    "bearer": ("RINGSPEC_BEARER", "RINGSPEC_TOKEN"),
    "client_id": ("RINGSPEC_CLIENT_ID",),
    "client_secret": ("RINGSPEC_CLIENT_SECRET",),
    "token_url": ("RINGSPEC_TOKEN_URL",),
}
_LEFT_OUT = "no case of one request serves it, and no others are fired under load"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """The options of a load; they mean the same as for `ringspec run`."""

    contract: str | None = None
    operation: str | None = None
    dialect: str | None = None
    profile: str | None = None
    level: Level = Level.MUST
    seed: int = 0
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    timeout_s: float = _TIMEOUT_S

    @classmethod
    def of(cls, parsed: Mapping[str, Any]) -> LoadOptions:
        """Read what Locust has parsed."""
        given = {name: parsed.get(f"ringspec_{name}") for name in _OPTIONS}
        read = {
            field_: convert(given[name])
            for name, (field_, convert) in _FIELDS.items()
            if given[name]
        }
        return cls(**read)


def _prefixes(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    **{name: (name, str) for name in ("contract", "operation", "dialect", "profile")},
    **{name: (name, _prefixes) for name in ("select", "exclude")},
    "level": ("level", Level),
    "seed": ("seed", int),
    "timeout": ("timeout_s", float),
}
_NAME, _PREFIXES = {"metavar": "NAME|FILE"}, {"metavar": "ID-PREFIX,…"}
_LEVEL = {"choices": [each.value for each in Level], "default": Level.MUST.value}
_TIMEOUT = {"type": float, "default": _TIMEOUT_S, "metavar": "SECONDS"}
_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "level": ("What fails the run; weaker failures are warnings.", _LEVEL),
    "dialect": ("An OpenAPI Overlay: a name, or a file.", _NAME),
    "profile": ("What a target needs: a name, or a file.", _NAME),
    "contract": ("Another API's OpenAPI 3.1 file.", {"metavar": "FILE"}),
    "operation": ("The operation meant.", {"metavar": "ID"}),
    "seed": ("Other cases.", {"type": int, "default": 0}),
    "select": ("Only rules that begin so, by commas.", _PREFIXES),
    "exclude": ("No rules that begin so, by commas.", _PREFIXES),
    "timeout": ("How long an answer may take, in seconds.", _TIMEOUT),
    "report": ("Write a JSON report of it all.", {"metavar": "PATH"}),
}


def locust_options() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the flags that are added to Locust's, and the arguments of their parser.

    Each may be a variable as well: so do workers on other machines get them.
    """
    for name, (text, more) in _OPTIONS.items():
        variable = f"RINGSPEC_{name.upper()}"
        yield f"--ringspec-{name}", {"env_var": variable, "help": text, **more}


@dataclass(frozen=True, kw_only=True)
class LoadSetup:
    """What is fired.

    Attributes:
        cases: in their order, twins first.
        selected: the rules that are judged.
        left_out: the rules that are not, each with the reason.
        inapplicable: those that cannot be judged here, each with the reason.
    """

    url: str
    options: LoadOptions
    contract: Contract
    cases: tuple[Case, ...]
    filling: Filling
    redactor: Redactor
    hosts: Hosts
    selected: frozenset[RuleId] = frozenset()
    left_out: Mapping[RuleId, str] = field(default_factory=dict)
    inapplicable: Mapping[RuleId, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        url: str | None,
        options: LoadOptions,
        environ: Mapping[str, str] = os.environ,
    ) -> LoadSetup:
        """Load what is fired at a URL.

        Raises:
            UsageError: there is no URL, the target is live or not allowed, or an option
                is wrong.
            SpecError: the contract is at fault.
            TargetError: the token endpoint gives no token.
        """
        setup = _run_setup(options, environ)
        profile = setup.profile
        target = profile.address(url or None)
        if target is None:
            raise UsageError(
                "nobody said what to put load on",
                hint="name it: --host http://127.0.0.1:8000",
            )
        target = checked_url(target)
        if profile.safety.is_live(target):
            raise UsageError(
                f"{target} is live: no load is ever put on it",
                hint="a live target may ring phones; give one on this machine, such as"
                " http://127.0.0.1:8000",
            )
        filling, redactor = setup.access(target)
        loaded = cls(
            url=target,
            options=replace(options, timeout_s=profile.pacing.timeout_s),
            contract=setup.contract,
            cases=setup.cases,
            filling=filling,
            redactor=redactor,
            hosts=profile.safety.hosts(target),
        )
        return _selected(loaded)

    @property
    def plan(self) -> Plan:
        """The plan of a run that fires the same."""
        return Plan(
            contract=self.contract,
            cases=self.cases,
            url=self.url,
            filling=self.filling,
            phases=_PHASES,
        )

    def refusal(self, exchange: Exchange) -> tuple[str, str] | None:
        """Return why no load makes sense after the first case, with a hint."""
        return refusal(self.plan, exchange)


def _selected(setup: LoadSetup) -> LoadSetup:
    """Keep the cases that are fired, with the rules that none of them serves."""
    contract, options = setup.contract, setup.options
    selection = Selection.of(contract, options.select, options.exclude)
    lacking = lacking_rules(setup.plan)
    cases = tuple(
        case
        for case in selection.fired(setup.cases, _is_fired)
        if case.rule not in lacking and not case.steps
    )
    chosen = frozenset(selection.rules)
    judged = served(contract.rules, cases) | lacking.keys()
    left_out = {
        rule: _LEFT_OUT if rule in chosen else "deselected"
        for rule in contract.rules
        if rule not in chosen or rule not in judged
    }
    return replace(
        setup,
        cases=cases,
        selected=chosen,
        inapplicable={rule: lacking[rule] for rule in lacking if rule in chosen},
        left_out=left_out,
    )


def _run_setup(options: LoadOptions, environ: Mapping[str, str]) -> RunSetup:
    found = {
        key: next(filter(None, map(environ.get, names)), None)
        for key, names in _CREDENTIALS.items()
    }
    flags: dict[str, Any] = {
        "credentials": {key: value for key, value in found.items() if value},
        "pacing": {"timeout": options.timeout_s},
        **({"dialect": options.dialect} if options.dialect else {}),
    }
    return RunSetup(
        profile=load_profile(options.profile, flags),
        contract_file=Path(options.contract) if options.contract else None,
        operation=options.operation,
        seed=options.seed,
    )


def _is_fired(case: Case) -> bool:
    return case.phase in _PHASES and not case.steps
