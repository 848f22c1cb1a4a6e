"""No lawful variant is ever accused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from ringspec.harness import Ended, Result
from ringspec.harness.run import Plan, run
from ringspec.reference import Settings
from ringspec.reference.app import build
from ringspec.reference.behaviour import Behaviour
from ringspec.spec import load
from ringspec.strategies import cases_of

from .lawful import LAWFUL, Lawful

pytestmark = [pytest.mark.kill, pytest.mark.socket]


@contextmanager
def served(settings: Settings, behaviour: Behaviour) -> Iterator[str]:
    """Serve a behaviour on a free port, in a thread."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        build(settings, behaviour), log_level="error", lifespan="off", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _result(lawful: Lawful) -> Result:
    settings = Settings()
    contract = load()
    with served(settings, lawful.apply(Behaviour())) as url:
        plan = Plan(
            contract=contract,
            cases=cases_of(contract),
            url=url,
            token=settings.token,
            level=lawful.level,
        )
        last = list(run(plan))[-1]
    assert isinstance(last, Ended)
    return last.result


@pytest.mark.parametrize("lawful", LAWFUL, ids=lambda each: each.name)
def test_lawful_variant_is_conformant(lawful: Lawful) -> None:
    result = _result(lawful)

    accused = {
        each.rule.id: [finding.reason for finding in each.gating(lawful.level)][:2]
        for each in result.rules
        if each.gating(lawful.level)
    }
    assert accused == {}
    assert result.exit_code == 0


def test_there_are_enough_lawful_variants() -> None:
    assert len({each.name for each in LAWFUL}) >= 25
