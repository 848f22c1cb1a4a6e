"""Causes, of real runs against servers with one defect, with two, and with all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from tests.inprocess import edited, plan_of, reference, suite

from ringspec.harness import Outcome
from ringspec.harness.running.run import run
from ringspec.reference import MUTANTS, Behaviour
from ringspec.reports import Record, Recorder
from ringspec.reports.causes import Cause, explained
from ringspec.spec import Level

ITEM = "/voice/broadcasts/{broadcastId}"
CURT = b'{"error":{"code":"no","message":"It will not do."}}'


@cache
def served(*mutants: str, curt: bool = False) -> Record:
    """Run every case against a server that has all those defects.

    If `curt` it answers every refusal in the same words, as many servers do.
    """

    def edit(status: int, data: Any) -> tuple[int, Any]:
        return status, CURT if curt and status >= 400 else data

    behaviour = Behaviour()
    for name in mutants:
        behaviour = MUTANTS[name].apply(behaviour)
    server = reference(behaviour)
    server._app = edited(server._app, edit)
    plan = plan_of(server, *suite())
    recorder = Recorder()
    for event in run(plan):
        recorder.handle(event)
    return recorder.record


def assert_whole(record: Record, told: Iterable[Cause]) -> None:
    """Every gating failure is told, in one cause or another."""
    failing = {
        (each.rule.id, finding.case.id)
        for each in record.result.rules
        for finding in each.gating(Level.MAY)
    }
    cases = {finding.case.id for cause in told for finding in cause.findings}
    assert cases == {case for _, case in failing}


ACCEPTED = "invalid bodies are accepted"
ONE = {
    "nothing-checked": f"{ACCEPTED} that break nearly any rule",
    "types-unchecked": f"{ACCEPTED} that break rules *.type",
    "menu-unchecked": f"{ACCEPTED} that break rules inside voiceFlow.menu",
    "rules-between-members-unchecked": (f"{ACCEPTED} that break rules between members"),
    "everything-read-from-words": f"{ACCEPTED}: a string is taken for another type",
    "four-retries-accepted": f"{ACCEPTED} that break retries.enum and 1 more rule",
    "language-demanded": "valid requests are refused with HTTP 422",
    "crash-on-invalid": "the server fails with HTTP 500",
    "segment-ids-lost": (
        '/segmentIds is missing; ["3b0f8a52-6c1d-4e7b-9a44-0d2f5c6e7a81"] was sent'
    ),
    "created-not-readable": f"GET {ITEM} is answered with HTTP 404 where 2xx is due",
}


@pytest.mark.parametrize("mutant", ONE)
def test_one_defect_is_one_cause(mutant: str) -> None:
    record = served(mutant)

    told = explained(record.result)[0]

    assert [each.title for each in told] == [ONE[mutant]]
    assert_whole(record, told)


@pytest.mark.parametrize("mutants", [("name-lost", "token-not-checked")], ids="+".join)
def test_two_defects_are_not_told_as_one(mutants: tuple[str, str]) -> None:
    record = served(*mutants, curt=True)
    one, other = (
        failing(*explained(served(each, curt=True).result)[0]) for each in mutants
    )

    told = explained(record.result)[0]

    assert_whole(record, told)
    for cause in told:
        mixed = failing(cause) & (one - other) and failing(cause) & (other - one)
        assert not mixed, cause.title
    assert 2 <= len(told) <= 4


def failing(*told: Cause) -> set[str]:
    return {each.case.id for cause in told for each in cause.findings}


def test_warnings_of_a_defect_are_a_cause_of_their_own() -> None:
    result = replace(served("types-unchecked").result, level=Level.MUST)
    rules_at_must = tuple(
        each if each.gating(Level.MUST) else replace(each, outcome=Outcome.PASS)
        for each in result.rules
    )

    found, warned = explained(replace(result, rules=rules_at_must))

    for told, levels in (found, {Level.MUST}), (warned, {Level.SHOULD, Level.MAY}):
        (cause,) = told
        assert cause.title == ONE["types-unchecked"]
        assert {each.level for each in cause.findings} == levels
