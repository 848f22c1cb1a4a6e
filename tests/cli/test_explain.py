"""`ringspec explain` on every rule of our contract, and of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.spec import dialect_names, load

GENERAL = Path(__file__).parents[1] / "general"
PAYMENTS = GENERAL / "payments.openapi.yaml"

Ringspec = Callable[..., Any]


@pytest.mark.parametrize(
    ("contract", "dialect"),
    [(None, None), *((None, it) for it in dialect_names()), (PAYMENTS, None)]
    + [
        (GENERAL / "data" / f"{it}.yaml", None) for it in ("choice-pet", "header-value")
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else value or "ours",
)
def test_every_rule_has_examples_or_says_why_not_causes_and_a_fix(
    ringspec: Ringspec, contract: Path | None, dialect: str | None
) -> None:
    loaded = load(contract, dialect=dialect)
    options = [f"--contract={contract}"] * bool(contract)
    options += [f"--dialect={dialect}"] * bool(dialect)

    ended = ringspec("explain", *loaded.rules, "--format", "json", *options)

    assert ended.status == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert [it["id"] for it in told] == list(loaded.rules)
    for it in told:
        no_invalid = it["id"].endswith(".accepted") or it["id"].startswith("lifecycle.")
        assert it["invalid"] or it["no_example"] or (it["valid"] and no_invalid), it
        assert it["causes"] and it["fix"], it  # noqa: PT018 - both, of each
        assert it["places"] == list(loaded.rules[it["id"]].places)


def test_a_rule_is_explained_for_people(ringspec: Ringspec) -> None:
    ended = ringspec("explain", "retryDelays.items.max", COLUMNS="100")

    for said in (
        "retryDelays.items.max  MUST, documented\n",
        "  A delay is at most 4320 minutes.\n",
        "/properties/retryDelays/items/maximum: 4320\n",
        "  valid   retryDelays.items.max/valid-4320\n",
        '"retryDelays": [4320],',
        "of retries.enum/valid-3: replace /retryDelays/0: 15 -> 4321\n",
        "- The bound is taken in hours or seconds",
        "- Off by one",
        "- Only the first item of the list is checked",
        "  fix     Compare the number itself with the bound",
    ):
        assert said in ended.stdout


def test_first_words_stand_for_all_rules_that_begin_so(ringspec: Ringspec) -> None:
    ended = ringspec("explain", "retryDelays.items", "wire.json", "--format=markdown")

    heads = [line for line in ended.stdout.splitlines() if line.startswith("#")]
    items = ("type", "min", "max")
    assert heads == [f"## `retryDelays.items.{it}`" for it in items] + [
        "## `wire.json`"
    ]
