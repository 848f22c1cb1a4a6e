from __future__ import annotations

import json
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

from ringspec.spec import Contract, Location, RuleId, at, load, same
from ringspec.strategies import Case, Expect
from ringspec.strategies.bodies.invalid import Certifier
from ringspec.strategies.bodies.valid import factors
from ringspec.strategies.case_list import compile_cases
from ringspec.strategies.faults import Fault
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


@pytest.fixture(scope="session")
def certifier(contract: Contract) -> Certifier:
    return Certifier(contract)


BOTH, NULL = "required type", "type"
CALENDAR = {"calendarId": "5a1c9f60-2e34-4b7d-8f02-6d7e8c9b0a12"}


@pytest.mark.parametrize(
    ("values", "member", "faults", "sound"),
    [
        pytest.param({"source": "people"}, "source", BOTH, True, id="default fits"),
        pytest.param({"source": "file"}, "source", BOTH, False, id="no segment"),
        pytest.param({"retries": 0}, "retries", BOTH, True, id="no delays, no redials"),
        pytest.param({"retries": 2}, "retries", BOTH, False, id="0 redials, 2 delays"),
        pytest.param({"retries": 2}, "name", BOTH, True, id="no default"),
        pytest.param({"source": "file"}, "type", BOTH, True, id="default fits all"),
        ({"name": "a"}, "name", NULL, True),
        ({}, "retryDelays", NULL, True),
        ({}, "voiceFlow", NULL, True),
        (CALENDAR, "calendarId", NULL, False),
        ({"language": "fr-BE"}, "language", NULL, False),
        # What the source asks for must stand, though it is optional by itself.
        ({}, "segmentIds", NULL, True),
        ({}, "includeUnsubscribed", NULL, True),
    ],
)
def test_gap_is_a_fault_only_where_something_must_stand_and_no_default_does(
    certifier: Certifier,
    bodies: Bodies,
    values: Any,
    member: str,
    faults: str,
    *,
    sound: bool,
) -> None:
    wishes: Any = {(name,): Wish(value) for name, value in values.items()}
    made_from = bodies.build(Builder(wishes, items=3))

    for name in faults.split():
        how: dict[str, Any] = {"required": {"op": "remove"}}.get(
            name, {"op": "replace", "value": None}
        )
        patch = ({**how, "path": f"/{member}"},)
        fault = Fault(name="gap", patch=patch, gap=(member,))
        broken = frozenset({RuleId(f"{member}.{name}")})
        found = certifier.certified(made_from, fault, broken)
        assert (found is not NOTHING) is sound, name


def test_long_lists_show_each_value_once_and_few_pairs(tmp_path: Path) -> None:
    first, second = ([f"{name}{n}" for n in range(80)] for name in "ab")
    members = {"first": {"enum": first}, "second": {"enum": second}}
    schema = {"type": "object", "properties": members}
    body = {"content": {"application/json": {"schema": schema}}, "required": True}
    operation = {
        "operationId": "t",
        "requestBody": body,
        "responses": {"200": {"description": "t"}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/t": {"post": operation}},
    }
    path = tmp_path / "long.json"
    path.write_text(json.dumps(document), "utf-8")

    cases = compile_cases(load(path))

    accepted = [each.body for each in cases if each.expect == Expect.ACCEPT]
    shown = {body.get(name) for body in accepted for name in members}
    assert shown >= {*first, *second}
    assert len(cases) < 400
