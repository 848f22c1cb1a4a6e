"""What the vendor's own client puts on the wire, and what the contract says of it.

The payloads are kept in `tests/fixtures`. After a new release of the client, write them
anew with RINGSPEC_RECORD=1, and read the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ringspec.spec import load

from .conftest import PAYLOADS


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


def kept() -> dict[str, Any]:
    """Read the payloads that were written down, by name."""
    payloads = json.loads(PAYLOADS.read_text("utf-8"))
    return {payload["name"]: payload["body"] for payload in payloads}


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
    dialect, contract, body = load(dialect="naxai-sdk"), load(), kept()[name]

    open_ = contract.settled_prover.proven_broken(body)

    assert dialect.prover.proven_broken(body) == frozenset()
    assert dialect.settled_prover.proven_broken(body) == unsettled
    assert contract.prover.proven_broken(body) == broken
    assert {rule for rule in open_ if rule.endswith(".unknown")} == unknown
