"""The real selftest on a few servers of the fleet."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.cli.selftest_command import fleet
from ringspec.reference import LAWFUL, MUTANTS
from ringspec.spec import Level, load

from ..waiting import eventually  # noqa: TID252 - tests are no distribution

Command = Callable[..., Any]
Started = Callable[..., subprocess.Popen[str]]

MUTANT = "delay-4321-accepted"


def test_a_noticed_mutant_makes_a_selftest_succeed(
    ringspec: Command, tmp_path: Path
) -> None:
    json_path = tmp_path / "m.json"

    ended = ringspec(
        "selftest", MUTANT, "created-is-202", "--report", f"json={json_path}"
    )

    assert ended.status == 0
    assert "1 of 1 mutant noticed, 1 by their rule" in ended.stdout
    assert "0 false alarms on 2 correct servers" in ended.stdout
    written = json.loads(json_path.read_text())
    assert [each["name"] for each in written["trials"]] == [
        "reference", MUTANT, "created-is-202",
    ]  # fmt: skip
    assert written["trials"][1]["noticed"] == [
        {"rule": "retryDelays.items.max", "level": "must"}
    ]
    assert written["trials"][1]["until"] < written["requests"]["whole"]


def test_a_dialect_is_spoken_by_all_over_the_network(
    ringspec: Command, tmp_path: Path
) -> None:
    path = tmp_path / "m.json"

    ended = ringspec(
        *("selftest", MUTANT, "--over-network", "--workers", "1"),
        *("--dialect", "naxai-sdk", "--report", f"json={path}"),
    )

    assert ended.status == 0
    assert "dialect naxai-sdk" in ended.stdout
    ways = {each["way"] for each in json.loads(path.read_text())["trials"]}
    assert ways == {"network"}


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_interrupt_prints_the_runs_so_far_and_leaves_no_process(
    started: Started, tmp_path: Path, sign: signal.Signals
) -> None:
    path = tmp_path / "m.json"
    process = started("selftest", "--over-network", "--report", f"json={path}")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = eventually(lambda: children.read_text().split())

    process.send_signal(sign)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "interrupted after" in out
    assert "Traceback" not in err
    assert json.loads(path.read_text())["interrupted"] is True
    assert workers
    # Python's own tracker of resources ends a moment after us.
    assert eventually(
        lambda: not any(Path(f"/proc/{each}").exists() for each in workers)
    )


def test_the_fleet_has_all_that_bind_at_a_level_and_in_a_dialect() -> None:
    contract, dialect = load(), load(dialect="naxai-sdk")

    whole = fleet(contract, (), Level.MAY, over_network=False)
    strict = fleet(contract, (), Level.MUST, over_network=False)
    spoken = fleet(dialect, (), Level.MAY, over_network=False)

    lawful = [each.name for each in LAWFUL]
    assert [each.name for each in whole] == ["reference", *MUTANTS, *lawful]
    levels = {str(rule): contract.rules[rule].level for rule in contract.rules}
    mutants = [each for each in strict if each.kind == "mutant"]
    assert {levels.get(each.rule, Level.MUST) for each in mutants} == {Level.MUST}
    assert 0 < len(mutants) < len(MUTANTS)
    assert dialect.dropped
    assert not {each.rule for each in spoken} & set(dialect.dropped)
    by_name = {each.name: each for each in whole}
    assert by_name["unauthorised-is-403"].level is Level.MUST
    assert by_name["gzip"].way == "network"
    assert by_name["created-is-202"].way == "in process"
