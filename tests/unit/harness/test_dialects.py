"""A run by a dialect, against a server that speaks it: the reference, respelt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ringspec.harness import Conclusion, Ended, Outcome, Result
from ringspec.harness.filling import Filling
from ringspec.harness.inprocess import Application, InProcess
from ringspec.harness.run import Plan, run
from ringspec.reference import DIALECTS, Dialect, Settings, application
from ringspec.spec import Contract, Level, load
from ringspec.strategies import Case, Phase
from ringspec.strategies.suite import compile_cases

# A provider of another path, another name of a member, and no count of delays.
OVERLAY = """
overlay: 1.1.0
info: {title: Another provider, version: "1"}
x-rules:
  retryDelays.count: {drop: true}
  wire.method: {drop: true}
  from.length: {level: must, sentence: The caller has a number of 8 to 15 digits.}
actions:
  - target: $.paths['/voice/broadcasts']
    x-rename: /v2/campaigns
  - target: $.components.schemas.CreateBroadcast.properties.retries
    x-rename: redials
  - target: $.components.schemas.Welcome.properties.say
    x-rename: text
  - target: $.components.schemas.CreateBroadcast.properties.voice.enum
    update: [child]
  - target: $.components.schemas.Transfer.properties.timeout.maximum
    update: 60
"""
SPELLING = {("retries",): "redials", ("voiceFlow", "welcome", "say"): "text"}


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    file: Path = tmp_path_factory.mktemp("dialect") / "mine.yaml"
    file.write_text(OVERLAY, "utf-8")
    return load(dialect=str(file))


@pytest.fixture(scope="module")
def cases(mine: Contract) -> tuple[Case, ...]:
    """Compile the list, which proves each label by two validators."""
    return compile_cases(mine)


def respelt(app: Application) -> Application:
    """Serve the reference's paths under the provider's."""

    async def shim(scope: Any, receive: Any, send: Any) -> None:
        path = str(scope["path"])
        known = path.startswith("/v2/campaigns")
        path = path.replace("/v2/campaigns", "/voice/broadcasts") if known else "/none"
        await app({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    return shim


@pytest.fixture
def result(
    mine: Contract, cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
) -> Result:
    """Run against a server that speaks the dialect, and counts no delays."""
    monkeypatch.setitem(DIALECTS, "mine", Dialect("mine", spelling=SPELLING))
    settings = Settings(dialect="mine", mutant="retryDelays.count-unchecked", token="t")
    app = respelt(application(settings))
    filling = Filling(token="t")
    plan = Plan(
        contract=mine,
        cases=cases,
        url="http://127.0.0.1",
        filling=filling,
        phases=frozenset({Phase.CASES, Phase.WIRE, Phase.LIFECYCLE}),
        level=Level.SHOULD,
        # What else the dialect changes, the reference does not follow.
        exclude=("voice.", "voiceFlow.menu.choices.transfer.timeout."),
        patience_s=0.5,
        connect=lambda: InProcess(app, filling=filling),
    )
    ended = list(run(plan))[-1]
    assert isinstance(ended, Ended)
    return ended.result


def test_ids_are_canonical_and_what_is_dropped_is_gone(
    contract: Contract, mine: Contract, cases: tuple[Case, ...]
) -> None:
    gone = {"retryDelays.count", "wire.method"}

    assert [*mine.rules] == [each for each in contract.rules if each not in gone]
    served = {case.rule for case in cases} | {r for c in cases for r in c.broken}
    assert served <= mine.rules.keys()
    assert {case.twin for case in cases if case.twin} <= {case.id for case in cases}


def test_bodies_and_paths_are_spelt_as_the_provider_has_them(
    cases: tuple[Case, ...],
) -> None:
    plain = cases[0].body
    paths = {case.request.path for case in cases if case.phase == Phase.CASES}

    assert paths == {"/v2/campaigns"}
    assert plain["redials"] == 0
    assert "retries" not in plain
    assert plain["voiceFlow"]["welcome"]["text"]
    coupled = [case for case in cases if case.coupled]
    assert {case.body["redials"] for case in coupled} == {4, 5}


@pytest.mark.parametrize(
    ("case", "broken"),
    [
        ("voice.enum", '"child"'),
        ("voiceFlow.menu.choices.transfer.timeout.max", '"timeout":60'),
    ],
)
def test_other_values_and_bounds_are_tested_where_they_now_are(
    cases: tuple[Case, ...], case: str, broken: str
) -> None:
    own = [each for each in cases if each.rule == case]
    accepted = [each for each in own if not each.broken]
    refused = [each for each in own if each.broken]

    assert any(broken in each.request.body.decode() for each in accepted)
    assert refused
    assert not any(broken in each.request.body.decode() for each in refused)


def test_levels_are_the_dialects(mine: Contract, cases: tuple[Case, ...]) -> None:
    short = [case for case in cases if case.rule == "from.length" and case.broken]

    assert short
    assert {case.level for case in short} == {Level.MUST}
    assert mine.rules[short[0].rule].sentence.startswith("The caller has")


def test_a_server_that_speaks_it_conforms(result: Result) -> None:
    failed = [
        (str(each.rule.id), failure.case.id, failure.reason)
        for each in result.rules
        for failure in each.failures
    ]

    assert failed == []
    assert result.conclusion == Conclusion.CONFORMANT


def test_what_is_dropped_is_told_as_not_applicable(result: Result) -> None:
    told = {str(each.rule.id): each for each in result.rules}

    assert told["retryDelays.count"].outcome == Outcome.NOT_APPLICABLE
    assert told["retryDelays.count"].why == "the dialect mine has no such rule"
    assert told["wire.method"].outcome == Outcome.NOT_APPLICABLE
