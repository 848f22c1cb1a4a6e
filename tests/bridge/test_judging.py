"""What the bridge makes of answers, without schemathesis' command."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY

import pytest
import requests
import schemathesis
import yaml
from hypothesis import Phase, find, given, settings
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

from ringspec.harness import Outcome, Response
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import InProcess
from ringspec.reference import LAWFUL, Behaviour, application
from ringspec.reference import ServerSettings as Served
from ringspec.schemathesis import OpenRules, hooks
from ringspec.schemathesis.hooks import Bridge
from ringspec.spec import OURS, Level, RuleId, UsageError, load
from ringspec.strategies import Labelled, Requests, unspecified_bodies, valid_bodies

URL = "http://127.0.0.1:8000"
JSON = (("content-type", "application/json"),)
CREATED = Response(status=201, headers=JSON, body=b"{}")
REFUSED = Response(status=422, headers=JSON, body=b'{"error":{"code":"x"}}')
LOCKED = Response(status=401, headers=JSON, body=b"{}")
QUIET = settings(database=None, derandomize=True, max_examples=30, deadline=None)


@pytest.fixture
def judge() -> Bridge:
    return Bridge({"RINGSPEC_SELECT": "retryDelays"})


def outcomes(judge: Bridge) -> dict[RuleId, Outcome]:
    return {each.rule.id: each.outcome for each in judge.results()}


def test_an_invalid_body_that_is_accepted_fails_its_rule(judge: Bridge) -> None:
    case = next(each for each in judge.cases.values() if each.broken)

    found = judge.judge_certified(case, URL, CREATED)

    assert [each.rule for each in found] == list(case.broken)
    assert judge.has_failed


def test_a_refusal_counts_only_if_the_twin_was_accepted(judge: Bridge) -> None:
    for case in judge.cases.values():
        judge.judge_certified(case, URL, REFUSED)

    assert outcomes(judge)[RuleId("retryDelays.count")] is Outcome.INCONCLUSIVE
    assert judge.reachability.account()[0] == "no valid body was accepted"


def test_who_is_not_let_in_learns_nothing(judge: Bridge) -> None:
    for case in judge.cases.values():
        assert judge.judge_certified(case, URL, LOCKED) == []

    assert {each.rule.id for each in judge.open_rules()} >= {"retryDelays.count"}
    assert "every answer was HTTP 401, as that to" in judge.reachability.account()[0]


def test_what_is_weaker_than_the_level_only_warns() -> None:
    judge = Bridge({"RINGSPEC_SELECT": "voiceFlow.menu"})
    case = next(
        each
        for each in judge.cases.values()
        if each.broken and each.level is not Level.MUST
    )

    assert judge.judge_certified(case, URL, CREATED) == []
    assert any(f"warning {case.rule}" in line for line in judge.summary())


def test_a_foreign_body_is_judged_by_its_proven_label(judge: Bridge) -> None:
    plain = find(valid_bodies(), lambda _: True, settings=QUIET)
    too_many = json.dumps({**plain, "retryDelays": [1]}).encode()
    odd = json.dumps({**plain, "unknown": None}).encode()

    assert [x.rule for x in judge.judge_other(too_many, URL, CREATED)] == [
        "retryDelays.count"
    ]
    assert judge.judge_other(too_many, URL, REFUSED) == []
    assert judge.judge_other(odd, URL, REFUSED) == []
    assert judge.judge_other(odd, URL, CREATED) == []


@cache
def odd() -> list[bytes]:
    """Return bodies that no source settles, no two odd in the same way."""
    found: dict[str, bytes] = {}

    @settings(QUIET, phases=(Phase.generate,))
    @given(unspecified_bodies())
    def seen(sample: Labelled) -> None:
        found.setdefault(sample.fault, sample.content)

    seen()
    return list(found.values())


@pytest.mark.parametrize("lawful", LAWFUL[::30], ids=lambda each: each.name)
def test_no_lawful_variant_is_accused(lawful: Any) -> None:
    judge = Bridge(
        {"RINGSPEC_SELECT": "retries,retryDelays", "RINGSPEC_LEVEL": str(lawful.level)}
    )
    served = Served()
    app = application(served, lawful.apply(Behaviour()))

    async def fire() -> None:
        target = InProcess(app, filling=Filling(token=served.token))
        for case in judge.cases.values():
            done = await target.exchange(case.request)
            assert done.response is not None
            assert judge.judge_certified(case, URL, done.response) == []
        for content in foreign:
            done = await target.exchange(writer.create(content))
            assert done.response is not None
            assert judge.judge_other(content, URL, done.response) == []

    foreign = odd()
    writer = Requests(judge.contract)
    asyncio.run(fire())
    assert judge.open_rules() == []


def test_settings_have_the_names_of_the_command() -> None:
    given = Bridge(
        {
            "RINGSPEC_LEVEL": "SHOULD",
            "RINGSPEC_DIALECT": "naxai-sdk",
            "RINGSPEC_SELECT": "retries, retryDelays",
            "RINGSPEC_CONTRACT": " ",
        }
    )

    assert given.level is Level.SHOULD
    assert given.contract.sha256 == load(dialect="naxai-sdk").sha256
    assert {rule.split(".")[0] for rule in given.selected} == {"retries", "retryDelays"}
    with pytest.raises(UsageError, match="no profile 'nobody'"):
        Bridge({"RINGSPEC_PROFILE": "nobody"})


@pytest.fixture(scope="module")
def operation() -> Any:
    loaded = schemathesis.openapi.from_dict(yaml.safe_load(OURS.read_text()))
    loaded.config.update(base_url=URL)
    return loaded["/voice/broadcasts"]["POST"]


def test_cases_go_out_twins_first_and_without_credentials(operation: Any) -> None:
    examples: list[Any] = ["its own"]

    hooks.before_add_examples(SimpleNamespace(operation=operation), examples)

    # Schemathesis takes them from the end.
    assert examples[0] == "its own"
    assert [case.id for case in reversed(examples[1:])] == list(hooks.BRIDGE.cases)
    assert all(case.id.isascii() for case in examples[1:])  # it goes into a header
    assert all("Authorization" not in case.headers for case in examples[1:])
    assert examples[-1].media_type == "application/json"


def test_nothing_is_offered_for_a_server_elsewhere(
    operation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "BRIDGE", Bridge({}))
    elsewhere = SimpleNamespace(
        method="post",
        path=operation.path,
        app=None,
        base_url="http://192.0.2.1",  # reserved for documents; nothing is sent
    )
    examples: list[Any] = []

    hooks.before_add_examples(SimpleNamespace(operation=elsewhere), examples)

    assert examples == []
    with pytest.raises(OpenRules, match="is not on this machine"):
        hooks.ringspec_run().after_run(ANY)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        pytest.param({"retryDelays": [1]}, True, id="a rule is broken"),
        pytest.param({"language": None}, False, id="no source settles it"),
    ],
)
def test_failures_of_schemathesis_are_kept_where_sources_say_the_same(
    operation: Any, change: dict[str, Any], *, kept: bool
) -> None:
    plain = find(valid_bodies(), lambda _: True, settings=QUIET)
    body = {**plain, **change}
    case = operation.Case(method="POST", body=body, media_type="application/json")
    wrong = SimpleNamespace(mode=GenerationMode.NEGATIVE)
    meta = SimpleNamespace(components={ParameterLocation.BODY: wrong})
    shown = SimpleNamespace(
        meta=meta, operation=operation, headers=case.headers, query={}
    )
    request = requests.Request("POST", URL, json=body).prepare()
    failure = AcceptedNegativeData(
        operation="POST /voice/broadcasts",
        message="accepted",
        status_code=201,
        expected_statuses=["4xx"],
    )

    assert (
        hooks.filter_failure(None, failure, shown, SimpleNamespace(request=request))
        is kept
    )
