from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import ALL, Body, Send

REFUSED: list[tuple[str, str, dict[str, object]]] = [
    (
        "includeUnsubscribed.required",
        "/inclubeUnsubscribed",
        {"/inclubeUnsubscribed": ..., "/includeUnsubscribed": True},
    ),
    (
        "actions.reaction.attribute.type",
        "/actions/actions/delivered/0/attribute",
        {"/actions/actions/delivered/0/attribute": 1},
    ),
    ("actions.type", "/actions", {"/actions": []}),
    ("body.type", "", {"": []}),
]


@pytest.fixture
def sdk(started: Callable[..., Send]) -> Send:
    return started(dialect="naxai-sdk")


def test_sdk_body_is_answered_as_sent_with_defaults(sdk: Send, body: Body) -> None:
    sent = body("sdk")

    answer = sdk("POST", ALL, sent)

    assert answer.status_code == 201, answer.text
    assert answer.json().items() >= sent.items()
    assert answer.json()["type"] == "default"
    assert answer.json()["retryDelays"] == []
    assert "includeUnsubscribed" not in answer.json()


@pytest.mark.parametrize(
    ("rule", "place", "edits"), REFUSED, ids=[row[0] for row in REFUSED]
)
def test_sdk_rule_is_canonical_and_its_place_as_sent(
    sdk: Send, body: Body, rule: str, place: str, edits: dict[str, object]
) -> None:
    answer = sdk("POST", ALL, body("sdk", edits))

    error = answer.json()["error"]
    assert answer.status_code == 422
    assert error["rules"] == [rule]
    assert list(error["details"]) == [place]
