from __future__ import annotations

from typing import Any

import pytest

from ringspec.spec import Contract, Json, Location, RuleId
from ringspec.strategies.bodies.certify import Certifier
from ringspec.strategies.faults import Fault
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import Builder, Exactly, Wish
from ringspec.strategies.shapes.locations import NOTHING


@pytest.fixture(scope="session")
def certifier(contract: Contract) -> Certifier:
    return Certifier(contract)


def twin(bodies: Bodies, **values: Any) -> Json:
    wishes: dict[Location, Wish] = {
        (name,): Exactly(value) for name, value in values.items()
    }
    return bodies.build(Builder(wishes, items=3))


def null(member: str) -> Fault:
    patch = ({"op": "replace", "path": f"/{member}", "value": None},)
    return Fault(name="null", patch=patch, gap=(member,))


def is_certified(
    certifier: Certifier, made_from: Json, fault: Fault, rule: str
) -> bool:
    broken = frozenset({RuleId(rule)})
    return certifier.certified(made_from, fault, broken) is not NOTHING


@pytest.mark.parametrize(
    ("values", "member", "sound"),
    [
        pytest.param({"source": "people"}, "source", True, id="the default fits"),
        pytest.param({"source": "file"}, "source", False, id="people lack a segment"),
        pytest.param({"retries": 0}, "retries", True, id="no delays, no redials"),
        pytest.param({"retries": 2}, "retries", False, id="0 redials, two delays"),
        pytest.param({"retries": 2}, "name", True, id="there is no default"),
        pytest.param({"source": "file"}, "type", True, id="the default fits anywhere"),
    ],
)
def test_what_is_missing_may_be_filled_in_by_its_default(
    certifier: Certifier, bodies: Bodies, values: Any, member: str, *, sound: bool
) -> None:
    made_from = twin(bodies, **values)

    patch = ({"op": "remove", "path": f"/{member}"},)
    missing = Fault(name="missing", patch=patch, gap=(member,))
    for name, fault in (("required", missing), ("type", null(member))):
        rule = f"{member}.{name}"
        assert is_certified(certifier, made_from, fault, rule) is sound, rule


@pytest.mark.parametrize(
    ("member", "value", "sound"),
    [
        ("name", "a", True),
        ("retryDelays", None, True),
        ("voiceFlow", None, True),
        ("calendarId", "5a1c9f60-2e34-4b7d-8f02-6d7e8c9b0a12", False),
        ("language", "fr-BE", False),
        # What the source asks for must stand, though it is optional by itself.
        ("segmentIds", None, True),
        ("includeUnsubscribed", None, True),
    ],
)
def test_null_is_a_fault_only_where_something_must_stand(
    certifier: Certifier, bodies: Bodies, member: str, value: Any, *, sound: bool
) -> None:
    made_from = twin(bodies, **({member: value} if value else {}))
    fault = null(member)

    assert is_certified(certifier, made_from, fault, f"{member}.type") is sound
