"""What a profile says of its target is in all that is sent, and a server takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ringspec.harness import Conclusion, Ended, Outcome
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import URL, Application, InProcess
from ringspec.reference import ServerSettings, application
from ringspec.spec import Contract, Json, Level, Overrides, RuleId, load
from ringspec.strategies import Case, Expect, Phase, cases_of, plain_request

UUIDS = [f"11111111-2222-4333-8444-55555555555{number}" for number in range(3)]
VALUES: dict[str, Json] = {
    "segment": UUIDS[0],
    "caller": "441632960777",
    "file": {"fileId": "f-1", "column": {"phone": "a"}},
    "dynamic": "Night load",
    "destination": "441632960888",
    "sender": UUIDS[1],
    "prompt": "https://example.org/other.wav",
    "calendar": UUIDS[2],
}
# The members whose value is a fixture, wherever in a body they stand.
MEMBERS = {
    "segmentIds": [VALUES["segment"]],
    "from": VALUES["caller"],
    "file": VALUES["file"],
    "dynamicName": VALUES["dynamic"],
    "destination": VALUES["destination"],
    "senderServiceId": VALUES["sender"],
    "prompt": VALUES["prompt"],
    "calendarId": VALUES["calendar"],
}


@pytest.fixture(scope="module")
def fixed() -> Contract:
    paths = {"createBroadcast": "/v2/calls"}
    return load(overrides=Overrides(fixtures=VALUES, paths=paths, header="X-Api-Key"))


@pytest.fixture(scope="module")
def listed(fixed: Contract) -> tuple[Case, ...]:
    """Compile the cases anew: each is proven by two validators."""
    return cases_of(fixed)


def members(body: Json) -> Iterator[tuple[str, Json]]:
    children = body if isinstance(body, list) else []
    if isinstance(body, dict):
        yield from body.items()
        children = list(body.values())
    for child in children:
        yield from members(child)


def test_every_valid_body_has_the_values(
    fixed: Contract, listed: tuple[Case, ...]
) -> None:
    seen = set()
    for case in listed:
        if (case.phase, case.expect) != (Phase.CASES, Expect.ACCEPT):
            continue
        for name, value in members(case.body):
            if name in MEMBERS:
                assert value == MEMBERS[name], case.id
                seen.add(name)

    assert seen == MEMBERS.keys()
    assert plain_request(fixed) == listed[0].request


def test_nothing_that_is_sent_has_the_contracts_own_values(
    fixed: Contract, listed: tuple[Case, ...]
) -> None:
    own = {"3b0f8a52-6c1d", "441632960101", "c2a7e0d4-51b8", "441632960199"}
    sent = [
        request.body.decode("utf-8", "replace")
        for case in listed
        for request in (case.request, *(step.request for step in case.steps))
    ]

    assert [text for text in sent if any(each in text for each in own)] == []
    assert "3b0f8a52-6c1d" not in json.dumps(fixed.settled["properties"])


def elsewhere(app: Application) -> Application:
    """Serve the create at another path, and take the token from another header."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        headers = [each for each in scope["headers"] if each[0] != b"authorization"]
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                headers.append((b"authorization", b"Bearer " + value))
        path = "/voice/broadcasts" if scope["path"] == "/v2/calls" else scope["path"]
        raw = path.encode()
        changed = {**scope, "path": path, "raw_path": raw, "headers": headers}
        await app(changed, receive, send)

    return served


def test_a_server_that_is_so_conforms(
    fixed: Contract, listed: tuple[Case, ...]
) -> None:
    settings = ServerSettings(token="t0ken-of-the-reference")
    filling = Filling(token=settings.token)
    app = elsewhere(application(settings))
    plan = Plan(
        contract=fixed,
        cases=listed,
        url=URL,
        filling=filling,
        level=Level.MAY,
        phases=frozenset({Phase.CASES, Phase.AUTH}),
        connect=lambda: InProcess(app, filling=filling),
    )

    last = list(run(plan))[-1]

    assert isinstance(last, Ended)
    found = last.result
    assert found.conclusion == Conclusion.CONFORMANT
    outcomes = {each.rule.id: each.outcome for each in found.rules}
    assert outcomes[RuleId("auth.token")] == Outcome.PASS
