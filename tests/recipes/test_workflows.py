"""Our workflows and the example: their scripts run, and nothing else's is trusted."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringspec.reference import Embedded

from ..called import PROJECT  # noqa: TID252 - tests are no distribution
from .recipes import (
    ACTION,
    EXAMPLE,
    GITLAB,
    WORKFLOWS,
    command,
    installs,
    on_path,
    read,
    run,
    step,
    steps,
)

ALL = (ACTION, *WORKFLOWS, EXAMPLE)
RELEASE = PROJECT / ".github" / "workflows" / "release.yml"
SYSTEMS = RELEASE.with_name("systems.yml")
PACKAGE = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
VERSION = PACKAGE["version"]
# Somebody else's action, by the commit of a release that stands behind it.
PINNED = re.compile(r"uses: (actions/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)\n")


def uses(path: Path) -> Iterator[str]:
    for each in steps(path):
        if "uses" in each:
            yield each["uses"]


@pytest.fixture(scope="module")
def reference() -> Iterator[Embedded]:
    with Embedded() as embedded:
        yield embedded


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_no_script_has_an_expression_in_it(path: Path) -> None:
    # Whoever names a branch could write a command there.
    assert [each["run"] for each in steps(path) if "${{" in each.get("run", "")] == []


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_other_peoples_actions_are_pinned_by_commit(path: Path) -> None:
    pinned = [f"{name}@{sha}" for name, sha, _ in PINNED.findall(path.read_text())]

    own = {"./", f"OWNER/ringspec@v{VERSION}"}
    assert [each for each in uses(path) if each not in own] == pinned


def test_an_action_is_pinned_to_one_commit_everywhere() -> None:
    pinned = {found for path in ALL for found in PINNED.findall(path.read_text())}

    assert len(pinned) == len({name for name, _, _ in pinned}) == 3


@pytest.mark.parametrize("path", [*WORKFLOWS, EXAMPLE], ids=lambda path: path.name)
def test_a_job_may_only_read_and_ends(path: Path) -> None:
    workflow = read(path)

    assert workflow["permissions"] == {"contents": "read"}
    assert all(each["timeout-minutes"] <= 90 for each in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_our_workflows_take_no_secrets(path: Path) -> None:
    assert "secrets" not in path.read_text("utf-8")


def test_ci_runs_what_everybody_runs() -> None:
    ran = [each["run"] for each in steps(WORKFLOWS[0]) if "run" in each]

    assert ran == ["bash .ci/run"]
    assert (PROJECT / ".ci" / "run").is_file()


def test_what_is_called_supported_is_what_a_workflow_tries() -> None:
    tried = read(SYSTEMS)["jobs"]["users"]["strategy"]["matrix"]
    said = [each.rpartition(" :: ")[2] for each in PACKAGE["classifiers"]]
    systems = {"Linux": "ubuntu", "MacOS": "macos", "Windows": "windows"}

    assert [each for each in systems if each in said] == list(systems)
    assert [each.partition("-")[0] for each in tried["system"]] == [*systems.values()]
    pythons = [each for each in said if each.startswith("3.")]
    assert [pythons[0], pythons[-1]] == tried["python"]
    assert PACKAGE["requires-python"] == f">={pythons[0]}"


@pytest.mark.parametrize(
    "script",
    [each["run"] for each in steps(SYSTEMS) if " pip " not in each.get("run", " pip ")],
)
def test_the_systems_are_tried_as_this_one_can_be(script: str, tmp_path: Path) -> None:
    given = {"PATH": on_path(Path(sys.executable).parent), "RUNNER_TEMP": str(tmp_path)}

    ended = run(script, tmp_path, **given)

    assert ended.status == 0, ended.stdout + ended.stderr


def test_the_example_starts_a_server_and_waits_for_it(
    reference: Embedded, tmp_path: Path
) -> None:
    command(tmp_path / "start-server", f"echo started > {tmp_path / 'said'}")
    script = step(EXAMPLE, "Start the server under test")["run"]
    told = script.replace("http://127.0.0.1:8000", reference.url)
    assert told != script

    ended = run(f"{told}\nwait", tmp_path)

    assert ended.status == 0, ended.stderr
    assert (tmp_path / "said").read_text() == "started\n"


def test_the_example_gives_the_action_what_it_takes() -> None:
    used = step(EXAMPLE, "Is it conformant?")
    kept = step(EXAMPLE, "Keep the reports")

    inputs = read(ACTION)["inputs"]
    assert used["with"].keys() <= inputs.keys()
    assert used["env"].keys() == {"RINGSPEC_TOKEN"}
    assert kept["with"]["path"] == inputs["reports"]["default"] + "/"


def test_a_wrong_tag_releases_nothing(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "ringspec.whl").touch()
    command(tmp_path / "bin" / "python3", 'mkdir -p "$3"')
    command(tmp_path / "wheel" / "bin" / "pip", "true")
    command(tmp_path / "wheel" / "bin" / "ringspec", f"echo ringspec {VERSION}")
    script = step(RELEASE, "Install that wheel, and see that it is what the tag says")
    given = {"RUNNER_TEMP": str(tmp_path), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}

    right = run(script["run"], tmp_path, **given, GITHUB_REF_NAME=f"v{VERSION}")
    wrong = run(script["run"], tmp_path, **given, GITHUB_REF_NAME="v9.9.9")

    assert right.status == 0, right.stderr
    assert wrong.status == 1
    assert f"the tag is v9.9.9, but the wheel is ringspec {VERSION}" in wrong.stdout


@installs
def test_a_release_builds_a_wheel_and_the_vectors_with_it(tmp_path: Path) -> None:
    source, temp = tmp_path / "source", tmp_path / "temp"
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        text=True,
    )
    for name in filter(None, listed.split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, source / name)

    for each in steps(RELEASE):
        if "run" in each:
            given = {"RUNNER_TEMP": str(temp), "GITHUB_REF_NAME": f"v{VERSION}"}
            ended = run(each["run"], source, **given, PYTHONPATH="")
            assert ended.status == 0, ended.stderr

    names = {path.name for path in (source / "dist").iterdir()}
    stem = f"ringspec-cases-{VERSION}"
    assert names == {
        f"ringspec-{VERSION}-py3-none-any.whl",
        f"ringspec-{VERSION}.tar.gz",
        f"{stem}-canonical.jsonl",
        f"{stem}-naxai-sdk.jsonl",
        f"{stem}.manifest.json",
        f"{stem}.schema.json",
        f"{stem}.sha256",
    }


@pytest.mark.parametrize(
    ("title", "path"),
    [(".github/workflows/conformance.yml", EXAMPLE), (".gitlab-ci.yml", GITLAB)],
)
def test_the_page_shows_what_is_tested(title: str, path: Path) -> None:
    page = (PROJECT / "docs" / "gate.md").read_text("utf-8")

    shown = page.split(f'```yaml title="{title}"\n')[1].split("```\n")[0]
    assert shown == path.read_text("utf-8")
