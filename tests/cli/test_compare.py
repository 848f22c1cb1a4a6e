"""`ringspec compare` on the reports of real runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Embedded

from ..called import Ended, at  # noqa: TID252 - tests are no distribution

MUTANT = "last-delay-unbounded"

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
                    *("run", *at(embedded), "--quiet"),
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
    formats = ("--format=json", "{"), ("--format=markdown", "## ringspec: 2 rules di")
    for option, start in formats:
        alone = ringspec("compare", *map(str, paths), option)
        assert (alone.status, alone.stdout[: len(start)]) == (0, start)


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


SELECT = ("--select", "retryDelays")


@pytest.fixture
def shards(ringspec: Ringspec, mutant: Embedded, tmp_path: Path) -> list[str]:
    """Fire two parts of a list at a mutant."""
    ready = mutant.ready()
    paths = [str(tmp_path / f"{number}.json") for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        given = ("--bearer", ready.token, *SELECT, "--shard", f"{number}/2")
        ringspec("run", ready.url, *given, "--report", f"json={path}")
    return paths


def test_joined_shards_are_what_a_whole_run_is(
    ringspec: Ringspec, mutant: Embedded, shards: list[str], tmp_path: Path
) -> None:
    ready, whole = mutant.ready(), tmp_path / "whole.json"
    alone = ringspec("run", *at(ready), *SELECT, report=True)

    done = ringspec("compare", "--merge", *shards, "--report", f"json={whole}")

    joined = Ended(0, "", "", json.loads(whole.read_text("utf-8")))
    assert done.status == alone.status == 1
    assert joined.outcomes == alone.outcomes
    counts = [line.rpartition(" (")[2] for line in (done.stdout, alone.stdout)]
    assert counts[0].split(", ")[0] == counts[1].split(", ")[0]
    assert "FAIL retryDelays.items.max  MUST" in done.stdout
    assert "curl -sS -X POST" in done.stdout
    assert ringspec("compare", str(whole), str(whole)).status == 0
    replayed = ringspec("replay", str(whole), *at(ready))
    assert replayed.status == 1
    assert "still fails" in replayed.stdout
    missing = ringspec("compare", "--merge", shards[1])
    assert (missing.status, missing.stdout) == (2, "")
    assert "part 1 of 2 missing" in missing.stderr


PLAN = {
    "alpha": ("", "", "delay-4321-accepted"),
    "beta": ("name-type-unchecked", "", ""),
    "gamma": ("", "name-type-unchecked", "name-type-unchecked"),
}


@pytest.fixture
def folder(of: Callable[..., Path], tmp_path: Path) -> Path:
    """Three reports of three servers each, of three days."""
    for name, mutants in PLAN.items():
        for day, mutant in enumerate(mutants, 27):
            data = json.loads(of(mutant).read_text())
            data["run"]["began"] = f"2026-11-{day}T09:00:00Z"
            path = tmp_path / "reports" / name / f"{day}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(data))
    return tmp_path / "reports"


def test_folder_is_a_matrix_of_providers_by_days(
    ringspec: Ringspec, folder: Path, tmp_path: Path
) -> None:
    (folder / "notes.txt").write_text("no report")
    evidence = folder / "alpha" / "evidence"
    evidence.mkdir()
    (folder / "alpha" / "29.json").rename(evidence / "report.json")
    (evidence / "manifest.json").write_text("{}")
    written = {name: tmp_path / name for name in ("html", "markdown", "json")}
    reports = [f"--report={name}={path}" for name, path in written.items()]

    ended = ringspec("compare", str(folder), *reports, COLUMNS="80")

    assert ended.status == 1
    rows = [line for line in ended.stdout.splitlines() if "in part  " in line]
    assert [re.split(" {2,}", line) for line in rows] == [
        ["alpha", "in part", "in part", "in part, 1 fail"],
        ["beta", "in part, 1 fail", "in part", "in part"],
        ["gamma", "in part", "in part, 1 fail", "in part, 1 fail"],
    ]
    for said in (
        "  2026-11-29  broke: retryDelays.items.max\n",
        "  2026-11-28  mended: name.type\n",
        "3 providers, 3 days; 1 worse than in the run before\n",
    ):
        assert said in ended.stdout
    assert max(map(len, ended.stdout.splitlines()[4:])) <= 80
    history = json.loads(written["json"].read_text())
    assert history["remarks"] == []
    assert history["days"] == ["2026-11-27", "2026-11-28", "2026-11-29"]
    assert [it["steps"][-1]["exit_code"] for it in history["providers"]] == [1, 0, 0]
    for name in ("html", "markdown"):
        text = written[name].read_text()
        assert all(it in text for it in (*PLAN, "2026-11-29", "mended"))
        assert "in part, 1 fail" in text
        assert "src=" not in text
