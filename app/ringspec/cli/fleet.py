"""The fleet: the servers that a selftest runs against, and the run against one.

In: the names of servers. Out: runs, as the kill matrix takes them. Each process of the
pool loads contract and cases once.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ringspec.harness import Ended, Event, Finding, Judged, Outcome, Result
from ringspec.harness.running.firing import Patience
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.inprocess import (
    URL,
    Application,
    InProcess,
)
from ringspec.harness.sending.placeholders import Filling
from ringspec.reference import (
    LAWFUL,
    MUTANTS,
    Behaviour,
    Embedded,
    ServerSettings,
    application,
)
from ringspec.reports import Channel, FleetRun, ServerKind
from ringspec.spec import Contract, InternalError, Level, UsageError, load, weakest
from ringspec.strategies import Case, cases_of

REFERENCE = "reference"
CANONICAL = "canonical"
# Where the reference gives out tokens.
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - no token
_START_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetServer:
    """A server of the fleet.

    Attributes:
        level: of the run against it.
        binding: the level at which its defect shows.
    """

    kind: ServerKind
    name: str
    level: Level
    way: Channel
    binding: Level = Level.MAY
    rule: str = ""
    defect: str = ""


def fleet(
    contract: Contract,
    prefixes: tuple[str, ...],
    level: Level,
    *,
    over_network: bool,
) -> tuple[FleetServer, ...]:
    """List the servers whose name begins with one of some prefixes; all without any.

    The reference is always among them. Left out are mutants of a rule that does not
    bind at the level, or that the dialect has dropped.

    Raises:
        UsageError: a prefix fits no name.
    """
    names = [REFERENCE, *MUTANTS, *(each.name for each in LAWFUL)]
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names):
            raise UsageError(
                f"no server of the fleet begins with {prefix!r}",
                hint="`ringspec serve --list-mutants` lists the mutants",
            )

    def way(apply: Callable[[Behaviour], Behaviour]) -> Channel:
        plain = Behaviour()
        # What changes bytes below JSON shows only over the network.
        is_plain = not over_network and apply(plain).wire is plain.wire
        return Channel.IN_PROCESS if is_plain else Channel.NETWORK

    reference = FleetServer(
        kind=ServerKind.REFERENCE, name=REFERENCE, level=level, way=way(lambda it: it)
    )
    levels = {str(name): rule.level for name, rule in contract.rules.items()}
    mutants = (
        FleetServer(
            kind=ServerKind.MUTANT,
            name=each.name,
            level=level,
            way=way(each.apply),
            binding=binding,
            rule=each.rule,
            defect=each.defect,
        )
        for each in MUTANTS.values()
        if each.rule not in contract.dropped
        for shows in [Level(each.level or Level.MUST)]
        for binding in [weakest((levels.get(each.rule, Level.MAY), shows))]
        if binding.gates(level)
    )
    lawful = (
        FleetServer(
            kind=ServerKind.LAWFUL,
            name=each.name,
            level=Level(each.level),
            way=way(each.apply),
        )
        for each in LAWFUL
    )
    wanted = prefixes or ("",)
    others = (each for each in (*mutants, *lawful) if each.name.startswith(wanted))
    return (reference, *others)


@dataclass(frozen=True, slots=True)
class FleetRunner:
    """Runs against servers of the fleet, with one contract and its cases."""

    contract: Contract
    cases: tuple[Case, ...]
    dialect: str = CANONICAL

    @classmethod
    def of(cls, dialect: str) -> FleetRunner:
        """Load what every run needs."""
        contract = load(dialect=None if dialect == CANONICAL else dialect)
        return cls(contract, cases_of(contract), dialect)

    def run(self, server: FleetServer, select: tuple[str, ...] = ()) -> FleetRun:
        """Run against a server: every case, or those of some rules."""
        with self._started(server) as target:
            plan = Plan(
                contract=self.contract,
                cases=self.cases,
                level=server.level,
                select=select,
                # No mutant is late: polling for an effect would be in vain.
                patience_s=0.0
                if server.kind is ServerKind.MUTANT
                else Patience.seconds,
                **target,
            )
            return _fleet_run(server, run(plan))

    @contextmanager
    def _started(self, server: FleetServer) -> Iterator[dict[str, Any]]:
        """Start a server; yield URL, credentials and connection as a plan has them."""
        if server.way is Channel.NETWORK and server.kind is not ServerKind.LAWFUL:
            mutant = server.name if server.kind is ServerKind.MUTANT else None
            with Embedded(dialect=self.dialect, mutant=mutant) as embedded:
                filling = _filling(embedded, embedded.token_url)
                yield {"url": embedded.url, "filling": filling}
            return
        settings, behaviour = ServerSettings(dialect=self.dialect), Behaviour()
        if server.kind is ServerKind.MUTANT:
            behaviour = MUTANTS[server.name].apply(behaviour)
        elif server.kind is ServerKind.LAWFUL:
            lawful = {each.name: each for each in LAWFUL}
            behaviour = lawful[server.name].apply(behaviour)
        app = application(settings, behaviour)
        if server.way is Channel.NETWORK:
            with hosted(app) as url:
                yield {"url": url, "filling": _filling(settings, f"{url}{TOKEN_PATH}")}
            return
        filling = _filling(settings, f"{URL}{TOKEN_PATH}")
        yield {
            "url": URL,
            "filling": filling,
            "connect": lambda: InProcess(app, filling=filling),
        }


def _filling(server: Embedded | ServerSettings, token_url: str) -> Filling:
    return Filling(
        token=server.token,
        token_url=token_url,
        client_id=server.client_id,
        client_secret=server.client_secret,
    )


@contextmanager
def hosted(app: Application) -> Iterator[str]:
    """Serve an application on a socket of this machine, by a thread."""
    from uvicorn import Config, Server  # noqa: PLC0415 - few runs need it

    # With the protocol named, or asyncio would not set TCP_NODELAY.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = Config(
        app, log_config=None, log_level="critical", lifespan="off", access_log=False
    )
    server = Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, daemon=True
    )
    thread.start()
    try:
        end = time.monotonic() + _START_S
        while not server.started and time.monotonic() < end:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()


def _fleet_run(server: FleetServer, events: Iterable[Event]) -> FleetRun:
    """Return what a run found."""
    sent = 0
    requests: dict[str, int] = {}
    reached: dict[str, int] = {}
    result: Result | None = None
    for event in events:
        if isinstance(event, Judged):
            sent += event.exchange.sent
            requests[event.case.id] = event.exchange.sent
            reached[event.case.id] = sent
        elif isinstance(event, Ended):
            result = event.result
    if result is None:
        raise InternalError(f"the run against {server.name} ended without a result")
    failures = [
        finding for each in result.rules for finding in each.gating(server.level)
    ]
    failing = {finding.case.id for finding in failures}
    cases = {name: number for name, number in requests.items() if name in failing}
    return FleetRun(
        kind=server.kind,
        name=server.name,
        rule=server.rule,
        defect=server.defect,
        level=server.level,
        way=server.way,
        binding=server.binding,
        exit_code=result.exit_code,
        noticed=_noticed(failures),
        cases=cases,
        until=min((reached[name] for name in cases), default=None),
        requests=result.counts.requests,
        reason=_reason(result, failures),
    )


def _noticed(failures: Iterable[Finding]) -> dict[str, Level]:
    """Return the rules that fail, each with the strongest level among its failures."""
    noticed: dict[str, Level] = {}
    for finding in failures:
        known = noticed.get(finding.rule, finding.level)
        noticed[finding.rule] = min(known, finding.level, key=lambda each: each.rank)
    return noticed


def _reason(result: Result, failures: Sequence[Finding]) -> str:
    if failures:
        return failures[0].reason
    if result.exit_code == 0:
        return ""
    open_ = [each for each in result.rules if each.outcome is Outcome.INCONCLUSIVE]
    why = [each.why for each in open_ if each.why]
    ids = ", ".join(each.rule.id for each in open_[:3])
    return result.message or f"{result.conclusion}: {ids}: {'; '.join(why[:1])}"


_runner: FleetRunner | None = None


def prepare(dialect: str) -> None:
    """Make a process of the pool ready, once."""
    global _runner  # noqa: PLW0603 - a pool gives its processes nothing else
    # Ctrl-C is for the process that waits for all of them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _runner = FleetRunner.of(dialect)


def run_in_pool(server: FleetServer) -> FleetRun:
    """Run against a server, in a process of the pool."""
    if _runner is None:
        raise InternalError("the process was not prepared")
    return _runner.run(server)
