"""The fleet: the servers that a selftest runs, and the run of one of them.

In: which servers, by name. Out: trials, as the kill matrix takes them. A trial is run
in a process of its own kind, which loads contract and cases once.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ringspec.harness import Ended, Event, Finding, Judged, Outcome, Result
from ringspec.harness.running.firing import Patience
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.exchange import Connection
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
class Subject:
    """A server to be run against.

    Attributes:
        level: at which it is run.
        binding: at which its defect shows.
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
) -> tuple[Subject, ...]:
    """List the servers whose name begins with one of some prefixes; all without any.

    The reference is always among them. Left out are mutants of a rule that does not
    bind at the level, or that the dialect has no place for.

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
    wanted = prefixes or ("",)
    way = Channel.NETWORK if over_network else Channel.IN_PROCESS
    reference = Subject(kind=ServerKind.REFERENCE, name=REFERENCE, level=level, way=way)
    others = (*_mutants(contract, level, way), *_lawful(way))
    return (reference, *(each for each in others if each.name.startswith(wanted)))


def _mutants(contract: Contract, level: Level, way: Channel) -> Iterator[Subject]:
    levels = {str(name): rule.level for name, rule in contract.rules.items()}
    for mutant in MUTANTS.values():
        binding = weakest(
            (
                levels.get(mutant.rule, Level.MAY),
                Level(mutant.level or Level.MUST),
            )
        )
        if mutant.rule not in contract.dropped and binding.gates(level):
            yield Subject(
                kind=ServerKind.MUTANT,
                name=mutant.name,
                level=level,
                way=_way(mutant.apply, way),
                binding=binding,
                rule=mutant.rule,
                defect=mutant.defect,
            )


def _lawful(way: Channel) -> Iterator[Subject]:
    for lawful in LAWFUL:
        yield Subject(
            kind=ServerKind.LAWFUL,
            name=lawful.name,
            level=Level(lawful.level),
            way=_way(lawful.apply, way),
        )


def _way(apply: Callable[[Behaviour], Behaviour], way: Channel) -> Channel:
    """Send over the network whatever changes what happens below JSON."""
    plain = Behaviour()
    return way if apply(plain).wire is plain.wire else Channel.NETWORK


@dataclass(frozen=True, slots=True)
class Laboratory:
    """Runs against servers of the fleet, with one contract and its cases."""

    contract: Contract
    cases: tuple[Case, ...]
    dialect: str = CANONICAL

    @classmethod
    def of(cls, dialect: str) -> Laboratory:
        """Load what every run needs."""
        contract = load(dialect=None if dialect == CANONICAL else dialect)
        return cls(contract, cases_of(contract), dialect)

    def trial(self, subject: Subject, select: tuple[str, ...] = ()) -> FleetRun:
        """Run against a server: every case, every phase; or those of some rules."""
        with self._reached(subject) as reached:
            plan = Plan(
                contract=self.contract,
                cases=self.cases,
                url=reached.url,
                filling=reached.filling,
                level=subject.level,
                select=select,
                connect=reached.connect,
                # No mutant is late; what waits for one would wait in vain.
                patience_s=0.0
                if subject.kind is ServerKind.MUTANT
                else Patience.seconds,
            )
            return _trial(subject, run(plan))

    @contextmanager
    def _reached(self, subject: Subject) -> Iterator[_Reached]:
        if subject.way is Channel.IN_PROCESS:
            settings, app = self._application(subject)
            filling = _filling(settings, URL)
            yield _Reached(
                url=URL,
                filling=filling,
                connect=lambda: InProcess(app, filling=filling),
            )
        elif subject.kind is ServerKind.LAWFUL:
            settings, app = self._application(subject)
            with hosted(app) as url:
                yield _Reached(url=url, filling=_filling(settings, url))
        else:
            mutant = subject.name if subject.kind is ServerKind.MUTANT else None
            with Embedded(dialect=self.dialect, mutant=mutant) as embedded:
                filling = Filling(
                    token=embedded.token,
                    token_url=embedded.token_url,
                    client_id=embedded.client_id,
                    client_secret=embedded.client_secret,
                )
                yield _Reached(url=embedded.url, filling=filling)

    def _application(self, subject: Subject) -> tuple[ServerSettings, Application]:
        settings = ServerSettings(dialect=self.dialect)
        behaviour = Behaviour()
        if subject.kind is ServerKind.MUTANT:
            behaviour = MUTANTS[subject.name].apply(behaviour)
        elif subject.kind is ServerKind.LAWFUL:
            known = {each.name: each for each in LAWFUL}
            behaviour = known[subject.name].apply(behaviour)
        return settings, application(settings, behaviour)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reached:
    """How a run reaches its server."""

    url: str
    filling: Filling
    connect: Callable[[], Connection] | None = None


def _filling(settings: ServerSettings, url: str) -> Filling:
    return Filling(
        token=settings.token,
        token_url=f"{url}{TOKEN_PATH}",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
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


def _trial(subject: Subject, events: Iterable[Event]) -> FleetRun:
    """Write down what a run found."""
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
        raise InternalError(f"the run against {subject.name} ended without a result")
    failures = [
        finding for each in result.rules for finding in each.gating(subject.level)
    ]
    failing = {finding.case.id for finding in failures}
    cases = {name: number for name, number in requests.items() if name in failing}
    return FleetRun(
        kind=subject.kind,
        name=subject.name,
        rule=subject.rule,
        defect=subject.defect,
        level=subject.level,
        way=subject.way,
        binding=subject.binding,
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


_laboratory: Laboratory | None = None


def prepare(dialect: str) -> None:
    """Make a process of the pool ready, once."""
    global _laboratory  # noqa: PLW0603 - a pool hands its processes nothing else
    # Ctrl-C is for the process that waits for all of them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _laboratory = Laboratory.of(dialect)


def trial(subject: Subject) -> FleetRun:
    """Run against a server, in a process of the pool."""
    if _laboratory is None:
        raise InternalError("the process was not prepared")
    return _laboratory.trial(subject)
