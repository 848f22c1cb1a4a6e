"""Users of Locust: they fire the certified cases, and judge every answer.

Importing this module imports Locust, and with it what gevent makes of sockets, locks
and threads of the whole process: nothing else of ours imports it. Before the load
begins the master, or the one process there is, fires the same cases at rest, one at a
time. Workers send it what they count with their reports.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import gevent
from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from ringspec.harness import EXITS, Conclusion
from ringspec.load.account import Account
from ringspec.load.ammunition import Ammunition, Options
from ringspec.load.judging import Shooter, Shot
from ringspec.load.judging import turns as turns_of
from ringspec.load.options import OPTIONS, options_of
from ringspec.load.summary import summary
from ringspec.load.verdict import Figures, rows, verdict
from ringspec.load.wire import Wire
from ringspec.reports import failure_json, put, written
from ringspec.spec import Json, RingspecError
from ringspec.strategies import Case, Request

_KEY = "ringspec"
_TOKEN = "the environment has no token that it takes: export RINGSPEC_TOKEN=…"  # noqa: S105 - no token
_PERCENTILES = (0.5, 0.9, 0.95, 0.99)


class ConformanceUser(User):
    """Fires the certified cases round and round; judges every answer.

    Of a subclass `wait_time` and `weight` may be other than here.
    """

    wait_time = constant(0)

    def on_start(self) -> None:
        """Take a connection and a place in the list of one's own."""
        self._party = _PARTIES[self.environment]
        number = self._party.next_user()
        self._wire = self._party.wire()
        self._shooter = Shooter(self._party.ammunition, self._wire.exchange)
        self._turns = turns_of(self._party.ammunition.cases, number)

    def on_stop(self) -> None:
        """Let go of the target."""
        self._wire.close()

    @task
    def fire(self) -> None:
        """Fire the next case, and its twin first where that is due."""
        for shot in self._shooter.fire(next(self._turns)):
            self._party.heard(shot)


class _ConformanceError(Exception):
    """Says to Locust what is wrong with an answer."""


class _Party:
    """What one process knows of the load: the master, a worker, or the only one.

    Attributes:
        rest: what the same cases said at rest; empty in workers.
        load: what was counted since; in workers, since the last report.
    """

    def __init__(self, environment: Environment) -> None:
        self.rest, self.load = Account(), Account()
        self._environment = environment
        self._loaded: Ammunition | None = None
        self._asked: tuple[str | None, Options] | None = None
        self._users = 0
        self._most_users = self._most_workers = 0
        self._is_told = self._has_rested = False

    @property
    def ammunition(self) -> Ammunition:
        """What is fired, once it is loaded."""
        assert self._loaded is not None
        return self._loaded

    def begin(self) -> None:
        """Load what is fired, and forget an earlier load; one of the same is kept.

        Only as a load begins has a worker the master's options, and a page its URL.

        Raises:
            RingspecError: nothing can be fired.
        """
        options = options_of(vars(self._environment.parsed_options))
        asked = (self._environment.host, options)
        if asked != self._asked:
            self._loaded = Ammunition.of(*asked)
            self._asked, self.rest, self._has_rested = asked, Account(), False
        self.load = Account()

    def next_user(self) -> int:
        """Return the number of the next user, one that no other worker's users have."""
        runner = self._environment.runner
        index = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        self._users += 1
        # Workers take turns: one has the even, the other the odd ones.
        return self._users * 64 + max(index, 0)

    def wire(self) -> Wire:
        """Open one user's connection."""
        ammunition = self.ammunition
        return Wire(
            ammunition.url,
            ammunition.filling,
            ammunition.hosts,
            ammunition.options.timeout_s,
            limit=lambda seconds: gevent.Timeout(seconds, TimeoutError),
        )

    def rested(self) -> None:
        """Fire all cases once at rest, one at a time."""
        if self._has_rested:
            return
        self._has_rested = True
        wire = self.wire()
        shooter = Shooter(self.ammunition, wire.exchange)
        for case in self.ammunition.cases:
            for shot in shooter.fire(case):
                self._check_first(shot)
                self.rest.note(shot, self.ammunition.options.level, self._example)
        wire.close()

    def _check_first(self, shot: Shot) -> None:
        """Make sure that somebody is there who lets us in.

        Raises:
            SystemExit: it is not so; load would show nothing.
        """
        refused = self.ammunition.refusal(shot.exchange)
        if refused is not None and not self.rest.fired:
            why, hint = refused
            self.leave(why, hint and _TOKEN, EXITS[Conclusion.INCONCLUSIVE])

    def leave(self, why: str, hint: str, status: int) -> NoReturn:
        """End the process, and with a master its workers, with a message."""
        said = f"ringspec: {why}" + (f"\n    hint: {hint}" if hint else "")
        print(said, file=sys.stderr, flush=True)  # noqa: T201 - as every command of ours
        if isinstance(self._environment.runner, MasterRunner):
            self._environment.runner.quit()
        sys.exit(status)

    def heard(self, shot: Shot) -> None:
        """Take in a shot, and tell Locust of it."""
        wrong = self.load.note(shot, self.ammunition.options.level, self._example)
        if not isinstance(self._environment.runner, WorkerRunner):
            users = self._note_users()
            for each in wrong:
                self.load.users.setdefault(each.rule, users)
        exchange = shot.exchange
        failed: Exception | None = None
        if wrong:
            failed = _ConformanceError(f"{wrong[0].rule}: {wrong[0].reason}")
        elif exchange.failure is not None:
            failed = _ConformanceError(exchange.summary)
        self._environment.events.request.fire(
            request_type=exchange.request.method,
            name=_name(shot.case, exchange.request),
            response_time=exchange.elapsed_s * 1000,
            response_length=len(exchange.response.body) if exchange.response else 0,
            exception=failed,
            context={},
        )

    def _example(self, finding: Any) -> Json:
        redactor = self.ammunition.redactor
        return failure_json(redactor.finding(finding))

    def taken(self) -> dict[str, Any]:
        """Return what was counted since this was last asked for, as data."""
        account, self.load = self.load, Account()
        return account.wire()

    def added(self, wire: dict[str, Any]) -> None:
        """Take in what a worker has counted."""
        account = Account.of(wire)
        account.heard_at(self._note_users())
        self.load.add(account)

    def _note_users(self) -> int:
        runner = self._environment.runner
        users = runner.user_count if runner else 0
        self._most_users = max(self._most_users, users)
        if isinstance(runner, MasterRunner):
            self._most_workers = max(self._most_workers, runner.worker_count)
        return users

    def told(self, path: Path | None) -> int:
        """Print the summary and write the report; return the exit status."""
        report, result = verdict(self.ammunition, self.rest, self.load, self._figures())
        found = rows(self.ammunition, self.rest, self.load)
        lines = (
            *(f"note: {each}" for each in report["notices"]),
            *summary(found, result, self._figures(), self.load),
        )
        print("\n".join(("", *lines)), flush=True)  # noqa: T201 - the summary is for reading
        if path is not None:
            put(path, written(report))
        return result.exit_code

    def _figures(self) -> Figures:
        total = self._environment.stats.total
        last = total.last_request_timestamp or total.start_time
        return Figures(
            users=self._most_users,
            workers=self._most_workers,
            seconds=max(last - total.start_time, 0.0),
            requests=total.num_requests,
            rate=round(total.total_rps, 1),
            percentiles_ms={
                f"{share * 100:g}": total.get_response_time_percentile(share) or 0.0
                for share in _PERCENTILES
            }
            if total.num_requests
            else {},
        )

    def end(self, path: Path | None) -> None:
        """Tell all, once, and set the status that the process ends with."""
        if self._is_told or not self._has_rested:
            return
        self._is_told = True
        if self._environment.runner is not None:
            # Workers send what is left before they go.
            self._environment.runner.quit()
        try:
            status = self.told(path)
        except OSError as error:
            print(f"ringspec: no report in {path}: {error.strerror}", file=sys.stderr)  # noqa: T201
            status = 2
        self._environment.process_exit_code = status


