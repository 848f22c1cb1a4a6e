"""What the vendor's own client sends although it breaks a rule.

It checks no rule across members, and few within one: that is left to the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
import pytest
from naxai.base.exceptions import NaxaiInvalidRequestError
from naxai.models.voice import Choice, Menu, VoiceFlow, Welcome
from naxai.models.voice.requests.broadcasts_requests import (
    ActionItem,
    Actions,
    Inputs,
    Sms,
    Status,
)

from ringspec.spec import load

Listen: TypeAlias = Callable[[Any], list[httpx.Response]]

HELLO = Welcome(say="Hello.")


# Source: facts.md A, what the client accepts and would send.
@pytest.mark.socket
@pytest.mark.parametrize(
    ("change", "rule"),
    [
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
    ],
    ids=[
        "retries-nine",
        "delay-too-few",
        "delays-absent",
        "delay-beyond-three-days",
        "delay-negative",
        "retries-none",
        "no-segment",
        "segment-no-uuid",
        "flag-none",
        "file-source-without-file",
        "source-unknown",
        "scheduled-as-text",
        "calendar-no-uuid",
        "dynamic-without-name",
        "welcome-silent",
        "welcome-twice",
        "menu-without-choices",
        "key-twice",
        "choice-without-effect",
        "menu-silent",
        "action-without-value",
        "sms-without-sender",
    ],
)
def test_one_rule_is_broken_by_server_and_contract_alike(
    client: Any,
    listen: Listen,
    broadcasts: dict[str, Any],
    change: dict[str, Any],
    rule: str,
) -> None:
    answers = listen(client)

    with pytest.raises(NaxaiInvalidRequestError):
        client.voice.broadcasts.create(broadcasts["minimal"].model_copy(update=change))

    sent = json.loads(answers[-1].request.content)
    assert answers[-1].json()["error"]["rules"] == [rule]
    assert load(dialect="naxai-sdk").prover.prove(sent) == {rule}
