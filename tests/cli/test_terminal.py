"""What a run prints, by the real command against real servers."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Embedded

from ..called import environment  # noqa: TID252 - tests are no distribution
from ..serving import answering  # noqa: TID252 - tests are no distribution
from .conftest import COMMAND

Ringspec = Callable[..., Any]
FEW = ("--select", "name", "--phase", "cases")


@pytest.fixture(scope="module")
def mutant() -> Iterator[Embedded]:
    with Embedded(mutant="types-unchecked") as embedded:
        yield embedded


def called(embedded: Embedded, *options: str) -> tuple[str, ...]:
    return ("run", embedded.url, "--bearer", embedded.token, *options)


def test_replay_line_and_report_need_the_file_of_a_dialect(
    ringspec: Ringspec, mutant: Embedded, tmp_path: Path
) -> None:
    dialect = tmp_path / "mine.yaml"
    dialect.write_text(
        "overlay: 1.0.0\ninfo: {title: Mine, version: '1'}\n"
        "actions: [{target: $, update: {}}]\n"
    )
    run = (*called(mutant), "--dialect", str(dialect))

    out = ringspec(*run, report=True).stdout
    replayed = ringspec("replay", str(tmp_path / "ringspec.json"))

    assert f" {mutant.url} --dialect {dialect}" in out
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
    assert "cases done" not in drawn


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (422, "FAIL valid requests are refused with HTTP 422  MUST\n"),
        (500, "FAIL robustness  MUST, documented\n"),
    ],
    ids=["refuses-all", "fails-at-all"],
)
def test_server_that_does_one_thing_is_told_in_a_screen(
    ringspec: Ringspec, served: Callable[..., str], status: int, said: str
) -> None:
    body = b'{"error": {"code": "no", "message": "It will not do."}}'

    ended = ringspec("run", served(answering(status, body)), COLUMNS="80")

    assert ended.status == 1
    assert said in ended.stdout
    assert ended.stdout.count("FAIL ") == 1
    assert ended.stdout.count("\n") < 80, ended.stdout
