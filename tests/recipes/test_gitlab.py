"""The GitLab recipe: its script runs as a runner runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringspec.reference import Embedded

from ..called import PROJECT  # noqa: TID252 - tests are no distribution
from .recipes import (
    DOCKERFILE,
    Ended,
    command,
    gitlab_script,
    installs,
    job,
    on_path,
    our_command,
    run,
)

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

    ran = subprocess.run(
        [home / "bin" / "ringspec", "run", "--quick"],
        cwd=tmp_path,
        env={"PATH": f"{home}/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "\nconformant: " in ran.stdout
    assert not (home / "bin" / "pip").exists()
