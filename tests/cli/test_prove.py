"""`ringspec prove` by the real command, on contracts that it proves in a moment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[1] / "property" / "data"
SMALL = """
openapi: 3.1.0
info: {title: Small, version: "1"}
paths:
  /t:
    post:
      operationId: t
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [size]
              properties:
                size: {type: integer, enum: [1, 2, 3]}
                colour: {type: string, enum: [red, blue]}
                note: {type: string}
      responses: {"201": {description: Taken.}}
"""

Ringspec = Callable[..., Any]


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return str(path)


def test_all_told_or_proven_not_to_be_ends_with_zero(
    ringspec: Ringspec, small: str
) -> None:
    done = ringspec("prove", "--contract", small)

    assert done.status == 0, done.stdout
    assert done.stderr == ""
    head, *_, last = done.stdout.splitlines()
    assert head == "Mutants of Small 1"
    assert last.endswith("cases detect all that the list detects.")
    assert "\nequivalent\n" in done.stdout
    assert "\nunsettled\n  body/properties/note/type or null" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_is_one_document_with_every_mutant(ringspec: Ringspec, small: str) -> None:
    done = ringspec("prove", "--contract", small, "--format", "json")

    proof = json.loads(done.stdout)
    assert proof["format"] == "ringspec-proof/1"
    assert sum(proof["counts"].values()) == len(proof["mutants"])
    assert proof["counts"]["undecided"] == proof["counts"]["untold"] == 0
    assert 0 < len(proof["enough"]) < proof["cases"]
    by_id = {each["id"]: each for each in proof["mutants"]}
    dropped = by_id["body/properties/size/enum dropped"]
    assert dropped["rule"] == "size.enum"
    assert dropped["verdict"] == "told"
    assert dropped["told_by"] >= len(dropped["cases"]) > 0
    assert dropped["reason"] == ""
    assert by_id["body/properties/size/type dropped"]["verdict"] == "equivalent"
    assert by_id["body/properties/size/type dropped"]["cases"] == []


def test_only_what_is_selected_is_proven(ringspec: Ringspec, small: str) -> None:
    chosen = ringspec(
        *("prove", "--contract", small, "--format", "json"),
        *("--select", "colour", "--exclude", "colour.type"),
    )

    found = json.loads(chosen.stdout)["mutants"]
    assert len(found) > 3
    assert all("colour.enum" in each["rules"] for each in found)


def test_the_cases_that_are_enough_are_named_on_demand(
    ringspec: Ringspec, small: str
) -> None:
    plain = ringspec("prove", "--contract", small).stdout
    named = ringspec("prove", "--contract", small, "--quick").stdout

    assert named.startswith(plain)
    assert "\n  body.accepted/" in named.removeprefix(plain)


def test_what_is_not_told_ends_with_one_and_comes_first(ringspec: Ringspec) -> None:
    # That a type may hold for the first item alone is not proven either way there.
    path = Path(__file__).parents[1] / "property" / "data" / "sensors.yaml"

    done = ringspec("prove", "--contract", str(path))

    assert done.status == 1
    told = done.stdout
    assert told.index("\nundecided\n") < told.index("\nequivalent")


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(("--select", "nothing"), id="a prefix of no rule"),
        pytest.param(("--contract", "nowhere.yaml"), id="no contract"),
        pytest.param(("--format", "xml"), id="no such format"),
        pytest.param(("--dialect", "none"), id="no such dialect"),
    ],
)
def test_wrong_usage_ends_with_two(ringspec: Ringspec, wrong: tuple[str, ...]) -> None:
    done = ringspec("prove", *wrong)

    assert done.status == 2
    assert done.stdout == ""
