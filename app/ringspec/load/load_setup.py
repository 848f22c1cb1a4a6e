"""Set-up of a load: which cases are fired at which target, once that harms nobody.

Cases of several steps are left out: other users disturb what they are about.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ringspec.cli.run_setup import RunSetup
from ringspec.cli.run_setup import given as given_flags
from ringspec.harness.judging.selection import Selection, served
from ringspec.harness.profile import load as load_profile
from ringspec.harness.running.plan import Plan, lacking_rules
from ringspec.harness.sending.policy import checked_url
from ringspec.spec import Level, UsageError
from ringspec.strategies import Phase

_PHASES = frozenset({Phase.CASES, Phase.WIRE, Phase.AUTH})
# Credentials are no options, which Locust sends to its workers, and shows.
_CREDENTIALS = {
    "bearer": ("RINGSPEC_BEARER", "RINGSPEC_TOKEN"),
    "client_id": ("RINGSPEC_CLIENT_ID",),
    "client_secret": ("RINGSPEC_CLIENT_SECRET",),
    "token_url": ("RINGSPEC_TOKEN_URL",),
}
_LEFT_OUT = "no case of one request serves it, and no others are fired under load"
_NAME, _PREFIXES = {"metavar": "NAME|FILE"}, {"metavar": "ID-PREFIX,…"}
_LEVEL = {"choices": [each.value for each in Level], "default": Level.MUST.value}
_TIMEOUT: dict[str, Any] = {"type": float, "default": 5.0, "metavar": "SECONDS"}
# Help and more for the parser's flags. They mean the same as for `ringspec run`.
OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "level": ("What fails the run; weaker failures are warnings.", _LEVEL),
    "dialect": ("An OpenAPI Overlay: a name, or a file.", _NAME),
    "profile": ("What a target needs: a name, or a file.", _NAME),
    "contract": ("Another API's OpenAPI 3.1 file.", {"metavar": "FILE"}),
    "operation": ("The operation to test.", {"metavar": "ID"}),
    "seed": ("Other cases.", {"type": int, "default": 0}),
    "select": ("Only rules that begin so, by commas.", _PREFIXES),
    "exclude": ("No rules that begin so, by commas.", _PREFIXES),
    "timeout": ("How long an answer may take, in seconds.", _TIMEOUT),
    "report": ("Write a JSON report of it all.", {"metavar": "PATH"}),
}


class LoadSetup:
    """What is fired, and what judges and hides it.

    Args:
        url: of the target; None or empty for the profile's.
        parsed: what Locust has parsed; other options than ours do not matter.

    Attributes:
        cases: in their order, twins first.
        selected: the rules that are judged.
        left_out: the rules that are not, each with the reason.
        inapplicable: those that cannot be judged here, each with the reason.

    Raises:
        UsageError: there is no URL, the target is live or not allowed, or an option is
            wrong.
        SpecError: the contract is at fault.
        TargetError: the token endpoint gives no token.
    """

    def __init__(
        self,
        url: str | None,
        parsed: Mapping[str, Any],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        def given(name: str) -> Any:
            return parsed.get(f"ringspec_{name}") or OPTIONS[name][1].get("default")

        def prefixes(name: str) -> tuple[str, ...]:
            return tuple(filter(None, map(str.strip, (given(name) or "").split(","))))

        self.level, self.seed = Level(given("level")), int(given("seed"))
        contract = given("contract")
        credentials = {
            key: next(filter(None, map(environ.get, names)), None)
            for key, names in _CREDENTIALS.items()
        }
        pacing = {"timeout": float(given("timeout"))}
        flags = {"credentials": credentials, "pacing": pacing}
        setup = RunSetup(
            profile=load_profile(given("profile"), given_flags(flags)),
            contract_file=Path(contract) if contract else None,
            operation=given("operation"),
            dialect=given("dialect"),
            seed=self.seed,
        )
        target = setup.profile.address(url or None)
        if target is None:
            raise UsageError(
                "no server to load is named",
                hint="name it: --host http://127.0.0.1:8000",
            )
        target = checked_url(target)
        if setup.profile.safety.is_live(target):
            raise UsageError(
                f"{target} is live: no load is ever put on it",
                hint="a live target may ring phones; give one on this machine, such as"
                " http://127.0.0.1:8000",
            )
        self.timeout_s = setup.profile.pacing.timeout_s
        self.hosts = setup.profile.safety.hosts(target)
        self.contract = setup.contract
        filling, self.redactor = setup.access(target)
        self.plan = Plan(
            contract=self.contract,
            cases=setup.cases,
            url=target,
            filling=filling,
            phases=_PHASES,
        )
        lacking = lacking_rules(self.plan)
        selection = Selection.of(self.contract, prefixes("select"), prefixes("exclude"))
        self.cases = tuple(
            case
            for case in selection.fired(
                setup.cases, lambda case: case.phase in _PHASES and not case.steps
            )
            if case.rule not in lacking and not case.steps
        )
        self.selected = frozenset(selection.rules)
        self.inapplicable = {
            rule: why for rule, why in lacking.items() if rule in self.selected
        }
        judged = served(self.contract.rules, self.cases) | lacking.keys()
        self.left_out = {
            rule: _LEFT_OUT if rule in self.selected else "deselected"
            for rule in self.contract.rules
            if rule not in self.selected or rule not in judged
        }
