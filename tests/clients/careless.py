"""What the vendor's own client is asked to send although it breaks one rule each.

Source: facts.md A, what the client accepts and would send.
"""

from __future__ import annotations

from typing import Any

from naxai.models.voice.requests.broadcasts_requests import Actions

from .conftest import flow


def menu(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"voice_flow": flow(menu={"choices": choices, **more})}


def actions(**reactions: Any) -> dict[str, Any]:
    return {"actions": Actions.model_validate(reactions)}


LAST_CALL = {"attribute": "last_call", "value": "failed"}
# The model drops this keyword without a word: it knows senderServiceId.
SMS = {"message": "Thank you.", "sender_service_id": "9d4e6b71-0c35-4a8f-b2e9"}

# What is changed of a minimal broadcast, and the rule that this breaks.
CARELESS: list[tuple[dict[str, Any], str]] = [
    ({"retries": 9}, "retries.enum"),
    ({"retries": 2, "retry_delays": [15]}, "retryDelays.count"),
    ({"retries": 2}, "retryDelays.count"),
    ({"retries": 1, "retry_delays": [99999]}, "retryDelays.items.max"),
    ({"retries": 1, "retry_delays": [-5]}, "retryDelays.items.min"),
    ({"retries": None}, "retries.required"),
    ({"segment_ids": []}, "segmentIds.length"),
    ({"segment_ids": ["seg_abc123"]}, "segmentIds.items.format"),
    ({"inclube_unsubscribed": None}, "includeUnsubscribed.required"),
    ({"source": "file"}, "file.required"),
    ({"source": "crm"}, "source.enum"),
    ({"scheduled_at": "2030-01-01T09:00:00Z"}, "scheduledAt.type"),
    ({"calendar_id": "cal_1"}, "calendarId.format"),
    ({"distribution": "dynamic"}, "dynamicName.required"),
    ({"voice_flow": flow(welcome={})}, "voiceFlow.welcome.say.xor"),
    (
        {"voice_flow": flow(welcome={"say": "a", "prompt": "https://b.c/d"})},
        "voiceFlow.welcome.say.xor",
    ),
    (menu(say="a"), "voiceFlow.menu.choices.length"),
    (
        menu({"key": "1", "say": "b"}, {"key": "1", "say": "c"}, say="a"),
        "voiceFlow.menu.choices.key.unique",
    ),
    (menu({"key": "1"}, say="a"), "voiceFlow.menu.choices.say.or"),
    (menu({"key": "1", "say": "b"}), "voiceFlow.menu.say.or"),
    (
        actions(inputs={"1": [{"attribute": "satisfied"}]}),
        "actions.reaction.value.required",
    ),
    (
        actions(actions={"delivered": {"sms": SMS}, "failed": [LAST_CALL]}),
        "actions.reaction.sms.senderServiceId.required",
    ),
]
