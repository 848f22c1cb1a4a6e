"""Checks of an accepted answer: JSON, schema, what comes back, and defaults."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ringspec.harness import Response
from ringspec.harness.judging import checks
from ringspec.harness.sending.exchange import parse
from ringspec.spec import Answer, Contract, Json, RuleId, at
from ringspec.strategies import Case


@pytest.fixture(scope="module")
def answer(contract: Contract) -> Answer:
    found = contract.answers.of(201)
    assert found is not None
    return found


@pytest.fixture
def sent(case_of: Callable[[str], Case]) -> dict[str, Any]:
    body = copy.deepcopy(case_of("body.accepted/plain").body)
    assert isinstance(body, dict)
    return body


def response(body: bytes, media: str | None = "application/json") -> Response:
    headers = () if media is None else (("content-type", media),)
    return Response(status=201, headers=headers, body=body)


@pytest.mark.parametrize(
    ("body", "media", "reason"),
    [
        (b"{}", "application/json", ""),
        (b"{}", "Application/JSON; charset=utf-8", ""),
        (b"{}", "application/vnd.api+json", ""),
        (b"{}", "text/html", "labelled text/html, not JSON"),
        (b"{}", None, "labelled nothing, not JSON"),
        (b"", "application/json", "no JSON"),
        (b"{", "application/json", "no JSON"),
        (b"\xff\xff", "application/json", "no JSON"),
        (b"NaN", "application/json", "NaN is no JSON"),
        (b"[" * 90_000, "application/json", "more than 64 levels"),
        (b"[" * 900 + b"]" * 900, "application/json", "more than 64 levels"),
        (b"[" + b"0," * 100_000, "application/json", "more than 100,000 values"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_answer_is_json_and_says_so(
    body: bytes, media: str | None, reason: str
) -> None:
    _, found = parse(response(body, media))

    assert reason in found
    assert bool(found) == bool(reason)


def test_faults_of_an_answer_are_named_by_rule(answer: Answer) -> None:
    missing = checks.schema_faults(answer, {})
    wrong = checks.schema_faults(answer, {"retries": "none"})

    assert set(missing) == {"answer.members"}
    assert "lacks" in missing[RuleId("answer.members")]
    assert "/retries" in wrong[RuleId("answer.types")]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("name",), "other"),
        (("retries",), 1),
        (("retryDelays",), [1]),
        (("includeUnsubscribed",), None),
        (("voiceFlow", "welcome", "say"), "other"),
        (("voiceFlow", "welcome"), {}),
        (("segmentIds",), []),
    ],
    ids=lambda value: "/".join(value) if isinstance(value, tuple) else "",
)
def test_change_of_what_was_sent_is_found(
    contract: Contract,
    answer: Answer,
    sent: dict[str, Any],
    place: tuple[str, ...],
    value: Json,
) -> None:
    got = copy.deepcopy(sent)
    at(got, place[:-1])[place[-1]] = value

    found = checks.echo_faults(contract, answer, sent, got)

    assert len(found) == 1
    assert "/" + "/".join(place) in found[0]


UUID = "5A1C9F60-2E34-4B7D-8F02-6D7E8C9B0A12"


@pytest.mark.parametrize(
    ("more", "change"),
    [
        ({}, {}),
        ({}, {"added": 1}),
        ({}, {"calendarId": "ab"}),
        ({"calendarId": UUID}, {"calendarId": UUID.lower()}),
        ({"scheduledAt": None}, {}),
    ],
    ids=["same", "added", "filled", "uuid-in-other-case", "null-as-absence"],
)
def test_answer_may_add_members_and_write_values_otherwise(
    contract: Contract,
    answer: Answer,
    sent: dict[str, Any],
    more: dict[str, Any],
    change: dict[str, Any],
) -> None:
    got = {**sent, **change}

    assert checks.echo_faults(contract, answer, {**sent, **more}, got) == []
