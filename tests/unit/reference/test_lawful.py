from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import httpx
import pytest

from ringspec.reference import LAWFUL, Behaviour, Lawful, ServerSettings, application

from .conftest import BODIES, SECRETS, URL
from .places import FLOW, UUID
from .test_mutants import outcome
from .witnesses import (
    ALL,
    GOOD,
    HOSTILE,
    ONE,
    OTHER,
    SCHEDULED,
    Ask,
    command,
    create,
    get,
    listing,
    raw,
)

if TYPE_CHECKING:
    from .test_mutants import Outcome

# What some lawful server or other refuses, and what all of them answer in their way.
SCRIPT = (
    create("survey"),
    SCHEDULED,
    get(),
    listing(),
    Ask("PUT", ONE, BODIES["people"]),
    *(command(name) for name in ("start", "start", "pause", "resume", "cancel")),
    get(),
    Ask("DELETE", OTHER),
    get(OTHER),
    Ask("POST", ALL, BODIES["people"], token=None),
    raw(b"{"),
    raw(GOOD, ""),
    raw(b"\xef\xbb\xbf" + GOOD),
    raw(GOOD[:-1] + b"," + GOOD[1:]),
    raw(GOOD[:-1] + b',"x":"' + b"x" * 100_000 + b'"}'),
    create("people", {"/name": 1, "/retries": 9}),
    create("people", {"/name": " "}),
    create("people", {"/name": " x "}),
    create("people", {"/name": "x" * 101}),
    create("people", {"/retries": ...}),
    create("people", {"/from": "+441632960101"}),
    create("people", {"/name": "half \ud83d of a pair"}),
    create("people", {"/retries": 0.0}),
    create("people", {"/calendarId": f"{{{UUID}}}"}),
    create("people", {"/scheduledAt": 1}),
    create("people", {"/scheduledAt": 2**40}),
    create("people", {"/allowMultiple": True}),
    create("people", {"/dynamicName": "Evening load"}),
    create("people", {"/file": {}}),
    create("file", {"/file": {}}),
    create("file", {"/includeUnsubscribed": False}),
    create("file", {"/segmentIds": BODIES["people"]["segmentIds"]}),
    create("people", {f"{FLOW}/welcome/replay": 9}),
    create("people", {f"{FLOW}/welcome": {"prompt": "a.mp3"}}),
    create("survey", {"/retryDelays/0": 0}),
    create("survey", {"/actions/status/failed": ...}),
    create("survey", {f"{FLOW}/menu/prompt": "https://example.com/a.mp3"}),
    create("survey", {f"{FLOW}/menu/choices/0/prompt": "https://example.com/a.mp3"}),
    create("survey", {f"{FLOW}/menu/choices/2/say": "One moment."}),
    create("people", {f"{FLOW}/welcome/say": "Ça va ?"}),
    *HOSTILE,
)


async def played(behaviour: Behaviour) -> list[Outcome]:
    app = application(ServerSettings(**SECRETS), behaviour)
    transport = httpx.ASGITransport(app)
    ids: list[str] = []
    async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
        return [await outcome(http, ask, ids) for ask in SCRIPT]


@pytest.fixture(scope="module")
def right() -> list[Outcome]:
    return asyncio.run(played(Behaviour()))


# What these do otherwise is what `outcome` does not look at.
QUIET = {"chunked", "upper-case-headers", "ids-numbered"}


@pytest.mark.parametrize("lawful", LAWFUL, ids=lambda each: each.name)
def test_lawful_variant_has_a_habit(lawful: Lawful, right: list[Outcome]) -> None:
    other = asyncio.run(played(lawful.apply(Behaviour())))

    assert (other != right) is (lawful.name not in QUIET)
    assert all(each.status < 500 and not each.failure for each in other)


def created(lawful: Lawful) -> httpx.Response:
    app = application(ServerSettings(**SECRETS), lawful.apply(Behaviour()))

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
            token = {"Authorization": f"Bearer {SECRETS['token']}"}
            return await http.post(ALL, json=BODIES["people"], headers=token)

    return asyncio.run(answer())


@pytest.mark.parametrize("lawful", LAWFUL, ids=lambda each: each.name)
def test_lawful_variant_accepts_a_plain_body(lawful: Lawful) -> None:
    answer = created(lawful)

    assert answer.status_code in {200, 201, 202}
    assert answer.json()["name"] == BODIES["people"]["name"]


def test_quiet_habits_show_below_what_is_compared() -> None:
    quiet = {each.name: created(each) for each in LAWFUL if each.name in QUIET}

    assert "content-length" not in quiet["chunked"].headers
    names = [name for name, _ in quiet["upper-case-headers"].headers.raw]
    assert b"CONTENT-TYPE" in names
    assert quiet["ids-numbered"].json()["broadcastId"] == "b-000001"


def test_lawful_variants_have_names_of_their_own_and_a_level() -> None:
    names = [each.name for each in LAWFUL]

    assert len({*names}) == len(names) >= 45
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)
    assert {each.level for each in LAWFUL} == {"must", "should", "may"}
