"""The rows of mutants and lawful variants are well-formed; runs notice the mutants."""

from __future__ import annotations

import re
from typing import Any

from ringspec.reference import BUSY, CHECKS, EQUIVALENT, LAWFUL, MUTANTS, Behaviour
from ringspec.reference.body_checks import MEMBERS
from ringspec.reference.json_values import at
from ringspec.reference.mutants.rows import _ROWS, rows_of
from ringspec.spec import load

from .conftest import ALL, FILE, PEOPLE, SURVEY, Send, body

VARIANTS = [*MUTANTS.values(), *BUSY.values(), *LAWFUL]
PROMPTS = {"voiceFlow": {"end": {"prompt": "https://example.com/a.mp3"}}}
BODIES: tuple[Any, ...] = (PEOPLE, SURVEY, FILE, PROMPTS, dict.fromkeys(MEMBERS))
# Places that answers have beside the members of a broadcast.
ANSWERED = re.compile("broadcastId|createdAt|state|.*Count|modifiedBy|items|error")


def test_names_are_in_kebab_case_and_unique() -> None:
    names = [each.name for each in (*_ROWS, *rows_of("busy"), *LAWFUL)]

    assert len(names) == len(set(names))
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_rows_make_other_servers() -> None:
    right = Behaviour()

    assert [each.name for each in VARIANTS if each.apply(right) == right] == []
    assert {each.level for each in VARIANTS} == {"", "must", "should", "may"}


def test_mutants_break_rules_of_the_catalogue_and_say_how() -> None:
    rules = {str(rule) for rule in load().catalogue.rules}
    mutants = [*MUTANTS.values(), *BUSY.values()]

    assert {each.rule for each in mutants} <= rules
    assert all(re.fullmatch("[A-Z].*[.]", each.defect) for each in mutants)
    assert {each.rule for each in LAWFUL} == {""}


def test_places_of_rows_are_places_of_bodies() -> None:
    paths = {each.at for each in VARIANTS if each.at}

    assert [
        path
        for path in paths
        if not ANSWERED.match(path) and not any(at(path)(body) for body in BODIES)
    ] == []


def test_each_rule_on_the_body_has_a_mutant() -> None:
    assert {check.rule for check in CHECKS} <= {each.rule for each in MUTANTS.values()}
    assert MUTANTS.keys().isdisjoint({*EQUIVALENT, *BUSY})


FLOW = "/voiceFlow"


def test_details_name_the_place_by_pointer(send: Send) -> None:
    edits = {"/retryDelays/1": 4321, f"{FLOW}/menu/choices/0/key": ...}

    error = send("POST", ALL, body("survey", edits)).json()["error"]

    assert error["details"] == {
        "/voiceFlow/menu/choices/0/key": "is required",
        "/retryDelays/1": "must be at most 4320",
    }
    assert error["code"] == "invalid_request"
    assert "retryDelays.items.max" in error["message"]
