"""What the vendor's own client is asked to send although it breaks one rule each.

Source: facts.md A, what the client accepts and would send.
"""

from __future__ import annotations

from typing import Any

from naxai.models.voice import Choice, Menu, VoiceFlow, Welcome
from naxai.models.voice.requests.broadcasts_requests import (
    ActionItem,
    Actions,
    Inputs,
    Sms,
    Status,
)

HELLO = Welcome(say="Hello.")

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
    ({"voice_flow": VoiceFlow(welcome=Welcome())}, "voiceFlow.welcome.say.xor"),
    (
        {"voice_flow": VoiceFlow(welcome=Welcome(say="a", prompt="https://b.c/d"))},
        "voiceFlow.welcome.say.xor",
    ),
    (
        {"voice_flow": VoiceFlow(welcome=HELLO, menu=Menu(say="a", choices=[]))},
        "voiceFlow.menu.choices.length",
    ),
    (
        {
            "voice_flow": VoiceFlow(
                welcome=HELLO,
                menu=Menu(
                    say="a",
                    choices=[Choice(key="1", say="b"), Choice(key="1", say="c")],
                ),
            )
        },
        "voiceFlow.menu.choices.key.unique",
    ),
    (
        {
            "voice_flow": VoiceFlow(
                welcome=HELLO, menu=Menu(say="a", choices=[Choice(key="1")])
            )
        },
        "voiceFlow.menu.choices.say.or",
    ),
    (
        {
            "voice_flow": VoiceFlow(
                welcome=HELLO, menu=Menu(choices=[Choice(key="1", say="b")])
            )
        },
        "voiceFlow.menu.say.or",
    ),
    (
        {
            "actions": Actions(
                inputs=Inputs(**{"1": [ActionItem(attribute="satisfied")]})
            )
        },
        "actions.reaction.value.required",
    ),
    # The model drops this keyword without a word: it knows senderServiceId.
    (
        {
            "actions": Actions(
                actions=Status(
                    delivered={
                        "sms": Sms(
                            message="Thank you.",
                            sender_service_id="9d4e6b71-0c35-4a8f-b2e9-1f7a5c3d8e06",
                        )
                    },
                    failed=[ActionItem(attribute="last_call", value="failed")],
                )
            )
        },
        "actions.reaction.sms.senderServiceId.required",
    ),
]
