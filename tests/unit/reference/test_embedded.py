from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from ringspec.reference import Embedded, EmbeddedError

from ...called import ran  # noqa: TID252 - tests are no distribution
from .conftest import ALL, body


def post(server: Embedded, body: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.token}"}
    return httpx.post(server.url + ALL, json=body, headers=headers)


def is_listening(url: str) -> bool:
    try:
        httpx.get(url, timeout=1)
    except httpx.TransportError:
        return False
    return True


def test_child_serves_and_ends_with_the_block() -> None:
    with Embedded() as server:
        answer = post(server, body())
        form = {
            "client_id": server.client_id,
            "client_secret": server.client_secret,
            "grant_type": "client_credentials",
        }
        token = httpx.post(server.token_url, data=form).json()["access_token"]

    assert answer.status_code == 201
    assert "server" not in answer.headers
    assert token == server.token
    assert not is_listening(server.url)


def test_child_that_dies_early_tells_why() -> None:
    with pytest.raises(EmbeddedError, match="no mutant 'nonesuch'") as caught:
        Embedded(mutant="nonesuch").__enter__()

    assert "exit status 2" in str(caught.value)


def test_child_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringspec.reference.embedded._START_S", 0.001)

    with pytest.raises(EmbeddedError, match="did not start within"):
        Embedded().__enter__()


def test_child_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringspec.reference.embedded._FAREWELL_S", 0.1)
    with Embedded() as server:
        assert server.process is not None
        child = server.process.pid
        os.kill(child, signal.SIGSTOP)

    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_child_dies_when_its_parent_is_killed() -> None:
    program = (
        "from ringspec.reference import Embedded; import time;"
        "print(Embedded().begin().ready().url, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        before = is_listening(url)
        parent.kill()
    deadline = time.monotonic() + 5
    while is_listening(url) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert before
    assert not is_listening(url)


@pytest.mark.parametrize("requests", [0, 1], ids=["at once", "while it serves"])
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_foreground_server_cleanly(
    sign: signal.Signals, requests: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ringspec.reference"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        announced = json.loads(server.stdout.readline())
        for _ in range(requests):
            assert is_listening(announced["url"])
        os.kill(server.pid, sign)
        rest, errors = server.communicate(timeout=5)

    assert list(announced) == [
        "url",
        "token_url",
        "client_id",
        "client_secret",
        "token",
    ]
    assert (server.returncode, rest, errors) == (0, "", "")


def test_port_in_use_is_told_in_a_line() -> None:
    with Embedded() as server:
        port = server.url.rpartition(":")[2]
        done = ran(sys.executable, "-m", "ringspec.reference", "--port", port)

    assert done.returncode == 2
    assert done.stderr.startswith(f"cannot listen on port {port}")
    assert "Traceback" not in done.stderr
