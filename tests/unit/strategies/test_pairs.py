from __future__ import annotations

import json
from itertools import combinations, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest

from ringspec.spec import Assertion, Level, Location, RuleId, at, patched, same
from ringspec.strategies import Case, Expect
from ringspec.strategies.bodies.valid import factors
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import Absent, Builder, Exactly, Narrowed, Wish
from ringspec.strategies.shapes.locations import present
from ringspec.strategies.shapes.shape import admitted


def shows(body: Any, place: Location, wish: Wish) -> bool:
    """Tell whether a body is as wished at a place."""
    if isinstance(wish, Absent) or not present(body, place):
        return isinstance(wish, Absent) and not present(body, place)
    value = at(body, place)
    if isinstance(wish, Exactly):
        return same(value, wish.value)
    return not isinstance(wish, Narrowed) or admitted(wish.shapes, value)


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
