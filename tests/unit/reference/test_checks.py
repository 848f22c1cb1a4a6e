from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from ringspec.reference import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    Send: TypeAlias = "Callable[..., httpx.Response]"
    Body: TypeAlias = "Callable[..., Any]"

CREATE = ("POST", "/voice/broadcasts")
UUID = "8e5d2b17-93aa-4a0c-b6f1-7c9d1e2f3a40"
MENU = "/voiceFlow/menu"
CHOICE = "/voiceFlow/menu/choices/0"
TRANSFER = "/voiceFlow/menu/choices/2/transfer"
STATUS = "/actions/status"
SMS = "/actions/status/failed/sms"

# Base body and edits at JSON pointers, where ... removes what stands there.
ACCEPTED: dict[str, tuple[str, dict[str, object]]] = {
    "a plain notice": ("people", {}),
    "a survey with menu, redials and actions": ("survey", {}),
    "a file of destinations": ("file", {}),
    "a dynamic distribution": ("dynamic", {}),
    "the longest delay": ("survey", {"/retryDelays": [4320, 4320]}),
    "the shortest delay": ("survey", {"/retryDelays": [1, 0]}),
    "three retries": ("survey", {"/retries": 3, "/retryDelays": [1, 2, 3]}),
    "the shortest caller number": ("people", {"/from": "44163296"}),
    "the longest caller number": ("people", {"/from": "441632960101234"}),
    "a time to start": ("people", {"/scheduledAt": 1924992000}),
    "a time beyond 32 bits": ("people", {"/scheduledAt": 4102444800}),
    "the first attempts and timeout": (
        "survey",
        {f"{TRANSFER}/attempts": 1, f"{TRANSFER}/timeout": 5},
    ),
    "the last attempts and timeout": (
        "survey",
        {f"{TRANSFER}/attempts": 3, f"{TRANSFER}/timeout": 30},
    ),
    "a recording as welcome": (
        "people",
        {"/voiceFlow/welcome": {"prompt": "https://example.com/audio/notice.mp3"}},
    ),
    "a uuid in capitals": ("people", {"/segmentIds/0": UUID.upper()}),
    # What no source settles is let pass.
    "no length of name is documented": ("people", {"/name": ""}),
    "another type": ("people", {"/type": "marketing"}),
    "an unknown member": ("people", {"/colour": "red"}),
    "null for optional members": (
        "survey",
        {
            "/calendarId": None,
            "/language": None,
            "/voiceFlow/voicemail": None,
            "/voiceFlow/welcome/prompt": None,
            "/actions/status/delivered": None,
        },
    ),
    "2.0 for 2": ("survey", {"/retries": 2.0}),
    "flag and segments beside a file": (
        "file",
        {"/includeUnsubscribed": True, "/segmentIds": [UUID]},
    ),
    "a file beside people": ("people", {"/file": {}, "/allowMultiple": True}),
    "a name beside no distribution": ("people", {"/dynamicName": "Evening load"}),
    "one outcome alone": ("survey", {f"{STATUS}/failed": ...}),
    "a reaction of another form": ("survey", {f"{STATUS}/failed": {"mail": {}}}),
    "a menu with both say and prompt": ("survey", {f"{MENU}/prompt": "a.mp3"}),
    "a voicemail without machine detection": (
        "survey",
        {"/voiceFlow/machineDetection": False},
    ),
}

