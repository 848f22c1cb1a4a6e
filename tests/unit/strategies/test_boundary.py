from __future__ import annotations

from typing import Any

import pytest

from ringspec.spec import Contract, at
from ringspec.strategies.bodies.valid import edges
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import Builder


def labels(bodies: Bodies, rule: str) -> list[str]:
    return [
        label
        for assertion in bodies.contract.assertions
        if assertion.rule == rule
        for label, _ in edges(bodies, assertion)
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("retries.enum", ["0", "1", "2", "3"]),
        ("source.enum", ["people", "file"]),
        ("type.enum", ["default", "marketing", "transactional", "otp", "crisis"]),
        ("from.length", ["8-characters", "15-characters"]),
        ("retryDelays.items.min", ["1", "all-1"]),
        ("retryDelays.items.max", ["4320", "all-4320"]),
        ("retryOnFailed.type", ["true", "false"]),
        ("calendarId.format", ["upper-case"]),
        ("voiceFlow.end.say.xor", ["say", "prompt"]),
        ("voiceFlow.menu.choices.key.enum", ["all"]),
        ("voiceFlow.menu.choices.transfer.timeout.max", ["30"]),
        ("actions.inputs.unknown", ["all"]),
    ],
)
def test_each_edge_of_a_rule_is_listed(
    bodies: Bodies, rule: str, expected: list[str]
) -> None:
    assert labels(bodies, rule) == expected


def test_each_edge_that_is_settled_gives_a_valid_body(
    contract: Contract, bodies: Bodies
) -> None:
    built = 0
    for assertion in contract.assertions:
        for _, wishes in edges(bodies, assertion):
            body = bodies.build(Builder(wishes))
            if body is not None:
                built += 1
                assert contract.settled_prover.is_valid(body)
    assert built > 60


@pytest.mark.parametrize(
    ("rule", "place", "values"),
    [
        ("retryDelays.items.max", ("retryDelays", 0), {4320}),
        ("retryDelays.items.min", ("retryDelays", 0), {1}),
        ("retries.enum", ("retries",), {0, 1, 2, 3}),
        ("type.enum", ("type",), {"default"}),
        ("scheduledAt.min", ("scheduledAt",), {1893456000}),
    ],
)
def test_a_body_on_an_edge_has_its_value(
    bodies: Bodies, rule: str, place: tuple[str | int, ...], values: set[Any]
) -> None:
    built = [
        bodies.plain(wishes)
        for assertion in bodies.contract.assertions
        if assertion.rule == rule
        for _, wishes in edges(bodies, assertion)
    ]

    assert {at(body, place) for body in built if body is not None} == values