def _name(case: Case, request: Request) -> str:
    """Name a request for Locust's table: few rows, each of what is alike."""
    return f"{request.path[:60]} ({case.phase}, {case.expect})"


# One for each environment there is; Locust has one in a process.
_PARTIES: dict[Environment, _Party] = {}


@events.init_command_line_parser.add_listener
def _add_options(parser: Any, **_: Any) -> None:
    group = parser.add_argument_group("ringspec")
    for names, settings in OPTIONS:
        group.add_argument(*names, **settings)


@events.init.add_listener
def _begin(environment: Environment, **_: Any) -> None:
    """Make ready; whoever has users elsewhere, or none, fires at rest at once."""
    party = _PARTIES[environment] = _Party(environment)
    if isinstance(environment.runner, WorkerRunner):
        environment.events.report_to_master.add_listener(
            lambda client_id, data: data.update({_KEY: party.taken()})  # noqa: ARG005 - Locust's names
        )
        return
    environment.events.worker_report.add_listener(
        lambda client_id, data: party.added(data[_KEY]) if _KEY in data else None  # noqa: ARG005 - likewise
    )
    if environment.host or environment.web_ui is None:
        _ready(party)


@events.test_start.add_listener
def _start(environment: Environment, **_: Any) -> None:
    """Make sure of the target; one that was only named now is fired at, at rest."""
    party = _PARTIES[environment]
    if isinstance(environment.runner, WorkerRunner):
        _load(party)
    else:
        _ready(party)


@events.quitting.add_listener
def _end(environment: Environment, **_: Any) -> None:
    party = _PARTIES.get(environment)
    if party is not None and not isinstance(environment.runner, WorkerRunner):
        path = vars(environment.parsed_options)["ringspec_report"]
        party.end(Path(path) if path else None)


def _ready(party: _Party) -> None:
    _load(party)
    party.rested()


def _load(party: _Party) -> None:
    """Load what is fired, or end the process with a message.

    Raises:
        SystemExit: nothing can be fired.
    """
    try:
        party.begin()
    except RingspecError as error:
        party.leave(str(error), error.hint, error.exit_code)
