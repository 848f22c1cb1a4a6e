"""Mutants that fail only when busy: right to few callers, wrong to many."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from ringspec.reference import BUSY, MUTANTS, ServerSettings, application
from ringspec.reference.mutants.busy import LIMIT

from ...plain import PLAIN  # noqa: TID252 - tests are no distribution

SETTINGS = ServerSettings(token="a-token")
# By mutant: what is sent, with which token, and what a right server answers.
TRIALS = {
    "busy-delays-unbounded": (
        {**PLAIN, "retries": 1, "retryDelays": [4321]},
        "a-token",
        422,
    ),
    "busy-crash": (PLAIN, "a-token", 201),
    "busy-token-unchecked": (PLAIN, "another", 401),
    "busy-name-lost": (PLAIN, "a-token", 201),
}


async def answers(mutant: str, callers: int) -> list[httpx.Response]:
    """Ask a mutant once from each of so many connections, one after the other."""
    body, token, _ = TRIALS[mutant]
    app = application(ServerSettings(token=SETTINGS.token, mutant=mutant))
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
    name = answer.json().get("name", PLAIN["name"])
    return answer.status_code == status and name == PLAIN["name"]


@pytest.mark.parametrize("mutant", BUSY)
def test_mutant_is_right_to_few_and_wrong_to_many(mutant: str) -> None:
    status = TRIALS[mutant][2]

    found = asyncio.run(answers(mutant, LIMIT + 1))

    assert all(is_right(each, status) for each in found[:-1])
    assert not is_right(found[-1], status)


def test_busy_mutants_stand_apart_from_the_fleet() -> None:
    assert not BUSY.keys() & MUTANTS.keys()
    assert TRIALS.keys() == BUSY.keys()
