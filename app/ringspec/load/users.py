"""Users of Locust: they fire the certified cases, and judge every answer.

Importing this module imports Locust, and with it gevent's patches of sockets, locks and
threads of the whole process: no other module of ours imports it. Before the load begins
the master, or the only process, fires the same cases at rest, one at a time. Workers
send it their counts with their reports. It is a file for Locust as well:
`python -m ringspec.load` prints where it is.
"""

from __future__ import annotations

import sys
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NoReturn

import gevent
from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from ringspec.cli.exits import print_error
from ringspec.harness import Conclusion, Finding, Judged
from ringspec.harness.judging.outcome import Reachability
from ringspec.harness.running.run import first_looks
from ringspec.load.conformance import (
    OPTIONS,
    LoadComparison,
    LoadCounts,
    LoadSetup,
    Roll,
    Shooter,
)
from ringspec.load.http_client import BlockingClient
from ringspec.reports import console, failure_json, print_template, put, report_bytes
from ringspec.spec import Json, RingspecError

_KEY = "ringspec"
_TOKEN = "the environment has no token that it takes: export RINGSPEC_TOKEN=…"  # noqa: S105 - no token
# Each user begins at another share of the list, far from those before it.
_GOLDEN = 0.6180339887498949
# Between two looks for lost workers.
_WATCH_S = 5.0
_PERCENTILES = (0.5, 0.9, 0.95, 0.99)


class ConformanceUser(User):
    """Fires the certified cases round and round; judges every answer.

    A subclass may have another `wait_time` and `weight`.
    """

    wait_time = constant(0)

    def on_start(self) -> None:
        """Take a connection and a place in the list."""
        self._process = _PROCESSES[self.environment]
        setup, self._client = self._process.setup, self._process.client()
        self._shooter = Shooter(setup, self._client.exchange)
        start = int(self._process.next_user() * _GOLDEN % 1 * len(setup.cases))
        self._turns = islice(cycle(setup.cases), start, None)

    def on_stop(self) -> None:
        """Close the connection."""
        self._client.close()

    @task
    def fire(self) -> None:
        """Fire the next case, and its twin first if that is due."""
        for judged in self._shooter.fire(next(self._turns)):
            self._process.add(judged)


class _ConformanceError(Exception):
    """Names to Locust the fault of an answer."""


