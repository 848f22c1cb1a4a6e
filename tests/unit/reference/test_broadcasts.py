from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    Send: TypeAlias = "Callable[..., httpx.Response]"
    Body: TypeAlias = "Callable[..., Any]"

ALL = "/voice/broadcasts"
# Commands that lead to a state, from the one after create.
LEADING_TO = {
    "draft": [],
    "started": ["start"],
    "paused": ["start", "pause"],
    "canceled": ["start", "cancel"],
}
LEGAL = {
    ("draft", "start", "starting", "started"),
    ("started", "pause", "pausing", "paused"),
    ("started", "cancel", "canceling", "canceled"),
    ("paused", "resume", "resuming", "started"),
    ("paused", "cancel", "canceling", "canceled"),
}
COMMANDS = ("start", "pause", "resume", "cancel")
ILLEGAL = sorted(
    {(state, command) for state in LEADING_TO for command in COMMANDS}
    - {(state, command) for state, command, _, _ in LEGAL}
)


@pytest.fixture
def broadcast(send: Send, body: Body) -> Callable[..., str]:
    def make(state: str = "draft") -> str:
        path = f"{ALL}/{send('POST', ALL, body()).json()['broadcastId']}"
        for command in LEADING_TO[state]:
            assert send("POST", f"{path}/{command}").status_code == 200
        return path

    return make


@pytest.mark.parametrize("base", ["people", "survey", "file", "dynamic"])
def test_create_answers_what_was_sent(send: Send, body: Body, base: str) -> None:
    sent = body(base)

    answer = send("POST", ALL, sent)

    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json().items() >= sent.items()


def test_create_adds_what_the_server_knows(send: Send, body: Body) -> None:
    answer = send("POST", ALL, body()).json()

    assert uuid.UUID(answer["broadcastId"])
    assert answer["state"] == "draft"
    assert (answer["totalCount"], answer["completedCount"]) == (0, 0)
    assert isinstance(answer["createdAt"], int)
    assert isinstance(answer["modifiedBy"], str)


def test_create_fills_documented_defaults(send: Send, body: Body) -> None:
    answer = send("POST", ALL, body("people", {"/language": None})).json()

    assert answer["distribution"] == "none"
    assert answer["language"] == "fr-BE"
    assert answer["voice"] == "woman"


def test_unknown_member_is_not_kept(send: Send, body: Body) -> None:
    edits = {"/colour": "red", "/broadcastId": "mine"}

    answer = send("POST", ALL, body("people", edits)).json()

    assert "colour" not in answer
    assert answer["broadcastId"] != "mine"


