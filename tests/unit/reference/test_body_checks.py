"""Checks of bodies. That each rule is broken alone `tests/kill/test_law.py` proves."""

from __future__ import annotations

import pytest

from .conftest import ALL, Body, Send

UUID = "8e5d2b17-93aa-4a0c-b6f1-7c9d1e2f3a40"
FLOW = "/voiceFlow"
STATUS = "/actions/status"

# What no source settles is accepted: base body and edits at JSON pointers.
UNSETTLED: dict[str, tuple[str, dict[str, object]]] = {
    "an empty name": ("people", {"/name": ""}),
    "another type": ("people", {"/type": "marketing"}),
    "an unknown member": ("people", {"/colour": "red"}),
    "null for optional members": (
        "survey",
        {
            **dict.fromkeys(("/calendarId", "/language", f"{FLOW}/voicemail")),
            **dict.fromkeys((f"{FLOW}/welcome/prompt", f"{STATUS}/delivered")),
        },
    ),
    "2.0 for 2": ("survey", {"/retries": 2.0}),
    "flag and segments beside a file": (
        "file",
        {"/includeUnsubscribed": True, "/segmentIds": [UUID]},
    ),
    "a file beside people": ("people", {"/file": {}, "/allowMultiple": True}),
    "a name without distribution": ("people", {"/dynamicName": "Evening load"}),
    "one outcome alone": ("survey", {f"{STATUS}/failed": ...}),
    "a reaction of another form": ("survey", {f"{STATUS}/failed": {"mail": {}}}),
    "text and recording of a menu": ("survey", {f"{FLOW}/menu/prompt": "a.mp3"}),
    "a voicemail without detection": ("survey", {f"{FLOW}/machineDetection": False}),
}

# Faults that break several rules.
COUPLED: list[tuple[list[str], str, dict[str, object]]] = [
    (
        ["retries.enum", "retryDelays.length"],
        "people",
        {"/retries": 4, "/retryDelays": [1, 2, 3, 4]},
    ),
    (
        ["retryDelays.count", "retryDelays.length"],
        "people",
        {"/retries": 3, "/retryDelays": [1, 2, 3, 4]},
    ),
    (["name.type", "retries.required"], "people", {"/name": 1, "/retries": ...}),
]


@pytest.mark.parametrize(("base", "edits"), UNSETTLED.values(), ids=UNSETTLED)
def test_unsettled_body_is_accepted(
    send: Send, body: Body, base: str, edits: dict[str, object]
) -> None:
    answer = send("POST", ALL, body(base, edits))

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("rules", "base", "edits"), COUPLED, ids=[" and ".join(row[0]) for row in COUPLED]
)
def test_faults_together_break_all_their_rules(
    send: Send, body: Body, rules: list[str], base: str, edits: dict[str, object]
) -> None:
    answer = send("POST", ALL, body(base, edits))

    assert answer.status_code == 422
    assert answer.json()["error"]["rules"] == rules


def test_details_name_the_place_by_pointer(send: Send, body: Body) -> None:
    edits = {"/retryDelays/1": 4321, f"{FLOW}/menu/choices/0/key": ...}

    error = send("POST", ALL, body("survey", edits)).json()["error"]

    assert error["details"] == {
        "/voiceFlow/menu/choices/0/key": "is required",
        "/retryDelays/1": "must be at most 4320",
    }
    assert error["code"] == "invalid_request"
    assert "retryDelays.items.max" in error["message"]
