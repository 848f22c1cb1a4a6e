"""The GitLab recipe: its script runs as a runner runs it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringspec.reference import Embedded

from .recipes import Ended, command, gitlab_script, job, on_path, our_command, run

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
