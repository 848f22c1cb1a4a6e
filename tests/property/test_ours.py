"""Our own contract: what is drawn is valid, or broken in just one way."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import find, given, settings

from ringspec.spec import OURS, Contract, RuleId, is_irregular, load, patched
from ringspec.strategies import Invalid, invalid_bodies, valid_bodies
from ringspec.strategies.drawn.library import breakable

from ..called import ran  # noqa: TID252 - tests are no distribution

CONTRACT = load()
RULES = sorted(breakable(CONTRACT))
SDK = load(dialect="naxai-sdk")


@settings(suppress_health_check=[])  # nothing is ever filtered out
@given(valid_bodies())
def test_what_is_drawn_is_valid_and_settled_to_both_validators(body: Any) -> None:
    assert CONTRACT.prover.proven_broken(body) == frozenset()
    assert CONTRACT.settled_prover.proven_broken(body) == frozenset()
    assert not is_irregular(body)


@given(valid_bodies(SDK))
def test_what_is_drawn_in_a_dialect_is_valid_there(body: Any) -> None:
    assert SDK.prover.proven_broken(body) == frozenset()
    assert SDK.settled_prover.proven_broken(body) == frozenset()


@pytest.mark.parametrize("rule", RULES)
def test_a_drawn_fault_breaks_just_its_rule(rule: RuleId) -> None:
    @settings(max_examples=5)
    @given(invalid_bodies(rule))
    def broken(invalid: Invalid) -> None:
        assert invalid.rule == rule
        assert CONTRACT.prover.proven_broken(invalid.body) == {rule}
        assert CONTRACT.prover.proven_broken(invalid.twin) == frozenset()
        assert patched(invalid.twin, invalid.patch) == invalid.body

    broken()


def plainest(contract: Contract) -> Any:
    return find(valid_bodies(contract), lambda _body: True, settings=QUIET)


QUIET = settings(database=None, derandomize=True, max_examples=300)


def test_what_is_drawn_shrinks_to_the_plainest_body() -> None:
    from ringspec.strategies.shapes.bodies import Bodies  # noqa: PLC0415 - slow to compile

    assert plainest(CONTRACT) == Bodies(CONTRACT).plain()


SCRIPT = Path(__file__).with_name("reprove.py")


@pytest.fixture(scope="module")
def printed() -> list[str]:
    command = [sys.executable, "-m", "ringspec.cli", "cases"]
    done = ran(*command, check=True)
    return done.stdout.splitlines()


def reproved(lines: list[str]) -> subprocess.CompletedProcess[str]:
    return ran(sys.executable, str(SCRIPT), str(OURS), input="\n".join(lines))


def test_all_labels_are_proven_again_by_jsonschema_alone(printed: list[str]) -> None:
    rows = [json.loads(line) for line in printed]
    labelled = [row for row in rows if row["expect"] == "accept" or row["broken"]]

    done = reproved(printed)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(labelled)} labels proven again\n"
    assert len(labelled) > 400


@pytest.mark.parametrize("expect", ["accept", "reject"])
def test_one_flipped_label_is_found(printed: list[str], expect: str) -> None:
    rows = [json.loads(line) for line in printed]
    flipped = next(
        row
        for row in reversed(rows)
        if row["expect"] == expect and (row["broken"] or expect == "accept")
    )
    other = {"accept": ("reject", ["x"]), "reject": ("accept", [])}[expect]
    flipped["expect"], flipped["broken"] = other

    done = reproved([json.dumps(row) for row in rows])

    assert done.returncode == 1
    assert done.stderr.strip() == f"wrong: {[flipped['id']]}"


def test_the_script_has_at_most_ten_lines_of_code() -> None:
    statements = ast.parse(SCRIPT.read_text()).body

    assert len(statements) - 1 <= 10  # its docstring aside
