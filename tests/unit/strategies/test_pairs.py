from __future__ import annotations

import json
from itertools import combinations, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest

from ringspec.spec import (
    Contract,
    Json,
    Level,
    Location,
    RuleId,
    at,
    patched,
    same,
)
from ringspec.spec.assertions import Assertion
from ringspec.strategies import Case, Expect
from ringspec.strategies.bodies.certify import Certifier
from ringspec.strategies.bodies.valid import factors
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import ABSENT, Builder, Wish
from ringspec.strategies.shapes.locations import NOTHING, present
from ringspec.strategies.shapes.shape import admitted


def shows(body: Any, place: Location, wish: Wish) -> bool:
    """Tell whether a body is as wished at a place."""
    if wish == ABSENT or not present(body, place):
        return wish == ABSENT and not present(body, place)
    value = at(body, place)
    if wish.is_exact:
        return same(value, wish.value)
    return wish.shapes is None or admitted(wish.shapes, value)


_FLAGS = ("retryOnNoInput", "retryOnFailed")
DOCUMENTED = ("source", "retries", *_FLAGS, "scheduledAt", "calendarId", "distribution")


@pytest.mark.parametrize(
    ("strength", "among"), [(2, ()), (3, DOCUMENTED)], ids=["pair", "triple"]
)
def test_every_possible_combination_stands_in_an_accepted_body(
    strength: int, among: tuple[str, ...], bodies: Bodies, cases: tuple[Case, ...]
) -> None:
    accepted = [case.body for case in cases if case.expect == Expect.ACCEPT]
    varied = [it for it in factors(bodies.root) if not among or it.place[0] in among]
    missing = []
    for chosen in combinations(varied, strength):
        for wanted in product(*(each.wishes for each in chosen)):
            wishes = {it.place: wish for it, wish in zip(chosen, wanted, strict=True)}
            if bodies.build(Builder(wishes)) is None:
                continue  # they exclude each other
            if not any(
                all(shows(body, place, wish) for place, wish in wishes.items())
                for body in accepted
            ):
                missing.append(wishes)

    assert len(varied) >= 7
    assert missing == []


# Keyword, schema, a valid value, and the names of the faults there.
TABLE = [
    json.loads(line)
    for line in Path(__file__).with_name("faults.jsonl").read_text().splitlines()
]


def spotted(
    bodies: Bodies, keyword: str, schema: dict[str, Any], value: Any
) -> list[Fault]:
    assertion = Assertion(
        path=(keyword,),
        keyword=keyword,
        rule=RuleId("a.rule"),
        # The body itself is tried in fewer ways.
        instance=("a",) if keyword == "type" else (),
        place="#",
        value=schema[keyword],
    )
    known: Any = SimpleNamespace(
        contract=SimpleNamespace(
            request=SimpleNamespace(schema=schema),
            catalogue=bodies.contract.catalogue,
            applicable=(assertion,),
            chosen={},
            rules={assertion.rule: SimpleNamespace(level=Level.MUST)},
        ),
        shapes_at=bodies.shapes_at,
        needed=bodies.needed,
    )
    return list(
        faults(Spot(bodies=known, assertion=assertion, location=(), value=value))
    )


@pytest.mark.parametrize(
    "row", TABLE, ids=[f"{each['keyword']} of {each['value']!r:.30}" for each in TABLE]
)
def test_a_family_lists_its_faults_and_each_is_one(
    bodies: Bodies, row: dict[str, Any]
) -> None:
    schema, value = row["schema"], row["value"]
    found = spotted(bodies, row["keyword"], schema, value)

    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert [each.name for each in found] == row["faults"].split()
    assert validator.is_valid(value)
    for each in found:
        assert not validator.is_valid(patched(value, each.patch)), each.name


@pytest.fixture(scope="session")
def certifier(contract: Contract) -> Certifier:
    return Certifier(contract)


def twin(bodies: Bodies, **values: Any) -> Json:
    wishes: dict[Location, Wish] = {
        (name,): Wish(value) for name, value in values.items()
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
