"""The command with a profile, against one embedded server."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ringspec.cli import main
from ringspec.reference import Embedded

Run = Callable[..., Any]
Write = Callable[..., str]
SEGMENT = "11111111-2222-4333-8444-555555555555"


@dataclass(frozen=True)
class Ended:
    status: int | str | None
    stdout: str
    stderr: str


@pytest.fixture
def called(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Call the command in this process: it takes a second less than another."""
    for name in [name for name in os.environ if name.startswith("RINGSPEC_")]:
        monkeypatch.delenv(name)

    def call(*arguments: str, hush: str = "not-the-secret") -> Ended:
        monkeypatch.setenv("HUSH", hush)
        with pytest.raises(SystemExit) as exit_:
            main(list(arguments))
        return Ended(exit_.value.code, *capsys.readouterr())

    return call


@pytest.fixture
def profile(reference: Embedded, tmp_path: Path) -> Write:
    """Write a profile of the embedded server; more of it at the end."""

    def write(more: str = "") -> str:
        path = tmp_path / "mine.toml"
        path.write_text(
            f'url = "{reference.url}"\n\n[credentials]\n'
            f'token_url = "{reference.token_url}"\n'
            f'client_id = "{reference.client_id}"\n'
            f'client_secret = {{ env = "HUSH" }}\n\n{more}'
        )
        return str(path)

    return write


def steps(ended: Ended) -> dict[str, str]:
    rows = [line.split() for line in ended.stdout.splitlines() if line[0] != " "]
    return {row[1]: row[0] for row in rows}


def test_a_profile_is_written_once(called: Run, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"

    first = called("profile", "init", str(path))
    second = called("profile", "init", str(path))

    assert (first.status, second.status) == (0, 2)
    assert "[safety]" in path.read_text()
    assert f"{path} is there already" in second.stderr
    assert "--force" in second.stderr
    path.write_text("mine")
    assert called("profile", "init", "--force", str(path)).status == 0
    assert path.read_text() != "mine"


def test_a_profile_is_tried_step_by_step(
    called: Run, profile: Write, reference: Embedded
) -> None:
    more = f'[fixtures]\nsegment = "{SEGMENT}"\n[safety]\nallow_create = true\n'

    ended = called("profile", "check", profile(more), hush=reference.client_secret)

    assert ended.status == 0
    assert steps(ended) == {
        **dict.fromkeys(("file", "contract", "allowed", "route", "reach"), "ok"),
        **dict.fromkeys(("token", "read", "version", "fixture"), "ok"),
        **dict.fromkeys(("name", "tls"), "skipped"),
    }
    assert "a create with segment is accepted: HTTP 201" in ended.stdout
    assert reference.client_secret not in ended.stdout + ended.stderr


def test_a_step_that_fails_leaves_out_those_that_need_it(
    called: Run, profile: Write
) -> None:
    ended = called("profile", "check", profile())

    assert ended.status == 3
    assert steps(ended)["token"] == "failed"
    assert steps(ended)["read"] == steps(ended)["fixture"] == "skipped"
    assert "hint: check client id and client secret" in ended.stdout
    assert "not-the-secret" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[safety]\nmax_create = 1\n", "mine.toml:9: `max_create` is not known"),
        (
            '[fixtures]\nsegment = "x"\n',
            "mine.toml:9: the fixture segment does not fit",
        ),
        ('[fixtures]\nsegmnt = "x"\n', "mine.toml:9: the contract has no fixture"),
        ('[paths]\nnobody = "/x"\n', "mine.toml:9: the contract has no operation"),
    ],
)
def test_a_profile_at_fault_is_wrong_usage(
    called: Run, profile: Write, more: str, message: str
) -> None:
    ended = called("profile", "check", profile(more))

    assert ended.status == 2
    assert message in ended.stderr
    assert "hint: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_run_takes_everything_from_its_profile(
    called: Run, profile: Write, reference: Embedded, tmp_path: Path
) -> None:
    more = "[expect]\nsuccess = 200\nrejection = [422]\n"
    path = tmp_path / "report.json"
    chosen = ("--select", "retries", "--select", "body", "--phase", "cases")

    ended = called(
        *("run", "--profile", profile(more), *chosen, "--report", f"json={path}"),
        hush=reference.client_secret,
    )

    assert ended.status == 1
    text = path.read_text()
    outcomes = {each["id"]: each["outcome"] for each in json.loads(text)["rules"]}
    assert outcomes["body.accepted"] == "fail"
    assert outcomes["retries.enum"] == "pass"
    assert "accepted with HTTP 201, where 200 is expected" in text
    assert reference.client_secret not in text


@pytest.mark.parametrize("command", [("run",), ("replay", "body.accepted/plain")])
def test_a_fixture_that_does_not_fit_ends_a_run_before_anything_is_sent(
    called: Run, profile: Write, command: tuple[str, ...]
) -> None:
    path = profile('[fixtures]\nsegment = "x"\n')

    ended = called(*command, "--profile", path)

    assert ended.status == 2
    assert "mine.toml:9: the fixture segment does not fit the contract" in ended.stderr
    assert "segmentIds/items" in ended.stderr


def test_nothing_is_sent_elsewhere_unless_the_profile_says_live(
    called: Run, tmp_path: Path
) -> None:
    path = tmp_path / "p.toml"
    path.write_text('url = "http://192.0.2.1"\n')

    ended = called("profile", "check", str(path))

    assert ended.status == 3
    assert steps(ended)["allowed"] == "failed"
    assert steps(ended)["reach"] == "skipped"
    assert "live = true" in ended.stdout
