"""The composite action: its scripts run as a runner of GitHub runs them."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringspec.reference import Embedded

from ..called import PROJECT, Ended, ran  # noqa: TID252 - tests are no distribution
from .recipes import (
    ACTION,
    DOCKERFILE,
    command,
    evaluated,
    gitlab_script,
    installs,
    job,
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


NAME = "conformance"


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Embedded], Ended]:
    """Run the example's job against a server, as its own project would start it."""
    our_command(tmp_path / "bin", "--select=retryDelays")  # fewer cases
    command(tmp_path / "bin" / "pip", f'printf "%s\\n" "$@" > {tmp_path / "wanted"}')
    command(tmp_path / "start-server", "true")

    def call(server: Embedded) -> Ended:
        variables = {name: str(value) for name, value in job(NAME)["variables"].items()}
        variables["PIP_CACHE_DIR"] = str(tmp_path / "cache")
        variables["SERVER_URL"] = server.url
        port = server.url.rpartition(":")[2]
        return run(
            gitlab_script(NAME).replace("/8000", f"/{port}"),
            tmp_path,
            **variables,
            PATH=on_path(tmp_path / "bin"),
            CI_PROJECT_DIR=str(tmp_path),
            RINGSPEC_TOKEN=server.token,
        )

    return call


@pytest.fixture(scope="module")
def reference() -> Iterator[Embedded]:
    with Embedded() as embedded:
        yield embedded


def test_a_correct_server_passes(
    play: Callable[[Embedded], Ended], reference: Embedded, tmp_path: Path
) -> None:
    done = play(reference)

    assert done.status == 0, done.stderr
    assert (tmp_path / "wanted").read_text().split() == [
        "install",
        "--quiet",
        job(NAME)["variables"]["RINGSPEC"],
    ]
    assert "at level should" in done.stdout
    written = {
        str(path.relative_to(tmp_path)) for path in tmp_path.glob("ringspec-report/*")
    }
    assert job(NAME)["artifacts"]["reports"]["junit"] in written
    assert len(written) == 3


def test_a_mutant_fails_the_job_and_is_told_in_junit(
    play: Callable[[Embedded], Ended], tmp_path: Path
) -> None:
    with Embedded(mutant="delay-4320-refused") as server:
        done = play(server)

    junit = ET.parse(tmp_path / job(NAME)["artifacts"]["reports"]["junit"])
    assert done.status == 1
    assert junit.find(".//failure") is not None


def test_reports_are_kept_whatever_comes_of_the_job() -> None:
    artifacts = job(NAME)["artifacts"]

    assert artifacts["when"] == "always"
    assert artifacts["paths"] == ["ringspec-report/"]


# Instructions, with what is continued on further lines; comments are none.
LINES = re.sub(
    r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", DOCKERFILE.read_text("utf-8"))
).splitlines()
STAGES = [
    [each.split(maxsplit=1) for each in stage.splitlines() if each]
    for stage in re.split(r"(?m)^(?=FROM )", "\n".join(LINES))
    if stage.strip()
]
HOME = "/opt/ringspec"


def told(stage: int, instruction: str) -> list[str]:
    return [given for name, given in STAGES[stage] if name == instruction]


def copied() -> list[str]:
    """Return what the first stage takes from the checkout."""
    return [name for given in told(0, "COPY") for name in given.split()[:-1]]


def test_what_it_copies_is_there_and_is_all_that_is_let_in() -> None:
    ignored = (PROJECT / ".dockerignore").read_text("utf-8").splitlines()

    allowed = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert "*" in ignored
    assert sorted(allowed) == sorted(copied())
    assert [name for name in copied() if not (PROJECT / name).exists()] == []


def test_it_runs_the_command_as_nobody_who_matters() -> None:
    assert told(-1, "USER") == ["10001:10001"]
    assert told(-1, "ENTRYPOINT") == ['["ringspec"]']
    assert told(-1, "COPY") == [f"--from=build {HOME} {HOME}"]
    assert told(-1, "ENV") == [f"PATH={HOME}/bin:$PATH"]


@installs
def test_its_installation_works_from_what_it_copies_alone(tmp_path: Path) -> None:
    source, home = tmp_path / "source", tmp_path / "home"
    source.mkdir()
    for name in copied():
        path = PROJECT / name
        if path.is_dir():
            caches = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, source / name, ignore=caches)
        else:
            shutil.copy(path, source / name)

    for script in told(0, "RUN"):
        assert HOME in script
        ended = run(script.replace(HOME, str(home)), source, PYTHONPATH="")
        assert ended.status == 0, ended.stderr

    done = ran(
        home / "bin" / "ringspec",
        "run",
        "--quick",
        cwd=tmp_path,
        env={"PATH": f"{home}/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert "\nconformant: " in done.stdout
    assert not (home / "bin" / "pip").exists()
