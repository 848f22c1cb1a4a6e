"""The vendor's own client against the reference server, over the network."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
import pytest
from naxai.base.exceptions import (
    NaxaiAPIRequestError,
    NaxaiAuthenticationError,
    NaxaiInvalidRequestError,
)

from ringspec.reference import Embedded
from ringspec.spec import load

from .conftest import PAYLOADS, WRITTEN

Listen: TypeAlias = Callable[[Any], list[httpx.Response]]

ALL = "/voice/broadcasts"


def on_wire(model: Any) -> dict[str, Any]:
    """Write a model of the client as the client does."""
    written: dict[str, Any] = model.model_dump(by_alias=True, exclude_none=True)
    return written


@pytest.mark.parametrize(
    ("broadcast", "rules"),
    [
        (
            "minimal",
            ["includeUnsubscribed.required", "retryDelays.required", "type.required"],
        ),
        ("full", ["includeUnsubscribed.required", "type.required"]),
        ("no-delays-said", ["includeUnsubscribed.required", "type.required"]),
    ],
    indirect=["broadcast"],
)
def test_contract_as_it_stands_refuses_and_names_the_rules(
    connect: Callable[..., Any],
    listen: Listen,
    canonical: Embedded,
    broadcast: Any,
    rules: list[str],
) -> None:
    client = connect(canonical)
    answers = listen(client)

    with pytest.raises(NaxaiInvalidRequestError) as caught:
        client.voice.broadcasts.create(broadcast)

    assert (caught.value.status_code, caught.value.error_code) == (
        422,
        "invalid_request",
    )
    assert rules[0] in caught.value.message
    assert {"/type", "/includeUnsubscribed"} <= set(caught.value.details)
    # The client's exception leaves out the rules, so they are read on the wire.
    assert answers[-1].json()["error"]["rules"] == rules
    assert client.voice.broadcasts.list().items == []


def test_answers_on_the_wire_give_back_what_was_sent(
    client: Any, listen: Listen, broadcast: Any
) -> None:
    answers = listen(client)

    created = client.voice.broadcasts.create(broadcast)
    client.voice.broadcasts.get(created.broadcast_id)

    _token, answer_to_create, answer_to_get = [heard.json() for heard in answers]
    assert answer_to_create == {
        "type": "default",
        "retryDelays": [],
        **on_wire(broadcast),
        "broadcastId": created.broadcast_id,
        "state": "draft",
        "totalCount": 0,
        "completedCount": 0,
        "createdAt": created.created_at,
        "modifiedBy": "ringspec",
    }
    assert answer_to_get == answer_to_create


def test_update_replaces_all_of_it(client: Any, broadcasts: dict[str, Any]) -> None:
    created = client.voice.broadcasts.create(broadcasts["full"])

    updated = client.voice.broadcasts.update(
        created.broadcast_id, broadcasts["minimal"]
    )

    assert on_wire(updated) == {
        **on_wire(broadcasts["minimal"]),
        "retryDelays": [],
        "broadcastId": created.broadcast_id,
        "totalCount": 0,
        "completedCount": 0,
        "createdAt": created.created_at,
        "modifiedBy": "ringspec",
    }


def test_commands_are_answered_with_the_states_that_the_client_knows(
    client: Any, broadcasts: dict[str, Any]
) -> None:
    voice = client.voice.broadcasts
    one = voice.create(broadcasts["minimal"]).broadcast_id

    answered = [
        command(one).state
        for command in (voice.start, voice.pause, voice.resume, voice.cancel)
    ]

    assert answered == ["starting", "pausing", "resuming", "canceling"]
    assert voice.get(one).state == "canceled"
    with pytest.raises(NaxaiAPIRequestError) as caught:
        voice.resume(one)
    assert caught.value.status_code == 409


def test_wrong_credentials_are_refused(
    connect: Callable[..., Any], client: Any, dialect: Embedded
) -> None:
    stranger = connect(dialect, api_client_secret="wrong")
    client.token, client.token_expiry = "stale", float("inf")

    with pytest.raises(NaxaiAuthenticationError) as no_token:
        stranger.voice.broadcasts.list()
    with pytest.raises(NaxaiAuthenticationError) as stale:
        client.voice.broadcasts.list()

    assert (no_token.value.status_code, stranger.token) == (401, None)
    assert stale.value.error_code == "authentication_failed"


@pytest.fixture
def sent(
    client: Any,
    listen: Callable[[Any], list[httpx.Response]],
    broadcasts: dict[str, Any],
) -> list[httpx.Request]:
    """Return what the client sends to create everything once."""
    answers = listen(client)
    for broadcast in broadcasts.values():
        client.voice.broadcasts.create(broadcast)
    return [answer.request for answer in answers]


def test_client_sends_today_what_was_written_down(
    sent: list[httpx.Request], broadcasts: dict[str, Any]
) -> None:
    payloads = [
        {"name": name, "body": json.loads(request.content)}
        for name, request in zip(broadcasts, sent[1:], strict=True)
    ]
    if os.environ.get("RINGSPEC_RECORD") == "1":
        PAYLOADS.write_text(json.dumps(payloads, indent=2) + "\n", "utf-8")

    assert payloads == json.loads(PAYLOADS.read_text("utf-8"))


# Source: facts.md G1 (type), G2 (retryDelays), G3 (the flag's spelling).
ALWAYS = {"type.required", "includeUnsubscribed.required"}
UNKNOWN = "body.unknown"  # inclubeUnsubscribed stands in all of them


@pytest.mark.parametrize(
    ("name", "unsettled", "broken", "unknown"),
    [
        ("minimal", set(), ALWAYS | {"retryDelays.required"}, {UNKNOWN}),
        # The client writes `replay: 0` into every choice, where no source says whether
        # a transfer may have one; and actions.actions (G5).
        (
            "full",
            {"voiceFlow.menu.choices.replay.absent"},
            ALWAYS,
            {UNKNOWN, "actions.unknown"},
        ),
        ("delays-at-both-ends", set(), ALWAYS, {UNKNOWN}),
        ("no-delays-said", set(), ALWAYS, {UNKNOWN}),
        (
            "transfer-without-replay",
            set(),
            ALWAYS | {"retryDelays.required"},
            {UNKNOWN},
        ),
        ("audio", set(), ALWAYS | {"retryDelays.required"}, {UNKNOWN}),
    ],
)
def test_payload_keeps_to_the_dialect_and_breaks_these_rules_of_the_contract(
    name: str, unsettled: set[str], broken: set[str], unknown: set[str]
) -> None:
    dialect, contract, body = load(dialect="naxai-sdk"), load(), WRITTEN[name]

    open_ = contract.settled_prover.proven_broken(body)

    assert dialect.prover.proven_broken(body) == frozenset()
    assert dialect.settled_prover.proven_broken(body) == unsettled
    assert contract.prover.proven_broken(body) == broken
    assert {rule for rule in open_ if rule.endswith(".unknown")} == unknown
