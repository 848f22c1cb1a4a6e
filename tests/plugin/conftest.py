"""The plugin, called as its users call it: pytest within pytest."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from ringspec.plugin import Server
from ringspec.plugin.suite import NAME
from ringspec.reference import Embedded
from ringspec.spec import Contract, load
from ringspec.strategies import cases_of

from ..serving import listening, replying  # noqa: TID252 - tests are no distribution

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


def output(result: pytest.RunResult) -> str:
    """Return all output, which has no traceback."""
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    return text


@dataclass
class Careless:
    """A server that accepts everything, and counts.

    Attributes:
        requests: how many it has had.
        hear: called at each.
    """

    url: str = ""
    requests: int = 0
    hear: Callable[[], None] = lambda: None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: bytes) -> tuple[int, bytes]:
        with self._turn:
            self.requests += 1
        self.hear()
        return 201, request.partition(b"\r\n\r\n")[2]


@pytest.fixture
def careless() -> Iterator[Careless]:
    server = Careless()
    with listening(replying(server)) as server.url:
        yield server
