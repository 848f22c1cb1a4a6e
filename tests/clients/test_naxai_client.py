"""The vendor's own client against the reference server, over the network."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import httpx
import pytest
from naxai import NaxaiClient
from naxai.base.exceptions import (
    NaxaiAPIRequestError,
    NaxaiAuthenticationError,
    NaxaiInvalidRequestError,
)
from pydantic import ValidationError

from ringspec.reference import Embedded

Listen: TypeAlias = Callable[[Any], list[httpx.Response]]

ALL = "/voice/broadcasts"


def on_wire(model: Any) -> dict[str, Any]:
    """Write a model of the client as the client does."""
    written: dict[str, Any] = model.model_dump(by_alias=True, exclude_none=True)
    return written


def create_by_hand(server: Embedded, **members: Any) -> str:
    """Create what the client cannot say, and give its id."""
    body = {
        "name": "By another client",
        "from": "441632960103",
        "source": "people",
        "retries": 0,
        "retryOnNoInput": False,
        "retryOnFailed": False,
        "voiceFlow": {"welcome": {"say": "Hello."}},
        **members,
    }
    headers = {"Authorization": f"Bearer {server.token}"}
    answer = httpx.post(server.url + ALL, json=body, headers=headers)
    answer.raise_for_status()
    created: str = answer.json()["broadcastId"]
    return created


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


@pytest.mark.parametrize(
    ("members", "culprit"),
    [
        (
            {
                "segmentIds": ["3b0f8a52-6c1d-4e7b-9a44-0d2f5c6e7a81"],
                "inclubeUnsubscribed": False,
                "scheduledAt": 1924992000,
            },
            "scheduledAt",
        ),
        (
            {"source": "file", "file": {"id": "c2a7e0d4-51b8-4f36-8a9e-7b6d3c1f0e25"}},
            "segmentIds",
        ),
    ],
    ids=["scheduled", "from-a-file"],
)
def test_what_the_client_cannot_say_it_can_list_but_not_read(
    client: Any, dialect: Embedded, members: dict[str, Any], culprit: str
) -> None:
    one = create_by_hand(dialect, **members)

    page = client.voice.broadcasts.list(page_size=100)

    assert one in {item.broadcast_id for item in page.items}
    with pytest.raises(ValidationError, match=culprit):
        client.voice.broadcasts.get(one)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the command, and tell the client by its environment alone."""
    command = "ringspec.cli", "serve", "--port", "0", "--dialect", "naxai-sdk"
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            announced = json.loads(process.stdout.readline())
            monkeypatch.setenv("NAXAI_API_URL", announced["url"])
            monkeypatch.setenv("NAXAI_AUTH_URL", announced["token_url"])
            monkeypatch.setenv("NAXAI_CLIENT_ID", announced["client_id"])
            monkeypatch.setenv("NAXAI_SECRET", announced["client_secret"])
            monkeypatch.setenv("NAXAI_API_VERSION", "2023-03-25")
            yield
        finally:
            process.terminate()


@pytest.mark.usefixtures("served")
def test_command_serves_a_client_that_knows_only_its_environment(
    broadcasts: dict[str, Any],
) -> None:
    with NaxaiClient(logger=logging.getLogger("tests.clients")) as client:
        created = client.voice.broadcasts.create(broadcasts["full"])
        read = client.voice.broadcasts.get(created.broadcast_id)
        client.voice.broadcasts.delete(created.broadcast_id)
        left = client.voice.broadcasts.list().items

    assert {**on_wire(read), **on_wire(broadcasts["full"])} == on_wire(read)
    assert left == []
