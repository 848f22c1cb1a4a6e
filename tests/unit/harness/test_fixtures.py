"""What a profile says of its target is in all that is sent, and a server takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.inprocess import answering, plan_of, told

from ringspec.harness import Conclusion, Outcome, Result
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import Application, InProcess
from ringspec.reference import DIALECTS, ServerDialect, ServerSettings, application
from ringspec.spec import Contract, Json, Level, Overrides, RuleId, load
from ringspec.strategies import Case, Expect, Phase, plain_case
from ringspec.strategies.case_list import compile_cases

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


# A provider of other paths, names and credentials, and of no count of delays.
MINE = Path(__file__).parent / "data" / "mine.yaml"
SPELLING: dict[tuple[str | int, ...], str] = {
    ("retries",): "redials",
    ("voiceFlow", "welcome", "say"): "text",
}
CREATE, ALL = "/v2/calls", "/voice/broadcasts"
TOKEN = "t0ken-of-the-reference"


@pytest.fixture(scope="module")
def mine() -> Contract:
    paths = {"createBroadcast": CREATE}
    overrides = Overrides(fixtures=VALUES, paths=paths, header="X-Api-Key")
    return load(dialect=str(MINE), overrides=overrides)


@pytest.fixture(scope="module")
def cases(mine: Contract) -> tuple[Case, ...]:
    """Compile the list, which proves each label by two validators."""
    return compile_cases(mine)


def members(body: Json) -> Iterator[tuple[str, Json]]:
    children = body if isinstance(body, list) else []
    if isinstance(body, dict):
        yield from body.items()
        children = list(body.values())
    for child in children:
        yield from members(child)


def test_every_valid_body_has_the_values(
    mine: Contract, cases: tuple[Case, ...]
) -> None:
    seen = set()
    for case in cases:
        if (case.phase, case.expect) != (Phase.CASES, Expect.ACCEPT):
            continue
        for name, value in members(case.body):
            if name in MEMBERS:
                assert value == MEMBERS[name], case.id
                seen.add(name)

    assert seen == MEMBERS.keys()
    assert plain_case(mine).request == cases[0].request


def test_nothing_that_is_sent_has_the_contracts_own_values(
    mine: Contract, cases: tuple[Case, ...]
) -> None:
    own = {"3b0f8a52-6c1d", "441632960101", "c2a7e0d4-51b8", "441632960199"}
    sent = [
        request.body.decode("utf-8", "replace")
        for case in cases
        for request in (case.request, *(step.request for step in case.steps))
    ]

    assert [text for text in sent if any(each in text for each in own)] == []
    assert "3b0f8a52-6c1d" not in json.dumps(mine.settled["properties"])


ERROR = {"error": {"code": "invalid", "message": "There is no such voice or time."}}
REFUSED = answering(json.dumps(ERROR).encode(), 422)


def respelt(app: Application) -> Application:
    """Serve what the reference serves as the provider has it; refuse what it does."""

    async def shim(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()

        async def again() -> Any:
            return message

        path = str(scope["path"])
        path = ALL if path == CREATE else path.replace("/v2/campaigns", ALL)
        headers = [each for each in scope["headers"] if each[0] != b"authorization"]
        headers += [
            (b"authorization", b"Bearer " + value)
            for name, value in headers
            if name == b"x-api-key"
        ]
        raw = path.encode()
        scope = {**scope, "path": path, "raw_path": raw, "headers": headers}
        answer = REFUSED if is_beyond(message["body"]) else app
        await answer(scope, again, send)

    return shim


def is_beyond(body: bytes) -> bool:
    """Tell whether a body has what this provider has no more."""
    long = re.search(rb'"timeout":(2[1-9]|30)[,}]', body)
    return b'"voice":"man"' in body or long is not None


@pytest.fixture(scope="module")
def result(mine: Contract, cases: tuple[Case, ...]) -> Result:
    """Run against a server that speaks the dialect, and counts no delays."""
    settings = ServerSettings(
        dialect="mine", mutant="retry-delays-count-unchecked", token=TOKEN
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(DIALECTS, "mine", ServerDialect("mine", spelling=SPELLING))
        app = respelt(application(settings))
    server = InProcess(app, filling=Filling(token=TOKEN))
    options = {"level": Level.SHOULD, "examples": 20, "patience_s": 0.5}
    plan = plan_of(server, mine, cases, phases=frozenset(Phase), **options)
    return told(plan).result


def test_ids_are_canonical_and_what_is_dropped_is_gone(
    contract: Contract, mine: Contract, cases: tuple[Case, ...]
) -> None:
    gone = {"retryDelays.count", "wire.method", "error.status"}

    assert [*mine.rules] == [each for each in contract.rules if each not in gone]
    served = {case.rule for case in cases} | {r for c in cases for r in c.broken}
    assert served <= mine.rules.keys()
    assert {case.twin for case in cases if case.twin} <= {case.id for case in cases}


def test_bodies_and_paths_are_spelt_as_the_provider_has_them(
    cases: tuple[Case, ...],
) -> None:
    plain = cases[0].body
    paths = {case.request.path for case in cases if case.phase == Phase.CASES}

    assert paths == {CREATE}
    assert plain["redials"] == 0
    assert "retries" not in plain
    assert plain["voiceFlow"]["welcome"]["text"]
    coupled = [case for case in cases if case.coupled]
    assert {case.body["redials"] for case in coupled} == {4, 5}


@pytest.mark.parametrize(
    ("rule", "last", "beyond"),
    [
        ("voice.enum", '"voice":"woman"', '"voice":"'),
        ("voiceFlow.menu.choices.transfer.timeout.max", '"timeout":20', '"timeout":21'),
    ],
)
def test_other_values_and_bounds_are_tested_where_they_now_are(
    cases: tuple[Case, ...], rule: str, last: str, beyond: str
) -> None:
    valid = [case.request.body for case in cases if case.expect == Expect.ACCEPT]
    broken = [case.request.body for case in cases if rule in case.broken]

    assert any(last in body.decode() for body in valid)
    assert not any(is_beyond(body) for body in valid)
    assert any(beyond in body.decode() for body in broken)


def test_a_server_that_speaks_it_conforms(result: Result) -> None:
    failed = [
        (str(each.rule.id), failure.case.id, failure.reason)
        for each in result.rules
        for failure in each.failures
    ]

    assert failed == []
    assert result.conclusion == Conclusion.CONFORMANT
    outcomes = {each.rule.id: each.outcome for each in result.rules}
    assert outcomes[RuleId("auth.token")] == Outcome.PASS


def test_what_is_dropped_is_told_as_not_applicable(result: Result) -> None:
    why = "the dialect mine has no such rule"
    dropped = {each.rule.id: each.outcome for each in result.rules if each.why == why}

    assert dropped == dict.fromkeys(
        ("retryDelays.count", "wire.method", "error.status"), Outcome.NOT_APPLICABLE
    )
