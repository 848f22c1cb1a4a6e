"""What the wheel holds: built once, from this checkout, without the network."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ..called import ran  # noqa: TID252 - tests are no distribution

ROOT = Path(__file__).parents[2]
PACKAGES = (
    *("spec", "strategies", "harness", "reference", "reports", "cli"),
    "load",
    "plugin",
)
FILES = """
    cli/manual.toml cli/options.toml spec/forms.json spec/http_rules.yaml
    load/options.toml plugin/options.toml spec/openapi.yaml
    spec/questions.yaml spec/rules.yaml spec/seed.yaml spec/dialects/naxai-sdk.yaml
    spec/sentences.yaml spec/errors.toml spec/profiles/naxai.toml
    spec/profiles/reference.toml
    spec/profiles/camara.toml spec/packs/camara.yaml
    harness/profile/template.toml reports/report.schema.json
    reports/matrix.schema.json spec/explained.yaml spec/vocabulary.json
    strategies/case.schema.json strategies/shapes/texts.json strategies/values.json
    spec/__init__.pyi strategies/__init__.pyi harness/__init__.pyi reports/__init__.pyi
    strategies/certified/canonical.jsonl.gz strategies/certified/naxai-sdk.jsonl.gz
"""
TEMPLATES = (ROOT / "reports/ringspec/reports/templates").iterdir()
DATA = {f"ringspec/{each}" for each in FILES.split()} | {
    f"ringspec/reports/templates/{each.name}" for each in TEMPLATES
}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for module in ("hatchling", "pip"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"a wheel cannot be built here: {module} is not installed")
    if not (ROOT / "README.md").is_file():
        pytest.skip("a wheel cannot be built here: pyproject.toml asks for README.md")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index"]
    command += [
        "--no-build-isolation",
        "--quiet",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    built = ran(*command)
    assert built.returncode == 0, built.stderr
    (made,) = folder.glob("ringspec-*.whl")
    return made


def test_the_wheel_holds_packages_data_and_licence_and_no_tests(wheel: Path) -> None:
    contents = set(zipfile.ZipFile(wheel).namelist())
    packages = [f"ringspec/{each}/__init__.py" for each in PACKAGES]
    typed = [f"ringspec/{each}/py.typed" for each in PACKAGES]
    tops = {name.split("/")[0] for name in contents}
    parts = {part for name in contents for part in name.split("/")}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"ringspec"}
    assert contents >= {*packages, *typed, *DATA}
    # The namespace stays open.
    assert "ringspec/__init__.py" not in contents
    assert not parts & {"tests", "__pycache__"}
    assert not any(part.startswith(("test_", "conftest")) for part in parts)
    assert any(name.endswith("licenses/LICENSE") for name in contents)


def test_the_wheel_installs_and_does_its_main_job(wheel: Path, tmp_path: Path) -> None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    install += ["--no-index", "--target", str(tmp_path), str(wheel)]
    subprocess.run(install, check=True)
    # First on the path: the checkout that these tests run from must not answer.
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [str(tmp_path / "bin" / "ringspec"), "run", "--level", "may"]

    done = ran(
        *command,
        "--report",
        f"json={tmp_path / 'report.json'}",
        cwd=tmp_path,
        env=environment,
    )
    where = ran(
        sys.executable,
        "-c",
        "import ringspec.spec as it; print(it.__file__)",
        cwd=tmp_path,
        env=environment,
        check=True,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("conformant: ")
    assert where.stdout.startswith(str(tmp_path))
