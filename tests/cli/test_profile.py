"""The command with a profile, against one embedded server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Embedded

from ..called import call  # noqa: TID252 - tests are no distribution

Write = Callable[..., str]
SEGMENT = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def profile(
    reference: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Write:
    """Write a profile of the embedded server; more of it at the end."""

    monkeypatch.setenv("HUSH", "not-the-secret")

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


def steps(ended: Any) -> dict[str, str]:
    rows = [line.split() for line in ended.stdout.splitlines() if line[0] != " "]
    return {row[1]: row[0] for row in rows}


def test_a_profile_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"

    first = call("profile", "init", str(path))
    second = call("profile", "init", str(path))

    assert (first.status, second.status) == (0, 2)
    assert "[safety]" in path.read_text()
    assert f"{path} is there already" in second.stderr
    assert "--force" in second.stderr
    path.write_text("mine")
    assert call("profile", "init", "--force", str(path)).status == 0
    assert path.read_text() != "mine"


def test_a_profile_is_tried_step_by_step(profile: Write, reference: Embedded) -> None:
    more = f'[fixtures]\nsegment = "{SEGMENT}"\n[safety]\nallow_create = true\n'

    ended = call("profile", "check", profile(more), HUSH=reference.client_secret)

    assert ended.status == 0
    done = ("file", "contract", "allowed", "route", "token", "read", "version")
    assert steps(ended) == dict.fromkeys((*done, "fixture"), "ok")
    assert "a create with segment is accepted: HTTP 201" in ended.stdout
    assert reference.client_secret not in ended.stdout + ended.stderr


def test_a_step_that_fails_leaves_out_those_that_need_it(profile: Write) -> None:
    ended = call("profile", "check", profile())

    assert ended.status == 3
    assert steps(ended)["token"] == "failed"
    assert steps(ended)["read"] == steps(ended)["fixture"] == "skipped"
    assert "hint: check client id and client secret" in ended.stdout
    assert "not-the-secret" not in ended.stdout + ended.stderr


def test_a_run_takes_everything_from_its_profile(
    profile: Write, reference: Embedded, tmp_path: Path
) -> None:
    more = "[expect]\nsuccess = 200\nrejection = [422]\n"
    path = tmp_path / "report.json"
    chosen = ("--select", "retries", "--select", "body", "--phase", "cases")

    ended = call(
        *("run", "--profile", profile(more), *chosen, "--report", f"json={path}"),
        HUSH=reference.client_secret,
    )

    assert ended.status == 1
    text = path.read_text()
    outcomes = {each["id"]: each["outcome"] for each in json.loads(text)["rules"]}
    assert outcomes["body.accepted"] == "fail"
    assert outcomes["retries.enum"] == "pass"
    assert "accepted with HTTP 201, where 200 is expected" in text
    assert reference.client_secret not in text


def test_nothing_is_sent_elsewhere_unless_the_profile_says_live(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('url = "http://192.0.2.1"\n')

    ended = call("profile", "check", str(path))

    assert ended.status == 3
    assert steps(ended)["allowed"] == "failed"
    assert steps(ended)["read"] == "skipped"
    assert "live = true" in ended.stdout