class LoadProcess:
    """Counters of one process: the master, a worker, or the only one.

    `rest` is of the same cases at rest, and empty in workers; `load` counts since the
    load began, in workers since the last report.
    """

    setup: LoadSetup  # what is fired, once it is loaded

    def __init__(self, environment: Environment) -> None:
        self.rest, self.load = LoadCounts(), LoadCounts()
        self._environment = environment
        self._target: tuple[str | None, dict[str, Any]] | None = None
        self._users = self._most_users = self._most_workers = 0
        self._has_ended = self._has_rested = False
        self._roll, self._reports = Roll(), 0
        # A master has the counts of its workers.
        self.is_worker = isinstance(environment.runner, WorkerRunner)

    def begin(self) -> None:
        """Load what is fired, and forget an earlier load; fire at rest if not done.

        Only as a load begins has a worker the master's options, and a page its URL.
        """
        parsed = vars(self._environment.parsed_options)
        ours = {each: parsed[each] for each in parsed if each.startswith("ringspec_")}
        target = (self._environment.host, ours)
        try:
            if target != self._target:
                self.setup = LoadSetup(*target)
                self._target, self.rest, self._has_rested = target, LoadCounts(), False
        except RingspecError as error:
            self._exit(str(error), error.hint, error.exit_code)
        self.load = LoadCounts()
        if self.is_worker or self._has_rested:
            return
        self._has_rested = True
        client = self.client()
        shooter = Shooter(self.setup, client.exchange)
        reachability = Reachability(self.setup.contract.answers)
        looks = first_looks(self.setup.cases)
        cases = (*looks, *(it for it in self.setup.cases if it not in looks))
        for number, case in enumerate(cases):
            if number == len(looks) and reachability.in_vain:
                self._exit(*reachability.account(), Conclusion.INCONCLUSIVE.exit_code)
            for judged in shooter.fire(case):
                reachability.note(judged.case, judged.exchange)
                refused = self.setup.plan.refusal(judged.exchange)
                if refused is not None and not self.rest.fired:
                    status = Conclusion.INCONCLUSIVE.exit_code
                    self._exit(refused[0], refused[1] and _TOKEN, status)
                self.rest.add_judged(judged, self.setup.level, self._example)
        client.close()

    def _exit(self, why: str, hint: str, status: int) -> NoReturn:
        print_error(RingspecError(why, hint=hint))
        if isinstance(self._environment.runner, MasterRunner):
            self._environment.runner.quit()
        sys.exit(status)

    def next_user(self) -> int:
        """Return the number of the next user; no user of another worker has it."""
        index = self._environment.runner.worker_index if self.is_worker else 0
        self._users += 1
        return self._users * 64 + max(index, 0)

    def client(self) -> BlockingClient:
        """Open one user's connection."""
        return BlockingClient(
            self.setup.plan.url,
            self.setup.plan.filling,
            self.setup.hosts,
            self.setup.plan.pacing.timeout_s,
            limit=lambda seconds: gevent.Timeout(seconds, TimeoutError),
        )

    def add(self, judged: Judged) -> None:
        """Count an exchange, and report it to Locust."""
        failures = self.load.add_judged(judged, self.setup.level, self._example)
        if not self.is_worker:
            users = self._count_users()
            for each in failures:
                self.load.users.setdefault(each.rule, users)
        exchange, case = judged.exchange, judged.case
        failed: Exception | None = None
        if failures:
            failed = _ConformanceError(f"{failures[0].rule}: {failures[0].reason}")
        elif exchange.failure is not None:
            failed = _ConformanceError(exchange.summary)
        self._environment.events.request.fire(
            request_type=exchange.request.method,
            # Few rows of Locust's table, each of similar requests.
            name=f"{exchange.request.path[:60]} ({case.phase}, {case.expect})",
            response_time=exchange.elapsed_s * 1000,
            response_length=len(exchange.response.body) if exchange.response else 0,
            exception=failed,
            context={},
        )

    def _example(self, finding: Finding) -> Json:
        return failure_json(self.setup.redactor.event(finding))

    def report_to_master(self, client_id: str, data: dict[str, Any]) -> None:
        """Add to a worker's report its counts since the last one."""
        del client_id
        self._reports += 1
        data[_KEY] = {**self.load.wire(), "number": self._reports}
        self.load = LoadCounts()

    def add_worker(self, client_id: str, data: dict[str, Any]) -> None:
        """Add the counts of a worker, by its report."""
        self._roll.note(client_id, data.get(_KEY, {}).get("number"))
        if _KEY in data:
            self.load.add(data[_KEY], self._count_users())

    def _count_users(self) -> int:
        runner = self._environment.runner
        users = runner.user_count if runner else 0
        self._most_users = max(self._most_users, users)
        if isinstance(runner, MasterRunner):
            self._most_workers = max(self._most_workers, runner.worker_count)
            self._roll.lost |= {each.id for each in runner.clients.missing}
        return users

    def watch(self) -> None:
        """Look for lost workers, which Locust itself forgets after a while."""
        while not self._has_ended:
            gevent.sleep(_WATCH_S)
            self._count_users()

    def end(self) -> None:
        """Print the summary and write the report, once; set the exit status."""
        if self._has_ended or not self._has_rested:
            return
        self._has_ended = True
        self._count_users()
        if self._environment.runner is not None:
            # Workers send the rest before they go.
            self._environment.runner.quit()
        total = self._environment.stats.total
        last = total.last_request_timestamp or total.start_time
        figures = {
            "users": self._most_users,
            "workers": self._most_workers,
            "lost": len(self._roll.lost),
            "seconds": max(last - total.start_time, 0.0),
            "requests": total.num_requests,
            "rate": round(total.total_rps, 1),
            "percentiles_ms": {
                f"{share * 100:g}": total.get_response_time_percentile(share) or 0.0
                for share in (_PERCENTILES if total.num_requests else ())
            },
        }
        compared = LoadComparison(self.setup, self.rest, self.load, figures)
        path = self._environment.parsed_options.ringspec_report
        self._environment.process_exit_code = compared.result.exit_code
        try:
            print_template(console(sys.stdout), "load.txt", found=compared)
            if path:
                put(Path(path), report_bytes(compared.report()))
        except OSError as error:
            print(f"ringspec: no report in {path}: {error.strerror}", file=sys.stderr)  # noqa: T201
            self._environment.process_exit_code = 2


# Locust has one environment in a process.
_PROCESSES: dict[Environment, LoadProcess] = {}


@events.init_command_line_parser.add_listener
def _add_options(parser: Any, **_: Any) -> None:
    group = parser.add_argument_group("ringspec")
    for name, given in OPTIONS.items():
        # Variables as well: so do workers on other machines get them.
        variable = f"RINGSPEC_{name.upper()}"
        group.add_argument(f"--ringspec-{name}", env_var=variable, **given)


@events.init.add_listener
def _init(environment: Environment, **_: Any) -> None:
    """Exchange counts with workers; where the target is known, fire at rest at once."""
    process = _PROCESSES[environment] = LoadProcess(environment)
    if process.is_worker:
        environment.events.report_to_master.add_listener(process.report_to_master)
        return
    environment.events.worker_report.add_listener(process.add_worker)
    gevent.spawn(process.watch)
    if environment.host or environment.web_ui is None:
        process.begin()


@events.test_start.add_listener
def _start(environment: Environment, **_: Any) -> None:
    """Load what is fired; fire at rest at a target that was only named now."""
    _PROCESSES[environment].begin()


@events.quitting.add_listener
def _end(environment: Environment, **_: Any) -> None:
    process = _PROCESSES.get(environment)
    if process is not None and not process.is_worker:
        process.end()
