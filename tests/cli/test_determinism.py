"""Two runs with one seed against one target differ in nothing but time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytestmark = pytest.mark.socket

Run = Callable[..., Any]


class _Careless(BaseHTTPRequestHandler):
    """Takes everything, and answers always the same."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are sent apart

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = json.dumps({"broadcastId": "b-1", "state": "draft"}).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815


@pytest.fixture(scope="module")
def careless() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Careless)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def without_time(report: dict[str, Any]) -> str:
    return json.dumps({**report, "duration_s": 0})


@pytest.mark.parametrize("more", [(), ("--quick", "--workers=9")])
def test_reports_are_the_same_but_for_times(
    ringspec: Run, careless: str, more: tuple[str, ...]
) -> None:
    arguments = ("run", careless, "--bearer", "some-token", "--level", "may", *more)

    first, second = (ringspec(*arguments, report=True) for _ in range(2))

    assert first.status == second.status == 1
    assert len(first.report["rules"]) > 100
    assert without_time(first.report) == without_time(second.report)


def test_cases_are_the_same_bytes(ringspec: Run) -> None:
    first = ringspec("cases", "--seed", "7")
    second = ringspec("cases", "--seed", "7", PYTHONHASHSEED="4711")

    assert first.stdout == second.stdout
    assert first.stdout.count("\n") > 500
