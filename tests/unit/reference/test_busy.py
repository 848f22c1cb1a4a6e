"""Mutants that fail only when busy: right to few callers, wrong to many."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ringspec.reference import BUSY, MUTANTS, Settings, application
from ringspec.reference.mutants.busy import LIMIT

BODY: dict[str, Any] = {
    "name": "Office closure notice",
    "type": "default",
    "from": "441632960101",
    "source": "people",
    "segmentIds": ["3b0f8a52-6c1d-4e0b-9a3f-2f6f5b6d7c10"],
    "includeUnsubscribed": False,
    "retries": 1,
    "retryOnNoInput": False,
    "retryOnFailed": False,
    "retryDelays": [15],
    "voiceFlow": {"welcome": {"say": "The office is closed on Friday."}},
}
SETTINGS = Settings(token="a-token")
# By mutant: what is sent, with which token, and what a right server answers.
TRIALS = {
    "busy-delays-unbounded": ({**BODY, "retryDelays": [4321]}, "a-token", 422),
    "busy-crash": (BODY, "a-token", 201),
    "busy-token-unchecked": (BODY, "another", 401),
    "busy-name-lost": (BODY, "a-token", 201),
}


async def answers(mutant: str, callers: int) -> list[httpx.Response]:
    """Ask a mutant once from each of so many connections, one after the other."""
    body, token, _ = TRIALS[mutant]
    app = application(Settings(token=SETTINGS.token, mutant=mutant))
    found: list[httpx.Response] = []
    for port in range(callers):
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 40_000 + port))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1"
        ) as client:
            headers = {"Authorization": f"Bearer {token}"}
            sent = await client.post("/voice/broadcasts", json=body, headers=headers)
            found.append(sent)
    return found


def is_right(answer: httpx.Response, status: int) -> bool:
    name = answer.json().get("name", BODY["name"])
    return answer.status_code == status and name == BODY["name"]


@pytest.mark.parametrize("mutant", BUSY)
def test_mutant_is_right_to_few_and_wrong_to_many(mutant: str) -> None:
    status = TRIALS[mutant][2]

    found = asyncio.run(answers(mutant, LIMIT + 1))

    assert all(is_right(each, status) for each in found[:-1])
    assert not is_right(found[-1], status)


def test_busy_mutants_stand_apart_from_the_fleet() -> None:
    assert not BUSY.keys() & MUTANTS.keys()
    assert TRIALS.keys() == BUSY.keys()
