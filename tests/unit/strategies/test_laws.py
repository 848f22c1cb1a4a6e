"""The laws of the case list: what holds for every case, and what every rule has."""

from __future__ import annotations

import pytest

from ringspec.spec import Json, RuleId, is_irregular, kind_of, load, patched
from ringspec.strategies import Case, Expect, Phase, encode

CONTRACT = load()
BODY_RULES = list(dict.fromkeys(each.rule for each in CONTRACT.assertions))


@pytest.fixture(scope="module", name="cases")
def creates(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    """Return the phase of creates; the others have laws of their own."""
    return tuple(case for case in cases if case.phase == Phase.CASES)


def accepted(cases: tuple[Case, ...]) -> list[Case]:
    return [case for case in cases if case.expect == Expect.ACCEPT]


@pytest.mark.parametrize("rule", BODY_RULES)
def test_every_rule_has_an_invalid_case_and_a_place(
    cases: tuple[Case, ...], rule: RuleId
) -> None:
    broken = [case.broken for case in cases if rule in case.broken]

    if rule in CONTRACT.catalogue.not_isolated:
        assert all(len(each) == 2 for each in broken)
        assert broken
    else:
        assert (rule,) in broken
    assert CONTRACT.rules[rule].places


def test_ids_are_unique_and_begin_with_their_rule(cases: tuple[Case, ...]) -> None:
    assert len({case.id for case in cases}) == len(cases)
    assert all(case.id.startswith(f"{case.rule}/") for case in cases)
    assert not any(char.isspace() for case in cases for char in case.id)


def test_no_two_requests_are_alike(cases: tuple[Case, ...]) -> None:
    assert len({case.request for case in cases}) == len(cases)


def test_twins_are_accept_cases_and_come_first(cases: tuple[Case, ...]) -> None:
    before: dict[str, Case] = {}
    for case in cases:
        if case.twin is not None:
            assert before[case.twin].expect == Expect.ACCEPT
        before[case.id] = case


def test_a_patch_makes_a_twins_body_the_cases_body_byte_for_byte(
    cases: tuple[Case, ...],
) -> None:
    by_id = {case.id: case for case in cases}
    patches = 0
    for case in cases:
        if case.twin is not None and isinstance(case.fault, tuple):
            patches += 1
            made = encode(patched(by_id[case.twin].body, case.fault))
            assert made == case.request.body, case.id
    assert patches > 400


def test_the_first_case_of_a_rule_has_as_well_attested_a_twin_as_there_is(
    cases: tuple[Case, ...],
) -> None:
    by_id = {case.id: case for case in cases}
    for rule in BODY_RULES:
        ranks = [
            by_id[str(case.twin)].level.rank for case in cases if case.broken == (rule,)
        ]
        if ranks:
            assert ranks[0] == min(ranks), rule


def test_a_broken_rule_is_the_cases_rule_and_its_level_no_stricter(
    cases: tuple[Case, ...],
) -> None:
    for case in cases:
        if case.broken:
            assert case.rule in case.broken
            assert case.level.rank >= CONTRACT.rules[case.rule].level.rank
            assert case.coupled == (len(case.broken) == 2)


def members(value: Json, path: str = "") -> list[tuple[str, Json]]:
    """List what stands in a body, by dotted path; an item has its array's path."""
    found = [(path, value)]
    if isinstance(value, dict):
        for name, child in value.items():
            found += members(child, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for child in value:
            found += members(child, path)
    return found


def test_valid_bodies_hold_nothing_that_no_source_settles(
    cases: tuple[Case, ...],
) -> None:
    for case in accepted(cases):
        body = case.body
        assert not is_irregular(body)
        assert {path for path, value in members(body) if value is None} <= {
            "scheduledAt"
        }
        assert 0 not in body["retryDelays"]
        assert body["type"] == "default"
        if body["source"] == "people":
            assert not {"allowMultiple", "file"} & body.keys()
        else:
            assert not {"segmentIds", "includeUnsubscribed"} & body.keys()
        assert 1 <= len(body["name"]) <= 100
        assert len(body.get("actions", {}).get("status", {})) in {0, 2}
        assert body.keys() <= CONTRACT.request.schema["properties"].keys()


def examples(schema: Json) -> list[Json]:
    """List what a schema gives as examples, at any depth."""
    found: list[Json] = []
    if isinstance(schema, dict):
        found += schema.get("examples", [])
        found += schema.get("x-settled", {}).get("enum", [])
        for child in schema.values():
            found += examples(child)
    elif isinstance(schema, list):
        for child in schema:
            found += examples(child)
    return found


IDENTIFYING = {
    "from",
    "segmentIds",
    "file.id",
    "calendarId",
    "voiceFlow.menu.choices.transfer.destination",
    "voiceFlow.welcome.prompt",
    "voiceFlow.menu.prompt",
    "voiceFlow.menu.choices.prompt",
    "voiceFlow.end.prompt",
    "voiceFlow.voicemail.prompt",
}


def test_what_identifies_somebody_comes_from_the_contracts_examples(
    cases: tuple[Case, ...],
) -> None:
    known = {str(each).lower() for each in examples(CONTRACT.request.schema)}
    for case in accepted(cases):
        if case.rule == "from.length":
            continue  # the one example, as short and as long as may be
        for path, value in members(case.body):
            if kind_of(value) == "string" and path in IDENTIFYING:
                assert value.lower() in known, (case.id, value)
            if path.endswith(("senderServiceId", "attribute")):
                assert value.lower() in known, (case.id, value)


def test_numbers_are_reserved_for_fiction(cases: tuple[Case, ...]) -> None:
    # Ofcom's range for drama. Source: facts.md I2.
    for case in accepted(cases):
        if case.rule != "from.length":
            assert case.body["from"].startswith("441632960")
            assert len(case.body["from"]) == 12
