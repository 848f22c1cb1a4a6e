"""The plugin, called as its users call it: pytest within pytest."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ringspec.plugin import Server
from ringspec.plugin.suite import NAME
from ringspec.reference import Embedded
from ringspec.spec import Contract, load
from ringspec.strategies import cases_of

# A rule that the mutant below breaks, and some more of its member.
BROKEN = "ringspec::retryDelays.items.max"
KEPT = "ringspec::retryDelays.count"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def loaded() -> Contract:
    """Load all that pytester would load anew for each call, and yaml not even could."""
    assert NAME  # that it was loaded as well
    contract = load()
    cases_of(contract)
    return contract


@pytest.fixture
def suite(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, loaded: Contract
) -> Callable[..., pytest.RunResult]:
    """Call pytest in an empty folder, in this process, with nothing preset."""
    for name in [each for each in os.environ if each.startswith("RINGSPEC_")]:
        monkeypatch.delenv(name)
    for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(*arguments)

    return call


@pytest.fixture(scope="session")
def mutant() -> Iterator[Embedded]:
    with Embedded(mutant="delay-4321-accepted") as running:
        yield running


def at(server: Embedded | Server) -> tuple[str, ...]:
    # A token may begin with a dash.
    return (f"--ringspec={server.url}", f"--ringspec-bearer={server.token}")


def said(result: pytest.RunResult) -> str:
    """Return all that was said, which is no traceback of anybody's."""
    told = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in told
    assert "INTERNALERROR" not in told
    return told


class _Careless(BaseHTTPRequestHandler):
    """Takes whatever it is sent for a broadcast."""

    def do_POST(self) -> None:
        owner = self.server
        assert isinstance(owner, Careless)
        owner.heard()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Careless(ThreadingHTTPServer):
    """A server that accepts everything, and counts.

    Attributes:
        requests: how many it has had.
        hear: called at each.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Careless)
        self.requests = 0
        self.hear: Callable[[], None] = lambda: None
        self._turn = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def heard(self) -> None:
        with self._turn:
            self.requests += 1
        self.hear()


@pytest.fixture
def careless() -> Iterator[Careless]:
    with _running() as server:
        yield server


@contextmanager
def _running() -> Iterator[Careless]:
    server = Careless()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
