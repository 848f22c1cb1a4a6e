"""Recording: judges, records and sums up the requests to `ringspec serve --record`.

Requests are judged in a thread, one after the other: a body that takes long to judge
must not hold up the server. Memory is bounded, however long it goes on.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from contextlib import suppress
from queue import Queue

import click

from ringspec.cli.exits import release_output
from ringspec.cli.options import Given, report_paths, screen
from ringspec.cli.outputs import Outputs, attempted
from ringspec.cli.run_setup import made
from ringspec.harness import JudgedRequest, Notice
from ringspec.harness.recording import CapturedRequest, ClientSession
from ringspec.harness.sending.exchange import Filling
from ringspec.reports import (
    Redactor,
    check,
    console,
    print_template,
    record_file,
    record_line,
    screen_line,
)
from ringspec.spec import Level, UsageError, load

# Requests that may wait to be judged, and how often others look for room there.
_WAITING, _PAUSE_S = 64, 0.02
# Bytes of exchanges that reports are made of. Later ones are only counted, except the
# first to show something new.
_ROOM = 16 * 2**20
_FULL = "the reports hold no more requests; later ones are counted, and on the record"


class Recording:
    """Judges what clients send while a server serves, and puts it on record.

    Raises a UsageError for options that contradict each other, and a ReportError where
    a file can surely not be written.
    """

    def __init__(self, given: Given) -> None:
        record, dialect, self._docs = given.record, given.dialect, given.docs
        self._reports = report_paths(given.reports, check)
        if screen(self._reports) is sys.stderr:
            raise UsageError(
                "standard output has the server's announcement, and takes no report",
                hint="give --report a path",
            )
        if record is not None and record in (path for _, path in self._reports):
            raise UsageError(
                f"a report and the record would both go to {record}",
                hint="give each a path of its own",
            )
        self._contract = load(dialect=None if dialect == "canonical" else dialect)
        self._level = Level(given.level)
        self._record = record_file(record) if record is not None else None
        self._queue: Queue[CapturedRequest | None] = Queue(_WAITING)
        self._room = _ROOM
        self._bug: Exception | None = None
        self._is_mute = False
        self._thread: threading.Thread | None = None

    def begin(self, announcement: str) -> None:
        """Begin to judge, and print the server's announcement."""
        about = json.loads(announcement)
        url = about.pop("url")
        filling = Filling(**about)
        self._redactor = Redactor(filling.secrets())
        self._outputs = Outputs(self._reports, None, self._redactor, self._docs)
        self._session = ClientSession(self._contract, self._level, url, filling, made())
        self._thread = threading.Thread(target=self._judge_all, daemon=True)
        self._thread.start()
        click.echo(announcement)

    async def enqueue(self, request: CapturedRequest) -> None:
        """Have a request judged; while many wait, so does its connection."""
        # Cancelled when the server ends, which waits no longer.
        with suppress(asyncio.CancelledError):
            while self._queue.full():  # noqa: ASYNC110 - a thread makes room there
                await asyncio.sleep(_PAUSE_S)
        self._queue.put(request)

    def end(self) -> int:
        """Write the reports and the summary, and return the exit status."""
        if self._thread is None:
            raise KeyboardInterrupt  # before the server was announced
        self._queue.put(None)
        self._thread.join()
        if self._bug is not None:
            raise self._bug
        ended = self._session.ended()
        self._outputs.handle(ended)
        self._outputs.close()
        status = self._outputs.written(ended.result.exit_code)
        if self._record is not None:
            self._record.close()
            status = attempted((self._record.check,), status)
        try:
            told = {"session": self._session, "result": ended.result}
            out, redacted = console(sys.stdout), self._redactor.text
            print_template(out, "account.txt", **told, redacted=redacted)
        except (BrokenPipeError, SystemExit):  # its reader has left
            with suppress(OSError):
                release_output()
        return status

    def _judge_all(self) -> None:
        request = self._queue.get()
        # Only now, as what reporters print is to follow the announcement.
        self._outputs.handle(self._session.started())
        while request is not None:
            try:
                self._take(self._redactor.event(self._session.judge(request)))
            except Exception as bug:  # noqa: BLE001 - raised at the end
                self._bug = self._bug or bug
            request = self._queue.get()

    def _take(self, request: JudgedRequest) -> None:
        if self._record is not None:
            self._record.add(record_line(request))
        if not self._is_mute:
            try:
                click.echo(screen_line(request), err=True)
            except OSError:
                self._is_mute = True
        exchange = request.exchange
        size = len(exchange.request.body)
        size += len(exchange.response.body) if exchange.response else 0
        if request.is_first or self._room >= 0:
            self._outputs.handle(request)
            if 0 <= self._room < size:
                self._outputs.handle(Notice(message=_FULL))
            self._room -= size