# Rule, base body and edits. Wherever one rule has several rows they are told apart by
# what they do to it.
REFUSED: list[tuple[str, str, dict[str, object]]] = [
    ("body.type", "people", {"": []}),
    ("body.type", "people", {"": "broadcast"}),
    ("body.type", "people", {"": 1}),
    ("name.required", "people", {"/name": ...}),
    ("name.type", "people", {"/name": 1}),
    ("name.type", "people", {"/name": None}),
    ("type.required", "people", {"/type": ...}),
    ("type.type", "people", {"/type": None}),
    ("type.enum", "people", {"/type": "Default"}),
    ("from.required", "people", {"/from": ...}),
    ("from.type", "people", {"/from": 441632960101}),
    ("from.type", "people", {"/from": []}),
    ("from.length", "people", {"/from": "4416329"}),
    ("from.length", "people", {"/from": "4416329601012345"}),
    ("source.required", "people", {"/source": ...}),
    ("source.type", "people", {"/source": None}),
    ("source.enum", "people", {"/source": "People"}),
    ("segmentIds.required", "people", {"/segmentIds": ...}),
    ("segmentIds.type", "people", {"/segmentIds": None}),
    ("segmentIds.type", "people", {"/segmentIds": UUID}),
    ("segmentIds.length", "people", {"/segmentIds": []}),
    ("segmentIds.length", "people", {"/segmentIds": [UUID, UUID]}),
    ("segmentIds.length", "file", {"/segmentIds": []}),
    ("segmentIds.items.type", "people", {"/segmentIds/0": 1}),
    ("segmentIds.items.format", "people", {"/segmentIds/0": "segment"}),
    ("segmentIds.items.format", "people", {"/segmentIds/0": f"{UUID}\n"}),
    ("segmentIds.items.format", "people", {"/segmentIds/0": UUID.replace("-", "")}),
    ("segmentIds.items.format", "people", {"/segmentIds/0": f"{{{UUID}}}"}),
    ("includeUnsubscribed.required", "people", {"/includeUnsubscribed": ...}),
    ("includeUnsubscribed.type", "people", {"/includeUnsubscribed": None}),
    ("includeUnsubscribed.type", "people", {"/includeUnsubscribed": "false"}),
    ("includeUnsubscribed.type", "file", {"/includeUnsubscribed": 0}),
    ("file.required", "file", {"/file": ...}),
    ("file.type", "file", {"/file": None}),
    ("file.type", "file", {"/file": "c2a7e0d4-51b8-4f36-8a9e-7b6d3c1f0e25"}),
    ("scheduledAt.type", "people", {"/scheduledAt": "2026-01-01"}),
    ("scheduledAt.type", "people", {"/scheduledAt": 1924992000.5}),
    ("scheduledAt.min", "people", {"/scheduledAt": -1}),
    ("retries.required", "people", {"/retries": ...}),
    ("retries.type", "people", {"/retries": None}),
    ("retries.type", "people", {"/retries": "0"}),
    ("retries.type", "people", {"/retries": False}),
    ("retries.type", "survey", {"/retries": 1.5}),
    ("retries.enum", "survey", {"/retries": 4}),
    ("retries.enum", "survey", {"/retries": -1}),
    ("retryOnNoInput.required", "people", {"/retryOnNoInput": ...}),
    ("retryOnNoInput.type", "people", {"/retryOnNoInput": 0}),
    ("retryOnFailed.required", "people", {"/retryOnFailed": ...}),
    ("retryOnFailed.type", "people", {"/retryOnFailed": "true"}),
    ("retryDelays.required", "people", {"/retryDelays": ...}),
    ("retryDelays.type", "people", {"/retryDelays": None}),
    ("retryDelays.type", "people", {"/retryDelays": {}}),
    ("retryDelays.type", "people", {"/retryDelays": "15, 240"}),
    ("retryDelays.count", "survey", {"/retryDelays": [15]}),
    ("retryDelays.count", "survey", {"/retryDelays": [15, 20, 25]}),
    ("retryDelays.count", "people", {"/retryDelays": [15]}),
    ("retryDelays.items.type", "survey", {"/retryDelays/1": "15"}),
    ("retryDelays.items.type", "survey", {"/retryDelays/0": True}),
    ("retryDelays.items.type", "survey", {"/retryDelays/0": None}),
    ("retryDelays.items.min", "survey", {"/retryDelays/1": -1}),
    ("retryDelays.items.max", "survey", {"/retryDelays/1": 4321}),
    ("calendarId.type", "people", {"/calendarId": 7}),
    ("calendarId.format", "people", {"/calendarId": "abc"}),
    ("distribution.type", "people", {"/distribution": True}),
    ("distribution.enum", "people", {"/distribution": "random"}),
    ("dynamicName.required", "dynamic", {"/dynamicName": ...}),
    ("dynamicName.type", "dynamic", {"/dynamicName": None}),
    ("dynamicName.type", "dynamic", {"/dynamicName": 1}),
    ("allowMultiple.type", "file", {"/allowMultiple": "no"}),
    ("actions.type", "people", {"/actions": []}),
    ("actions.status.type", "survey", {STATUS: []}),
    ("actions.inputs.type", "survey", {"/actions/inputs": []}),
    ("actions.inputs.unknown", "survey", {"/actions/inputs/*": []}),
    ("actions.reaction.type", "survey", {f"{STATUS}/failed": "sms"}),
    ("actions.reaction.type", "survey", {"/actions/inputs/hash": True}),
    ("actions.reaction.items.type", "survey", {f"{STATUS}/delivered/0": "x"}),
    (
        "actions.reaction.attribute.required",
        "survey",
        {"/actions/inputs/1/0/attribute": ...},
    ),
    (
        "actions.reaction.attribute.type",
        "survey",
        {f"{STATUS}/delivered/0/attribute": 1},
    ),
    (
        "actions.reaction.value.required",
        "survey",
        {f"{STATUS}/delivered/0/value": ...},
    ),
    ("actions.reaction.value.type", "survey", {"/actions/inputs/star/0/value": []}),
    ("actions.reaction.value.type", "survey", {"/actions/inputs/1/0/value": 1.5}),
    ("actions.reaction.sms.type", "survey", {SMS: "text"}),
    ("actions.reaction.sms.message.required", "survey", {f"{SMS}/message": ...}),
    ("actions.reaction.sms.message.type", "survey", {f"{SMS}/message": 1}),
    (
        "actions.reaction.sms.senderServiceId.required",
        "survey",
        {f"{SMS}/senderServiceId": ...},
    ),
    (
        "actions.reaction.sms.senderServiceId.type",
        "survey",
        {f"{SMS}/senderServiceId": 1},
    ),
    (
        "actions.reaction.sms.senderServiceId.format",
        "survey",
        {f"{SMS}/senderServiceId": "main"},
    ),
    ("language.type", "people", {"/language": 1}),
    ("language.enum", "people", {"/language": "en-US"}),
    ("voice.type", "people", {"/voice": False}),
    ("voice.enum", "people", {"/voice": "female"}),
    ("voiceFlow.required", "people", {"/voiceFlow": ...}),
    ("voiceFlow.type", "people", {"/voiceFlow": "welcome"}),
    (
        "voiceFlow.machineDetection.type",
        "survey",
        {"/voiceFlow/machineDetection": "yes"},
    ),
    ("voiceFlow.voicemail.type", "survey", {"/voiceFlow/voicemail": "text"}),
    ("voiceFlow.voicemail.say.type", "survey", {"/voiceFlow/voicemail/say": 1}),
    (
        "voiceFlow.voicemail.prompt.type",
        "survey",
        {"/voiceFlow/voicemail": {"prompt": 1}},
    ),
    ("voiceFlow.voicemail.say.xor", "survey", {"/voiceFlow/voicemail": {}}),
    ("voiceFlow.welcome.required", "survey", {"/voiceFlow/welcome": ...}),
    ("voiceFlow.welcome.type", "people", {"/voiceFlow/welcome": None}),
    ("voiceFlow.welcome.say.type", "people", {"/voiceFlow/welcome/say": []}),
    ("voiceFlow.welcome.prompt.type", "people", {"/voiceFlow/welcome": {"prompt": 1}}),
    ("voiceFlow.welcome.replay.type", "survey", {"/voiceFlow/welcome/replay": "1"}),
    ("voiceFlow.welcome.say.xor", "people", {"/voiceFlow/welcome": {}}),
    ("voiceFlow.welcome.say.xor", "people", {"/voiceFlow/welcome/prompt": "a.mp3"}),
    ("voiceFlow.welcome.say.xor", "people", {"/voiceFlow/welcome/say": None}),
    ("voiceFlow.end.type", "survey", {"/voiceFlow/end": True}),
    ("voiceFlow.end.say.type", "survey", {"/voiceFlow/end/say": 1}),
    ("voiceFlow.end.prompt.type", "survey", {"/voiceFlow/end": {"prompt": 1}}),
    ("voiceFlow.end.say.xor", "survey", {"/voiceFlow/end/prompt": "a.mp3"}),
    ("voiceFlow.menu.type", "survey", {MENU: []}),
    ("voiceFlow.menu.say.type", "survey", {f"{MENU}/say": 1}),
    ("voiceFlow.menu.prompt.type", "survey", {f"{MENU}/prompt": 1}),
    ("voiceFlow.menu.replay.type", "survey", {f"{MENU}/replay": 0.5}),
    ("voiceFlow.menu.say.or", "survey", {f"{MENU}/say": ...}),
    ("voiceFlow.menu.choices.required", "survey", {f"{MENU}/choices": ...}),
    ("voiceFlow.menu.choices.type", "survey", {f"{MENU}/choices": {}}),
    ("voiceFlow.menu.choices.type", "survey", {f"{MENU}/choices": ""}),
    ("voiceFlow.menu.choices.length", "survey", {f"{MENU}/choices": []}),
    ("voiceFlow.menu.choices.items.type", "survey", {CHOICE: "1"}),
    ("voiceFlow.menu.choices.key.required", "survey", {f"{CHOICE}/key": ...}),
    ("voiceFlow.menu.choices.key.type", "survey", {f"{CHOICE}/key": 1}),
    ("voiceFlow.menu.choices.key.enum", "survey", {f"{CHOICE}/key": "10"}),
    ("voiceFlow.menu.choices.key.enum", "survey", {f"{CHOICE}/key": "star"}),
    ("voiceFlow.menu.choices.key.unique", "survey", {f"{CHOICE}/key": "9"}),
    ("voiceFlow.menu.choices.say.type", "survey", {f"{CHOICE}/say": 1}),
    ("voiceFlow.menu.choices.prompt.type", "survey", {f"{CHOICE}/prompt": 1}),
    ("voiceFlow.menu.choices.replay.type", "survey", {f"{CHOICE}/replay": "1"}),
    ("voiceFlow.menu.choices.say.or", "survey", {f"{CHOICE}/say": ...}),
    ("voiceFlow.menu.choices.transfer.type", "survey", {TRANSFER: "441632960199"}),
    (
        "voiceFlow.menu.choices.transfer.destination.required",
        "survey",
        {f"{TRANSFER}/destination": ...},
    ),
    (
        "voiceFlow.menu.choices.transfer.destination.type",
        "survey",
        {f"{TRANSFER}/destination": 441632960199},
    ),
    (
        "voiceFlow.menu.choices.transfer.attempts.type",
        "survey",
        {f"{TRANSFER}/attempts": "2"},
    ),
    (
        "voiceFlow.menu.choices.transfer.attempts.min",
        "survey",
        {f"{TRANSFER}/attempts": 0},
    ),
    (
        "voiceFlow.menu.choices.transfer.attempts.max",
        "survey",
        {f"{TRANSFER}/attempts": 4},
    ),
    (
        "voiceFlow.menu.choices.transfer.timeout.type",
        "survey",
        {f"{TRANSFER}/timeout": True},
    ),
    (
        "voiceFlow.menu.choices.transfer.timeout.min",
        "survey",
        {f"{TRANSFER}/timeout": 4},
    ),
    (
        "voiceFlow.menu.choices.transfer.timeout.max",
        "survey",
        {f"{TRANSFER}/timeout": 31},
    ),
    (
        "voiceFlow.menu.choices.transfer.whisper.type",
        "survey",
        {f"{TRANSFER}/whisper": "Survey call"},
    ),
    (
        "voiceFlow.menu.choices.transfer.whisper.say.type",
        "survey",
        {f"{TRANSFER}/whisper/say": 1},
    ),
    (
        "voiceFlow.menu.choices.transfer.whisper.prompt.type",
        "survey",
        {f"{TRANSFER}/whisper": {"prompt": 1}},
    ),
    (
        "voiceFlow.menu.choices.transfer.whisper.say.xor",
        "survey",
        {f"{TRANSFER}/whisper": {}},
    ),
]

