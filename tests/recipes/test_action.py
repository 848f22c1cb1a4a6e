"""The composite action: its scripts run as a runner of GitHub runs them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringspec.reference import Embedded

from ..called import PROJECT  # noqa: TID252 - tests are no distribution
from .recipes import (
    ACTION,
    Ended,
    command,
    evaluated,
    installs,
    on_path,
    our_command,
    read,
    run,
    step,
)

INPUTS = read(ACTION)["inputs"]
QUICK = "--select=retryDelays\n--select=name"


@dataclass(frozen=True)
class Stepped:
    """What a step left behind."""

    ended: Ended
    outputs: dict[str, str]
    summary: str


@pytest.fixture
def stepped(tmp_path: Path) -> Callable[..., Stepped]:
    """Run the step that tests, with inputs as `with:` gives them."""
    our_command(tmp_path / "temp" / "ringspec" / "bin")

    def call(token: str = "", **given: str) -> Stepped:
        told = {name.replace("_", "-"): value for name, value in given.items()}
        assert told.keys() <= INPUTS.keys()
        inputs = {name: each["default"] for name, each in INPUTS.items()} | told
        testing = step(ACTION, "Test the server")
        files = {name: tmp_path / name for name in ("outputs", "summary")}
        for path in files.values():
            path.write_text("")
        ended = run(
            testing["run"],
            tmp_path,
            **evaluated(testing["env"], inputs),
            RUNNER_TEMP=str(tmp_path / "temp"),
            GITHUB_ACTIONS="true",
            GITHUB_OUTPUT=str(files["outputs"]),
            GITHUB_STEP_SUMMARY=str(files["summary"]),
            RINGSPEC_TOKEN=token,
        )
        rows = files["outputs"].read_text().splitlines()
        outputs = dict(row.split("=", 1) for row in rows)
        return Stepped(ended, outputs, files["summary"].read_text())

    return call


@pytest.fixture(scope="module")
def mutant() -> Iterator[Embedded]:
    with Embedded(mutant="retry-delays-items-max-unchecked") as embedded:
        yield embedded


def test_without_a_url_the_reference_server_is_tested(
    stepped: Callable[..., Stepped], tmp_path: Path
) -> None:
    done = stepped(level="may", args=QUICK)

    assert done.ended.status == 0, done.ended.stderr
    assert done.outputs == {
        "status": "0",
        "html": "ringspec-report/report.html",
        "junit": "ringspec-report/junit.xml",
        "json": "ringspec-report/report.json",
    }
    assert "conformant" in done.summary
    assert sorted(path.name for path in (tmp_path / "ringspec-report").iterdir()) == [
        "junit.xml",
        "report.html",
        "report.json",
        "summary.md",
    ]


def test_a_failure_fails_the_step_and_is_told_everywhere(
    stepped: Callable[..., Stepped], mutant: Embedded, tmp_path: Path
) -> None:
    done = stepped(mutant.token, url=mutant.url, args=QUICK, reports="a b/c")

    assert done.ended.status == 1
    assert done.outputs["status"] == "1"
    assert "retryDelays.items.max" in done.summary
    assert "::error title=" in done.ended.stdout
    assert mutant.token not in done.ended.stdout + done.summary
    junit = ET.parse(tmp_path / done.outputs["junit"])
    assert junit.find(".//failure") is not None


def test_known_failures_and_more_options_reach_the_command(
    stepped: Callable[..., Stepped], mutant: Embedded, tmp_path: Path
) -> None:
    (tmp_path / "known.toml").write_text(
        '[[known]]\nrule = "retryDelays.items.max"\nreason = "in March"\n'
    )

    done = stepped(
        mutant.token, url=mutant.url, args=QUICK, known_failures="known.toml"
    )

    assert done.ended.status == 0, done.ended.stdout


def test_wrong_usage_leaves_no_report_of_an_earlier_run(
    stepped: Callable[..., Stepped], tmp_path: Path
) -> None:
    (tmp_path / "ringspec-report").mkdir()
    (tmp_path / "ringspec-report" / "junit.xml").write_text("of yesterday")

    done = stepped(level="musty")

    assert (done.ended.status, done.outputs["status"]) == (2, "2")
    assert "musty" in done.ended.stderr
    assert done.summary == ""
    assert list((tmp_path / "ringspec-report").iterdir()) == []


def test_every_input_reaches_the_command(
    stepped: Callable[..., Stepped], tmp_path: Path
) -> None:
    said = tmp_path / "said"
    ringspec = tmp_path / "temp" / "ringspec" / "bin" / "ringspec"
    command(ringspec, f'printf "%s\\n" "$@" > {said}; exit 3')

    done = stepped(
        url="http://127.0.0.1:1",
        level="may",
        profile="a profile.toml",
        dialect="naxai-sdk",
        known_failures="known.toml",
        args="--quick\n\n--exclude=a b\n",
        reports="out",
    )

    given = ["run", "--level", "may", "--profile", "a profile.toml"]
    given += ["--dialect", "naxai-sdk", "--known-failures", "known.toml"]
    given += ["--quick", "--exclude=a b", "http://127.0.0.1:1"]
    assert said.read_text().splitlines()[: len(given)] == given
    assert (done.ended.status, done.outputs["status"]) == (3, "3")
    promised = {f"${{{{ steps.run.outputs.{name} }}}}" for name in done.outputs}
    assert {each["value"] for each in read(ACTION)["outputs"].values()} == promised
    assert step(ACTION, "Test the server")["id"] == "run"


@pytest.fixture
def installed(tmp_path: Path) -> Callable[..., tuple[Ended, list[str]]]:
    """Run the step that installs, with a Python that only says what is wanted of it."""

    def call(version: str = "", *, old: bool = False) -> tuple[Ended, list[str]]:
        said = tmp_path / "said"
        said.write_text("")
        pip = command(tmp_path / "pip", f'printf "%s\\n" "$@" >> {said}')
        command(
            tmp_path / "bin" / "python3",
            f'[ "$1" != -c ] || exit {int(old)}\nmkdir -p "$3/bin"; cp {pip} "$3/bin/"',
        )
        ended = run(
            step(ACTION, "Install ringspec")["run"],
            tmp_path,
            PATH=on_path(tmp_path / "bin"),
            RUNNER_TEMP=str(tmp_path / "temp"),
            GITHUB_ACTION_PATH=str(PROJECT),
            VERSION=version,
        )
        return ended, said.read_text().splitlines()

    return call


def test_a_version_that_is_asked_for_is_installed(
    installed: Callable[..., tuple[Ended, list[str]]],
) -> None:
    ended, said = installed("0.1.0")

    assert ended.status == 0, ended.stderr
    assert said == ["install", "--quiet", "ringspec==0.1.0"]


def test_an_old_python_is_told(
    installed: Callable[..., tuple[Ended, list[str]]],
) -> None:
    ended, said = installed(old=True)

    assert ended.status == 2
    assert ended.stdout.startswith("::error::ringspec needs Python 3.11 or newer")
    assert said == []


@installs
def test_the_action_installs_and_runs_for_real(
    stepped: Callable[..., Stepped], tmp_path: Path
) -> None:
    (tmp_path / "temp" / "ringspec" / "bin" / "ringspec").unlink()
    ended = run(
        step(ACTION, "Install ringspec")["run"],
        tmp_path,
        RUNNER_TEMP=str(tmp_path / "temp"),
        GITHUB_ACTION_PATH=str(PROJECT),
        VERSION="",
        PYTHONPATH="",
    )

    assert ended.status == 0, ended.stderr
    assert stepped(args=QUICK).ended.status == 0
