from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    Send: TypeAlias = "Callable[..., httpx.Response]"
    Body: TypeAlias = "Callable[..., Any]"

ALL = "/voice/broadcasts"
REFUSED: list[tuple[str, str, dict[str, object]]] = [
    (
        "includeUnsubscribed.required",
        "/inclubeUnsubscribed",
        {"/inclubeUnsubscribed": ..., "/includeUnsubscribed": True},
    ),
    (
        "includeUnsubscribed.type",
        "/inclubeUnsubscribed",
        {"/inclubeUnsubscribed": "false"},
    ),
    ("actions.status.type", "/actions/actions", {"/actions/actions": []}),
    (
        "actions.reaction.attribute.type",
        "/actions/actions/delivered/0/attribute",
        {"/actions/actions/delivered/0/attribute": 1},
    ),
    ("actions.type", "/actions", {"/actions": []}),
    ("retryDelays.count", "/retryDelays", {"/retries": 1}),
    ("type.enum", "/type", {"/type": "other"}),
    ("body.type", "", {"": []}),
]


@pytest.fixture
def sdk(started: Callable[..., Send]) -> Send:
    return started("naxai-sdk")


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


def test_canonical_status_is_unknown_to_the_sdk(sdk: Send, body: Body) -> None:
    answer = sdk("POST", ALL, body("sdk", {"/actions": {"status": []}}))

    assert answer.status_code == 201
    assert answer.json()["actions"] == {}


def test_sdk_spelling_is_unknown_to_the_canonical_server(
    send: Send, body: Body
) -> None:
    answer = send("POST", ALL, body("sdk"))

    assert answer.json()["error"]["rules"] == [
        "includeUnsubscribed.required",
        "retryDelays.required",
        "type.required",
    ]
