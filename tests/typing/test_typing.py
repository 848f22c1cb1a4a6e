from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from ..called import ran  # noqa: TID252 - tests are no distribution

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is not installed"
)


def checked(program: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache)]
    command += ["--config-file", str(ROOT / "pyproject.toml"), str(program)]
    return ran(*command, cwd=ROOT)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The checkout's own, if there is one, is warm: a cold check takes half a minute.
    warm = ROOT / ".mypy_cache"
    return warm if warm.is_dir() else tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("program", ["api.py", "suite.py"])
def test_a_users_program_type_checks(program: str, cache: Path) -> None:
    found = checked(HERE / program, cache)

    assert found.returncode == 0, found.stdout + found.stderr


def test_a_users_mistake_is_found(tmp_path: Path, cache: Path) -> None:
    program = tmp_path / "mistaken.py"
    program.write_text(
        "from ringspec.spec import load\nlevel: int = load().rules\n", "utf-8"
    )

    found = checked(program, cache)

    assert "Incompatible types in assignment" in found.stdout
