"""Recording: what `ringspec serve --record` hears, judges, writes and sums up.

Requests are judged in a thread of their own, one after the other: a body that takes
long to judge must not hold up the server. In little room, however long it goes on.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

import click

from ringspec.cli.exits import release_output
from ringspec.cli.options import report_paths
from ringspec.cli.outputs import Outputs
from ringspec.harness import Ended, Event, JudgedRequest, Notice
from ringspec.harness.recording import Capture, CapturedRequest, ClientSession
from ringspec.harness.sending.placeholders import Filling
from ringspec.reports import (
    RecordFile,
    Redactor,
    check,
    hidden,
    print_account,
    record_line,
    screen_line,
)
from ringspec.spec import Contract, Level, ReportError, UsageError, load

# Requests that may wait to be judged, and how long others wait for room there.
_WAITING, _PAUSE_S = 64, 0.02
# Bytes of exchanges that the reports are made of; later ones are only counted, but
# for the first to show something new.
_ROOM = 16 * 2**20
_FULL = "the reports hold no more requests; later ones are counted, and on the record"


class _Nothing:
    """A screen for a server, which tells of requests by itself."""

    def handle(self, event: Event) -> None:
        """Show nothing."""

    def close(self) -> None:
        """There is nothing to tidy."""


@dataclass
class Recording:
    """Judges what clients send while a server serves.

    Attributes:
        contract: by which they are judged.
        level: what gates.
        record: where a line is added for each request.
        reports: formats, each with its path.
    """

    contract: Contract
    level: Level
    record: RecordFile | None
    reports: list[tuple[str, Path]]
    _queue: Queue[CapturedRequest | None] = field(
        default_factory=lambda: Queue(_WAITING)
    )
    _room: int = _ROOM
    _bug: Exception | None = None
    _is_mute: bool = False
    _thread: threading.Thread | None = None

    def wrap(self, app: Any) -> Any:
        """Return an application that is listened to."""
        return Capture(app, self._listen)

    def begin(self, announced: str) -> None:
        """Begin to judge, knowing where the server is, and announce it."""
        about = json.loads(announced)
        filling = Filling(
            token=about["token"],
            token_url=about["token_url"],
            client_id=about["client_id"],
            client_secret=about["client_secret"],
        )
        self._redactor = Redactor(filling.secrets())
        self._outputs = Outputs(self.reports, _Nothing(), self._redactor)
        self._session = ClientSession(self.contract, self.level, about["url"], filling)
        thread = threading.Thread(target=self._judge, daemon=True)
        thread.start()
        self._thread = thread
        click.echo(announced)

    async def _listen(self, request: CapturedRequest) -> None:
        """Have a request judged; where many wait, so does its connection."""
        try:
            while self._queue.full():  # noqa: ASYNC110 - a thread makes room there
                await asyncio.sleep(_PAUSE_S)
        except asyncio.CancelledError:
            pass  # the server ends, and waits for nobody else any longer
        self._queue.put(request)

    def end(self) -> int:
        """Sum up, write the reports, and return the exit status."""
        if self._thread is None:
            raise KeyboardInterrupt  # before anybody was told of the server
        self._queue.put(None)
        self._thread.join()
        if self._bug is not None:
            raise self._bug
        ended = self._session.ended()
        self._tell(ended)
        self._outputs.close()
        status = self._recorded(self._outputs.written(ended.result.exit_code))
        self._sum_up(ended)
        return status

    def _judge(self) -> None:
        """Judge request after request until there are no more."""
        request = self._queue.get()
        # Not before: what reporters print is to follow the announcement.
        self._tell(self._session.started())
        while request is not None:
            try:
                self._take(hidden(self._session.judge(request), self._redactor))
            except Exception as bug:  # noqa: BLE001 - the end tells of it
                self._bug = self._bug or bug
            request = self._queue.get()

    def _take(self, told: JudgedRequest) -> None:
        """Tell of one request, to whoever still listens."""
        if self.record is not None:
            self.record.add(record_line(told))
        self._say(screen_line(told))
        exchange = told.judged.exchange
        size = len(exchange.request.body)
        size += len(exchange.response.body) if exchange.response else 0
        if told.is_first or self._room >= 0:
            self._tell(told.judged)
            if 0 <= self._room < size:
                self._tell(Notice(message=_FULL))
            self._room -= size

    def _tell(self, event: Event) -> None:
        for each in self._outputs.reporters:
            each.handle(event)

    def _say(self, line: str) -> None:
        """Say something on standard error, as long as that is possible."""
        if self._is_mute:
            return
        try:
            click.echo(line, err=True)
        except OSError:
            self._is_mute = True

    def _recorded(self, status: int) -> int:
        """Close the record; if it lacks something that is told, as for a report."""
        if self.record is None:
            return status
        self.record.close()
        try:
            self.record.check()
        except ReportError as error:
            self._say(f"ringspec: {error}\n    hint: {error.hint}")
            return status if status == 1 else error.exit_code
        return status

    def _sum_up(self, ended: Ended) -> None:
        account, result = self._session.tally, ended.result
        try:
            print_account(account, result, self._redactor)
        except (BrokenPipeError, SystemExit):  # whoever read it has had enough
            with suppress(OSError):
                release_output()


def recorded(
    record: Path | None, reports: tuple[str, ...], dialect: str, level: str
) -> Recording:
    """Make a recording of what the options name, before anything is served.

    Raises:
        UsageError: the options make no sense.
        ReportError: something can surely not be written.
    """
    listed = report_paths(reports, lambda name, path: check(path, name))
    if record is not None and record in (path for _, path in listed):
        raise UsageError(
            f"a report and the record would both go to {record}",
            hint="give each a path of its own",
        )
    return Recording(
        contract=load(dialect=None if dialect == "canonical" else dialect),
        level=Level(level),
        record=RecordFile(record) if record is not None else None,
        reports=listed,
    )
