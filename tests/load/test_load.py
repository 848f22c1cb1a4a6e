"""What breaks only under load is found so; what is right is not accused."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from ringspec.reference import BUSY, Embedded
from ringspec.reports.json_report import SCHEMA

from ..called import call  # noqa: TID252 - tests are no distribution
from .conftest import Load

# Enough users that more connections are in use than a busy mutant bears.
MAY = ("--ringspec-level", "may")
MANY = ("-u", "40", "-r", "40", "-t", "20s")


@pytest.mark.parametrize(
    ("mutant", "rule"),
    [
        ("busy-delays-unbounded", "retryDelays.items.max"),
        ("busy-token-unchecked", "auth.token"),
        ("busy-crash", "robustness"),
        ("busy-name-lost", "answer.echo"),
    ],
)
def test_rule_that_breaks_only_when_busy_is_the_news(
    load: Load, mutant: str, rule: str
) -> None:
    # Every case says something of robustness: a few are enough.
    select = "robustness,name" if rule == "robustness" else rule

    done = load(mutant, *MANY, "--ringspec-select", select, *MAY)

    counts = done.rule(rule)["load"]
    assert done.status == 1
    assert done.report["load"]["only_under_load"] == [rule]
    assert done.report["load"]["workers"] == 2
    assert counts["at_rest"]["judged"] > 0
    assert counts["at_rest"]["wrong"] == 0
    assert counts["under_load"]["wrong"] > 0
    assert f"ONLY UNDER LOAD {rule}" in done.output
    assert "curl -sS" in done.output


@pytest.mark.parametrize("mutant", BUSY)
def test_busy_mutant_is_not_noticed_by_a_plain_run(mutant: str) -> None:
    with Embedded(mutant=mutant) as server:
        ready = server.ready()

        done = call("run", ready.url, "--quick", RINGSPEC_TOKEN=ready.token)

    assert done.status == 0, done.stdout


def test_correct_server_is_not_accused(load: Load) -> None:
    done = load(None, *MANY, "--ringspec-select", "retryDelays,retries")

    assert [it["id"] for it in done.report["rules"] if it["outcome"] == "fail"] == []
    assert done.report["load"]["only_under_load"] == []
    assert done.report["load"]["requests"] > 0, done.output
    assert done.status == 0
    schema = jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    assert list(schema.iter_errors(done.report)) == []


def test_lost_worker_leaves_open_what_it_judged(load: Load) -> None:
    done = load(None, *MANY, "--ringspec-select", "name", loses_one=True)

    assert (done.status, done.report["conclusion"]) == (3, "inconclusive")
    assert done.report["load"]["lost"] == 1
    assert "1 worker lost, with a part of what was judged" in done.output
