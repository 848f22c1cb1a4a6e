"""`ringspec compare` on the reports of real runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Embedded

Ringspec = Callable[..., Any]
SELECTED = ("--select", "retryDelays", "--select", "name", "--phase", "cases")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where the reports of real runs go, which are made once."""
    return {"": tmp_path_factory.mktemp("reports")}


@pytest.fixture
def of(ringspec: Ringspec, reports: dict[str, Path]) -> Callable[..., Path]:
    """Run against a mutant, or the reference, and return the report."""

    def run(mutant: str = "", *options: str) -> Path:
        name = mutant or " ".join(("correct", *options))
        if name not in reports:
            path = reports[""] / f"{name.replace('/', '-')}.json"
            with Embedded(mutant=mutant or None) as embedded:
                ringspec(
                    *("run", embedded.url, "--bearer", embedded.token, "--quiet"),
                    *(options or SELECTED),
                    *("--report", f"json={path}"),
                )
            reports[name] = path
        return reports[name]

    return run


def test_providers_are_a_matrix(ringspec: Ringspec, of: Callable[..., Path]) -> None:
    paths = [of(), of("delay-4321-accepted"), of("name-type-unchecked")]

    ended = ringspec("compare", *map(str, paths), COLUMNS="80")

    assert ended.status == 0, ended.stderr
    assert "a b c rule\n" in ended.stdout
    assert ". F . retryDelays.items.max MUST\n" in ended.stdout
    assert ". . F name.type MUST\n" in ended.stdout
    assert "2 rules differ, " in ended.stdout
    assert "\x1b" not in ended.stdout


def test_runs_tell_regressions_and_fixes(
    ringspec: Ringspec, of: Callable[..., Path]
) -> None:
    before, after = of("name-type-unchecked"), of("delay-4321-accepted")

    ended = ringspec("compare", "--runs", str(before), str(after), COLUMNS="80")

    assert ended.status == 1
    assert "REGRESSION retryDelays.items.max  MUST\n" in ended.stdout
    assert "cases   retryDelays.items.max/4321-" in ended.stdout
    assert "FIXED 1 rule: " in ended.stdout
    assert "  name.type FAIL -> pass\n" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("1 regression, 1 fixed, ")


@pytest.mark.parametrize("shape", ["json", "markdown"])
def test_format_is_printed_alone(
    ringspec: Ringspec, of: Callable[..., Path], shape: str
) -> None:
    paths = (str(of()), str(of("name-type-unchecked")))

    ended = ringspec("compare", *paths, "--format", shape)

    assert ended.status == 0
    start = "{" if shape == "json" else "## ringspec: 1 rule differs at level must\n"
    assert ended.stdout.startswith(start)
    assert "name.type" in ended.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "nothing to compare"),
        (("--report", "html"), "has no path"),
        (("--report", "pdf=x"), "no comparison format"),
    ],
    ids=["nothing", "path", "format"],
)
def test_wrong_usage(ringspec: Ringspec, options: tuple[str, ...], said: str) -> None:
    ended = ringspec("compare", *options)

    assert ended.status == 2
    assert said in ended.stderr


def test_report_that_cannot_be_written_is_said_but_hides_no_regression(
    ringspec: Ringspec, of: Callable[..., Path], tmp_path: Path
) -> None:
    before, after = of(), of("delay-4321-accepted")
    full = ("--report", "json=/dev/full")

    better = ringspec("compare", "--runs", str(after), str(before), *full)
    worse = ringspec("compare", "--runs", str(before), str(after), *full)

    assert better.status == 2
    assert "cannot be written to /dev/full" in better.stderr
    assert worse.status == 1