# What cannot be broken alone, as the documents have it.
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


@pytest.mark.parametrize(("base", "edits"), ACCEPTED.values(), ids=ACCEPTED)
def test_valid_or_unsettled_body_is_accepted(
    send: Send, body: Body, base: str, edits: dict[str, object]
) -> None:
    sent = body(base, edits)

    answer = send(*CREATE, sent)

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("rule", "base", "edits"), REFUSED, ids=[f"{row[0]} {row[2]}" for row in REFUSED]
)
def test_fault_breaks_exactly_its_rule(
    send: Send, body: Body, rule: str, base: str, edits: dict[str, object]
) -> None:
    answer = send(*CREATE, body(base, edits))

    assert answer.status_code == 422
    assert answer.json()["error"]["rules"] == [rule]


@pytest.mark.parametrize(
    ("rules", "base", "edits"), COUPLED, ids=[" and ".join(row[0]) for row in COUPLED]
)
def test_faults_together_break_all_their_rules(
    send: Send, body: Body, rules: list[str], base: str, edits: dict[str, object]
) -> None:
    answer = send(*CREATE, body(base, edits))

    assert answer.status_code == 422
    assert answer.json()["error"]["rules"] == rules


def test_every_rule_is_broken_by_a_row() -> None:
    alone = {rule for rule, _, _ in REFUSED}
    coupled = {rule for rules, _, _ in COUPLED for rule in rules}

    held = [check.rule for check in CHECKS]

    assert set(held) == alone | coupled
    assert len(held) == len(set(held))


def test_details_name_the_place_by_pointer(send: Send, body: Body) -> None:
    edits = {"/retryDelays/1": 4321, "/voiceFlow/menu/choices/0/key": ...}

    error = send(*CREATE, body("survey", edits)).json()["error"]

    assert error["details"] == {
        "/voiceFlow/menu/choices/0/key": "is required",
        "/retryDelays/1": "must be at most 4320",
    }
    assert error["code"] == "invalid_request"
    assert "retryDelays.items.max" in error["message"]


def test_rejected_body_is_not_created(send: Send, body: Body) -> None:
    send(*CREATE, body("people", {"/retries": 4}))

    listing = send("GET", "/voice/broadcasts").json()

    assert listing["items"] == []
