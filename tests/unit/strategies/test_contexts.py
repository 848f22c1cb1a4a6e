"""Beside which values of other members a rule counts as met."""

from __future__ import annotations

import pytest

from ringspec.spec import Contract
from ringspec.strategies import Case
from ringspec.strategies.bodies.contexts import ABSENT, PRESENT, Members, Met


@pytest.fixture
def members(contract: Contract) -> Members:
    return Members(contract)


def test_the_states_of_members_are_told_inside_what_always_stands(
    members: Members,
) -> None:
    body = {
        "source": "file",
        "scheduledAt": None,
        "voiceFlow": {"welcome": {"say": "x"}, "machineDetection": True},
    }

    states = dict(members.of(body))

    assert states["source"] == '"file"'
    assert states["scheduledAt"] == "null"
    assert states["calendarId"] == ABSENT
    assert states["voiceFlow"] == PRESENT
    assert states["voiceFlow/machineDetection"] == "true"
    assert states["voiceFlow/menu"] == ABSENT
    assert states["voiceFlow/welcome/say"] == PRESENT
    # A menu need not stand: what is in it is no context.
    assert not any(name.startswith("voiceFlow/menu/") for name in states)


def test_a_third_value_of_many_is_worth_no_case_but_null_is_worth_a_choice() -> None:
    met = Met({"name"}, everywhere=False)
    met.add(frozenset({("retries", "0"), ("when", PRESENT), ("name", PRESENT)}))
    met.add(frozenset({("retries", "1"), ("when", ABSENT)}))

    more = frozenset({("retries", "2"), ("when", "null"), ("name", ABSENT)})

    assert met.gain(more) == 0
    assert met.spare(more) == 1
    # Before any value, null is little more than nothing.
    assert Met(set(), everywhere=False).spare(frozenset({("when", "null")})) == 0
    assert Met(set(), everywhere=True).gain(more) == 3


def test_what_is_inside_a_member_is_worth_a_choice_and_no_case() -> None:
    inside = frozenset({("flow/menu", PRESENT)})

    assert Met(set(), everywhere=True).gain(inside) == 0
    assert Met(set(), everywhere=True).spare(inside) == 1


def test_a_fault_in_the_last_item_is_put_into_an_array_of_three(
    cases: tuple[Case, ...],
) -> None:
    last = [
        case
        for case in cases
        if case.rule.startswith("retryDelays.items.") and case.id.endswith("-last")
    ]

    assert len(last) == 3
    for case in last:
        assert isinstance(case.fault, tuple)
        assert case.fault[0]["path"] == "/retryDelays/2", case.id
