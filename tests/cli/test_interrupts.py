"""A run that is interrupted tells what is known, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ..serving import ACCEPTED, slow  # noqa: TID252 - tests are no distribution
from ..waiting import eventually  # noqa: TID252 - tests are no distribution

Started = Callable[..., subprocess.Popen[str]]
Served = Callable[[Callable[[socket.socket], None]], str]


def children(pid: int) -> set[int]:
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return {int(each) for each in task.read_text().split()} if task.exists() else set()


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_interrupt_in_mid_run_reports_the_findings_so_far(
    started: Started, served: Served, tmp_path: Path, sign: signal.Signals
) -> None:
    json_path, junit_path = tmp_path / "r.json", tmp_path / "r.xml"
    reports = ("--report", f"json={json_path}", "--report", f"junit={junit_path}")
    answered: list[bool] = []

    def counting(connection: socket.socket) -> None:
        while connection.recv(65536):
            time.sleep(0.05)
            connection.sendall(ACCEPTED)
            answered.append(True)

    process = started("run", served(counting), "--level", "may", *reports)
    # What has come back by then is taken in a moment later.
    assert eventually(lambda: len(answered) > 20)

    process.send_signal(sign)
    out, err = process.communicate(timeout=300)

    assert process.returncode == 130
    assert "interrupted after" in out
    assert "nonconformant" in out
    assert [line for line in err.splitlines() if line and "note: " not in line] == []
    report = json.loads(json_path.read_text())
    assert report["interrupted"]
    assert report["counts"]["cases"] > 2
    outcomes = {each["id"]: each["outcome"] for each in report["rules"]}
    assert outcomes["answer.members"] in {"fail", "inconclusive"}
    assert outcomes["voiceFlow.type"] == "inconclusive"
    assert "</testsuites>" in junit_path.read_text()


def test_interrupt_in_mid_run_ends_the_embedded_server(
    started: Started, tmp_path: Path
) -> None:
    process = started("run", "--report", f"json={tmp_path / 'r.json'}")
    assert process.stdout is not None
    process.stdout.readline()
    servers = children(process.pid)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)

    assert servers
    assert eventually(lambda: not any(map(alive, servers)))
    assert process.returncode == 130
    assert "interrupted after" in out
    assert err.strip() == ""
    assert (tmp_path / "r.json").exists()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_interrupt_while_loading_ends_quietly(
    started: Started, sign: signal.Signals
) -> None:
    process = started("run")
    server = eventually(lambda: children(process.pid))  # begun before the contract

    process.send_signal(sign)
    out, err = process.communicate(timeout=300)

    assert process.returncode == 130
    assert out == ""
    assert err.strip() == "interrupted"
    assert eventually(lambda: not any(map(alive, server)))


def test_second_interrupt_does_not_leave_a_traceback(
    started: Started, served: Served
) -> None:
    process = started("run", served(slow))
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.3)

    process.send_signal(signal.SIGINT)
    time.sleep(0.01)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=300)

    assert process.returncode == 130
    assert "Traceback" not in err
