"""The Dockerfile: it copies what there is, installs by it, and runs as nobody."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from ..called import PROJECT  # noqa: TID252 - tests are no distribution
from .recipes import DOCKERFILE, installs, run

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
