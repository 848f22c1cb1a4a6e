"""Set-up of a run: profile, contract, cases, credentials and server."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from ringspec.cli.options import Given, ReportPaths, report_paths, wanted_operations
from ringspec.harness import Made
from ringspec.harness.profile import Profile
from ringspec.harness.profile import load as load_profile
from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.credentials import Credentials, read_headers
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.pacer import parse_rate
from ringspec.harness.sending.policy import checked_url
from ringspec.reports import Redactor, check
from ringspec.spec import (
    Contract,
    InternalError,
    MisfitError,
    SpecError,
    Unread,
    UsageError,
    Wanted,
    check_known,
    load,
    load_each,
)
from ringspec.strategies import Case, Slot, cases_of, expecting

# Options whose values are secrets, in the plugin's spelling, too.
_SECRET = re.compile(r"--(?:ringspec-)?(?:bearer|client-secret|token|user|header)")
_GIVEN = re.compile(f"^({_SECRET.pattern}=).+", re.DOTALL)
_CANONICAL = "canonical"  # the embedded server's dialect, if no other is named
# Returns the URL and the credentials of a server, once it is up.
Resolve = Callable[[], tuple[str, Credentials]]


# Options of credentials, in the order in which they count, with their variables.
_CREDENTIALS = {
    "user": ("RINGSPEC_USER",),
    "bearer": ("RINGSPEC_BEARER", "RINGSPEC_TOKEN"),
    "client_id": ("RINGSPEC_CLIENT_ID",),
}


def access_flags(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options of access say, by table and key of a profile.

    Raises a UsageError if a header is not written as it has to be.
    """
    names = ("bearer", "client_id", "client_secret", "token_url")
    user, colon, password = (options["user"] or "").partition(":")
    own = {"user": user, "password": password if colon else None}
    return {
        "credentials": own if user else {name: options[name] for name in names},
        "headers": read_headers(options["headers"]),
        "tls": {"ca": options["ca"], "insecure": options["insecure"] or None},
    }


def made(profile: str = "") -> Made:
    """Return with what a run is made: this version, and this command line."""
    from importlib.metadata import version  # noqa: PLC0415 - only for a run

    path, *words = sys.argv
    name = Path(path).stem
    name = Path(path).parent.name if name == "__main__" else name
    written = [
        "…" if _SECRET.fullmatch(before) else _GIVEN.sub(r"\1…", word)
        for before, word in pairwise(("", *words))
    ]
    return Made(
        ringspec=version("ringspec"),
        profile=profile,
        command=shlex.join(("ringspec" if name == "cli" else name, *written)),
    )


