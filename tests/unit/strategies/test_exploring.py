"""Bodies for exploring: what they are called, where they come from, how they shrink."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from ringspec.spec import Contract, Json, Level, Location
from ringspec.strategies import Case, encode
from ringspec.strategies.case import read_body
from ringspec.strategies.drawn import library as foreign
from ringspec.strategies.drawn.label import Drawn, Labeller, reduced
from ringspec.strategies.drawn.library import Source
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.locations import NOTHING

Label = Callable[..., Case | None]
QUICK = settings(
    max_examples=60,
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)


@pytest.fixture(scope="session")
def plain(bodies: Bodies) -> dict[str, Any]:
    return dict(bodies.plain())


@pytest.fixture(scope="session")
def labeller(contract: Contract) -> Labeller:
    return Labeller(contract)


@pytest.fixture
def labelled(labeller: Labeller, plain: dict[str, Any]) -> Callable[..., Case]:
    """Label the plain body with some members otherwise; NOTHING for none."""

    def label(**members: Json) -> Case:
        body = {**plain, **members}
        kept = {name: value for name, value in body.items() if value is not NOTHING}
        case = labeller.case(Drawn(content=encode(kept)), number=7)
        assert case is not None
        return case

    return label


Labelled = Callable[..., Case]


def test_settled_body_is_to_be_accepted(labelled: Labelled) -> None:
    case = labelled()

    assert (case.expect, case.rule, case.level) == ("accept", "body.accepted", "must")
    assert case.id == "explore/body.accepted-7"
    assert case.phase == "explore"
    assert case.broken == ()
    assert case.twin is None


def test_invalid_body_is_to_be_refused_for_all_it_breaks(labelled: Labelled) -> None:
    case = labelled(type="unheard-of", retries=7)

    assert case.expect == "reject"
    assert case.broken == ("retries.enum", "type.enum")
    assert case.coupled
    assert case.level is Level.MUST
    assert case.levels == {"retries.enum": Level.MUST, "type.enum": Level.MAY}


@pytest.mark.parametrize(
    "members",
    [
        {"name": "a\x00b"},
        {"retries": 0.0},
        {"unheard": 1},
        {"file": {"id": "c2a7e0d4-51b8-4f36-8a9e-7b6d3c1f0e25"}},
        {"type": "otp"},
        {"calendarId": None},
        # What is wrong in them may be ignored for what is not settled beside it.
        {"file": "of people"},
        {"retries": 7, "unheard": 1},
        {"retries": 7, "name": "a\x00b"},
        {"retries": 7, "calendarId": None},
        {"retries": 2, "retryDelays": [0, -1]},
    ],
    ids=str,
)
def test_what_is_not_settled_only_has_to_be_survived(
    labelled: Labelled, members: dict[str, Json]
) -> None:
    case = labelled(**members)

    assert (case.expect, case.rule, case.broken) == ("survive", "robustness", ())


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[NaN]", b"[1e400]", b"[" * 5000 + b"]" * 5000]
)
def test_what_is_no_json_only_has_to_be_survived(
    labeller: Labeller, content: bytes
) -> None:
    case = labeller.case(Drawn(content=content), 1)

    assert case is not None
    assert case.expect == "survive"
    assert case.request.body == content


@pytest.mark.parametrize("value", [None, NOTHING], ids=["null", "absent"])
def test_missing_default_binds_less(labelled: Labelled, value: Json) -> None:
    case = labelled(retries=value)

    assert case.expect == "reject"
    assert set(case.levels.values()) == {Level.SHOULD}


def test_what_a_default_mends_is_not_held_against_a_server(
    contract: Contract, labeller: Labeller, plain: dict[str, Any]
) -> None:
    # A server fills in the retries first, and then finds a delay too many.
    body = {**plain, "retryDelays": [15]}
    del body["retries"]

    case = labeller.case(Drawn(content=encode(body)), 1)

    assert case is not None
    assert case.levels == {"retries.required": Level.SHOULD}


@pytest.fixture(scope="session")
def theirs(contract: Contract) -> list[Source]:
    pytest.importorskip("schemathesis")
    sources, reason = foreign.foreign_sources(contract)
    assert reason == ""
    return sources


def test_numbers_that_schemathesis_makes_up_are_nobodys(theirs: list[Source]) -> None:
    seen: set[Json] = set()

    @settings(QUICK, max_examples=12)
    @given(theirs[0].bodies)
    def draw(drawn: Drawn) -> None:
        seen.add(read_body(drawn.content)["from"])

    draw()

    assert seen == {"441632960101"}


def test_schemathesis_may_be_missing(
    contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "schemathesis", None)

    assert foreign.foreign_sources(contract) == ([], foreign.LACKING)


def nothing(_: Location) -> Json:
    return NOTHING


PLAIN: Json = {"kind": "a", "name": "n", "inner": {"x": 1}}


@pytest.mark.parametrize(
    ("body", "shows", "found"),
    [
        (
            {"kind": "b", "name": "m", "inner": {"x": 2, "y": 3}, "more": [1]},
            lambda body: "y" in body["inner"],
            {"kind": "a", "name": "n", "inner": {"x": 1, "y": 3}},
        ),
        (
            {"name": "n", "inner": {"x": 1}, "more": [1, 2, 3]},
            lambda body: 3 in body.get("more", []),
            {**PLAIN, "more": [3]},
        ),
        (
            {**PLAIN, "more": {"deep": {"text": "some words", "other": 1}}},
            lambda body: "text" in body.get("more", {}).get("deep", {}),
            {**PLAIN, "more": {"deep": {"text": "x"}}},
        ),
        (
            {**PLAIN, "name": "before!after"},
            lambda body: "!" in body["name"],
            {**PLAIN, "name": "!"},
        ),
        # Neither goes without the other.
        (
            {**PLAIN, "p": 1, "extra": 1, "q": 1},
            lambda body: ("p" in body) == ("q" in body),
            PLAIN,
        ),
        (
            {"inner": {"x": 1}, "kind": "b"},
            lambda body: "name" not in body,
            {"kind": "a", "inner": {"x": 1}},
        ),
        ([1, 2], lambda body: isinstance(body, list), []),
    ],
)
def test_body_is_reduced_to_what_shows_it(
    body: Json, shows: Callable[[Json], bool], found: Json
) -> None:
    assert reduced(PLAIN, body, shows, nothing) == found
