"""A run that is interrupted tells what is known, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ringspec.reference import Embedded

from ..called import at, call, environment  # noqa: TID252 - no distribution
from ..serving import (  # noqa: TID252 - tests are no distribution
    ACCEPTED,
    slow,
)
from ..waiting import eventually  # noqa: TID252 - tests are no distribution
from .conftest import BREAK, COMMAND, WINDOWS, on_windows

MUTANT = "types-unchecked"

Started = Callable[..., subprocess.Popen[str]]
Served = Callable[[Callable[[socket.socket], None]], str]


def children(pid: int) -> set[int]:
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return {int(each) for each in task.read_text().split()} if task.exists() else set()


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("started", "sign"),
    [
        ({}, signal.SIGINT),
        ({}, signal.SIGTERM),
        (WINDOWS, signal.SIGINT),
        (WINDOWS, BREAK),
    ],
    ids=["int", "term", "windows-int", "windows-break"],
    indirect=["started"],
)
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

    kept = f"--report=evidence={tmp_path / 'e'}"
    process = started("run", served(counting), "--level", "may", *reports, kept)
    # What has come back by then is taken in a moment later.
    assert eventually(lambda: len(answered) > 20)

    process.send_signal(sign)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "interrupted after" in out
    assert "nonconformant" in out
    assert [line for line in err.splitlines() if line and "note: " not in line] == []
    assert call("verify", str(tmp_path / "e")).status == 0
    report = json.loads(json_path.read_text())
    assert report["interrupted"]
    assert report["counts"]["cases"] > 2
    outcomes = {each["id"]: each["outcome"] for each in report["rules"]}
    assert outcomes["answer.members"] in {"fail", "inconclusive"}
    assert outcomes["voiceFlow.type"] == "inconclusive"
    assert "</testsuites>" in junit_path.read_text()


@on_windows
def test_interrupt_in_mid_run_ends_the_embedded_server(
    started: Started, tmp_path: Path
) -> None:
    process = started("run", "--report", f"json={tmp_path / 'r.json'}")
    assert process.stdout is not None
    process.stdout.readline()
    servers = children(process.pid)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

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
    out, err = process.communicate(timeout=60)

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
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in err


FEW = ("--select", "name", "--phase", "cases")


def called(embedded: Embedded, *options: str) -> tuple[str, ...]:
    return ("run", *at(embedded), *options)


def test_replay_line_and_report_need_the_file_of_a_dialect(
    mutant: Embedded, tmp_path: Path
) -> None:
    dialect = tmp_path / "mine.yaml"
    dialect.write_text(
        "overlay: 1.0.0\ninfo: {title: Mine, version: '1'}\n"
        "actions: [{target: $, update: {}}]\n"
    )
    run = (*called(mutant), "--dialect", str(dialect))

    path = tmp_path / "ringspec.json"
    out = call(*run, to=path).stdout
    replayed = call("replay", str(path))

    assert f" --dialect {dialect}" in out
    assert replayed.status == 2
    assert replayed.stderr.splitlines()[1:] == [
        "    hint: name that file with --dialect"
    ]


def on_a_screen(arguments: tuple[str, ...], **environ: str) -> str:
    """Run the command on a terminal of its own, and return all that it drew."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(environ),
        )
    finally:
        os.close(theirs)
    drawn = b""
    with process:
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux ends a terminal so
                break
            if not part:
                break
            drawn += part
    os.close(ours)
    return drawn.decode()


def test_screen_is_coloured_and_draws_a_bar(mutant: Embedded) -> None:
    drawn = on_a_screen(called(mutant, *FEW), TERM="xterm", COLUMNS="80")

    assert "\x1b[1;31mFAIL" in drawn
    assert "━" in drawn
    assert drawn.rindex("\x1b[2K") > drawn.rindex("━")  # it vanishes
