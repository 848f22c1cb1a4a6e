"""Our own contract: what is drawn is valid, or broken in just one way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings

from ringspec.spec import Contract, RuleId, is_irregular, kind_of, load, patched
from ringspec.strategies import Invalid, invalid_bodies, valid_bodies
from ringspec.strategies.drawn.library import breakable

CONTRACT = load()
RULES = sorted(breakable(CONTRACT))
SDK = load(dialect="naxai-sdk")


@settings(suppress_health_check=[])  # nothing is ever filtered out
@given(valid_bodies())
def test_what_is_drawn_is_valid_and_settled_to_both_validators(body: Any) -> None:
    assert CONTRACT.prover.proven_broken(body) == frozenset()
    assert CONTRACT.settled_prover.proven_broken(body) == frozenset()
    assert not is_irregular(body)


@given(valid_bodies(SDK))
def test_what_is_drawn_in_a_dialect_is_valid_there(body: Any) -> None:
    assert SDK.prover.proven_broken(body) == frozenset()
    assert SDK.settled_prover.proven_broken(body) == frozenset()


@pytest.mark.parametrize("rule", RULES)
def test_a_drawn_fault_breaks_just_its_rule(rule: RuleId) -> None:
    @settings(max_examples=5)
    @given(invalid_bodies(rule))
    def broken(invalid: Invalid) -> None:
        assert invalid.rule == rule
        assert CONTRACT.prover.proven_broken(invalid.body) == {rule}
        assert CONTRACT.prover.proven_broken(invalid.twin) == frozenset()
        assert patched(invalid.twin, invalid.patch) == invalid.body

    broken()


@given(invalid_bodies("retryDelays.count"))
def test_a_wrong_count_keeps_to_three_delays_at_most(invalid: Invalid) -> None:
    assert len(invalid.body["retryDelays"]) != invalid.body["retries"]
    assert len(invalid.body["retryDelays"]) <= 3


def plainest(contract: Contract) -> Any:
    return find(valid_bodies(contract), lambda _body: True, settings=QUIET)


QUIET = settings(database=None, derandomize=True, max_examples=300)


def test_what_is_drawn_shrinks_to_the_plainest_body() -> None:
    from ringspec.strategies.shapes.bodies import Bodies  # noqa: PLC0415 - slow to compile

    assert plainest(CONTRACT) == Bodies(CONTRACT).plain()


def test_a_failure_shrinks_to_what_it_is_about() -> None:
    found = find(
        valid_bodies(), lambda body: "menu" in body["voiceFlow"], settings=QUIET
    )

    plain = plainest(CONTRACT)
    menu = found["voiceFlow"].pop("menu")
    assert found == plain
    assert len(menu["choices"]) == 1


def test_each_optional_member_and_each_alternative_is_drawn() -> None:
    seen: set[str] = set()

    @settings(
        max_examples=400, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(valid_bodies())
    def draw(body: Any) -> None:
        seen.update(_signs(body, ""))

    draw()

    assert {
        "source=people",
        "source=file",
        "retries=0",
        "retries=1",
        "retries=2",
        "retries=3",
        "scheduledAt=null",
        "scheduledAt=integer",
        "distribution=none",
        "distribution=dynamic",
        "language=nl-BE",
        "voice=man",
        "voiceFlow.menu.choices.transfer.whisper.say",
        "voiceFlow.menu.choices.prompt",
        "voiceFlow.voicemail.prompt",
        "actions.status.delivered",
        "actions.inputs.hash",
        "calendarId",
        "allowMultiple",
    } <= seen


def _signs(value: Any, path: str) -> set[str]:
    found = {path, f"{path}={kind_of(value)}"}
    if isinstance(value, str | int):
        found.add(f"{path}={value}")
    for name, child in value.items() if isinstance(value, dict) else ():
        found |= _signs(child, f"{path}.{name}".lstrip("."))
    for child in value if isinstance(value, list) else ():
        found |= _signs(child, path)
    return found
