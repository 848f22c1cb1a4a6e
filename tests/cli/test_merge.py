"""`ringspec compare --merge`: shards of a run, joined by the real command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringspec.reference import Embedded

from .conftest import Ended

Ringspec = Callable[..., Ended]
SELECT = ("--select", "retryDelays")


@pytest.fixture(scope="module")
def mutant() -> Iterator[Embedded]:
    with Embedded(mutant="last-delay-unbounded") as embedded:
        yield embedded


@pytest.fixture
def shards(ringspec: Ringspec, mutant: Embedded, tmp_path: Path) -> list[str]:
    """Fire two parts of a list at a mutant."""
    ready = mutant.ready()
    paths = [str(tmp_path / f"{number}.json") for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        given = ("--bearer", ready.token, *SELECT, "--shard", f"{number}/2")
        ringspec("run", ready.url, *given, "--report", f"json={path}")
    return paths


def test_joined_shards_end_as_the_whole_run_does(
    ringspec: Ringspec, mutant: Embedded, shards: list[str], tmp_path: Path
) -> None:
    ready, whole = mutant.ready(), tmp_path / "whole.json"
    alone = ringspec("run", ready.url, "--bearer", ready.token, *SELECT, report=True)

    done = ringspec("compare", "--merge", *shards, "--report", f"json={whole}")

    joined = Ended(0, "", "", json.loads(whole.read_text("utf-8")))
    assert done.status == alone.status == 1
    assert joined.outcomes == alone.outcomes
    counts = [line.rpartition(" (")[2] for line in (done.stdout, alone.stdout)]
    assert counts[0].split(", ")[0] == counts[1].split(", ")[0]
    assert "FAIL retryDelays.items.max  MUST" in done.stdout
    assert "curl -sS -X POST" in done.stdout


def test_whole_is_compared_and_replayed_like_any_run(
    ringspec: Ringspec, mutant: Embedded, shards: list[str], tmp_path: Path
) -> None:
    ready, whole = mutant.ready(), tmp_path / "whole.json"
    ringspec("compare", "--merge", *shards, "--report", f"json={whole}")

    compared = ringspec("compare", str(whole), str(whole))
    replayed = ringspec("replay", str(whole), ready.url, "--bearer", ready.token)

    assert compared.status == 0
    assert replayed.status == 1
    assert "still fails" in replayed.stdout


def test_missing_shard_is_no_verdict(ringspec: Ringspec, shards: list[str]) -> None:
    done = ringspec("compare", "--merge", shards[1])

    assert done.status == 2
    assert done.stdout == ""
    assert "part 1 of 2 missing" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--merge", "--runs", "a.json"), "--merge excludes"),
        (("--one-deployment", "a.json", "b.json"), "--one-deployment is for --merge"),
        (("--merge",), "nothing to join"),
        (("--merge", "nowhere.json"), "cannot be read"),
        (("--merge", "a.json", "--report", "har=x.har"), "cannot be written as har"),
        (("--merge", "a.json", "--report", "junit"), "has no path"),
    ],
    ids=["runs", "deployment", "nothing", "unreadable", "har", "path"],
)
def test_wrong_usage_is_refused(
    ringspec: Ringspec, arguments: tuple[str, ...], what: str
) -> None:
    done = ringspec("compare", *arguments)

    assert done.status == 2
    assert what in done.stderr