@dataclass(frozen=True, kw_only=True)
class RunSetup:
    """What a run needs, by a profile and what goes before it, if it is given."""

    profile: Profile
    contract_file: Path | None = None
    operation: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    loaded: Contract | None = None
    seed: int = 0
    thorough: bool = False
    tell: Callable[[str], object] = str  # what is being done, to nobody by default

    @cached_property
    def contract(self) -> Contract:
        """The contract, in the dialect and as the profile adapts it.

        Raises a SpecError if the contract or the dialect is at fault, and a UsageError
        if a file is missing, or the profile does not fit.
        """
        if self.loaded is not None:
            return self.loaded
        with self._reading() as options:
            return load(self.contract_file, operation=self.operation, **options)

    @contextmanager
    def _reading(self) -> Iterator[dict[str, Any]]:
        """Yield how contracts are adapted; a profile that does not fit is named."""
        if self.contract_file or self.seed:  # else it takes no time
            self.tell(f"reading {self.contract_file or 'the contract'}")
        profile = self.profile
        try:
            yield {"dialect": profile.dialect, "overrides": profile.overrides}
        except MisfitError as error:
            where = profile.places.of(error.path)
            raise UsageError(f"{where}: {error}", hint=error.hint) from error

    @cached_property
    def parts(self) -> tuple[list[RunSetup], list[Unread]]:
        """A set-up for each operation that is wanted, and those that cannot be tested.

        Raises as `contract`.
        """
        with self._reading() as options:
            found, unread = load_each(self.contract_file, self.wanted, **options)
        tell = str if found[1:] else self.tell  # a line for each operation is enough
        parts = [
            replace(self, loaded=each, operation=each.operation.id, tell=tell)
            for each in found
        ]
        for number, part in enumerate(parts if found[1:] else (), 1):
            try:
                self.tell(f"compiling {part.operation} ({number} of {len(parts)})")
                part.cases  # noqa: B018 - worked out once
            except SpecError as error:
                unread.append(Unread(str(part.operation), error))
        failed = {each.operation for each in unread}
        left = [part for part in parts if part.operation not in failed]
        if not left:
            raise unread[0].error
        return left, unread

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The cases, expecting the statuses that the profile names."""
        cases = cases_of(self.contract, self.seed, self.tell, thorough=self.thorough)
        return expecting(cases, self.profile.success, self.profile.rejections)

    def check_target(self, url: str | None) -> None:
        """Raise a UsageError if the target, or the embedded server, will not do."""
        if url is not None:
            checked_url(url)
            self.profile.check_leave(url)
            return
        if self.contract_file is not None:
            raise UsageError(
                "the embedded server knows only the contract that comes with it",
                hint="give the URL of a server that keeps to your contract",
            )
        if self.profile.dialect:
            from ringspec.reference import DIALECTS  # noqa: PLC0415 - often not needed

            hint = f"the embedded server knows {', '.join(DIALECTS)}; or give a URL"
            check_known("dialect", self.profile.dialect, DIALECTS, hint)

    @contextmanager
    def server(self, url: str | None) -> Iterator[Resolve]:
        """Run the embedded server during the block, unless there is a URL.

        It starts while the caller loads contract and cases. Raises as `check_target`.
        """
        self.check_target(url)
        self.profile.route.opened()  # a file that cannot be used is told of first
        if url is not None:
            yield lambda: (url, self.profile.credentials)
            return
        from ringspec.reference import Embedded, EmbeddedError  # noqa: PLC0415 - as above

        embedded = Embedded(dialect=self.profile.dialect or _CANONICAL)

        def resolve() -> tuple[str, Credentials]:
            try:
                ready = embedded.ready()
            except EmbeddedError as error:
                raise InternalError(str(error)) from error
            names = ("client_id", "client_secret", "token_url")
            client = {each: getattr(ready, each) for each in names}
            return ready.url, Credentials(bearer=ready.token, **client)

        embedded.begin()
        try:
            yield resolve
        finally:
            embedded.end()

    def access(
        self, url: str, credentials: Credentials | None = None
    ) -> tuple[Filling, Redactor]:
        """Return what fills credentials in, with a token, and what redacts them.

        Raises a UsageError if the token would come from a host that is not allowed, and
        a TargetError if the token endpoint gives none.
        """
        profile, known = self.profile, credentials or self.profile.credentials
        if known.token_url and not known.bearer:
            self.tell("asking for a token")
        filling = known.filling(
            profile.pacing.timeout_s, profile.route, profile.safety.hosts(url)
        )
        # The environment's proxies may have passwords as well.
        urls = filter(None, (url, known.token_url))
        routes = (profile.route, *(profile.route.to(each) for each in urls))
        secrets = chain.from_iterable(each.secrets for each in routes)
        redactor = Redactor((*known.secrets(), *filling.secrets(), *secrets))
        if filling.renewal is not None:
            filling.renewal.learners.append(redactor.learn)
        return filling, redactor

    def plan(self, *, notices: tuple[str, ...] = (), **more: Any) -> Plan:
        """Return a plan without a target."""
        return Plan(
            notices=(*self.contract.notices, *notices),
            contract=self.contract,
            cases=self.cases,
            url="",
            seed=self.seed,
            success=self.profile.success,
            rejections=self.profile.rejections,
            safety=self.profile.safety,
            pacing=self.profile.pacing,
            made=made(self.profile.name),
            **more,
        )

    def filled(
        self, plan: Plan, url: str, filling: Filling, redactor: Redactor
    ) -> Plan:
        """Return a plan with its target, and what fills credentials in."""
        plain = plan.cases[0].request if plan.cases else None
        filling = filling.fitted(plan.contract.securities, plain)
        for each in filling.secrets():
            redactor.learn(each)
        if filling.token and filling.token == filling.token.swapcase():
            # Without letters it has no other case, and would be the right one.
            swapped, listed = str(Slot.TOKEN_SWAPPED), plan.cases
            cases = tuple(it for it in listed if swapped not in str(it.request))
            plan = replace(plan, cases=cases)
        route = self.profile.route.to(url)
        return replace(plan, url=url, filling=filling, route=route)


class FireOptions(Given):
    """What every command that fires cases is given."""

    # Not every one takes these.
    operation: str | None = None
    operations: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    dry_run = False
    tell: Callable[[str], object] = str

    check_report: Callable[[str, Path], None] = staticmethod(check)

    @cached_property
    def wanted(self) -> ReportPaths:
        """The formats and paths of the reports; raises as `report_paths`."""
        return report_paths(self.reports, self.check_report)

    @property
    def notices(self) -> tuple[str, ...]:
        """Say whose credentials count, if several are given; never which they are."""
        given: list[str] = []
        for name, variables in _CREDENTIALS.items():
            own = [it for it in variables if os.environ.get(it)]
            value = vars(self)[name]
            by_option = value and value not in map(os.environ.get, own[:1])
            # A client beside a token is for the rules on clients.
            if not (given and name == "client_id"):
                given += [f"--{name.replace('_', '-')}"] * bool(by_option) + own
        places = self.setup.profile.places
        if not (given and "client" in given[0].lower()):
            named = places.variables.items()
            given += sorted(it for keys, it in named if keys[0] == "credentials")
            given += [places.shown] * places.has_unused
        first, *others = given or [""]
        unused = f"{', '.join(others)} {'are' if others[1:] else 'is'} not used"
        return (f"the credentials are those of {first}; {unused}",) if others else ()

    @cached_property
    def setup(self) -> RunSetup:
        """The set-up by the options and the profile that they name."""
        flags = {
            **access_flags(vars(self)),
            "dialect": self.dialect,
            "rules": list(self.packs) or None,
            "pacing": {
                "workers": self.workers,
                "timeout": self.timeout,
                "rate": parse_rate(self.rate),
            },
        }
        return RunSetup(
            profile=load_profile(self.profile, flags, asks=not self.dry_run),
            contract_file=self.contract,
            operation=self.operation,
            wanted=wanted_operations(self),
            seed=self.seed or 0,
            thorough=bool(getattr(self, "thorough", False)),
            tell=self.tell,
        )