def test_lone_surrogate_comes_back_escaped(send: Send, body: Body) -> None:
    edits = {"/name": "\ud83d", "/voiceFlow/welcome/say": "\U0001f600"}

    answer = send(
        "POST",
        ALL,
        content=json.dumps(body("people", edits)).encode(),
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 201
    assert b'"\\ud83d"' in answer.content
    assert b'"\\ud83d\\ude00"' in answer.content


def test_scheduled_broadcast_is_in_state_scheduled(send: Send, body: Body) -> None:
    answer = send("POST", ALL, body("people", {"/scheduledAt": 1924992000})).json()

    assert answer["state"] == "scheduled"


def test_created_broadcast_can_be_read_back(send: Send, body: Body) -> None:
    created = send("POST", ALL, body("survey")).json()

    read = send("GET", f"{ALL}/{created['broadcastId']}")

    assert read.status_code == 200
    assert read.json() == created


def test_update_replaces_the_whole_body(send: Send, body: Body) -> None:
    created = send("POST", ALL, body("survey")).json()
    path = f"{ALL}/{created['broadcastId']}"

    answer = send("PUT", path, body("people", {"/scheduledAt": 1924992000}))

    assert answer.status_code == 200
    assert answer.json() == send("GET", path).json()
    assert answer.json()["name"] == "Office closure notice"
    assert answer.json()["state"] == "scheduled"
    assert "actions" not in answer.json()
    assert answer.json()["createdAt"] == created["createdAt"]


def test_update_is_held_to_the_same_rules(
    send: Send, body: Body, broadcast: Callable[..., str]
) -> None:
    answer = send("PUT", broadcast(), body("people", {"/retries": 1}))

    assert answer.status_code == 422
    assert answer.json()["error"]["rules"] == ["retryDelays.count"]


@pytest.mark.parametrize("state", ["started", "paused", "canceled"])
def test_started_broadcast_cannot_be_updated(
    send: Send, body: Body, broadcast: Callable[..., str], state: str
) -> None:
    assert send("PUT", broadcast(state), body()).status_code == 409


@pytest.mark.parametrize("state", ["draft", "canceled"])
def test_deleted_broadcast_is_gone(
    send: Send, body: Body, broadcast: Callable[..., str], state: str
) -> None:
    path = broadcast(state)

    answer = send("DELETE", path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert send("GET", path).status_code == 404
    assert send("PUT", path, body()).status_code == 404
    assert send("DELETE", path).status_code == 404
    assert send("POST", f"{path}/start").status_code == 404


@pytest.mark.parametrize("state", ["started", "paused"])
def test_running_broadcast_cannot_be_deleted(
    send: Send, broadcast: Callable[..., str], state: str
) -> None:
    path = broadcast(state)

    assert send("DELETE", path).status_code == 409
    assert send("GET", path).status_code == 200


@pytest.mark.parametrize(("before", "command", "said", "after"), sorted(LEGAL))
def test_command_moves_a_broadcast(
    send: Send,
    broadcast: Callable[..., str],
    before: str,
    command: str,
    said: str,
    after: str,
) -> None:
    path = broadcast(before)

    answer = send("POST", f"{path}/{command}")

    assert answer.status_code == 200
    assert answer.json() == {"broadcastId": path.rpartition("/")[2], "state": said}
    assert send("GET", path).json()["state"] == after


@pytest.mark.parametrize(("state", "command"), ILLEGAL)
def test_illegal_command_changes_nothing(
    send: Send, broadcast: Callable[..., str], state: str, command: str
) -> None:
    path = broadcast(state)

    answer = send("POST", f"{path}/{command}")

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "conflict"
    assert send("GET", path).json()["state"] == state


def test_list_shows_pages_oldest_first(send: Send, body: Body) -> None:
    names = ["first", "second", "third"]
    for name in names:
        send("POST", ALL, body("people", {"/name": name}))

    pages = [send("GET", f"{ALL}?page={page}&pageSize=2").json() for page in (1, 2, 3)]

    assert [item["name"] for page in pages for item in page["items"]] == names
    assert pages[0]["pagination"] == {
        "page": 1,
        "pageSize": 2,
        "totalRecord": 3,
        "returnedRecord": 2,
        "remainingRecord": 1,
        "first": f"{ALL}?page=1&pageSize=2",
        "previous": None,
        "next": f"{ALL}?page=2&pageSize=2",
        "last": f"{ALL}?page=2&pageSize=2",
    }
    assert pages[2]["pagination"]["returnedRecord"] == 0


def test_list_item_is_a_broadcast_in_short(
    send: Send, broadcast: Callable[..., str]
) -> None:
    broadcast("paused")

    (item,) = send("GET", ALL).json()["items"]

    assert item.keys() == {
        "broadcastId",
        "name",
        "source",
        "distribution",
        "state",
        "startedAt",
        "pausedAt",
        "totalCount",
        "completedCount",
        "createdAt",
    }


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("page=0", "page.min"),
        ("page=one", "page.type"),
        ("pageSize=0", "pageSize.min"),
        ("pageSize=101", "pageSize.max"),
        ("pageSize=", "pageSize.type"),
    ],
)
def test_page_out_of_range_is_refused(send: Send, query: str, rule: str) -> None:
    answer = send("GET", f"{ALL}?{query}")

    assert answer.status_code == 422
    assert answer.json()["error"]["rules"] == [rule]
